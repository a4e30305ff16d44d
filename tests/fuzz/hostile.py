"""Hostile files: models, samples and configurations that are made to hurt, not damaged by chance (see `damage.py` for those).

Whatever they are, rfonnx must do what it was asked for or say in one bounded line what is wrong, soon and in little memory.
Long runs: `PYTHONPATH=tests python -P tests/fuzz/hostile.py --count 1000 --models FOLDER`; `--show SEED` runs one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import onnx

from fuzz.hostile_models import hostile_model
from fuzz.hostile_samples import hostile_samples, toml
from fuzz.limited import answer, judged, peak, work
from fuzz.workers import outcomes

MODELS = Path(__file__).parents[2] / "models"
LARGEST_FILE = 400_000  # bytes
PATIENCE = 30  # seconds
ADDRESSES = 6 * 2**30  # bytes that a process may ask for
MEMORY = 2**30  # bytes that one file may add to what it holds at its peak
LONGEST = 2100  # characters of an error
PLAIN = onnx.parser.parse_model(
    '<ir_version: 8, opset_import: ["" : 17]> g (float[n, 3, 8, 8] x) => (float[n, 3, 4, 4] y)'
    "{ r = Relu (x) y = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (r) }"
)


def bases(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.onnx") if path.stat().st_size < LARGEST_FILE)


def prepare(seed: int, folder: Path, models: list[Path]) -> tuple[list[str], str]:
    """Files of a seed in a folder, the command that they go through, and what they are."""
    random = np.random.default_rng((seed, 7))
    plain = folder / "plain.onnx"
    onnx.save(PLAIN, plain)
    quick = ["--no-cost", "--no-effective", "--threads", "1"]
    kind = seed % 4
    if kind in (0, 1):
        path, what = hostile_model(models[int(random.integers(len(models)))].read_bytes(), random, folder)
        match int(random.integers(5)):
            case 0:
                return ["compare", str(path), str(path), "--samples", "2", *quick], f"model {what}"
            case 1:
                return ["erf", str(path), "-n", "1", "--threads", "1", "--format", "json"], f"model {what}"
            case 2:
                return ["check", str(path), "--samples", "1", "--threads", "1"], f"model {what}"
        style = ["text", "json", "csv", "markdown"][int(random.integers(4))]
        return ["report", str(path), "--format", style], f"model {what}"
    if kind == 2:
        data, what = hostile_samples(random, folder, (3, 8, 8))
        if random.random() < 0.4:
            return ["erf", str(plain), "--data", str(data), "-n", "2", "--threads", "1"], f"samples {what}"
        skip = ["--on-error", "skip"] if random.random() < 0.4 else []
        return ["compare", str(plain), str(plain), "--data", str(data), *skip, *quick], f"samples {what}"
    (folder / "c.toml").write_bytes(toml(random))
    if random.random() < 0.4:
        return ["check", str(plain), "--rules", str(folder / "c.toml"), "--threads", "1"], "toml"
    return ["compare", str(plain), str(plain), "--config", str(folder / "c.toml"), *quick], "toml"


def fault(words: list[str], code: int, told: str) -> str:
    """What must not have come of a command, or ""."""
    allowed = (0, 1, 2) if words[0] in ("check", "compare") else (0, 2)
    if code not in allowed:
        return f"exit code {code}: {' | '.join(told.splitlines()[-6:])[-700:]}"
    lines = [line for line in told.splitlines() if line.startswith("rfonnx: error:")]
    if code == 2 and (len(lines) != 1 or "Traceback" in told):
        return f"not one line: {told[-500:]!r}"
    if max(map(len, told.splitlines()), default=0) > LONGEST:
        return f"a line of {max(map(len, told.splitlines()))} characters"
    return ""


def settle(seed: int, models: list[Path]) -> tuple[str, str]:
    """Run the command of a seed in this process: what came, and what must not have come."""
    held = peak()
    with tempfile.TemporaryDirectory() as folder:
        words, what = prepare(seed, Path(folder), models)
        code, told = answer(words)
    grown = peak() - held
    return f"{what}: {code}", fault(words, code, told) or (f"takes {grown >> 20} MiB" if grown > MEMORY else "")


def survey(seeds: range, folder: Path) -> tuple[list[str], Counter[str], list[int]]:
    """See `judged`; models of the folder are changed."""
    return judged(outcomes(__file__, seeds, "--models", str(folder)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="of the first; the others follow")
    parser.add_argument("--models", type=Path, default=MODELS, metavar="FOLDER", help="good models that are changed")
    parser.add_argument("--show", type=int, metavar="SEED", help="run this seed in this process")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    models = sorted({*bases(MODELS), *bases(options.models)})
    if options.show is not None:
        from rfonnx.cli.main import run

        with tempfile.TemporaryDirectory() as folder:
            words, what = prepare(options.show, Path(folder), models)
            print(what, json.dumps(words))
            return run(words)
    seeds = range(options.seed, options.seed + options.count)
    if options.work:
        work(seeds, lambda seed: settle(seed, models), ADDRESSES, PATIENCE)
        return 0
    findings, counts, ended = survey(seeds, options.models)
    print(f"{options.count} hostile files: {len(findings)} findings", *sorted(counts.items()), sep="\n")
    print(f"{len(ended)} ended onnxruntime: {ended}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
