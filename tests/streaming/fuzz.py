"""Many random nets, streamed and held against their offline runs: `python -P tests/streaming/fuzz.py FIRST LAST [LOG]`.

A line for each that is wrong or refused, counts at the end. With a log, a line for each seed is added to it, and seeds that stand
in it already are not run again: it goes on where it was stopped.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import onnx

import rfonnx
from rfonnx.model.opened import Opened
from rfonnx.streaming.loop import Stream
from rfonnx.streaming.offline import within
from rfonnx.streaming.planning import stream_plan
from rfonnx.streaming.stream_plan import StreamPlan
from streaming.drawn import random_net
from streaming.gathers import gathers
from streaming.logged import Judged, judge_all
from streaming.whole_numbers import differs, whole_numbers

FINE = ("right", "late")


def judged(seed: int) -> tuple[str, list[str]]:
    """What became of a seed, and what there is to say: "right"; "late": so, with more than the least delay, in a graph of one of
    the classes in which that can be; "wrong"; "refused".

    Each is run in several chunks at several lengths, and what all its tensors see is compared; where operators keep whole numbers
    whole, it is run with those, too, and no bit may differ.
    Where frames are joined with what is taken of all, the stream is given statistics, which a refusal has to have offered.
    """
    model, axis = random_net(seed)
    inputs = [entry.name for entry in model.graph.input]
    try:
        plan = planned(seed, model, axis)
    except rfonnx.RfonnxError as error:
        return "refused", [str(error), error.hint]
    said = late(plan)
    if said and not plan.waits:
        return "wrong", ["late for no reason", *said]
    if any(one.least is not None and one.delay < one.least for one in plan.manifest.outputs):
        return "wrong", ["under the least", *said]
    measuring = plan.source.measuring
    found = plan.held_against(within(plan.source.offline), measuring=None if measuring is None else within(measuring))
    if not found.passed:
        skipped = [run.skipped for run in found.runs if run.skipped]
        bad = [
            (run.chunk, run.length, run.missing, run.errors)
            for run in found.runs
            if run.missing or any(off > found.tolerance * largest for off, largest in run.errors.values())
        ]
        seen = found.structure.differences if found.structure else ()
        return "wrong", [f"{found.worst:.2e}", *seen, *map(str, bad[:2]), *skipped[:1], *said]
    whole = None if plan.manifest.statistics else whole_numbers(model)
    if whole is not None and differs(whole, Stream(stream_plan(Opened(whole), inputs, axis, 2 * plan.unit).model)):
        return "wrong", ["whole numbers differ"]
    return ("late" if said else "right"), said


def planned(seed: int, model: onnx.ModelProto, axis: int) -> StreamPlan:
    """The plan of a net; with all statistics that block, where it takes some."""
    inputs = [entry.name for entry in model.graph.input]
    try:
        return stream_plan(Opened(model), inputs, axis, None)
    except rfonnx.RfonnxError as error:
        if not gathers(seed) or "--statistic" not in error.hint:
            raise
        return stream_plan(Opened(model), inputs, axis, None, statistics=["all"])


def late(plan: StreamPlan) -> list[str]:
    """Outputs that come later than the least delay."""
    outputs = [one for one in plan.manifest.outputs if one.delay != one.least]
    why = " ".join(wait.name for wait in plan.waits)
    return [f"{one.name} delay {one.delay} least {one.least} held {one.held} {why}" for one in outputs]


def tried(seed: int) -> Judged:
    """The same in a line; an error of the program is "crash"."""
    try:
        kind, said = judged(seed)
    except Exception as error:
        return "crash", repr(error)[:300]
    return kind, " ".join(said)


if __name__ == "__main__":
    seeds = range(int(sys.argv[1]), int(sys.argv[2]))
    log = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    print(judge_all(((seed, "", partial(tried, seed)) for seed in seeds), log, FINE))
