"""What to do about a comparison: one line each, the most telling first; every option that is named does what is said."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator

from rfonnx.comparison import Comparison, Verdict
from rfonnx.report.document import Line, Name

UNLIMITED = frozenset({"finite"})
"""Verdicts that no limit changes."""

SHOWN = 3
"""Layers to look at."""

NARROW = 2
"""A figure within so many times its limit is missed narrowly: there is a use that it may be good enough for."""


def advice(found: Comparison) -> Iterator[Line]:
    """Lines of advice; none where every limit holds on samples of the user's."""
    missed = [verdict for verdict in found.verdicts if verdict.outcome == "missed"]
    yield from _nonfinite(found)
    yield from _layers(found, missed)
    yield from _fields(found, missed)
    yield from _allowed(missed)
    if any(verdict.outcome == "undecided" for verdict in found.verdicts):
        yield ("give more samples: what is undecided lies so near its limit that these do not tell",)
    if found.samples.random:
        yield ("give samples of your own with --data: agreement on noise does not show agreement on them",)
    if not found.verdicts and not found.incomplete:
        yield ("say what is good enough, such as --limit sqnr_db=20",)


def _nonfinite(found: Comparison) -> Iterator[Line]:
    for output in found.outputs:
        for bad in output.nonfinite:
            if bad.origin:
                told: Line = ("look at what makes tensor ", Name(bad.origin), f" of the {bad.model}")
                yield (*told, ": it is the first that is not finite on sample ", Name(bad.sample))


def _layers(found: Comparison, missed: list[Verdict]) -> Iterator[Line]:
    outputs = {output.teacher for output in found.outputs}
    if not any(verdict.subject in outputs and verdict.measure not in UNLIMITED for verdict in missed):
        return
    if found.parting is None:
        if found.kind != "distilled" and not found.incomplete:
            yield ("find the layer where they part: give --layers as well",)
        return
    for layer in (found.parting.damaged or found.parting.behind or (found.parting.first,))[:SHOWN]:
        if layer is not None:
            yield (
                "look at ",
                Name(layer.op_type),
                " ",
                Name(layer.node),
                " of the student, which makes ",
                Name(layer.student),
            )


def _fields(found: Comparison, missed: list[Verdict]) -> Iterator[Line]:
    least = min(found.fields, key=lambda pair: pair.ratio, default=None)
    if least is not None and any(verdict.measure == "field_ratio" for verdict in missed):
        yield (
            "see where the student's field ends: rfonnx explain --tensor ",
            Name(shlex.quote(least.output[1])),
            " on it",
        )


def _allowed(missed: list[Verdict]) -> Iterator[Line]:
    """The limits under which what was missed would hold, where all of it was missed narrowly."""
    if missed and all(map(_narrow, missed)):
        asked = [f"--limit {verdict.measure}={_reached(verdict)}" for verdict in missed]
        yield ("if so much is good enough for your use, say so: ", Name(" ".join(dict.fromkeys(asked))))


def _narrow(verdict: Verdict) -> bool:
    """The figure is within twice its limit; no figure makes a NaN good enough."""
    if verdict.measure in UNLIMITED or not math.isfinite(verdict.value):
        return False
    value, limit = verdict.value, verdict.limit
    if (value >= limit) if verdict.at_least else (value <= limit):
        return False  # missed for want of a proof, which no other limit brings
    return value >= limit / NARROW if verdict.at_least else value <= limit * NARROW


def _reached(verdict: Verdict) -> str:
    """The figure in three digits, rounded to the side on which it holds.

    >>> _reached(Verdict("y", "sqnr_db", 14.987, 15, True, False, ""))
    '14.9'
    >>> _reached(Verdict("y", "kl", 0.2341, 0.1, False, False, ""))
    '0.235'
    """
    if verdict.value == 0:
        return "0"
    scale = 10 ** (2 - math.floor(math.log10(abs(verdict.value))))
    rounded = math.floor(verdict.value * scale) if verdict.at_least else math.ceil(verdict.value * scale)
    return f"{rounded / scale:.6g}"
