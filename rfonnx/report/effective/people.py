"""Effective fields for people: figures, a picture in characters, and what was assumed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from rfonnx.report.document import Document, Line, Name, Section, Table, listed, shared
from rfonnx.report.pictures import heat
from rfonnx.results.effective import ERF, Interval, Layer
from rfonnx.results.map_figures import marginal
from rfonnx.results.plain import position_text, shape_text

SHARES = (0.2, 0.3, 0.5, 0.99)
"""Of the mass: those that Ding et al. 2022 give area ratios for."""


def erf_document(erfs: Sequence[ERF]) -> Document:
    """Units of one tensor: a column of figures each, and pictures."""
    first = erfs[0]
    head: list[Line] = [
        ("effective field of ", Name(first.tensor), " in ", Name(first.model), ", over ", Name(first.input))
    ]
    head.append((f"{_how(first)}, {first.samples} of ", Name(first.data)))
    columns = [_figures(erf) for erf in erfs]
    rows = [(label, *(column[label] for column in columns)) for label in columns[0]]
    caption: Line = ("positions of the input; per axis where they differ",)
    table = Table(("", *(position_text(erf.position) for erf in erfs)), tuple(rows), caption)
    sections = [section for erf in erfs for section in _picture(erf, len(erfs) > 1)]
    sections += _warnings(erfs)
    return Document(tuple(head), (table, *sections))


def _figures(erf: ERF) -> dict[str, str]:
    """By label."""
    fit = erf.gaussian
    half = "unknown" if math.isnan(erf.half_width) else f"+-{100 * erf.half_width:.2g}% of the mass"
    fitted = "none" if fit is None else f"sigma {_same(fit.sigma)}, {100 * fit.residual:.1f}% left over"
    return {
        "place asked for": ", ".join(f"{c:g}" for c in erf.at),
        "theoretical centre": ", ".join(f"{c:g}" for c in erf.center),
        "theoretical field": _sizes(erf.field) + " at " + ", ".join(f"{lo}..{hi}" for lo, hi in erf.field),
        "sigma": _same(erf.sigma),
        "Gaussian fit": fitted,
        "radius of 50%, 95% of the mass": ", ".join(_number(erf.mass_radius(q)) for q in (0.5, 0.95)),
        "area ratio of 20, 30, 50, 99%": ", ".join(_number(erf.area_ratio(t)) for t in SHARES),
        "Luo size": _number(erf.luo_size),
        "of the theoretical field": f"{_percent(erf.ratio)} of its side, {_percent(erf.share)} of its positions",
        "centroid, from the centre": ", ".join(_number(o, "+") for o in erf.offset),
        "anisotropy": _number(erf.anisotropy),
        "entropy": "none" if erf.empty else f"{erf.entropy:.2f} bits, as {2**erf.entropy:.0f} even positions",
        "outside the theoretical field": "0" if erf.outside == 0 else f"{erf.outside:.3g} of the mass",
        "95% interval": half + {True: ", converged", False: ", not converged", None: ""}[erf.converged],
        "model ran on": f"{_sizes(erf.window)} of {shape_text(erf.map.shape)}",
        "model runs": f"{erf.runs:,}; {erf.naive_runs:,} position by position",
    }


def _sizes(intervals: Sequence[Interval]) -> str:
    return "x".join(str(hi - lo + 1) for lo, hi in intervals)


def layers_document(model: str, layers: Sequence[Layer]) -> Document:
    """A row per layer."""
    rows = [
        (
            Name(layer.tensor),
            Name(layer.op_type),
            shape_text(layer.shape) if layer.shape else "",
            shared([str(n) for n in layer.field]) if layer.field else "",
            _same(layer.sigma),
            _number(layer.radius[0]),
            _number(layer.radius[1]),
            _number(layer.luo_size),
            _percent(layer.ratio),
            _percent(layer.share),
        )
        for layer in layers
    ]
    header = ("tensor", "op", "shape", "field", "sigma", "r50", "r95", "Luo", "of side", "of field")
    alarm = frozenset(i for i, layer in enumerate(layers) if layer.problem or layer.outside > 0)
    caption: Line = (
        "field: theoretical size; r50, r95: radius of 50 and 95% of the mass; Luo: effective side, and its shares",
    )
    table = Table(header, tuple(rows), caption, alarm=alarm)
    problems = [(Name(layer.tensor), ": ", Name(layer.problem)) for layer in layers if layer.problem]
    leaks = [(Name(layer.tensor), f": {layer.outside:.3g} of the mass") for layer in layers if layer.outside > 0]
    sections = (
        Section("Outside the theoretical field: please report this", tuple(leaks), alarm=True),
        Section("Not measured", tuple(problems), alarm=True),
    )
    head: Line = ("effective fields of ", Name(model))
    return Document((head,), (table, *(section for section in sections if section.lines)))


def _how(erf: ERF) -> str:
    what = "gradients" if erf.method == "gradient" else f"perturbation ({erf.probe})"
    return f"{erf.aggregation} {what}, channels {erf.channel}, {erf.over} over the input's other axes"


def _picture(erf: ERF, named: bool) -> Iterator[Section]:
    """The last two axes, summed along the others; then each of the others, a line."""
    if erf.empty:
        return
    inside = erf.map[tuple(slice(lo, hi + 1) for lo, hi in erf.field)]
    words = [f"axis {axis} {lo}..{hi}" for axis, (lo, hi) in zip(erf.axes, erf.field, strict=True)]
    others = range(inside.ndim - 2)  # none of one axis and of two
    where = f"{words[0]} across" if len(words) == 1 else f"{words[-2]} down, {words[-1]} across"
    shown = [(where, inside.sum(axis=tuple(others)))]
    shown += [(f"{words[axis]} across", marginal(inside, (axis,))) for axis in others]
    which = f" of {position_text(erf.position)}" if named else ""
    for where, values in shown:
        lines, legend = heat(np.atleast_2d(values))
        yield Section(f"Picture{which}: {where} ({legend})", tuple((line,) for line in lines), picture=True)


def _warnings(erfs: Sequence[ERF]) -> Iterator[Section]:
    if any(erf.outside > 0 for erf in erfs):
        wrong = "field is wrong" if erfs[0].method == "perturb" else "field or the gradient is wrong"
        yield Section("Outside the theoretical field", ((f"please report this: the {wrong}",),), alarm=True)
    if erfs[0].skipped:
        lines: list[Line] = [(Name(one.sample), ": ", Name(one.reason)) for one in erfs[0].skipped]
        yield Section("Samples left out", listed(lines, 10), alarm=True)
    notes = dict.fromkeys(note for erf in erfs for note in erf.notes)
    if notes:
        yield Section("Notes", tuple((Name(note),) for note in notes))


def _number(value: float, sign: str = "") -> str:
    if math.isnan(value):
        return "none"
    return "0" if abs(value) < 1e-9 else f"{value:{sign}.4g}"  # what rounding leaves of nothing


def _percent(share: float) -> str:
    return "none" if math.isnan(share) else f"{100 * share:.3g}%"


def _same(values: Sequence[float]) -> str:
    return shared([_number(value) for value in values], " x ") if values else "none"
