"""Reshapes within onnxruntime's NCHWc layout, whose elements lie by blocks of channels: channel b*c+k of a position lies beside
k+1, not beside the next position."""

from __future__ import annotations

from rfonnx.graph.blocks import NCHWC
from rfonnx.operators.access.op import Op
from rfonnx.operators.access.primitives import Permute, Reshape, Step


def split_or_joined(op: Op) -> tuple[Step, ...] | None:
    """Steps of a Reshape that gives the block an axis, (N, B*c, space) to (N, B, space, c), or takes it away; None for others.

    onnxruntime writes both around elementwise operators whose operands have lengths that it cannot compare.
    """
    shape, out = op.shape(0), op.out_shape()
    splits = len(out) == len(shape) + 1
    whole, split = (shape, out) if splits else (out, shape)
    rank = len(split)
    if rank < 4 or whole != (split[0], split[1] * split[-1], *split[2:-1]) or not _is_blocked(op):
        return None
    if splits:
        return Reshape((*split[:2], split[-1], *split[2:-1])), Permute((0, 1, *range(3, rank), 2))
    return Permute((0, 1, rank - 1, *range(2, rank - 1))), Reshape(out)


def _is_blocked(op: Op) -> bool:
    """Whether what is reshaped comes from a blocked operator, by reshapes and by operators that keep its shape."""
    pending, seen = [op.name(0)], set[str]()
    while pending:
        name = pending.pop()
        node = op.known.producers.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if node.domain == NCHWC:
            if node.op_type != "ReorderOutput":
                return True
        elif node.op_type == "Reshape":
            pending.append(node.inputs[0])
        else:
            pending += [n for n in node.inputs if n and op.graph.shapes.get(n) == op.graph.shapes[name]]
    return False
