"""A scan of 200 files, three of which crash, hang and are broken: one worker against two, and killed and resumed.

`python -P benchmarks/scan.py`: prints what came of it, and fails where a model is twice or lost. The model that hangs stands
among the first, then among the last, where the other worker can only wait for it: nothing is faster than the order allows.
"""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rfonnx.scanning.journal import read_records
from scan.troublemakers import crashes, hangs

ROOT = Path(__file__).parents[1]
FILES, TIMEOUT = 200, 30


class Taken(NamedTuple):
    """What a scan took: seconds by the clock, of processors, and of each model in the order in which they began."""

    wall: float
    processor: float
    models: list[float]


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


def fleet(folder: Path, hang: int) -> None:
    """Copies of this repository's models, and three that do harm: one hangs, the others stand somewhere among them."""
    models = sorted((ROOT / "models").glob("*.onnx"))
    folder.mkdir()
    crash, junk = random.Random(0).sample(sorted({*range(FILES)} - {hang}), 2)
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


def scanned(folder: Path, records: Path, workers: int) -> Taken:
    """One scan, from the start of its process to its end."""
    begun, before = time.perf_counter(), _processor()
    subprocess.run(command(folder, records, workers), check=True, stdout=subprocess.DEVNULL)
    wall, processor = time.perf_counter() - begun, _processor() - before
    found = sorted(read_records(records), key=lambda one: one["model"])
    states = dict(Counter(one["state"] for one in found))
    print(f"{workers} worker(s): {wall:6.1f} s, {processor:6.1f} s of processors  {states}", flush=True)
    return Taken(wall, processor, [one["seconds"] for one in found])


def allowed(models: list[float]) -> float:
    """How many times as fast two workers are at most that take the models in their order, as long as each takes alone."""
    busy = [0.0, 0.0]
    for seconds in models:
        busy[busy.index(min(busy))] += seconds
    return sum(models) / max(busy)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def killed(folder: Path, records: Path, after: float) -> None:
    """A scan that is killed three times and then goes on to its end has each model once."""
    for _ in range(3):
        with subprocess.Popen(command(folder, records, 2), stdout=subprocess.DEVNULL) as process:
            time.sleep(after)
            process.kill()
        print(f"killed with {len(read_records(records)) if records.exists() else 0} models", flush=True)
    scanned(folder, records, 2)
    names = Counter(one["model"] for one in read_records(records))
    print(f"gone on with: {len(names)} models, {max(names.values())} record of each at most")
    assert len(names) == FILES
    assert max(names.values()) == 1


def main() -> None:
    """Both, and the third that is killed."""
    print(f"two busy processes are {ceiling():.2f} times as fast as one after the other", flush=True)
    with tempfile.TemporaryDirectory() as name:
        for hang in (5, FILES - 6):
            folder = Path(name) / f"fleet-{hang}"
            fleet(folder, hang)
            one, two = (scanned(folder, Path(name) / f"{hang}-{workers}.jsonl", workers) for workers in (1, 2))
            print(
                f"model {hang + 1} hangs: two are {one.wall / two.wall:.2f} times as fast as one, with "
                f"{two.processor / one.processor:.2f} times the processor time; the order allows {allowed(one.models):.2f}",
                flush=True,
            )
        killed(folder, Path(name) / "killed.jsonl", (two.wall - TIMEOUT) / 4)


if __name__ == "__main__":
    main()
