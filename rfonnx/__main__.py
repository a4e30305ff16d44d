"""`python -m rfonnx`."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        # `-m` puts the current folder first, and with it a stranger's numpy.py. `rfonnx` and `python -P -m rfonnx` do not.
        del sys.path[0]

    from rfonnx.cli.main import main

    main()
