"""Which figures of fields are held against a limit, and what a limit means that cannot be proven.

By default the fields of paired outputs are judged, where they are known exactly. What was asked for is judged everywhere, and
what is not proven then is missed: where a field is known as "at most", and where there is no figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from rfonnx.compare.parity import EFFECTIVE, Parity
from rfonnx.compare.verdicts import Given, Limit, limits_for, unproven, verdict
from rfonnx.comparison import EffectivePair, FieldPair, Kind, Verdict
from rfonnx.measures import MEASURES

AT_MOST = "field is only known as at most this, which does not prove it"


def judge_fields(kind: Kind, found: Parity, given: Given) -> tuple[Verdict, ...]:
    """Verdicts on fields.

    Args:
        kind: what the student is to the teacher.
        found: what was measured.
        given: the user's limits.

    Raises:
        QueryError: a limit is given for something that is no measure.
    """
    limits = {name: limit for name, limit in limits_for(kind, None, given).items() if MEASURES[name].of_fields}
    verdicts: list[Verdict] = []
    if "field_ratio" in limits:
        for pair in found.fields:
            if pair.role == "output" or limits["field_ratio"].asked:
                verdicts += _ratio(kind, pair, limits["field_ratio"])
    for one in found.effective:
        if one.role != "whole":
            verdicts += _effective(kind, one, limits)
    for missing in found.unmeasured:
        verdicts += [
            unproven(kind, missing.subject, name, limits[name].value, missing.reason)
            for name in missing.measures
            if name in limits and limits[name].asked
        ]
    return tuple(verdicts)


def _ratio(kind: Kind, pair: FieldPair, limit: Limit) -> Iterator[Verdict]:
    """What is known as "at most" proves one side only: a student's field that it is too small, a teacher's that the student's is
    large enough."""
    subject = f"{pair.output[0]} along {pair.input[0]} axis {pair.axis[0]}"
    found = verdict(kind, subject, "field_ratio", pair.ratio, limit)
    harmed = (not found.passed, found.passed)
    vague = [
        side for side, exact, bad in zip(("teacher", "student"), pair.exact, harmed, strict=True) if bad and not exact
    ]
    if vague and limit.asked:
        yield _missed(found, f"but the {' and the '.join(vague)}'s {AT_MOST}")
    elif not vague:
        told = not found.passed and pair.notes
        yield replace(found, reason=f"{found.reason}: {pair.notes[0]}") if told else found


def _effective(kind: Kind, pair: EffectivePair, limits: Mapping[str, Limit]) -> Iterator[Verdict]:
    subject = f"effective field of {pair.output[0]} on {pair.input[0]}"
    for name in EFFECTIVE:
        if name not in limits:
            continue
        found = verdict(kind, subject, name, pair.figures[name], limits[name])
        if len(pair.positions) > 1:
            found = replace(found, reason=f"{found.reason}, mean over {len(pair.positions)} positions")
        if name != "unseen_mass" or pair.exact[1] or not found.passed:
            yield found
        elif limits[name].asked:
            yield _missed(found, f"but the student's {AT_MOST}")


def _missed(found: Verdict, why: str) -> Verdict:
    return replace(found, passed=False, outcome="missed", reason=f"{found.reason}; {why}")
