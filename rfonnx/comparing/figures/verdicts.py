"""What is good enough: figures held against limits. `rfonnx.results.measures` has the limits, docs/compare.md their reasons."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rfonnx.errors import QueryError
from rfonnx.results.agreement import Measure, NonFinite, OutputAgreement, Task
from rfonnx.results.comparison import Kind, Outcome, Verdict
from rfonnx.results.measures import MEASURES, default_limits, judged_by, limitable

NAMED = 3
"""Samples that a verdict names; the worst of them are in the output's `worst`."""

Given = Mapping[str, float | None]
"""Limits of the user's by measure; None removes one."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a figure may be, and whether the user said so."""

    value: float
    asked: bool = False


def limits_for(kind: Kind, task: Task | None, *given: Given) -> dict[str, Limit]:
    """Limits by measure: the defaults, with the user's over them, later ones over earlier ones.

    Raises:
        QueryError: there is no such measure.
    """
    limits: dict[str, Limit] = {name: Limit(value) for name, value in default_limits(kind, task).items()}
    for said in given:
        check_measures(said)
        for name, value in said.items():
            limits.pop(name, None)
            if value is not None:
                limits[name] = Limit(value, asked=True)
    return limits


def check_measures(given: Given) -> None:
    """Only measures that can have a limit are given one, and only one that can be kept.

    Raises:
        QueryError: there is no such measure; or no share of 1 can be so high.
    """
    for name, value in given.items():
        if name not in limitable():
            raise QueryError(f"there is no measure '{name}' to limit", f"there are {', '.join(limitable())}")
        info = MEASURES[name]
        if info.share and info.at_least and value is not None and value > 1:
            raise QueryError(f"the limit {name}={value:g} is out of range, at most 1", "write 95% as 0.95")


def judge(
    kind: Kind, outputs: Sequence[OutputAgreement], given: Given, by_output: Mapping[str, Given]
) -> tuple[Verdict, ...]:
    """Every figure of outputs that has a limit, held against it.

    Args:
        by_output: the user's limits for single outputs of the teacher, over `given`.

    Raises:
        QueryError: a limit is given for something that is no measure.
    """
    verdicts: list[Verdict] = []
    for output in outputs:
        own = by_output.get(output.teacher, {})
        verdicts += [_finite(output, bad) for bad in output.nonfinite]
        verdicts += _judge_output(kind, output, limits_for(kind, output.task, given, own), own)
    verdicts += _unmeasured(kind, given, outputs)
    return tuple(verdicts)


def _judge_output(kind: Kind, output: OutputAgreement, limits: Mapping[str, Limit], own: Given) -> Iterator[Verdict]:
    for name, limit in limits.items():
        measure = output.measures.get(judged_by(name))
        if measure is not None:
            yield verdict(kind, output.teacher, name, measure, limit, _where(output, name), _beside(output, name))
        elif limit.asked and (name in own or name in output.missing) and not MEASURES[name].of_fields:
            yield unproven(kind, output.teacher, name, limit.value, _why_not(output, name))


def _why_not(output: OutputAgreement, name: str) -> str:
    """Why an output has no figure of a measure."""
    if not output.samples:
        return "no sample could be measured"
    return MEASURES[name].absent if name in output.missing else f"read as {output.task}, it has no such figure"


def unjudged(
    kind: Kind, outputs: Sequence[OutputAgreement], given: Given, by_output: Mapping[str, Given]
) -> Iterator[str]:
    """Limits that some outputs cannot be held against, one line each: the defaults of their task for want of a figure, and the
    user's for all outputs where the task has no such measure."""
    for output in outputs:
        if output.task == "rows" and "max_abs" not in output.measures and output.samples:
            yield f"output '{output.teacher}' was compared by its number of rows alone: no sample has as many from both, or any"
        limits = limits_for(kind, output.task, given, by_output.get(output.teacher, {}))
        lines = [
            f"{MEASURES[name].label} ({MEASURES[name].absent})"
            for name in output.missing
            if name in limits and not limits[name].asked
        ]
        if lines:
            yield f"output '{output.teacher}' is not judged by {', '.join(lines)}"
        of_others = [
            name
            for name, limit in limits.items()
            if limit.asked
            and name in given
            and name not in (*output.measures, *output.missing)
            and not MEASURES[name].of_fields
        ]
        if of_others and output.samples and len(outputs) > 1:
            yield f"output '{output.teacher}', read as {output.task}, has no {', '.join(of_others)}: the limit is of others"


def _unmeasured(kind: Kind, given: Given, outputs: Sequence[OutputAgreement]) -> Iterator[Verdict]:
    """What was asked for of all outputs, and was measured on none."""
    for name, value in given.items():
        measured = any(name in (*output.measures, *output.missing) for output in outputs)
        if value is not None and not measured and not MEASURES[name].of_fields:
            tasks = ", ".join(sorted({output.task for output in outputs}))
            yield unproven(kind, "outputs", name, value, f"no output has such a figure: they are read as {tasks}")


def verdict(
    kind: Kind,
    subject: str,
    name: str,
    measure: Measure | float,
    limit: Limit,
    where: str = "",
    beside: str = "",
) -> Verdict:
    """A figure held against its limit.

    Args:
        measure: the figure; a bare number has no interval.
        where: the place and the samples that it comes from, told where it is missed.
        beside: said behind the figure.
    """
    measure = measure if isinstance(measure, Measure) else Measure(measure)
    info = MEASURES[name]
    at_least = bool(info.at_least)
    outcome, why = _outcome(name, measure, limit)
    figure = _told(name, measure.value) + beside
    side = "at least" if at_least else "at most"
    of = "as asked for" if limit.asked else f"for {kind}"
    reason = f"{info.words}: {figure}, {side} {_told(name, limit.value)} {of}{why}"
    return Verdict(
        subject, name, measure.value, limit.value, at_least, outcome == "held", reason,
        "" if outcome == "held" else where, outcome, limit.asked,
    )  # fmt: skip


def _told(name: str, value: float) -> str:
    info = MEASURES[name]
    return (
        f"{math.floor(value * 1e4 + 1e-9) / 100:g}%"
        if info.share and math.isfinite(value)
        else f"{value:.4g}{info.unit}"
    )


def _outcome(name: str, measure: Measure, limit: Limit) -> tuple[Outcome, str]:
    """What becomes of a limit, and what to say of it."""
    at_least = bool(MEASURES[name].at_least)
    if measure.value >= limit.value if at_least else measure.value <= limit.value:
        return "held", ""
    if measure.low is None or measure.high is None:
        return "missed", ""
    if measure.high < limit.value if at_least else measure.low > limit.value:
        return "missed", ""
    span = f"; too few samples to tell: the 95% interval is {_told(name, measure.low)} to {_told(name, measure.high)}"
    return ("missed", f"{span}, and a limit that is asked for must be shown") if limit.asked else ("undecided", span)


def unproven(kind: Kind, subject: str, name: str, limit: float, why: str) -> Verdict:
    """A limit that was asked for, of a figure that there is not: missed."""
    bare = verdict(kind, subject, name, math.nan, Limit(limit, asked=True))
    return replace(bare, reason=f"{MEASURES[name].words}: not measured: {why}")


def _where(output: OutputAgreement, name: str) -> str:
    """The place in the output, and the worst samples."""
    places = [output.places[name]] if name in output.places else []
    named = MEASURES[name].samples
    worst = output.worst.get(named or name, ())
    if named and worst:
        places.append("such as " + ", ".join(case.sample for case in worst[:NAMED]))
    elif worst:
        places.append(f"worst on {worst[0].sample}: {worst[0].value:.4g}")
    return "; ".join(places)


def _beside(output: OutputAgreement, name: str) -> str:
    """The plain figure, where another is judged."""
    other = MEASURES[name].judged_by
    if not other:
        return ""
    plain, judged = (_told(name, output.measures[measure].value) for measure in (name, other))
    return "" if plain == judged else f" ({plain} {MEASURES[name].unlike})"


def _finite(output: OutputAgreement, bad: NonFinite) -> Verdict:
    where = f"'{bad.tensor}' at ({', '.join(map(str, bad.position))}) on {bad.sample}"
    if bad.origin:
        where += f"; it begins in '{bad.origin}'"
    reason = f"the {bad.model} gives {bad.value}" + (f", on {bad.samples} samples" if bad.samples > 1 else "")
    return Verdict(output.teacher, "finite", float(bad.samples), 0.0, False, False, reason, where)
