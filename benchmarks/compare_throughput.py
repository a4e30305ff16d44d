"""What `rfonnx compare` costs beside the two models' runs, and whether its memory grows.

    python benchmarks/compare_throughput.py [ROUNDS]

Time: `rfonnx.compare` over N samples in a .npy file, against two bare onnxruntime loops over the same batches held in
memory, on one thread each, in turns. Convolutional classifiers whose run takes about 0.03, 0.1 and 5 ms a sample, at
batch 8 and 1; then models of this repository. Given are ratios of processor time of the whole process, in which reading
the samples counts in full although a second thread does it while onnxruntime works, and of wall time: the median of the
rounds' ratios, and the ratio of the quickest tenths of both sides, which other load of the machine distorts least.
Opening the sessions and comparing receptive fields are left out.
Bounds: 1.05 at 0.1 ms and batch 8, 1.10 at batch 1, 1.03 from 5 ms on.
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
from measure import machine
from onnx import helper, numpy_helper

from rfonnx.comparing.pairs.pair import Pair
from rfonnx.comparing.settings import Settings
from rfonnx.comparing.stream import Stream
from rfonnx.model.runtime import open_session

MODELS = Path(__file__).parents[1] / "models"
THREADS = 1
ROUNDS = 21
CHANNELS, CLASSES = 8, 10

SMALL = [(0.03, 12), (0.1, 24), (5.0, 128)]
"""Milliseconds that a run should take, and the side of the image."""

CASES = [
    ("digits, teacher and student", "digits/teacher.onnx", "digits/student.onnx", (1, 32, 32), 2000, 8),
    ("resnet18 and itself", "resnet18.onnx", "resnet18.onnx", (3, 224, 224), 128, 1),
    ("unet (a dense map) and itself", "unet.onnx", "unet.onnx", (1, 224, 256), 8, 1),
]


def classifier(depth: int, side: int) -> onnx.ModelProto:
    """Convolutions 3 x 3 with ReLU, a global pool and a linear layer: (n, 3, side, side) to (n, 10)."""
    draw = np.random.default_rng(0).standard_normal
    nodes, weights, tensor = [], [], "x"
    for index in range(depth):
        shape = (CHANNELS, CHANNELS if index else 3, 3, 3)
        weights.append(numpy_helper.from_array((draw(shape) * 0.2).astype("f"), f"w{index}"))
        nodes.append(helper.make_node("Conv", [tensor, f"w{index}"], [f"c{index}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{index}"], [f"r{index}"]))
        tensor = f"r{index}"
    weights.append(numpy_helper.from_array(draw((CHANNELS, CLASSES)).astype("f"), "w"))
    nodes.append(helper.make_node("GlobalAveragePool", [tensor], ["p"]))
    nodes.append(helper.make_node("Flatten", ["p"], ["f"]))
    nodes.append(helper.make_node("MatMul", ["f", "w"], ["y"]))
    ports = [
        helper.make_tensor_value_info("x", 1, ["n", 3, side, side]),
        helper.make_tensor_value_info("y", 1, ["n", 10]),
    ]
    graph = helper.make_graph(nodes, "net", ports[:1], ports[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def of_duration(milliseconds: float, side: int) -> onnx.ModelProto:
    """The shallowest such net whose run takes that long on one sample."""
    for depth in (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 40):
        model = classifier(depth, side)
        session = open_session(model, threads=THREADS)
        times = [clocked(lambda: session.run(None, {"x": np.zeros((1, 3, side, side), "f")}))[0] for _ in range(30)]  # noqa: B023
        if min(times[5:]) * 1000 >= milliseconds:
            break
    return model


def main(rounds: int) -> None:
    print(
        "| models | batch | two bare runs, us a sample | processor, median | quickest tenth | wall, median | quickest tenth |"
    )
    print("|" + "---|" * 7)
    for milliseconds, side in SMALL:
        model = of_duration(milliseconds, side)
        count = int(np.clip(400 / milliseconds, 40, 4000))
        for batch in (8, 1):
            measure(f"{milliseconds} ms a run", model, model, (3, side, side), count, batch, rounds)
    for label, teacher, student, shape, count, batch in CASES:
        measure(label, MODELS / teacher, MODELS / student, shape, count, batch, max(5, rounds // 3))
    small, large = (peak(count) for count in (2_000, 40_000))
    print(f"\npeak memory over 2,000 and 40,000 samples: {small / 2**20:.1f} and {large / 2**20:.1f} MiB")
    print(machine())


def measure(
    label: str, teacher: object, student: object, shape: tuple[int, ...], count: int, batch: int, rounds: int
) -> None:
    """Print a row."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        np.save(path, np.random.default_rng(0).standard_normal((count, *shape), np.float32))
        sessions = [open_session(model, threads=THREADS) for model in (teacher, student)]  # type: ignore[arg-type]
        names = [session.get_inputs()[0].name for session in sessions]
        images = np.load(path)
        batches = [np.ascontiguousarray(images[i : i + batch]) for i in range(0, len(images), batch)]

        def bare() -> None:
            for session, name in zip(sessions, names, strict=True):
                for array in batches:
                    session.run(None, {name: array})

        pair = Pair(teacher, student, Settings(data=path, batch=batch, threads=THREADS))  # type: ignore[arg-type]

        def compare() -> None:
            stream = Stream(pair, pair.open_source())
            stream.run(lambda done, total: None)
            for meter in stream.meters:
                meter.flush()

        found = [(clocked(bare), clocked(compare)) for _ in range(rounds)]
    wall, processor = (
        (statistics.median(full[i] / base[i] for base, full in found), *quickest([(b[i], f[i]) for b, f in found]))
        for i in (0, 1)
    )
    cells = (processor[2] / count * 1e6, processor[0], processor[1], wall[0], wall[1])
    print(
        f"| {label} | {batch} | {cells[0]:.0f} | " + " | ".join(f"{cell:.3f}" for cell in cells[1:]) + " |", flush=True
    )


def quickest(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """Ratio of the quickest tenths, and that of the bare side."""
    base, full = (sorted(side)[len(pairs) // 10] for side in zip(*pairs, strict=True))
    return full / base, base


def clocked(work: Callable[[], object]) -> tuple[float, float]:
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
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
