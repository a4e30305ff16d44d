"""Formulas that several families use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rfonnx.gradients.op import Op
from rfonnx.gradients.values import Value

STEEP = 3e38
"""A HardSigmoid this steep is a step: clip(3e38 * x, 0, 1) is 1 for every normal positive number and 0 for x <= 0."""


def positive(x: Value) -> Value:
    """1.0 where x > 0, else 0.0. One pass; a comparison and a cast, or Where, take twice as long in onnxruntime."""
    return x.emit("HardSigmoid", x, alpha=STEEP, beta=0.0)


def not_below(x: Value, bound: Value) -> Value:
    """1.0 where x >= bound, else 0.0."""
    return x.emit("HardSigmoid", x - bound, alpha=STEEP, beta=1.0)


def complement(share: Value) -> Value:
    """1 - share, of what lies between 0 and 1, in the blocked layout too."""
    return share.emit("HardSigmoid", share, alpha=-1.0, beta=1.0)


def scaled(x: Value, shape: tuple[int, ...], factor: float) -> Value:
    """x times a number. Of images it is a depthwise convolution: onnxruntime keeps those in its blocked layout, which arithmetic
    with constants would leave."""
    if len(shape) != 4 or shape[1] % 8 or x.dtype != "float32":
        return x * factor
    weight = x.emit.constant(np.full((shape[1], 1, 1, 1), factor, np.float32))
    return x.emit("Conv", x, weight, group=shape[1], kernel_shape=[1, 1])


def split(x: Value, axis: int, lengths: Sequence[int]) -> list[Value]:
    """Cut along an axis."""
    if len(lengths) == 1:
        return [x]
    return x.emit.many("Split", [x, x.emit.ints(lengths)], [None] * len(lengths), axis=axis)


def absent(op: Op, count: int) -> list[None]:
    """No gradient for the last `count` inputs that the node has, which nobody can ask for."""
    return [None] * max(0, min(count, len(op.node.inputs) - 1))
