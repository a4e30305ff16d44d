"""Running sums, and numbers at equal distances."""

from __future__ import annotations

import numpy as np

from rfonnx.gradients.answers import ZERO, Gradients, Zero
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.values import Value


@rule("CumSum")
def cum_sum(op: Op, g: Value) -> Gradients:
    """The running sum from the other end."""
    axis, attrs = op.constant("axis"), op.attrs
    turned = op.emit(
        "CumSum", g, op.emit.scalar(axis, "int64"), exclusive=attrs["exclusive"], reverse=1 - attrs["reverse"]
    )
    return [turned, ZERO]


@rule("Range")
def range_(op: Op, g: Value) -> Gradients:
    """y[i] = start + i delta; the end only counts."""
    count = op.emit.constant(np.arange(op.out_shape()[0]).astype(g.dtype))
    made: list[Value | Zero | None] = [None, ZERO, None]
    if op.needs(0):
        made[0] = g.sum([0], keepdims=False).reshape(op.shape(0))
    if op.needs(2):
        made[2] = (g * count).sum([0], keepdims=False).reshape(op.shape(2))
    return made
