"""Padding: constant, reflect, edge and wrap."""

from __future__ import annotations

import numpy as np

from rfonnx.gradients.answers import ZERO, Gradients, Zero
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.rules.placing import placed_runs
from rfonnx.gradients.values import Value


@rule("Pad")
def pad(op: Op, g: Value) -> Gradients:
    """The part of g that x fills; where padding repeats x, its gradient is added to what it repeats."""
    pads, mode = op.constant("pads"), op.attrs["mode"]
    shape = op.shape()
    rank = len(shape)
    rest: list[Value | Zero | None] = [ZERO] * (len(op.node.inputs) - 1)
    if op.needs(2):
        inside = np.ones(shape, g.dtype)
        outside = 1.0 - np.pad(inside, [(max(pads[a], 0), max(pads[rank + a], 0)) for a in range(rank)])
        rest[1] = _constant_share(op, g, outside)
    if mode == "constant":
        return [g.pad([-p for p in pads]), *rest]
    for axis in range(rank):
        begin, end = pads[axis], pads[rank + axis]
        if begin or end:
            g = placed_runs(g, rank, axis, sources(shape[axis], begin, end, mode), shape[axis])
    return [g, *rest]


def _constant_share(op: Op, g: Value, outside: np.ndarray) -> Value:
    """The gradient of the constant is the sum over what it fills."""
    rank = len(op.shape())
    crop = tuple(
        slice(max(-op.attrs["pads"][a], 0), outside.shape[a] - max(-op.attrs["pads"][rank + a], 0)) for a in range(rank)
    )
    share = (g * op.emit.constant(outside[crop])).sum(list(range(rank)), keepdims=False)
    return share.reshape(op.shape(2))


def sources(length: int, begin: int, end: int, mode: str) -> list[int]:
    """Position of x that each position of the padded axis shows; negative pads crop first, as onnxruntime does.

    >>> sources(3, 2, 1, "reflect")
    [2, 1, 0, 1, 2, 1]
    >>> sources(4, 2, -1, "wrap")
    [1, 2, 0, 1, 2]
    """
    cropped = max(-begin, 0)
    length -= cropped + max(-end, 0)
    at = np.arange(-max(begin, 0), length + max(end, 0))
    if mode == "edge":
        at = at.clip(0, length - 1)
    elif mode == "wrap":
        at = at % length
    else:
        period = max(2 * length - 2, 1)
        at = at % period
        at = np.where(at < length, at, period - at)
    return [cropped + int(i) for i in at]
