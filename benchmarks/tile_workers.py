"""What a second worker gains on a whole job: `rfonnx tile run` on files, each worker on one thread, start and planning included.

python benchmarks/tile_workers.py [--side 10000] [--tile 512] [--runs 3]
"""

import argparse
import sys
import tempfile
from pathlib import Path

from measure import in_turn, processor_seconds, ratio, table
from tile_large import MODEL, draw


def main() -> None:
    """Prints the table of docs/benchmarks.md."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--side", type=int, default=10000)
    words.add_argument("--tile", type=int, default=512)
    words.add_argument("--runs", type=int, default=3)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        image, out = Path(folder, "image.npy"), Path(folder, "out.npy")
        draw(image, asked.side)
        command = [sys.executable, "-P", "-m", "rfonnx", "tile", "run", str(MODEL), str(image), str(out), "--overwrite"]
        command += ["--tile", f"{asked.tile},{asked.tile}", "--threads", "1", "--workers"]
        times = in_turn({str(n): [*command, str(n)] for n in (1, 2)}, asked.runs, processor_seconds)
    rows: list[list[object]] = []
    for workers, took in times.items():
        wall, processor = (sorted(one[i] for one in took)[len(took) // 2] for i in (0, 1))
        gain = ratio([one for one, _ in times["1"]], [one for one, _ in took])
        rows.append([workers, wall, processor, gain])
    print(f"{asked.side} x {asked.side}, tiles of {asked.tile}, medians of {asked.runs} runs in turn")
    table(["workers", "wall, s", "processor, s", "times as fast"], rows)


if __name__ == "__main__":
    main()
