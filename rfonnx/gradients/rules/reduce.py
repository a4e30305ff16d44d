"""Reductions. Each rule broadcasts the output's gradient (and, where it needs it, the output) back along the axes."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.gradients.answers import ZERO, Gradients, Narrow, Zero
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.values import Value


class Reduced:
    """A reduction's axes, and its tensors with those axes kept."""

    def __init__(self, op: Op, g: Value) -> None:
        self.op = op
        self.axes: list[int] = op.constant("axes")
        self.count = math.prod(op.shape()[a] for a in self.axes)
        self.g = self.kept(g)

    def kept(self, value: Value) -> Value:
        """A tensor of the output's shape, the reduced axes as length 1."""
        return value if self.op.attrs["keepdims"] else value.unsqueeze(self.axes)

    @property
    def y(self) -> Value:
        return self.kept(self.op.y())

    def gradients(self, dx: Value | Narrow) -> Gradients:
        """With none for the axes."""
        rest: list[Zero] = [ZERO] * (len(self.op.node.inputs) - 1)
        return [dx, *rest]


@rule("ReduceSum")
def reduce_sum(op: Op, g: Value) -> Gradients:
    """dx = g."""
    r = Reduced(op, g)
    return r.gradients(Narrow(r.g))


@rule("ReduceMean")
def reduce_mean(op: Op, g: Value) -> Gradients:
    """dx = g / count."""
    r = Reduced(op, g)
    return r.gradients(Narrow(r.g / float(r.count)))


@rule("ReduceL1")
def reduce_l1(op: Op, g: Value) -> Gradients:
    """dx = g sign(x)."""
    r = Reduced(op, g)
    return r.gradients(op.emit("Sign", op.x()) * r.g)


@rule("ReduceL2")
def reduce_l2(op: Op, g: Value) -> Gradients:
    """dx = g x / y; 0 where y is 0."""
    r = Reduced(op, g)
    zero = op.emit("Equal", r.y, op.emit.scalar(0.0, r.g.dtype))
    safe = op.emit("Where", zero, op.emit.scalar(math.inf, r.g.dtype), r.y, dtype=r.g.dtype)
    return r.gradients(op.x() * (r.g / safe))


@rule("ReduceSumSquare")
def reduce_sum_square(op: Op, g: Value) -> Gradients:
    """dx = 2 g x."""
    r = Reduced(op, g)
    return r.gradients(op.x() * (r.g * 2.0))


@rule("ReduceLogSum")
def reduce_log_sum(op: Op, g: Value) -> Gradients:
    """dx = g / exp(y)."""
    r = Reduced(op, g)
    return r.gradients(Narrow(r.g * op.emit("Exp", -r.y)))


@rule("ReduceLogSumExp")
def reduce_log_sum_exp(op: Op, g: Value) -> Gradients:
    """dx = g exp(x - y)."""
    r = Reduced(op, g)
    return r.gradients(op.emit("Exp", op.x() - r.y) * r.g)


@rule("ReduceMax", "ReduceMin")
def reduce_extreme(op: Op, g: Value) -> Gradients:
    """g is shared evenly by all positions that hold the extreme, as PyTorch's amax does."""
    r = Reduced(op, g)
    held = op.emit("Equal", op.x(), r.y).cast(r.g.dtype)
    return r.gradients(held * (r.g / held.sum(r.axes)))


@rule("ReduceProd")
def reduce_prod(op: Op, g: Value) -> Gradients:
    """dx = g times the product of the others, found without division: products from the left times from the right."""
    r = Reduced(op, g)
    others = _products_of_others(op, r.axes)
    return r.gradients(others * r.g)


def _products_of_others(op: Op, axes: list[int]) -> Value:
    shape, x = op.shape(), op.x()
    keep = [a for a in range(len(shape)) if a not in axes]
    perm = keep + axes
    count = math.prod(shape[a] for a in axes)
    rows = x.transpose(perm).reshape([math.prod(shape[a] for a in keep), count])
    # row i of a (count, count) table, with a 1 on the diagonal, multiplies to the product of all but i
    diagonal = op.emit.constant(np.eye(count, dtype=bool)[None])
    one = op.emit.scalar(1.0, x.dtype)
    table = op.emit("Where", diagonal, one, rows.unsqueeze([1]), dtype=x.dtype)
    made = op.emit.reduce("ReduceProd", table, [2], keepdims=False)
    inverse = [int(i) for i in np.argsort(perm)]
    return made.reshape([shape[a] for a in perm]).transpose(inverse)
