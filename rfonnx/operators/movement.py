"""Which operators do the same at every position, and in what way: what `equivariance` may rely on.

An operator of which none of these holds is taken to treat positions differently.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from rfonnx.graph.nodes import Node
from rfonnx.operators.row import Manner
from rfonnx.operators.table import operator


@cache
def treats(kind: str, *manners: Manner) -> bool:
    """Whether an operator treats positions in one of these manners. Answers are kept: they are asked of every tensor."""
    return not set(manners).isdisjoint(operator(kind).manner)


TOGETHER: tuple[Manner, ...] = ("order free", "norm", "product", "attention")
"""Manners in which positions may be taken together along which the content moves."""


LENGTHS = 4
"""Operand of recurrent layers that holds how long each sample is."""


def channel_axis(node: Node, rank: int) -> int:
    """Axis of the channels of an operator that goes by channel."""
    last = treats(node.kind, "channels last") or (
        node.kind == "com.microsoft.QLinearConv" and node.attrs.get("channels_last", 0)
    )
    return rank - 1 if last else 1


def sequence_axis(node: Node, rank: int) -> int:
    """Axis along which a sequence runs that a recurrent or attending operator is given.

    (time, batch, features) for recurrent layers, or batch first by `layout`; (batch, time, features) for attention, or (batch,
    heads, time, features); (batch, channels, time) for the convolution.
    """
    if operator(node.kind).layered:
        return 1 if node.attrs.get("layout", 0) else 0
    return 2 if rank == 4 or node.op_type == "CausalConvWithState" else 1


@cache
def _sample_first(kind: str) -> bool:
    """Whether the first axis of what an operator is given counts samples."""
    return treats(kind, "by channel", "pool") or kind == "LRN"


@cache
def takes_batch(kind: str) -> bool:
    """Whether there are `batch_operands` of an operator."""
    row = operator(kind)
    return _sample_first(kind) or bool(row.recurrent or row.attending)


def batch_operands(node: Node) -> Iterator[tuple[str, int]]:
    """Operands of an operator whose specification gives them a batch axis, each with that axis.

    (time, batch, features) for recurrent layers with layout 0, and (directions, batch, features) for what they begin with; the
    first axis for convolutions, pools, attention and statistics per sample.
    """
    kind, inputs, row = node.kind, node.inputs, operator(node.kind)
    sequential = row.recurrent or row.attending
    if _sample_first(kind):
        yield inputs[0], 0
    elif sequential:
        axis = 1 - sequence_axis(node, 3) if row.layered else 0
        slots = (*sequential.operands, *(row.recurrent.states if row.recurrent else ()))
        yield from ((inputs[i], axis) for i in slots if i < len(inputs))
        if row.layered and len(inputs) > LENGTHS:
            yield inputs[LENGTHS], 0
