"""Which operators do the same at every position, and in what way: what `equivariance` may rely on.

An operator that is in none of these sets is taken to treat positions differently.
"""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.graph.nodes import Node
from rfonnx.operators.table import Manner, operator, operators


def treating(manner: Manner) -> frozenset[str]:
    """The operators that treat positions in this manner."""
    return frozenset(row.kind for row in operators() if manner in row.manner)


ELEMENTWISE = treating("elementwise")
NORMS = treating("norm")
POOLS = treating("pool")
ORDER_FREE = treating("order free")
PRODUCTS = treating("product")
PACKED = treating("packed")
BY_ROW = treating("by row")
ATTENTION = treating("attention")
CHANNELS_LAST = treating("channels last")
BY_CHANNEL = treating("by channel")
REGULAR = treating("regular")
JOINED = treating("joined")
SCALED = treating("scaled")

TOGETHER = ORDER_FREE | NORMS | PRODUCTS | ATTENTION
"""Positions may be taken together along which the content moves."""

KNOWN = frozenset(row.kind for row in operators() if row.manner)
"""Operators that do the same at every position, in some manner."""

RECURRENT = {row.kind: row.recurrent for row in operators() if row.recurrent}
"""Operators that go through a sequence step by step."""

ATTENDING = {row.kind: row.attending for row in operators() if row.attending}
"""Operators that compare positions of sequences with each other. Those that nobody wrote a rule for are not here."""

LENGTHS = 4
"""Operand of recurrent layers that holds how long each sample is."""


def channel_axis(node: Node, rank: int) -> int:
    """Axis of the channels of an operator of `BY_CHANNEL`."""
    last = node.kind in CHANNELS_LAST or (
        node.kind == "com.microsoft.QLinearConv" and node.attrs.get("channels_last", 0)
    )
    return rank - 1 if last else 1


def sequence_axis(node: Node, rank: int) -> int:
    """Axis along which a sequence runs that an operator of `RECURRENT` or `ATTENDING` is given.

    (time, batch, features) for recurrent layers, or batch first by `layout`; (batch, time, features) for attention, or (batch,
    heads, time, features); (batch, channels, time) for the convolution.
    """
    if operator(node.kind).layered:
        return 1 if node.attrs.get("layout", 0) else 0
    return 2 if rank == 4 or node.op_type == "CausalConvWithState" else 1


def batch_operands(node: Node) -> Iterator[tuple[str, int]]:
    """Operands of an operator whose specification gives them a batch axis, each with that axis.

    (time, batch, features) for recurrent layers with layout 0, and (directions, batch, features) for what they begin with; the
    first axis for convolutions, pools, attention and statistics per sample.
    """
    kind, inputs, row = node.kind, node.inputs, operator(node.kind)
    sequential = row.recurrent or row.attending
    if kind in BY_CHANNEL or kind in POOLS or kind == "LRN":
        yield inputs[0], 0
    elif sequential:
        axis = 1 - sequence_axis(node, 3) if row.layered else 0
        slots = (*sequential.operands, *(row.recurrent.states if row.recurrent else ()))
        yield from ((inputs[i], axis) for i in slots if i < len(inputs))
        if row.layered and len(inputs) > LENGTHS:
            yield inputs[LENGTHS], 0
