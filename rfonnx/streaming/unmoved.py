"""Operands without frames, of a node that goes along frames: whether they go on with these, or why they cannot be given whole."""

from __future__ import annotations

from collections.abc import Sequence

from rfonnx.graph.nodes import Node
from rfonnx.operators.access.certain import MASKED_NOTE
from rfonnx.operators.table import operator
from rfonnx.streaming.model import Source
from rfonnx.streaming.placed import Layout, Placed
from rfonnx.streaming.refusal import Refused, refused
from rfonnx.streaming.relations import Same
from rfonnx.streaming.still import ELSEWHERE, lined_up


def unmoved(source: Source, node: Node, name: str, layout: Layout, placed: Placed) -> Refused | None:
    """Enter constants that go on with the frames of an output; or why other operands without frames cannot be given whole."""
    if name in placed.planes:
        axes: Sequence[int] = placed.planes[name].axes
    elif name in placed.readings and name in layout.axes:
        axes = [layout.axes[name]]
    else:
        return None
    framed = layout.axes.keys() | layout.planes.keys()
    data, row = node.inputs[0], operator(node.kind)
    if data not in framed and ("norm" in row.manner or row.switched_off in ("pads", "cut")):
        return refused(node, f"works on '{data}', which has no frames", "", _streamed_too(source, data))
    if row.indexed and data not in framed and _short_table(source, node, data, name, axes):
        return refused(node, f"takes of '{data}', which has no frames, something else for each frame")
    found = lined_up(source, node, name, axes, framed)
    if row.carries or "joined" in row.manner:  # first states, and what stands in front or behind, have rules
        found = {operand: axis for operand, axis in found.items() if axis != ELSEWHERE}
    for operand in found:
        if operand not in source.graph.constants:
            why = f"takes of '{operand}', which has no frames, something else for each frame"
            return refused(node, why, "", _streamed_too(source, operand))
    placed.still.update(found)
    return None


def undone(node: Node, name: str, exact: bool, note: str, placed: Placed) -> Refused | None:
    """Why an operator that only moves numbers cannot be streamed, though it may read frame o for frame o: a number that is
    computed says which positions it leaves out (Trilu). Values that are certain, as behind a window that begins with 0, are moved
    like others."""
    row = operator(node.kind)
    readings = [reading for _, reading in placed.readings.get(name, {}).values()]
    kinds = {type(reading) for reading in readings}
    if row.moves and len(readings) == 1 and isinstance(readings[0], Same) and readings[0].gaps:
        return refused(node, "leaves frames out by their number", next(iter(placed.readings[name])))
    if exact or note == MASKED_NOTE or kinds != {Same} or not row.moves or row.indexed:
        return None
    return refused(node, f"may leave frames out ({note})", next(iter(placed.readings[name])))


def _short_table(source: Source, node: Node, data: str, name: str, axes: Sequence[int]) -> bool:
    """Whether indices pick from a table that lies beside them, frame by frame, and has another number of frames."""
    table, out = (source.graph.shapes.get(one) or () for one in (data, name))
    beside = len(table) == len(out) and node.attrs.get("axis") not in axes
    return beside and any(table[axis] not in (1, out[axis]) for axis in axes)


def _streamed_too(source: Source, name: str) -> str:
    """A way out where an operand has no frames."""
    return "stream it together with the others: --input and --axis, once for each" if name in source.shapes else ""
