"""Many random nets: `PYTHONPATH=tests python -P tests/tiling/attack.py --count 1000 --seed 0`; with `--stages` those of figures.

Prints each plan that a run contradicts, with the seed of its net, and a table of what is refused, by reason.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
import warnings
from collections import Counter

from rfonnx.tiling import sized
from tiling import exactness, staged
from tiling.random_nets import random_net
from tiling.refusals import kind, table


def told(seed: int, stages: bool) -> list[str]:
    try:
        if stages:
            return list(staged.judged(staged.staged_net(seed), seed))
        return list(exactness.judged(random_net(seed), seed))
    except Exception as error:  # a crash is a finding like another
        where = traceback.extract_tb(error.__traceback__)[-1]
        return [f"crash: {type(error).__name__} at {where.filename}:{where.lineno}: {error}"]


def apart(seed: int, stages: bool) -> list[str]:
    """In a process of its own: onnxruntime ends the one that it is in where an operator gets nothing to read."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        with os.fdopen(write, "w") as stream:
            stream.write("\n".join(told(seed, stages)))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as stream:
        lines = stream.read().splitlines()
    return lines if os.waitpid(child, 0)[1] == 0 else [*lines, "died: onnxruntime"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stages", action="store_true", help="nets with figures over space, whose plans are in stages")
    parser.add_argument("--all", action="store_true", help="also print what is right, and what could not be tried")
    parser.add_argument(
        "--through", type=int, help="look at wholes longer than this through shorter ones, of half as many"
    )
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.through:
        sized.LONG, sized.SHORT = asked.through, asked.through // 2
    begun = time.perf_counter()
    found: Counter[str] = Counter()
    refused: list[tuple[str, str]] = []
    for seed in range(asked.seed, asked.seed + asked.count):
        lines = apart(seed, asked.stages)
        found.update({line.partition(":")[0] for line in lines})
        for line in lines:
            outcome, _, rest = line.partition(": ")
            if outcome in ("differs", "loose", "untried"):
                refused.append((outcome, rest.split(": ", 2)[2]))
            if asked.all or outcome in ("unsound", "crash") or (outcome == "loose" and not kind(line)):
                print(f"{seed}: {line}", flush=True)
    print("\n".join(table(refused)))
    print(f"{asked.count} nets in {time.perf_counter() - begun:.0f} s: {dict(found.most_common())}")
    unjustified = any(outcome == "loose" and not kind(reason) for outcome, reason in refused)
    return int(unjustified or bool({"unsound", "crash"} & set(found)))


if __name__ == "__main__":
    sys.exit(main())
