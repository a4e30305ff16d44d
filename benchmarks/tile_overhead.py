"""What `TilePlan.run` takes beyond the sessions that it runs, and what a second worker gains.

python benchmarks/tile_overhead.py [--side 4000] [--tile 512]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measure import table

import rfonnx

MODEL = Path(__file__).parents[1] / "models" / "unet.onnx"

ROUNDS = 3


def main() -> None:
    """Prints the table of docs/benchmarks.md."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--side", type=int, default=4000)
    words.add_argument("--tile", type=int, default=512)
    asked = words.parse_args()
    plan = rfonnx.tile(MODEL, {"x": (1, 1, asked.side, asked.side)}, (asked.tile, asked.tile))
    (name,) = plan.output_shapes
    with tempfile.TemporaryDirectory() as folder:
        image = np.lib.format.open_memmap(Path(folder, "x.npy"), "w+", np.float32, plan.input_shapes["x"])
        image[...] = np.random.default_rng(0).standard_normal(image.shape, np.float32)
        out = np.lib.format.open_memmap(Path(folder, "y.npy"), "w+", np.float32, plan.output_shapes[name])
        crops = [image[(..., *(slice(*one) for one in plan.tiles[i].crops["x"][2:]))] for i in range(len(plan.tiles))]
        sessions = {threads: plan.model.session(threads=threads) for threads in (1, 2)}

        def alone(threads: int) -> None:
            for crop in crops:
                sessions[threads].run([name], {"x": np.ascontiguousarray(crop)})

        ways: dict[str, Callable[[], None]] = {
            "sessions alone, 2 threads": lambda: alone(2),
            "run, 2 threads": lambda: plan.run(image, out, threads=2),
            "sessions alone, 1 thread": lambda: alone(1),
            "run, 1 thread": lambda: plan.run(image, out, threads=1),
            "run, 2 workers of 1 thread": lambda: plan.run(image, out, workers=2, threads=1),
        }
        times = {way: list[tuple[float, float]]() for way in ways}
        for turn in range(ROUNDS + 1):
            for way, work in ways.items():
                begin = time.perf_counter(), time.process_time()
                work()
                if turn:
                    times[way].append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
    rows: list[list[object]] = []
    for way, against in (
        ("sessions alone, 2 threads", ""),
        ("run, 2 threads", "sessions alone, 2 threads"),
        ("sessions alone, 1 thread", ""),
        ("run, 1 thread", "sessions alone, 1 thread"),
        ("run, 2 workers of 1 thread", "run, 1 thread"),
    ):
        wall, processor = (statistics.median(one[i] for one in times[way]) for i in (0, 1))
        ratios: list[object] = ["-", "-"]
        if against:
            ratios = [
                statistics.median(b[i] / a[i] for a, b in zip(times[against], times[way], strict=True)) for i in (0, 1)
            ]
        rows.append([way, wall, processor, against or "-", *ratios])
    print(f"{len(plan.tiles)} tiles of {asked.tile} in {asked.side} x {asked.side}, medians of {ROUNDS} rounds")
    table(["way", "wall, s", "processor, s", "against", "ratio", "of processor time"], rows)


if __name__ == "__main__":
    main()
