"""A scan of 200 files, three of which crash, hang and are broken: one worker against two, and killed and resumed.

`python -P benchmarks/scan.py`: prints what came of it, and fails where a model is twice or lost.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rfonnx.scanning.journal import read_records
from scan.troublemakers import crashes, hangs

ROOT = Path(__file__).parents[1]
FILES, TIMEOUT = 200, 30


def ceiling() -> float:
    """How many times as fast two busy processes are as one after the other, on this machine: nothing can be faster."""
    busy = [sys.executable, "-c", "for _ in range(60_000_000): pass"]
    begun = time.perf_counter()
    for _ in range(2):
        subprocess.run(busy, check=True)
    one = time.perf_counter()
    for process in [subprocess.Popen(busy) for _ in range(2)]:
        process.wait()
    return (one - begun) / (time.perf_counter() - one)


def fleet(folder: Path) -> None:
    """Copies of this repository's models, and three that do harm somewhere among them."""
    models = sorted((ROOT / "models").glob("*.onnx"))
    crash, hang, junk = random.Random(0).sample(range(FILES), 3)
    for number in set(range(FILES)) - {crash, hang, junk}:
        shutil.copy(models[number % len(models)], folder / f"{number:03}.onnx")
    crashes(folder / f"{crash:03}-crash.onnx")
    hangs(folder / f"{hang:03}-hang.onnx")
    (folder / f"{junk:03}-junk.onnx").write_bytes((ROOT / "models" / "unet.onnx").read_bytes()[:1000])


def command(folder: Path, records: Path, workers: int) -> list[str]:
    """A scan as a user starts it."""
    return [
        *(sys.executable, "-P", "-m", "rfonnx", "scan", str(folder), "-o", str(records)),
        *("--workers", str(workers), "--timeout", str(TIMEOUT), "--quiet"),
    ]


def main() -> None:
    """Both, and the third that is killed again and again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "fleet"
        folder.mkdir()
        fleet(folder)
        seconds = {}
        for workers in (1, 2):
            records = Path(name) / f"{workers}.jsonl"
            begun = time.perf_counter()
            subprocess.run(command(folder, records, workers), check=True, stdout=subprocess.DEVNULL)
            seconds[workers] = time.perf_counter() - begun
            states = Counter(one["state"] for one in read_records(records))
            print(f"{workers} worker(s): {seconds[workers]:7.1f} s  {dict(states)}", flush=True)
        print(
            f"two are {seconds[1] / seconds[2]:.2f} times as fast as one; two busy processes, {ceiling():.2f}",
            flush=True,
        )
        records, ended = Path(name) / "killed.jsonl", 0
        while True:
            process = subprocess.Popen(command(folder, records, 2), stdout=subprocess.DEVNULL)
            try:
                process.wait(seconds[2] / 4)
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                ended += 1
        names = Counter(one["model"] for one in read_records(records))
        print(f"killed {ended} times: {len(names)} models, {max(names.values())} record of each at most")
        assert len(names) == FILES
        assert max(names.values()) == 1


if __name__ == "__main__":
    main()
