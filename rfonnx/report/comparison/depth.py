"""Where two models part, drawn: how well their inner tensors agree, from the input to the outputs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rfonnx.report.chart.markup import chart, hover, path, tag, text, words
from rfonnx.report.chart.scale import Scale, rows
from rfonnx.report.comparison.layers import decibels
from rfonnx.report.document import Line, Name
from rfonnx.results.parting import LayerAgreement, Parting
from rfonnx.results.plain import counted

WIDTH, HEIGHT = 1200, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 34, 40
EXACT = 14
"""Units above the highest figure, where pairs stand that are equal."""

POINTS = 1500
"""Most pairs that are drawn; of more, every so-manieth, and the one where the models part."""

LEGEND = (
    ("first", "what has come together up to a layer"),
    ("second", "what a layer adds by itself"),
    ("bad", "under the limit"),
)


def depth_chart(parting: Parting) -> str:
    """SQNR by pair of inner tensors in order of the teacher's depth, the limit, and where the models part; "" for one pair."""
    layers = parting.layers
    if len(layers) < 2:
        return ""
    drawn = _chosen(parting)
    across = Scale(0, max(len(layers) - 1, 1), LEFT + 8, WIDTH - RIGHT - 8)
    up = _decibels(layers, parting.limit_db)
    alone = any(layer.own_db is not None for layer in layers)
    label = f"SQNR of {len(layers)} pairs of inner tensors along the depth, limit {parting.limit_db:g} dB"
    parts = (
        *_grid(up, parting.limit_db),
        *_first(parting, across),
        path(_curve(drawn, across, up), "curve"),
        *(
            _dot(layer, across.at(at), up, parting.limit_db, own=True)
            for at, layer in drawn
            if layer.own_db is not None
        ),
        *(_dot(layer, across.at(at), up, parting.limit_db, own=False) for at, layer in drawn),
    )
    legend = [tag("span", words(told), class_=kind) for kind, told in LEGEND if alone or kind != "second"]
    left_out = f"; {len(layers) - len(drawn)} of {len(layers)} pairs are not drawn" if len(drawn) < len(layers) else ""
    caption = tag(
        "p",
        words(f"{counted(parting.samples, 'sample')}; point at a layer for its figures{left_out}"),
        class_="caption",
    )
    return tag("p", *legend, class_="legend") + chart(WIDTH, HEIGHT, label, *parts, kind="depth") + caption


def _chosen(parting: Parting) -> list[tuple[int, LayerAgreement]]:
    """The pairs that are drawn, with their numbers."""
    layers = parting.layers
    step = -(-len(layers) // POINTS)
    kept = {len(layers) - 1, layers.index(parting.first) if parting.first else 0}
    return [(at, one) for at, one in enumerate(layers) if at % step == 0 or at in kept]


def _bad(layer: LayerAgreement, limit: float) -> bool:
    return not layer.finite or layer.sqnr_db < limit


def _decibels(layers: Sequence[LayerAgreement], limit: float) -> Scale:
    figures = [
        one for layer in layers for one in (layer.sqnr_db, layer.own_db) if one is not None and math.isfinite(one)
    ]
    low, high = min([0.0, limit, *figures]), max([limit, *figures])
    return Scale(low, high + 0.05 * (high - low or 1), HEIGHT - BOTTOM, TOP + EXACT)


def _grid(up: Scale, limit: float) -> Iterator[str]:
    yield from rows(up, LEFT, WIDTH - RIGHT)
    yield text(LEFT - 6, TOP + 4, "exact", anchor="end", class_="tick")
    yield text(LEFT, TOP - 14, "SQNR in dB: higher is closer", class_="muted")
    y = up.at(limit)
    yield path(f"M{LEFT} {y:.1f}H{WIDTH - RIGHT}", "limit")
    yield text(WIDTH - RIGHT, y - 5, f"limit {limit:g} dB", anchor="end", class_="limit-text")
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "layers, from input to output", anchor="middle", class_="muted")


def _first(parting: Parting, across: Scale) -> Iterator[str]:
    """A line where they part for good."""
    if parting.first is None:
        return
    at = parting.layers.index(parting.first)
    x = across.at(at)
    anchor = "start" if x < WIDTH / 2 else "end"
    yield path(f"M{x:.1f} {TOP}V{HEIGHT - BOTTOM}", "part")
    told = ("they part: ", Name(parting.first.teacher))
    yield text(x, HEIGHT - BOTTOM + 16, *told, anchor=anchor, class_="bad-text")


def _height(value: float, up: Scale) -> float:
    return TOP if value == math.inf else up.at(value)


def _curve(drawn: Sequence[tuple[int, LayerAgreement]], across: Scale, up: Scale) -> str:
    """Along the pairs that have a figure."""
    places = [(across.at(at), _height(layer.sqnr_db, up)) for at, layer in drawn if layer.finite]
    return "".join(f"{'L' if turn else 'M'}{x:.1f} {y:.1f}" for turn, (x, y) in enumerate(places)) or "M0 0"


def _dot(layer: LayerAgreement, x: float, up: Scale, limit: float, own: bool) -> str:
    value = layer.own_db if own and layer.own_db is not None else layer.sqnr_db
    y = up.start if not layer.finite else _height(value, up)
    bad = (own and value < limit) or (not own and _bad(layer, limit))
    kind = " bad" if bad else ""
    shape = {
        "class_": f"dot{' second' if own else ''}{kind}",
        "cx": round(x, 1),
        "cy": round(y, 1),
        "r": 3 if own else 4,
    }
    return tag("circle", hover(*_told(layer)), **shape)


def _told(layer: LayerAgreement) -> Line:
    found = f"SQNR {decibels(layer.sqnr_db)} dB" if layer.finite else "NaN or infinity"
    found = "exact" if layer.finite and layer.sqnr_db == math.inf else found
    own = (
        ""
        if layer.own_db is None
        else f"; by itself {decibels(layer.own_db)}{'' if layer.own_db == math.inf else ' dB'}"
    )
    return (Name(layer.teacher), " (", Name(layer.op_type), f"): {found}{own}")
