"""An image larger than the memory that a run may use: killed in the middle, gone on with, and held against runs without tiles.

python benchmarks/tile_large.py [--side 20000] [--tile 1024] [--gigabytes 2] [--kill-after 200]

It takes 12 bytes of disk per pixel in the folder for temporary files. The limit is one on address space (`ulimit -v`), which
counts what is mapped, too.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from measure import table

MODEL = Path(__file__).parents[1] / "models" / "unet.onnx"

STEP, REACH, PART = 16, 208, 96
"""The model's grid; more than its field reaches, on the grid; the side of what is compared."""


def main() -> None:
    """Prints the table of docs/benchmarks.md."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--side", type=int, default=20000)
    words.add_argument("--tile", type=int, default=1024)
    words.add_argument("--gigabytes", type=float, default=2)
    words.add_argument("--kill-after", type=int, default=200, metavar="TILES")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        image, out = Path(folder, "image.npy"), Path(folder, "out.npy")
        draw(image, asked.side)
        command = [sys.executable, "-P", "-m", "rfonnx", "tile", "run", str(MODEL), str(image), str(out)]
        command += ["--tile", f"{asked.tile},{asked.tile}"]
        first, peak = run(command, asked.gigabytes, Path(f"{out}.journal"), asked.kill_after)
        kept = Path(f"{out}.journal").read_bytes().count(b'{"tile"')
        assert not out.exists()
        second, again = run(command, asked.gigabytes)
        off = difference(image, out)
    header = [
        "side",
        "tile",
        "limit, GB",
        "until killed, s",
        "tiles kept",
        "the rest, s",
        "peak resident, MiB",
        "off by",
    ]
    row: list[object] = [asked.side, asked.tile, asked.gigabytes, first, kept, second, max(peak, again), off]
    table(header, [row])


def draw(path: Path, side: int) -> None:
    """Random numbers, row by row."""
    rng = np.random.default_rng(0)
    whole = np.lib.format.open_memmap(path, "w+", np.float32, (1, 1, side, side))
    for start in range(0, side, 500):
        rows = whole[0, 0, start : start + 500]
        rows[...] = rng.standard_normal(rows.shape, np.float32)


def run(command: list[str], gigabytes: float, kill: Path | None = None, after: int = 0) -> tuple[float, float]:
    """Seconds, and the peak of resident memory in MiB. With a journal to watch it is killed after so many tiles."""
    limit = int(gigabytes * 2**30)
    begin = time.perf_counter()
    process = subprocess.Popen(command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    while kill and not (kill.exists() and kill.read_bytes().count(b"\n") > after):
        time.sleep(0.05)
        if process.poll() is not None:
            raise SystemExit("it ended before it was killed")
    if kill:
        process.kill()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != (-9 if kill else 0):
        raise SystemExit(f"exit code {process.returncode}")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def difference(image: Path, out: Path) -> float:
    """The largest over parts in the corners, at borders and inside, against the model run on all that each of them can see."""
    given, made = np.load(image, mmap_mode="r"), np.load(out, mmap_mode="r")
    side = given.shape[-1]
    model = onnx.load(MODEL)
    for value in (*model.graph.input, *model.graph.output):
        for axis in (2, 3):
            value.type.tensor_type.shape.dim[axis].dim_param = f"n{axis}"
    del model.graph.value_info[:]
    session = onnxruntime.InferenceSession(model.SerializeToString())
    worst = 0.0
    last = side - PART
    for top in np.linspace(0, last, 9, dtype=int):
        for left in np.linspace(0, last, 9, dtype=int):
            starts = [max(0, at - REACH) // STEP * STEP for at in (top, left)]
            stops = [min(side, -(-(at + PART + REACH) // STEP) * STEP) for at in (top, left)]
            crop = np.ascontiguousarray(given[:, :, starts[0] : stops[0], starts[1] : stops[1]])
            (whole,) = session.run(None, {"x": crop})
            top_in, left_in = top - starts[0], left - starts[1]
            wanted = np.asarray(whole)[:, :, top_in : top_in + PART, left_in : left_in + PART]
            worst = max(worst, float(np.abs(made[:, :, top : top + PART, left : left + PART] - wanted).max()))
    return worst


if __name__ == "__main__":
    main()
