"""Which figures of fields are held against a limit, and what a limit means that cannot be proven.

By default the fields of paired outputs are judged, where they are known exactly. What was asked for is judged everywhere, and
what is not proven then is missed: where a field is known as "at most", and where there is no figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rfonnx.comparing.fields.parity import EFFECTIVE, THEORETICAL, Parity
from rfonnx.comparing.figures.verdicts import Given, Limit, limits_for, unproven, verdict
from rfonnx.results.comparison import Kind, Verdict
from rfonnx.results.field_pairs import EffectivePair, FieldPair
from rfonnx.results.measures import MEASURES

NO_WINDOW = "no window that both models have leads to it"
AT_MOST = "field is only known as at most this, which does not prove it"


def judge_fields(kind: Kind, found: Parity, given: Given, by_output: Mapping[str, Given]) -> tuple[Verdict, ...]:
    """Verdicts on fields.

    Args:
        kind: what the student is to the teacher.
        found: what was measured.
        given: the user's limits.
        by_output: the user's limits for single outputs of the teacher, and so for their feature maps, over `given`.

    Raises:
        QueryError: a limit is given for something that is no measure.
    """
    verdicts: list[Verdict] = []
    for pair in found.fields:
        for limits, _ in _limits(kind, given, by_output, pair.leads_to):
            limit = limits.get("field_ratio")
            if limit is not None and (pair.role == "output" or limit.asked):
                verdicts += _ratio(kind, pair, limit)
    for one in found.effective:
        for limits, named in _limits(kind, given, by_output, one.leads_to):
            if one.role != "whole":
                verdicts += _effective(kind, one, limits)
            else:  # a saliency map is judged when its output is named
                verdicts += _effective(kind, one, {name: limits[name] for name in named if name in limits})
    for missing in found.unmeasured:
        for limits, _ in _limits(kind, given, by_output, missing.leads_to or tuple(by_output)):
            verdicts += [
                unproven(kind, missing.subject, name, limits[name].value, missing.reason)
                for name in missing.measures
                if name in limits and limits[name].asked
            ]
    verdicts += _passed_over(kind, found, given, by_output)
    return tuple(dict.fromkeys(verdicts))


def _passed_over(kind: Kind, found: Parity, given: Given, by_output: Mapping[str, Given]) -> Iterator[Verdict]:
    """Limits that were asked for, where nothing was measured and nothing says why: an output that a hook makes, or that no window
    of both models leads to."""
    told: list[tuple[Sequence[str], Sequence[str]]] = [(THEORETICAL, pair.leads_to) for pair in found.fields]
    told += [(EFFECTIVE, pair.leads_to) for pair in found.effective]
    told += [(missing.measures, missing.leads_to or tuple(by_output)) for missing in found.unmeasured]
    for output, said in {"": given, **by_output}.items():
        for name, value in said.items():
            known = any(name in measures and (not output or output in leads_to) for measures, leads_to in told)
            if value is not None and MEASURES[name].of_fields and not known:
                yield unproven(kind, output or "receptive fields", name, value, NO_WINDOW)


def _limits(
    kind: Kind, given: Given, by_output: Mapping[str, Given], outputs: Sequence[str]
) -> Iterator[tuple[dict[str, Limit], Given]]:
    """The limits on fields for each of some outputs, and those of them that name it."""
    for name in outputs or ("",):
        own = by_output.get(name, {})
        limits = limits_for(kind, None, given, own)
        yield {measure: limit for measure, limit in limits.items() if MEASURES[measure].of_fields}, own


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
