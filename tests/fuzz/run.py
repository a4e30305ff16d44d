"""Long runs of the fuzz: `PYTHONPATH=tests python -P tests/fuzz/run.py --count 10000 --seed 0`.

Prints each finding with the seed that makes it; `--show SEED` prints that model. A model that
onnxruntime does not survive is counted, and is no finding about rfonnx.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from types import FrameType

import onnx

from fuzz.graphs import make
from fuzz.hold import Outcome, hold
from fuzz.workers import outcomes
from rfonnx.errors import RfonnxError

PATIENCE = 20  # seconds for one model, its measurement included


class Hang(BaseException):
    """One model took too long. No Exception, so that nobody catches it on the way."""


def ring(number: int, frame: FrameType | None) -> None:
    raise Hang


def examine(seed: int) -> tuple[Outcome, Counter[str]]:
    """Make and hold one model; whatever rfonnx raises is a finding."""
    case = make(seed)
    try:
        return hold(case), case.operators
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        said = str(error).splitlines()[0] if str(error) else ""
        kind = "refused" if isinstance(error, RfonnxError) else "crash"
        return Outcome([f"{kind}: {type(error).__name__} at {where.name}:{where.lineno}: {said}"]), case.operators
    except Hang:
        return Outcome([f"hang: more than {PATIENCE} s"]), case.operators


def work(seeds: range) -> None:
    """Print a line of JSON before and after each model."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, ring)
    for seed in seeds:
        print(json.dumps({"seed": seed}), flush=True)
        signal.alarm(PATIENCE)
        outcome, operators = examine(seed)
        signal.alarm(0)
        print(json.dumps({"seed": seed, "operators": operators, **vars(outcome)}), flush=True)


def survey(seeds: range) -> tuple[list[str], list[str]]:
    """Findings, and lines that sum up."""
    begun = time.monotonic()
    findings, died = [], []
    operators, loose, counts = Counter[str](), Counter[str](), Counter[str]()
    for row in outcomes(__file__, seeds):
        if "died" in row:
            died.append(row["seed"])
            continue
        operators.update(row["operators"])
        loose.update(row["loose"])
        counts.update({name: row[name] for name in ("pairs", "exact", "tight")})
        counts.update(models=bool(row["findings"]), refused=bool(row["refused"]))
        for finding in row["findings"]:
            findings.append(f"seed {row['seed']}: {finding}")
            if len(row["findings"]) < 3 or finding in row["findings"][:2]:
                print(findings[-1], flush=True)
    return findings, [
        f"{len(seeds)} random models from seed {seeds.start}: {sum(operators.values())} nodes of {len(operators)} operators, "
        f"{len(findings)} findings in {counts['models']} models",
        f"{counts['refused']} models were not run as a whole by onnxruntime, {len(died)} ended it: {died}",
        f"{counts['pairs']} pairs of tensor and input axis: {counts['exact']} claimed exact, {counts['tight']} of them tight",
        "first not seen tight at: " + ", ".join(f"{op} {n}" for op, n in loose.most_common(25)),
        "operators: " + ", ".join(f"{op} {n}" for op, n in operators.most_common()),
        f"{time.monotonic() - begun:.0f} s",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0, help="of the first model; the others follow")
    parser.add_argument("--show", type=int, metavar="SEED", help="print the model of this seed, and what is found")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.count)
    if options.show is not None:
        print(onnx.printer.to_text(make(options.show).model))
        print(*examine(options.show)[0].findings, sep="\n")
    elif options.work:
        work(seeds)
    else:
        findings, lines = survey(seeds)
        print(*lines, sep="\n")
        return 1 if findings else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
