"""Tiles by rfonnx, by MONAI's SlidingWindowInferer and by tiler: the same session, time, peak memory, and what they are off by.

python benchmarks/tile_compare.py [--side 2000] [--tile 512]      (pip install monai tiler)

Each way is a process of its own, in which a first run does not count.
"""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measure import table

import rfonnx

MODEL = Path(__file__).parents[1] / "models" / "unet.onnx"

WAYS = {
    "rfonnx": ("rfonnx", 0.0, ""),
    "MONAI, its default overlap of 0.25": ("monai", 0.25, "constant"),
    "MONAI, 0.25, gaussian": ("monai", 0.25, "gaussian"),
    "MONAI, twice the halo on the grid": ("monai", 0.0, "constant"),
    "MONAI, twice the halo, gaussian": ("monai", 0.0, "gaussian"),
    "tiler, 0.25, hann": ("tiler", 0.25, "hann"),
    "tiler, twice the halo, overlap-tile": ("tiler", 0.0, "overlap-tile"),
}
"""By name: the library, its overlap as a share of the tile (0: twice the halo, on the grid), and how it joins tiles."""


class Job:
    """The model, the image and the plan."""

    def __init__(self, side: int, tile: int) -> None:
        self.side, self.tile, self.runs = side, tile, 0
        self.plan = rfonnx.tile(MODEL, {"x": (1, 1, side, side)}, (tile, tile))
        (self.name,) = self.plan.output_shapes
        self.session = self.plan.model.session(threads=2)
        self.image = np.random.default_rng(0).standard_normal(self.plan.input_shapes["x"], np.float32)

    def model(self, crop: np.ndarray) -> np.ndarray:
        self.runs += 1
        return np.asarray(self.session.run([self.name], {"x": np.ascontiguousarray(crop)})[0])

    @property
    def needed(self) -> float:
        """The overlap whose windows begin on the grid, where the tile's side is a multiple of it."""
        halo, grid = max(max(sides) for sides in self.plan.halo.values()), max(self.plan.grid.values())
        return 2 * -(-halo // grid) * grid / self.tile

    def rfonnx(self, overlap: float, mode: str) -> np.ndarray:
        made = np.empty(self.plan.output_shapes[self.name], np.float32)
        for one in self.plan.tiles:
            crop, kept, local = (
                tuple(slice(*ends) for ends in ranges)
                for ranges in (one.crops["x"], one.kept[self.name], one.local[self.name])
            )
            made[kept] = self.model(self.image[crop])[local]
        return made

    def monai(self, overlap: float, mode: str) -> np.ndarray:
        import torch
        from monai.inferers import SlidingWindowInferer

        inferer = SlidingWindowInferer((self.tile, self.tile), 1, overlap, mode)
        given = torch.from_numpy(self.image)
        return np.asarray(inferer(given, lambda window: torch.from_numpy(self.model(window.numpy()))))

    def tiler(self, overlap: float, mode: str) -> np.ndarray:
        from tiler import Merger, Tiler

        side, tile, channels = self.side, self.tile, self.plan.output_shapes[self.name][1]
        tiles = Tiler((1, side, side), (1, tile, tile), overlap, 0)
        padded, padding = tiles.calculate_padding()
        tiles.recalculate(data_shape=padded)
        merger = Merger(Tiler((channels, *padded[1:]), (channels, tile, tile), overlap, 0), mode)
        for number, part in tiles(np.pad(self.image[0], padding, mode="reflect")):
            merger.add(number, self.model(part[None])[0])
        return np.asarray(merger.merge(extra_padding=padding))[None]


def peak() -> float:
    """Of this process, in MiB: not that of its parent, which Linux counts in `getrusage`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def one(way: str, job: Job, out: Path) -> None:
    """Run a way, save what it makes, and print its figures."""
    library, overlap, mode = WAYS[way]
    work: Callable[[float, str], np.ndarray] = getattr(job, library)
    overlap = overlap or job.needed
    importlib.import_module("monai.inferers" if library == "monai" else library)
    before = peak()
    work(overlap, mode)
    job.runs, begin, used = 0, time.perf_counter(), time.process_time()
    made = work(overlap, mode)
    took, used = time.perf_counter() - begin, time.process_time() - used
    np.save(out, made)
    print(json.dumps([job.runs, took, used, peak(), before]))


def main() -> None:
    """Prints the table of docs/benchmarks.md."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--side", type=int, default=2000)
    words.add_argument("--tile", type=int, default=512)
    words.add_argument("--way", nargs=2, help=argparse.SUPPRESS)
    asked = words.parse_args()
    job = Job(asked.side, asked.tile)
    if asked.way:
        one(asked.way[0], job, Path(asked.way[1]))
        return
    whole = job.model(job.image)
    print(f"the whole in one run: {peak():.0f} MiB at the most")
    rows: list[list[object]] = []
    scale, half = float(np.abs(whole).max()), asked.tile // 2
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out.npy")
        for way in WAYS:
            command = [sys.executable, *sys.argv, "--way", way, str(out)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            figures = json.loads(done.stdout.splitlines()[-1])
            off = np.abs(np.load(out) - whole)[0].max(axis=0) / scale
            rows.append([way, *figures, float(off.max()), float(off[half:-half, half:-half].max())])
    print(f"{asked.side} x {asked.side}, tiles of {asked.tile}, twice the halo: an overlap of {job.needed:.3f}")
    header = ["way", "runs", "wall, s", "processor, s", "peak memory, MiB", "before the run, MiB"]
    table([*header, "off by, of the largest value", "half a tile inside"], rows)


if __name__ == "__main__":
    main()
