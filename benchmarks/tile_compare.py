"""Tiles by rfonnx, by MONAI's SlidingWindowInferer and by tiler: the same session, time, and what they are off by.

python benchmarks/tile_compare.py [--side 2000] [--tile 512]      (pip install monai tiler)
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from measure import table
from monai.inferers import SlidingWindowInferer
from tiler import Merger, Tiler

import rfonnx

MODEL = Path(__file__).parents[1] / "models" / "unet.onnx"


def main() -> None:
    """Prints the table of docs/benchmarks.md."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--side", type=int, default=2000)
    words.add_argument("--tile", type=int, default=512)
    asked = words.parse_args()
    side, tile = asked.side, asked.tile
    plan = rfonnx.tile(MODEL, {"x": (1, 1, side, side)}, (tile, tile))
    (name,) = plan.output_shapes
    session = plan.model.session(threads=2)
    image = np.random.default_rng(0).standard_normal(plan.input_shapes["x"], np.float32)
    runs = 0

    def model(crop: np.ndarray) -> np.ndarray:
        nonlocal runs
        runs += 1
        return np.asarray(session.run([name], {"x": np.ascontiguousarray(crop)})[0])

    (whole,) = session.run([name], {"x": image})
    halo, grid = max(max(sides) for sides in plan.halo.values()), max(plan.grid.values())
    needed = (
        2 * -(-halo // grid) * grid / tile
    )  # windows begin on the grid then, where the tile's side is a multiple of it

    def ours() -> np.ndarray:
        made = np.empty_like(whole)
        for one in plan.tiles:
            crop, kept, local = (
                tuple(slice(*ends) for ends in ranges) for ranges in (one.crops["x"], one.kept[name], one.local[name])
            )
            made[kept] = model(image[crop])[local]
        return made

    def monai(overlap: float, mode: str) -> np.ndarray:
        inferer = SlidingWindowInferer((tile, tile), 1, overlap, mode)
        return np.asarray(inferer(torch.from_numpy(image), lambda window: torch.from_numpy(model(window.numpy()))))

    def tiler(overlap: float, window: str) -> np.ndarray:
        tiles = Tiler((1, side, side), (1, tile, tile), overlap, 0)
        padded, padding = tiles.calculate_padding()
        tiles.recalculate(data_shape=padded)
        outputs = Tiler((whole.shape[1], *padded[1:]), (whole.shape[1], tile, tile), overlap, 0)
        merger = Merger(outputs, window)
        for number, part in tiles(np.pad(image[0], padding, mode="reflect")):
            merger.add(number, model(part[None])[0])
        return np.asarray(merger.merge(extra_padding=padding))[None]

    ways: dict[str, Callable[[], np.ndarray]] = {
        "rfonnx": ours,
        "MONAI, its default overlap of 0.25": lambda: monai(0.25, "constant"),
        "MONAI, 0.25, gaussian": lambda: monai(0.25, "gaussian"),
        f"MONAI, twice the halo on the grid ({needed:.3f})": lambda: monai(needed, "constant"),
        f"MONAI, {needed:.3f}, gaussian": lambda: monai(needed, "gaussian"),
        "tiler, 0.25, hann": lambda: tiler(0.25, "hann"),
        f"tiler, {needed:.3f}, overlap-tile": lambda: tiler(needed, "overlap-tile"),
    }
    rows: list[list[object]] = []
    scale = float(np.abs(whole).max())
    for way, work in ways.items():
        work()
        runs, begin, used = 0, time.perf_counter(), time.process_time()
        made = work()
        took, used = time.perf_counter() - begin, time.process_time() - used
        off = np.abs(made - whole)[0].max(axis=0) / scale
        inside = off[tile // 2 : -tile // 2, tile // 2 : -tile // 2]
        rows.append([way, runs, took, used, float(off.max()), float(inside.max())])
    print(f"{side} x {side}, tiles of {tile}, halo {halo}")
    table(["way", "runs", "wall, s", "processor, s", "off by, of the largest value", "half a tile inside"], rows)


if __name__ == "__main__":
    main()
