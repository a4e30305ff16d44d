"""Effective fields of layers along the depth: how far a unit can see, and how far it looks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from rfonnx.report.chart.markup import chart, hover, path, tag, text, words
from rfonnx.report.chart.scale import Scale, rows
from rfonnx.report.document import Line, Name
from rfonnx.results.effective import Layer

WIDTH, HEIGHT = 1200, 320
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 30, 40

CURVES: tuple[tuple[str, str, Callable[[Layer], float]], ...] = (
    ("seen", "theoretical field", lambda layer: float(max(layer.field, default=math.nan))),
    ("", "twice the radius of 95% of the mass", lambda layer: 2 * layer.radius[1]),
    ("second", "sigma", lambda layer: max(layer.sigma, default=math.nan)),
)
"""Class, words and height of each curve; of several axes the longest counts."""


def layers_chart(layers: Sequence[Layer]) -> str:
    """A curve each for the theoretical size, twice the radius of 95% of the mass, and sigma; "" where none was measured."""
    heights = [height(layer) for _, _, height in CURVES for layer in layers if not layer.problem]
    known = [one for one in heights if math.isfinite(one)]
    if not known:
        return ""
    across = Scale(0, max(len(layers) - 1, 1), LEFT + 8, WIDTH - RIGHT - 8)
    up = Scale(0, max(known) or 1.0, HEIGHT - BOTTOM, TOP)
    parts = [
        *rows(up, LEFT, WIDTH - RIGHT),
        text(LEFT, 14, "positions of the input", class_="muted"),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "layers, from input to output", anchor="middle", class_="muted"),
    ]
    for kind, _, height in CURVES:
        places = [(across.at(at), height(layer), layer) for at, layer in enumerate(layers)]
        known_places = [place for place in places if math.isfinite(place[1])]
        parts.append(path(_way([(x, up.at(value)) for x, value, _ in known_places]), f"curve {kind}".strip()))
        parts += [_dot(x, up.at(value), layer, kind) for x, value, layer in known_places]
    parts += _problems(layers, across)
    legend = [tag("span", words(told), class_=kind or "first") for kind, told, _ in CURVES]
    label = f"theoretical and effective fields of {len(layers)} layers"
    caption = tag("p", "point at a layer for its figures; of several axes the longest counts", class_="caption")
    return tag("p", *legend, class_="legend") + chart(WIDTH, HEIGHT, label, *parts) + caption


def _way(places: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if turn else 'M'}{x:.1f} {y:.1f}" for turn, (x, y) in enumerate(places)) or "M0 0"


def _dot(x: float, y: float, layer: Layer, kind: str) -> str:
    shape = {"cx": round(x, 1), "cy": round(y, 1), "r": 3.5, "class_": f"dot {kind}".strip()}
    return tag("circle", hover(*_told(layer)), **shape)


def _told(layer: Layer) -> Line:
    field = "x".join(map(str, layer.field))
    sigma = " x ".join(f"{one:.4g}" for one in layer.sigma)
    figures = f"): theoretical {field}, sigma {sigma}, 95% of the mass within a radius of {layer.radius[1]:.4g}"
    return (Name(layer.tensor), " (", Name(layer.op_type), figures)


def _problems(layers: Sequence[Layer], across: Scale) -> Iterator[str]:
    """A cross at the bottom for a layer that could not be measured."""
    y = HEIGHT - BOTTOM
    for at, layer in enumerate(layers):
        if layer.problem:
            x = across.at(at)
            told = hover(Name(layer.tensor), " was not measured: ", Name(layer.problem))
            yield path(f"M{x - 4:.1f} {y - 4}l8 8m0 -8l-8 8", "part", told)
