"""What a position reads of its inputs, drawn without a library: exactly which positions, and the boxes around them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from rfonnx.report.chart.markup import chart, html_line, path, rect, tag, text, words
from rfonnx.report.chart.scale import Scale
from rfonnx.report.document import Line, Name
from rfonnx.report.explanation.chains import Explanation
from rfonnx.report.explanation.footprint import Backdrop, Footprint, Interval
from rfonnx.report.explanation.planes import Plane, planes_of, shown_part
from rfonnx.results.plain import axes_text, percent, shape_text
from rfonnx.results.png import Pixels, data_uri

SIDE, LEAST, STRIP = 400, 60, 56
"""Units of a drawing's longer side, of its shorter one at least, and of an input of one axis."""

LEFT, TOP, BOTTOM = 46, 6, 24

CELLS = 256
"""Most cells along an axis; the colour of one that holds several positions is the share of them that is read."""

LEGEND = (
    ("read", "read"),
    ("theory", "field within the input"),
    ("free", "field, borders not clipped; the cross is its centre"),
    ("outside", "beyond the borders"),
)


def reads_charts(told: Explanation) -> str:
    """A row of panels per input; "" where nothing is read."""
    found = []
    for turn, one in enumerate(told.footprints):
        panels = [
            _panel(plane, told.backdrop if len(one.axes) == 2 else None, f"reads-{turn}-{number}")
            for number, plane in enumerate(planes_of(one))
        ]
        found.append(tag("div", *panels, class_="maps") + tag("p", html_line(_words(one)), class_="caption"))
    at_most = "" if told.tensor.exact else ", at most"
    legend = [tag("span", words(said, at_most if kind == "read" else ""), class_=kind) for kind, said in LEGEND]
    return tag("p", *legend, class_="legend") + "".join(found) if found else ""


def _words(one: Footprint) -> Line:
    """The figures of what is read along the drawn axes."""
    sizes = "x".join(str(hi - lo + 1) for lo, hi in one.unbounded)
    inside = math.prod(hi - lo + 1 for lo, hi in one.clipped)
    read = one.grid.total()
    share = (
        f"{read:,} of {inside:,} positions between are read ({percent(read / inside)})" if inside else "nothing is read"
    )
    return (Name(one.input), f" ({shape_text(one.shape)}), {axes_text(one.axes)}: size {sizes}; {share}")


def _panel(plane: Plane, backdrop: Backdrop | None, name: str) -> str:
    strip = len(plane.axes) == 1
    clipped, unbounded = (((0, 0), *box) if strip else box for box in (plane.clipped, plane.unbounded))
    shown = shown_part(plane, unbounded)
    down, across, width, height = _scales(shown, strip)
    parts = (
        rect(0, 0, width, height, "outside"),
        *_input(plane, backdrop, name, down, across),
        _box(unbounded, down, across, "free"),
        _box(clipped, down, across, "theory"),
        _cross(unbounded, down, across),
    )
    # Of a field that is much longer than what lies within the input, parts of the box are beyond the drawing.
    window = tag("clipPath", tag("rect", x=-1, y=-1, width=width + 2, height=height + 2), id=f"{name}-window")
    inner = tag("g", *parts, clip_path=f"url(#{name}-window)")
    label = "the field, larger" if plane.near else f"what is read along {axes_text(plane.axes)}"
    drawn = tag("g", window, inner, *_ticks(down, across, height, strip), transform=f"translate({LEFT} {TOP})")
    picture = chart(LEFT + width + 4, TOP + height + BOTTOM, label, drawn, wide=False)
    return tag("figure", picture, tag("figcaption", words(label, f", {plane.at}" if plane.at else "")), class_="map")


def _scales(shown: Sequence[Interval], strip: bool) -> tuple[Scale, Scale, float, float]:
    """Down and across, a position as wide as its cell; and the drawing's sides."""
    high, wide = (hi - lo + 1 for lo, hi in shown)
    scale = SIDE / max(high, wide)
    width = 1.4 * SIDE if strip else max(LEAST, wide * scale)
    height = STRIP if strip else max(LEAST, high * scale)
    (top, bottom), (left, right) = shown
    return Scale(top - 0.5, bottom + 0.5, 0, height), Scale(left - 0.5, right + 0.5, 0, width), width, height


def _input(plane: Plane, backdrop: Backdrop | None, name: str, down: Scale, across: Scale) -> Iterator[str]:
    """The input, or a picture under a veil; what is read is coloured, or shows through."""
    shares, *held = plane.cells(CELLS)
    read: Pixels = np.round(255 * (1 - shares if backdrop else shares)).astype(np.uint8)
    rows, columns = plane.shape
    place = _rectangle(((0, rows - 1), (0, columns - 1)), down, across)
    if backdrop is not None:
        step = -(-max(backdrop.pixels.shape[:2]) // (2 * CELLS))
        picture = np.ascontiguousarray(backdrop.pixels[::step, ::step])
        yield tag("image", href=data_uri(picture), preserveAspectRatio="none", **place)
    else:
        yield tag("rect", class_="input", **place)
    cells = _rectangle(held, down, across)
    image = tag("image", href=data_uri(read), preserveAspectRatio="none", class_="cells", **cells)
    yield tag("mask", image, id=name)
    yield tag("rect", mask=f"url(#{name})", class_="veil" if backdrop else "read", **cells)


def _rectangle(box: Sequence[Interval], down: Scale, across: Scale) -> dict[str, float]:
    """Where a box of positions is drawn."""
    (top, bottom), (left, right) = box
    x, y = _place(left - 0.5, across), _place(top - 0.5, down)
    return {"x": x, "y": y, "width": _place(right + 0.5, across) - x, "height": _place(bottom + 0.5, down) - y}


def _place(value: float, scale: Scale) -> float:
    """Where a value stands, beyond the ends too."""
    return scale.start + (value - scale.low) / (scale.high - scale.low) * (scale.end - scale.start)


def _box(box: Sequence[Interval], down: Scale, across: Scale, kind: str) -> str:
    place = _rectangle(box, down, across)
    return rect(place["x"], place["y"], place["width"], place["height"], kind)


def _cross(box: Sequence[Interval], down: Scale, across: Scale) -> str:
    (top, bottom), (left, right) = box
    x, y = _place((left + right) / 2, across), _place((top + bottom) / 2, down)
    return path(f"M{x - 6:.1f} {y:.1f}h12M{x:.1f} {y - 6:.1f}v12", "centre")


def _ticks(down: Scale, across: Scale, height: float, strip: bool) -> Iterator[str]:
    for tick in () if strip else down.ticks():
        yield text(-6, down.at(tick) + 4, f"{tick:g}", anchor="end", class_="tick")
    for tick in across.ticks():
        yield text(across.at(tick), height + 16, f"{tick:g}", anchor="middle", class_="tick")
