"""Peak memory of a U-Net that is run by rows of an image, as a stream, and at once.

`python benchmarks/stream_rows.py [ROWS COLUMNS]`. Each is run in a process of its own by onnxruntime, one thread. What is told
is the most memory that the process held, Python and libraries among it, and the same of one that loads the model and runs
nothing.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx

import rfonnx
from rfonnx.model.opened import Opened, with_free

UNET = Path(__file__).parents[1] / "models" / "unet.onnx"
CHUNKS = (16, 64)


def peak() -> int:
    """The most memory that this process has held, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def whole(path: str, rows: int, columns: int) -> None:
    """Run the image at once; of no rows nothing is run."""
    session = Opened(path).session(threads=1)
    if not rows:
        print(peak())
        return
    image = np.zeros((1, 1, rows, columns), np.float32)
    session.run(None, {"x": image})
    print(peak())


def by_rows(path: str, rows: int, columns: int) -> None:
    """Push it chunk by chunk, and drop what comes out."""
    stream = rfonnx.Stream(path, threads=1)
    chunk = stream.manifest.chunk
    image = np.zeros((1, 1, rows, columns), np.float32)
    for first in range(0, rows, chunk):
        stream.push(image[:, :, first : first + chunk])
    stream.finish()
    print(peak())


def measured(*words: object) -> float:
    """MiB, of a run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-P", __file__, *map(str, words)], capture_output=True, text=True, check=True
    )
    return int(done.stdout) / 1024


def main(rows: int, columns: int) -> None:
    """Print a table."""
    opened = with_free(Opened(UNET), [("x", 2), ("x", 3)])
    with TemporaryDirectory() as folder:
        free = Path(folder) / "unet.onnx"
        onnx.save(opened.proto, free)
        print(f"loaded: {measured('whole', free, 0, columns):.0f} MiB")
        print(f"{rows} x {columns}: at once {measured('whole', free, rows, columns):.0f} MiB")
        for chunk in CHUNKS:
            plan = rfonnx.stream(free, "x", 2, chunk, shapes={"x": (1, 1, 1024, columns)})
            made = Path(folder) / f"{chunk}.onnx"
            plan.save(made)
            print(f"{chunk} rows at a time: {measured('by_rows', made, rows, columns):.0f} MiB")


if __name__ == "__main__":
    if sys.argv[1:2] in (["whole"], ["by_rows"]):
        {"whole": whole, "by_rows": by_rows}[sys.argv[1]](sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main(*(map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (4096, 256)))
