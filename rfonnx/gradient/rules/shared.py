"""Formulas that several families use."""

from __future__ import annotations

from rfonnx.gradient.op import Op
from rfonnx.gradient.values import Value

STEEP = 3e38
"""A HardSigmoid this steep is a step: clip(3e38 * x, 0, 1) is 1 for every normal positive number and 0 for x <= 0."""


def positive(x: Value) -> Value:
    """1.0 where x > 0, else 0.0. One pass; a comparison and a cast, or Where, take twice as long in onnxruntime."""
    return x.emit("HardSigmoid", x, alpha=STEEP, beta=0.0)


def not_below(x: Value, bound: Value) -> Value:
    """1.0 where x >= bound, else 0.0."""
    return x.emit("HardSigmoid", x - bound, alpha=STEEP, beta=1.0)


def absent(op: Op, count: int) -> list[None]:
    """No gradient for the last `count` inputs that the node has, which nobody can ask for."""
    return [None] * max(0, min(count, len(op.node.inputs) - 1))
