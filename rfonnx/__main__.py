"""`python -m rfonnx`."""

from rfonnx.cli.main import main

if __name__ == "__main__":
    main()
