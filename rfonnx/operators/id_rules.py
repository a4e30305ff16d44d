"""What an operator's operand may hold so that its result stays inside an interval: the rules of `id_range`.

A rule takes the graph, the node, the operand's number and the interval of the first output; it gives the operand's interval, or
None when the operand's values do not become the output's (a condition, a shape). Intervals are closed, ends may be infinite.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spelling import input_name
from rfonnx.operators.table import filling, named

Interval = tuple[float, float]
Rule = Callable[[Graph, Node, int, Interval], "Interval | None"]


def ranges(*kinds: str) -> Callable[[Rule], Rule]:
    """Fill in the range rule of operators."""
    return filling("range", *kinds)


def _constants(graph: Graph, node: Node, slot: int) -> Interval | None:
    """Least and greatest value of an operand that is a constant."""
    value = graph.value(input_name(node, slot))
    if value is None or not value.size or value.dtype.kind not in "iuf":
        return None
    return float(value.min()), float(value.max())


def _passed(*slots: int) -> Rule:
    """Values of these operands become those of the output, at other places or rounded."""
    return lambda graph, node, slot, bound: bound if slot in slots else None


ranges(
    *named(
        """
        Identity Cast CastLike Reshape Flatten Squeeze Unsqueeze Transpose Expand Tile Slice Split Gather
        GatherND GatherElements Pad Trilu Dropout DepthToSpace SpaceToDepth ReverseSequence Compress TopK
        Unique ReduceMax ReduceMin MaxPool GlobalMaxPool Floor Ceil Round Optional OptionalGetElement
        """
    )
)(_passed(0))
ranges("ScatterElements", "ScatterND", "Scatter")(_passed(0, 2))
ranges("Where")(_passed(1, 2))


@ranges("Concat")
def joined(graph: Graph, node: Node, slot: int, bound: Interval) -> Interval | None:
    """Values of every operand at other places."""
    return bound


@ranges("Add")
def shifted(graph: Graph, node: Node, slot: int, bound: Interval) -> Interval | None:
    """x + c in low..high: x in low - min(c) .. high - max(c). Example: 0..511 and c = 2: -2..509."""
    other = _constants(graph, node, 1 - slot)
    return None if other is None else (bound[0] - other[0], bound[1] - other[1])


@ranges("Sub")
def lessened(graph: Graph, node: Node, slot: int, bound: Interval) -> Interval | None:
    """x - c: x in low + max(c) .. high + min(c). c - x: x in max(c) - high .. min(c) - low."""
    other = _constants(graph, node, 1 - slot)
    if other is None:
        return None
    if slot == 0:
        return bound[0] + other[1], bound[1] + other[0]
    return other[1] - bound[1], other[0] - bound[0]


@ranges("Neg")
def negated(graph: Graph, node: Node, slot: int, bound: Interval) -> Interval | None:
    """-x in low..high: x in -high .. -low."""
    return -bound[1], -bound[0]


@ranges("Mul")
def scaled(graph: Graph, node: Node, slot: int, bound: Interval) -> Interval | None:
    """x * c with c > 0 and low <= 0 <= high: x in low / max(c) .. high / max(c). A product of two that vary: each to the root."""
    low, high = bound
    if not low <= 0 <= high:
        return None
    if node.inputs[1 - slot] not in graph.constants:
        return 0, math.isqrt(int(high)) if math.isfinite(high) else high
    other = _constants(graph, node, 1 - slot)
    if other is None or other[0] < 0 or other[1] == 0:
        return None
    return low / other[1], high / other[1]


@ranges("Div")
def divided(graph: Graph, node: Node, slot: int, bound: Interval) -> Interval | None:
    """x / c rounded down, c > 0: x in low * max(c) .. high * min(c) + min(c) - 1. Example: 0..9 and c = 2: 0..19."""
    other = _constants(graph, node, 1) if slot == 0 else None
    if other is None or other[0] <= 0 or bound[0] < 0:
        return None
    return bound[0] * other[1], bound[1] * other[0] + max(other[0] - 1, 0)


@ranges("CumSum", "ReduceSum")
def summed(graph: Graph, node: Node, slot: int, bound: Interval) -> Interval | None:
    """A sum of n values: x in low / n .. high / n, when low <= 0 <= high. n: of all axes, for the axis may be computed."""
    shape = graph.shapes.get(node.inputs[0])
    if slot or shape is None or not bound[0] <= 0 <= bound[1]:
        return None
    axis = _constants(graph, node, 1)
    lengths = [n or 0 for n in shape]
    if node.op_type == "CumSum" and axis is not None and -len(shape) <= axis[0] < len(shape):
        lengths = [lengths[int(axis[0])]]
    count = math.prod(lengths)
    return (bound[0] / count, bound[1] / count) if count else None


@ranges("Clip", "Min", "Max")
def clipped(graph: Graph, node: Node, slot: int, bound: Interval) -> Interval | None:
    """An end that a constant already holds to is free."""
    if node.op_type == "Clip" and slot:
        return None
    low, high = bound
    held = [_constants(graph, node, other) for other in range(len(node.inputs))]
    at_least, at_most = {"Clip": (held[1:2], held[2:3]), "Max": (held, []), "Min": ([], held)}[node.op_type]
    return (
        -math.inf if any(one and one[0] >= low for one in at_least) else low,
        math.inf if any(one and one[1] <= high for one in at_most) else high,
    )


@ranges("Mod")
def remainder(graph: Graph, node: Node, slot: int, bound: Interval) -> Interval | None:
    """x mod c lies in 0 .. c - 1 whatever x is; with fmod it has the sign of x."""
    other = _constants(graph, node, 1) if slot == 0 else None
    if other is None or other[0] <= 0 or bound[0] > 0:
        return None
    if other[1] - 1 > bound[1]:
        return bound
    return (0 if node.attrs.get("fmod", 0) else -math.inf), math.inf
