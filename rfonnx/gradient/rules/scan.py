"""Running sums."""

from __future__ import annotations

from rfonnx.gradient.op import Op
from rfonnx.gradient.registry import ZERO, Gradients, rule
from rfonnx.gradient.values import Value


@rule("CumSum")
def cum_sum(op: Op, g: Value) -> Gradients:
    """The running sum from the other end."""
    axis, attrs = op.constant("axis"), op.attrs
    turned = op.emit(
        "CumSum", g, op.emit.scalar(axis, "int64"), exclusive=attrs["exclusive"], reverse=1 - attrs["reverse"]
    )
    return [turned, ZERO]
