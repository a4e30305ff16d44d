"""Quantisation, straight-through (Bengio et al. 2013): rounding counts as the identity, clipping as the end of the slope.

The gradient of a quantised tensor is that of the real numbers it stands for, so scales cancel.
"""

from __future__ import annotations

import numpy as np

from rfonnx.gradients.answers import ZERO, Gradients, Unsupported
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.rules.shared import not_below
from rfonnx.gradients.values import Value


@rule("DequantizeLinear", "com.microsoft.DequantizeLinear")
def dequantize(op: Op, g: Value) -> Gradients:
    """The real numbers come through unchanged."""
    if op.needs(1):
        raise Unsupported("its scale depends on the input")
    return [g, *[ZERO] * (len(op.node.inputs) - 1)]


@rule("QuantizeLinear", "com.microsoft.QuantizeLinear")
def quantize(op: Op, g: Value) -> Gradients:
    """g where the value was not clipped to the ends of the integer range: what lies half a step beyond them is only rounded."""
    if op.needs(1):
        raise Unsupported("its scale depends on the input")
    dtype = op.walk.graph.dtypes[op.node.outputs[0]]
    if dtype not in ("int8", "uint8", "int16", "uint16"):
        return [g, *[ZERO] * (len(op.node.inputs) - 1)]
    bounds = np.iinfo(dtype)
    ends = []
    for bound, beyond in ((bounds.min, -0.5), (bounds.max, 0.5)):
        # the real number that an end of the range stands for: what DequantizeLinear makes of it
        whole = op.emit("Expand", op.emit.constant(np.array(bound, dtype)), op.emit.shape_of(op.x(1)))
        ends.append(_real(op, whole, beyond))
    x = op.x()
    return [g * (not_below(x, ends[0]) * not_below(ends[1], x)), *[ZERO] * (len(op.node.inputs) - 1)]


@rule("DynamicQuantizeLinear")
def dynamic_quantize(op: Op, g: Value) -> Gradients:
    """The range is that of the values, so nothing is clipped."""
    return [g]


def _real(op: Op, whole: Value, beyond: float) -> Value:
    """A list of integers, one per scale, and a part of a step, as real numbers that broadcast against x."""
    if op.attrs.get("block_size", 0):
        raise Unsupported("it is quantised in blocks")
    scale = op.x(1)
    emit = op.emit
    real = whole.cast(scale.dtype)
    if op.has(2):
        zero_point = Value(emit, op.node.inputs[2], op.walk.graph.dtypes[op.node.inputs[2]])
        real = real - zero_point.cast(scale.dtype)
    real = (real + beyond) * scale
    rank, axis = len(op.shape()), op.attrs["axis"]
    count = int(np.prod(op.shape(1)))
    return real.reshape([count if a == axis and count > 1 else 1 for a in range(rank)])
