"""Rebuild the models of this folder, byte for byte: python models/build.py [FOLDER]."""

import sys
from pathlib import Path

from recipes import FILES


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, make in FILES.items():
        data = make().SerializeToString(deterministic=True)
        (folder / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
