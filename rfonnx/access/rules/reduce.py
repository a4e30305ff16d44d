"""Reductions over axes."""

from __future__ import annotations

from rfonnx.access.primitives import Access, Path, Reduce, Reshape, Step
from rfonnx.access.registry import Op, rule
from rfonnx.access.rules.shared import axes_of


@rule(
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "ArgMax",
    "ArgMin",
)
def reduce(op: Op) -> Access:
    """y reads x along `axes`. Exact."""
    return Access((Path(op.name(0), reduce_steps(op)),))


def reduce_steps(op: Op) -> tuple[Step, ...]:
    """Everything along `axes`, which stay as ones or go, as `keepdims` says."""
    reduction = Reduce(axes_of(op))
    return (reduction,) if op.attrs["keepdims"] else (reduction, Reshape(op.out_shape()))
