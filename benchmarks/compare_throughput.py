"""What `rfonnx compare` costs beside the two models' runs, and whether its memory grows.

    python benchmarks/compare_throughput.py

Time: `rfonnx.compare` over N images in a .npy file, against two bare onnxruntime loops over the same batches held in memory, on
one thread each, in turns; the median of the rounds' ratios. Wall time, and processor time of the whole process, in which
reading and preparing the images counts in full although a second thread does it while onnxruntime works. Opening the
sessions and comparing receptive fields are left out on both sides. Must be at most 1.05 for models that take 20 ms a pair;
what compare adds to each image is printed, for it is what counts for the small ones.
Memory: the peak of a process that compares over few and over many samples.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx

from rfonnx.compare.pair import Pair
from rfonnx.compare.settings import Settings
from rfonnx.compare.stream import Stream
from rfonnx.runtime import open_session

MODELS = Path(__file__).parents[1] / "models"
LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
THREADS = 1
LIMIT = 1.05
ROUNDS = 5

CASES = [
    ("resnet18 and itself", MODELS / "resnet18.onnx", MODELS / "resnet18.onnx", (3, 224, 224), 48, 1),
    ("resnet50 and squeezenet", LIGHT / "light_resnet50.onnx", LIGHT / "light_squeezenet.onnx", (3, 224, 224), 8, 1),
    (
        "digits, teacher and student",
        MODELS / "digits/teacher.onnx",
        MODELS / "digits/student.onnx",
        (1, 32, 32),
        4000,
        8,
    ),
    ("unet (a dense map) and itself", MODELS / "unet.onnx", MODELS / "unet.onnx", (1, 224, 256), 16, 1),
]


def main() -> None:
    ratios = []
    for label, teacher, student, shape, count, batch in CASES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "images.npy"
            np.save(path, np.random.default_rng(0).standard_normal((count, *shape), np.float32))
            ratios.append(measure(label, teacher, student, path, batch))
    print(f"worst of models that take 20 ms a pair: {max(ratios):.3f}, limit {LIMIT}")
    small, large = (peak(count) for count in (2_000, 40_000))
    print(f"peak memory over 2,000 and 40,000 samples: {small / 2**20:.1f} and {large / 2**20:.1f} MiB")


def measure(label: str, teacher: Path, student: Path, path: Path, batch: int) -> float:
    """The ratio; prints it with its parts."""
    sessions = [open_session(model, threads=THREADS) for model in (teacher, student)]
    names = [session.get_inputs()[0].name for session in sessions]
    images = np.load(path)
    batches = [np.ascontiguousarray(images[i : i + batch]) for i in range(0, len(images), batch)]

    def bare() -> None:
        for session, name in zip(sessions, names, strict=True):
            for array in batches:
                session.run(None, {name: array})

    def compare() -> None:
        stream.run(lambda done, total: None)
        for meter in stream.meters:
            meter.flush()

    pair = Pair(teacher, student, Settings(data=path, batch=batch, threads=THREADS))
    stream = Stream(pair, pair.open_source())
    rounds = [(clocked(bare), clocked(compare)) for _ in range(ROUNDS)]
    ratios = [statistics.median(full[i] / base[i] for base, full in rounds) for i in (0, 1)]
    base = statistics.median(base[1] for base, _ in rounds) / len(images)
    added = statistics.median(full[1] - base[1] for base, full in rounds) / len(images)
    told = f"{base * 1000:.2f} ms a pair, compare adds {added * 1000:.3f} ms of processor time"
    print(f"{label}: {told}; ratio {ratios[1]:.3f}, of wall time {ratios[0]:.3f}", flush=True)
    return ratios[1] if base > 0.02 else 0.0


def clocked(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds on the wall, and of the processor."""
    begun = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun[0], time.process_time() - begun[1]


def peak(count: int) -> int:
    """Bytes at most of a process that compares the digits models over random samples."""
    command = [sys.executable, __file__, "--peak", str(count)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def compare_and_print_peak(count: int) -> None:
    import rfonnx

    folder = MODELS / "digits"
    options = {"samples": count, "cost": False, "fields": False, "threads": THREADS}
    rfonnx.compare(folder / "teacher.onnx", folder / "student.onnx", **options)
    # Not ru_maxrss, which a process inherits from the one that started it.
    lines = Path("/proc/self/status").read_text().splitlines()
    print(next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        compare_and_print_peak(int(sys.argv[2]))
    else:
        main()
