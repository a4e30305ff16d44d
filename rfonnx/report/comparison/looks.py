"""Effective fields of two models over each other: the teacher's, the student's, or both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rfonnx.report.chart.heat import Heat, drawn, frame
from rfonnx.report.chart.markup import chart, html_line, tag, words
from rfonnx.report.comparison.tables import EFFECTIVE, UNITS
from rfonnx.report.document import Line, Name
from rfonnx.results.field_pairs import EffectivePair, FieldMap
from rfonnx.results.plain import counted

SIDE = 320
"""Units of a map's longer side."""

BAND = 48
"""Height of a map of one axis."""

MODELS = ("teacher", "student")

LEGEND = (
    ("first", "teacher"),
    ("second", "student"),
    ("line", "around 50% of the mass; thin: 95%"),
    ("theory", "theoretical field"),
)


def look_maps(pairs: Sequence[EffectivePair]) -> str:
    """A map per pair of tensors, with its figures; "" where no maps were kept."""
    kept = [pair for pair in pairs if len(pair.maps) == len(MODELS)]
    if not kept:
        return ""
    legend = tag("p", *(tag("span", words(told), class_=kind) for kind, told in LEGEND), class_="legend")
    return choice() + legend + tag("div", *(_map(pair, number) for number, pair in enumerate(kept)), class_="maps")


def choice() -> str:
    """Which models' maps are shown: styles do it, so that it works without scripts."""
    buttons = (
        tag(
            "label",
            tag("input", type="radio", name="looks", value=value, checked=value if value == "both" else None),
            value,
        )
        for value in ("teacher", "both", "student")
    )
    return tag("fieldset", tag("legend", "whose field", class_="unseen"), *buttons, class_="choice")


def _map(pair: EffectivePair, number: int) -> str:
    heats = [_heat(one) for one in pair.maps]
    width, height = _sides(heats[0])
    parts = [
        drawn(heat, width, height, f"look-{number}-{side}", ("first", "second")[side])
        for side, heat in enumerate(heats)
    ]
    frames = [tag("g", *frame(heat, width, height), class_=MODELS[side]) for side, heat in enumerate(heats)]
    label = (
        f"effective fields of teacher and student, overlap of the 50% regions {pair.figures.get('overlap_50', 0):.3f}"
    )
    picture = chart(width, height, label, *parts, *frames, wide=False)
    return tag(
        "figure",
        picture,
        tag("figcaption", html_line(_caption(pair))),
        _figures(pair),
        class_="map long" if heats[0].lengths[0] == 1 else "map",
    )


def _heat(one: FieldMap) -> Heat:
    edges = ((0, 0), *one.field)[-2:]
    lengths = (1, *one.lengths)[-2:]
    return Heat(np.array(one.cells), (lengths[0], lengths[1]), (edges[0], edges[1]))


def _sides(heat: Heat) -> tuple[float, float]:
    """The picture's width and height: the input's proportions, but never a thread."""
    high, wide = heat.lengths
    if high == 1:
        return 1.5 * SIDE, BAND
    scale = SIDE / max(high, wide)
    return max(BAND, wide * scale), max(BAND, high * scale)


def _caption(pair: EffectivePair) -> Line:
    count = f", one of {len(pair.positions)}" if len(pair.positions) > 1 else ""
    return (
        Name(pair.output[0]),
        " on ",
        Name(pair.input[0]),
        f", {counted(pair.samples, 'sample')}: {UNITS[pair.role]}{count}",
    )


def _figures(pair: EffectivePair) -> str:
    return tag("dl", *_terms(pair), class_="figures")


def _terms(pair: EffectivePair) -> Iterator[str]:
    for name, told in EFFECTIVE.items():
        sides = [pair.figures[key] for model in MODELS if (key := f"{name}_{model}") in pair.figures]
        both = [pair.figures[name]] if name in pair.figures else []
        if sides or both:
            yield tag("dt", words(told)) + tag("dd", " / ".join(f"{one:.3f}" for one in sides or both))
