"""What `rfonnx compare` takes over two large files, against another rfonnx: an earlier commit, say.

    python benchmarks/compare_files.py OTHER_PYTHON [RUNS]

OTHER_PYTHON is the interpreter of an environment that has the other rfonnx. Two ResNet-18 of 75 MB each, the student's weights
changed by 1 in 10,000, on random samples of the command's own; whole processes in turns, on one thread. The medians of the pairs'
ratios are given by wall time and by processor time, that of the processes which measure memory included.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measure import table
from onnx import numpy_helper

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))
from recipes.convnets import resnet

WIDTH = 82
SIZES = (32, 64)


def save_pair(folder: Path, size: int) -> list[str]:
    """Teacher and student for images of this size."""
    model, draw = resnet(width=WIDTH, size=size), np.random.default_rng(0).standard_normal
    paths = [folder / f"teacher{size}.onnx", folder / f"student{size}.onnx"]
    paths[0].write_bytes(model.SerializeToString())
    for tensor in model.graph.initializer:
        value = numpy_helper.to_array(tensor)
        changed = value * (1 + 1e-4 * draw(value.shape))
        tensor.CopyFrom(numpy_helper.from_array(changed.astype(np.float32), tensor.name))
    paths[1].write_bytes(model.SerializeToString())
    return list(map(str, paths))


def seconds(python: str, models: list[str]) -> tuple[float, float]:
    """Wall time and processor time of a comparison."""
    command = [python, "-P", "-m", "rfonnx", "compare", "--threads", "1", *models]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, code, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(code) not in (0, 1):
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - begun, used.ru_utime + used.ru_stime


def main() -> None:
    other, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            models = save_pair(Path(folder), size)
            pairs = [(seconds(other, models), seconds(sys.executable, models)) for _ in range(runs)]
            row: list[object] = [f"{size} x {size}"]
            for what in (0, 1):
                before, after = ([pair[side][what] for pair in pairs] for side in (0, 1))
                ratios = [b / a for a, b in zip(before, after, strict=True)]
                row += [statistics.median(before), statistics.median(after), statistics.median(ratios)]
            rows.append(row)
    table(["images", "other, s", "this, s", "ratio", "other, processor s", "this, processor s", "ratio"], rows)


if __name__ == "__main__":
    main()
