"""Many random nets, streamed and held against their offline runs: `python -P tests/streaming/fuzz.py FIRST LAST`.

A line for each that is wrong; counts at the end. It begins again at any seed.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import rfonnx
from rfonnx.model.opened import Opened
from rfonnx.streaming.offline import within
from rfonnx.streaming.stream_plan import stream_plan
from streaming.maker import random_net


def judged(seed: int) -> tuple[str, list[str]]:
    """What became of a seed: "right", "wrong", "refused", and what there is to say."""
    model, axis = random_net(seed)
    try:
        plan = stream_plan(Opened(model), [entry.name for entry in model.graph.input], axis, None)
    except rfonnx.RfonnxError as error:
        return "refused", [str(error)]
    found = plan.held_against(within(plan.source.offline))
    said = [
        f"{one.name} delay {one.delay} least {one.least} held {one.held}"
        for one in plan.manifest.outputs
        if one.delay != one.least
    ]
    if any(one.least is not None and one.delay < one.least for one in plan.manifest.outputs):
        return "wrong", ["under the least", *said]
    if not found.passed:
        skipped = [run.skipped for run in found.runs if run.skipped]
        bad = [
            (run.chunk, run.length, run.missing, run.errors)
            for run in found.runs
            if run.missing or any(off > found.tolerance * largest for off, largest in run.errors.values())
        ]
        return "wrong", [f"{found.worst:.2e}", *map(str, bad[:2]), *skipped[:1], *said]
    return ("right" if not said else "late"), said


if __name__ == "__main__":
    first, last = map(int, sys.argv[1:3])
    counts: Counter[str] = Counter()
    for seed in range(first, last):
        try:
            kind, said = judged(seed)
        except Exception as error:
            kind, said = "crash", [repr(error)[:300]]
        counts[kind] += 1
        if kind in ("wrong", "crash", "refused") or "-v" in sys.argv:
            print(seed, kind, *said, flush=True)
    print(dict(counts))
