"""What is good enough: a limit per measure, by what the student is to the teacher. docs/compare.md gives the reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rfonnx.comparison import FieldPair, Kind, NonFinite, OutputAgreement, Task, Verdict
from rfonnx.errors import QueryError
from rfonnx.measures import MEASURES, default_limits, limitable

LAYER_LIMITS: dict[Kind, float] = {"fp32": 60.0, "fp16": 30.0, "int8": 10.0, "distilled": 10.0}
"""SQNR in dB under which a pair of inner tensors has parted; lower than for outputs: inner tensors cancel and saturate."""


def limits_for(kind: Kind, task: Task | None, given: Mapping[str, float | None]) -> dict[str, float]:
    """Limits by measure: the defaults, with the user's over them; None removes one.

    Raises:
        QueryError: there is no such measure.
    """
    unknown = [name for name in given if name not in limitable()]
    if unknown:
        raise QueryError(f"there is no measure '{unknown[0]}' to limit", f"there are {', '.join(limitable())}")
    limits = {**default_limits(kind, task), **given}
    return {name: limit for name, limit in limits.items() if limit is not None}


def judge(
    kind: Kind,
    outputs: Sequence[OutputAgreement],
    fields: Sequence[FieldPair],
    effective: Mapping[str, float],
    given: Mapping[str, float | None],
) -> tuple[Verdict, ...]:
    """Every figure that has a limit, held against it.

    Raises:
        QueryError: a limit is given for something that is no measure.
    """
    verdicts: list[Verdict] = []
    for output in outputs:
        limits = limits_for(kind, output.task, given)
        verdicts += [_finite(output, bad) for bad in output.nonfinite]
        verdicts += _judge_output(kind, output, limits)
    limits = limits_for(kind, None, given)
    if "field_ratio" in limits:
        verdicts += [_judge_field(kind, pair, limits["field_ratio"]) for pair in fields]
    verdicts += [
        _verdict(kind, "effective field", name, effective[name], limits[name]) for name in effective if name in limits
    ]
    return tuple(verdicts)


def _judge_output(kind: Kind, output: OutputAgreement, limits: Mapping[str, float]) -> Iterator[Verdict]:
    for name, measure in output.measures.items():
        if name in limits:
            worst = output.worst.get(name, ())
            where = f"worst on {worst[0].sample}: {worst[0].value:.4g}" if worst else ""
            where = "; ".join(filter(None, (output.places.get(name, ""), where)))
            yield _verdict(kind, output.teacher, name, measure.value, limits[name], where)


def _verdict(kind: Kind, subject: str, name: str, value: float, limit: float, where: str = "") -> Verdict:
    info = MEASURES[name]
    at_least = bool(info.at_least)
    passed = value >= limit if at_least else value <= limit
    side = "at least" if at_least else "at most"
    reason = f"{info.words}: {value:.4g}{info.unit}, {side} {limit:g}{info.unit} for {kind}"
    return Verdict(subject, name, value, limit, at_least, passed, reason, "" if passed else where)


def _finite(output: OutputAgreement, bad: NonFinite) -> Verdict:
    where = f"'{bad.tensor}' at ({', '.join(map(str, bad.position))}) on {bad.sample}"
    if bad.origin:
        where += f"; it begins in '{bad.origin}'"
    reason = f"the {bad.model} gives {bad.value}" + (f", on {bad.samples} samples" if bad.samples > 1 else "")
    return Verdict(output.teacher, "finite", float(bad.samples), 0.0, False, False, reason, where)


def _judge_field(kind: Kind, pair: FieldPair, limit: float) -> Verdict:
    verdict = _verdict(
        kind, f"{pair.output[0]} along {pair.input[0]} axis {pair.axis[0]}", "field_ratio", pair.ratio, limit
    )
    if not verdict.passed and pair.notes:
        return replace(verdict, reason=f"{verdict.reason}: {pair.notes[0]}")
    return verdict
