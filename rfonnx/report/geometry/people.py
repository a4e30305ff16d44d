"""Where a cell of a tensor lies on an input, and how a map of all cells is laid over it, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from rfonnx.report.document import Document, Line, Name, Section, Table, number
from rfonnx.report.geometry.placing import FINEST, middle, placing_call
from rfonnx.results.geometry import AxisGeometry, Geometry, Located
from rfonnx.results.plain import axes_text, shape_text

WHY = {
    "block": "no line: what cells see changes unevenly",
    "global": "no line: every cell sees the same",
    "none": "nothing is read",
}


def locate_document(lies: Geometry, cell: tuple[int, ...], found: Sequence[Located]) -> Document:
    """A row for each axis of the input along which cells lie side by side (for all axes where there is none), and the call that
    places a map.

    Args:
        lies: the tensor on the input.
        cell: as it was asked for.
        found: where that lies.
    """
    head: list[Line] = [
        (
            "cell ",
            ",".join(map(str, cell)),
            " of ",
            Name(lies.tensor),
            f" ({shape_text(lies.shape)}) on ",
            Name(lies.input),
            f" ({shape_text(lies.input_shape)})",
        )
    ]
    if not lies.exact:
        head.append(("at most: fields may be smaller than this",))
    by_axis = {one.axis: one for one in lies.axes}
    beside = [one.axis for one in placed(lies)] + [axis for axis, why in lies.others.items() if why == "block"]
    shown = beside or range(len(lies.input_shape))
    rows = tuple(
        (
            str(one.axis),
            _reads(one),
            number(one.center) if one.size > 0 else "-",
            str(one.size),
            *_line(lies, by_axis, one.axis),
        )
        for one in found
        if one.axis in shown
    )
    table = Table(
        ("axis", "reads", "centre", "size", "centre of cell c"),
        rows,
        ("positions count from 0; centres and sizes as if the input went on beyond its borders",),
    )
    notes = tuple(_notes(lies))
    parts: tuple[Table | Section, ...] = (table,) if not notes else (table, Section("To place a map of cells", notes))
    return Document(tuple(head), parts)


def _reads(one: Located) -> str:
    return "nothing" if one.last < one.first else f"{one.first}..{one.last}"


def _line(lies: Geometry, by_axis: dict[int, AxisGeometry], axis: int) -> tuple[str]:
    if axis not in by_axis:
        return (WHY[lies.others[axis]],)
    one = by_axis[axis]
    words = line(one.stride, one.offset)
    return (f"{words}, to within {number(one.deviation)}" if one.deviation else words,)


def line(stride: Fraction, offset: Fraction) -> str:
    """`stride c + offset`, in words.

    >>> line(Fraction(2), Fraction(-1, 2)), line(Fraction(1), Fraction(0))
    ('2 c - 0.5', 'c')
    """
    first = "c" if stride == 1 else f"{number(stride)} c"
    if not offset:
        return first
    return f"{first} {'-' if offset < 0 else '+'} {number(abs(offset))}"


def _notes(lies: Geometry) -> Iterator[Line]:
    axes = placed(lies)
    if not axes:
        return
    yield (f"cells: a map along {axes_text([one.tensor_axis for one in axes])} of the tensor",)
    yield (placing_call(axes),)
    said: dict[str, list[int]] = {}
    for one in axes:
        for words in _beside(one):
            said.setdefault(words, []).append(one.axis)
    for words, along in said.items():
        yield (f"{axes_text(along)}: {words}",)
    if any(one.varies for one in axes):
        yield (
            "fields differ between positions of other axes of the tensor: this is the middle of what all see together",
        )


def _beside(one: AxisGeometry) -> Iterator[str]:
    """What is to be known of one axis."""
    if one.balance is None:
        yield "parts of a field have other middles; where equal weights balance is not known, as fields reach over a border"
    elif abs(one.balance) >= 0.5 / FINEST:
        yield f"parts of a field have other middles; equal weights balance at {line(one.stride, middle(one))}, which is used"
    off = middle(one) - one.offset
    ends = sorted({one.misplaced(0) - off, one.misplaced(one.cells - 1) - off})
    if any(ends):
        yield f"half-pixel resizing would put them {' to '.join(f'{float(end):+.4g}' for end in ends)} positions off"


def placed(lies: Geometry) -> list[AxisGeometry]:
    """Axes that a map is laid along."""
    return [one for one in lies.axes if one.cells > 1]
