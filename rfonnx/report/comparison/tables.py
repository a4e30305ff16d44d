"""The tables of a comparison, for people: where the verdict comes from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rfonnx.report.comparison.layers import layers_table, parting_section
from rfonnx.report.document import Line, Name, Section, Table, listed, number, size
from rfonnx.results.agreement import Measure, OutputAgreement
from rfonnx.results.comparison import Comparison, Cost, Outcome
from rfonnx.results.field_pairs import EffectivePair, FieldPair
from rfonnx.results.measures import MEASURES
from rfonnx.results.plain import counted, percent

OUTCOMES: dict[Outcome, str] = {"missed": "FAILED", "undecided": "undecided", "held": "ok"}


def tables(found: Comparison, every: bool) -> Iterator[Table]:
    """Every table: limits, measures by output, fields, cost, layers; `every` shows all layers."""
    if found.verdicts:
        yield _verdicts(found)
    yield from (_output(output) for output in found.outputs if output.measures)
    if found.fields:
        yield _fields(found.fields)
    for pair in found.effective_fields:
        yield _effective(pair)
    if found.costs:
        yield _costs(found.costs, found.threads)
    if found.parting:
        yield layers_table(found, every)


def _verdicts(found: Comparison) -> Table:
    ordered = sorted(found.verdicts, key=lambda verdict: tuple(OUTCOMES).index(verdict.outcome))
    rows = [(OUTCOMES[v.outcome], Name(v.subject), v.reason, Name(v.where) if v.where else "") for v in ordered]
    alarm = frozenset(index for index, verdict in enumerate(ordered) if not verdict.passed)
    return Table(("verdict", "of", "figure", "where"), tuple(rows), ("limits, failed ones first",), alarm=alarm)


def _output(output: OutputAgreement) -> Table:
    rows: list[tuple[str, ...]] = []
    for name, measure in output.measures.items():
        worst = output.worst.get(name, ())
        case = Name(f"{worst[0].sample}: {figure(name, worst[0].value)}") if worst else ""
        rows.append((MEASURES[name].label, figure(name, measure.value), _interval(name, measure), case))
    caption: Line = ("output ", Name(output.teacher), f", read as {output.task}, {output.samples} samples")
    if output.student != output.teacher:
        caption = (*caption, "; the student's is ", Name(output.student))
    for note in output.notes:
        caption = (*caption, "; ", note)
    return Table(("measure", "value", "95% interval", "worst sample"), tuple(rows), caption)


def figure(name: str, value: float) -> str:
    """A figure as people read it.

    >>> figure("top1", 0.9944), figure("kl", 0.01584), figure("sqnr_db", float("inf"))
    ('99.4%', '0.01584', 'exact')
    """
    if value == math.inf:
        return "exact"
    return percent(value) if name in MEASURES and MEASURES[name].share else f"{value:.4g}"


def _interval(name: str, measure: Measure) -> str:
    if measure.low is None or measure.high is None:
        return ""
    return f"{figure(name, measure.low)} .. {figure(name, measure.high)}"


def _fields(pairs: Sequence[FieldPair]) -> Table:
    rows: list[tuple[str, ...]] = []
    for pair in pairs:
        for side, field in ((0, pair.teacher), (1, pair.student)):
            rows.append((
                ("teacher", "student")[side], Name(pair.output[side]), Name(f"{pair.input[side]}[{pair.axis[side]}]"), field.kind,
                f"{size(field)} of {pair.lengths[side]}", number(field.stride), number(field.center), percent(field.coverage),
            ))  # fmt: skip
    header = ("model", "tensor", "axis", "kind", "size", "stride", "centre", "coverage")
    caption = "theoretical receptive fields of the outputs, and of the feature maps of those that do not slide"
    return Table(header, tuple(rows), (caption,))


EFFECTIVE = {
    "area_50": "area that holds 50% of the mass, of the input's",
    "area_95": "area that holds 95%",
    "sigma": "sigma, of the input's length",
    **{name: MEASURES[name].label for name in ("overlap_50", "overlap_95", "correlation", "unseen_mass")},
}


UNITS = {
    "output": "units at the same index",
    "features": "units of the feature maps that look at the same place",
    "whole": "the whole output, which has no places",
}


def _effective(pair: EffectivePair) -> Table:
    rows: list[tuple[str, ...]] = []
    for name, words in EFFECTIVE.items():
        sides = [pair.figures.get(f"{name}_{side}") for side in ("teacher", "student")]
        if sides[0] is not None and sides[1] is not None:
            rows.append((words, f"{sides[0]:.4f}", f"{sides[1]:.4f}", ""))
        elif name in pair.figures:
            rows.append((words, "", "", f"{pair.figures[name]:.4f}"))
    count = f", mean over {len(pair.positions)}" if len(pair.positions) > 1 else ""
    caption: Line = ("effective receptive fields of ", Name(pair.output[0]), " on ", Name(pair.input[0]))
    caption = (*caption, f", {pair.samples} samples: {UNITS[pair.role]}{count}")
    return Table(("figure", "teacher", "student", "both"), tuple(rows), caption)


def _costs(costs: tuple[Cost, Cost], threads: int) -> Table:
    one, other = costs
    rows: list[tuple[str, ...]] = [
        _counts("weights", one.parameters, other.parameters),
        ("MACs", _macs(one), _macs(other), _ratio(*(None if c.uncounted else c.macs for c in costs))),
        _counts("file, bytes", one.file_bytes, other.file_bytes),
        _counts("peak memory, bytes", one.peak_bytes, other.peak_bytes),
    ]
    for index, label in enumerate(("latency p50, ms", "latency p95, ms")):
        if one.latency_ms and other.latency_ms:
            a, b = one.latency_ms[index], other.latency_ms[index]
            rows.append((label, f"{a:.3f}", f"{b:.3f}", _ratio(a, b)))
    missing = {**one.uncounted, **other.uncounted}
    caption: Line = (f"cost of one run; latency in turns, {counted(threads, 'thread')}",)
    if missing:
        caption = (*caption, "; MACs of ", Name(", ".join(sorted(missing))), " are not known")
    return Table(("cost", "teacher", "student", "student / teacher"), tuple(rows), caption)


def _counts(label: str, teacher: int | None, student: int | None) -> tuple[str, ...]:
    return (label, _count(teacher), _count(student), _ratio(teacher, student))


def _macs(cost: Cost) -> str:
    return ("at least " if cost.uncounted else "") + _count(cost.macs)


def _count(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _ratio(teacher: float | None, student: float | None) -> str:
    return "" if teacher is None or student is None or not teacher else f"{student / teacher:.3f}"


def sections(found: Comparison) -> Iterator[Section]:
    """What the tables on layers and fields come to."""
    if found.parting is not None:
        yield parting_section(found.parting)
    notes: list[Line] = [(Name(pair.output[0]), ": ", note) for pair in found.fields for note in pair.notes]
    notes = list(dict.fromkeys(notes))
    if notes:
        yield Section("Receptive fields that differ", listed(notes, 10))
