"""What constants beside a masked tensor are: low enough to hide, bounds that let 0 through, scales that leave it hidden."""

from __future__ import annotations

import numpy as np

from rfonnx.graph.nodes import Node
from rfonnx.operators.access.masks import LARGEST, Mask
from rfonnx.operators.access.op import Op, each_once

HIDDEN = -1e9
"""Added to a score, this hides a key. Softer masks (-1e4, Swin's -100) hide nothing: a score can outweigh them."""


def most(value: np.ndarray, limit: float) -> float:
    """The limit, or what comes closest to it in the value's type."""
    if value.dtype.kind != "f":
        return limit
    largest = float(np.finfo(value.dtype).max)
    return min(max(limit, -largest), largest)


def large(value: np.ndarray | None) -> Mask | None:
    """Where a constant hides what it is taken off: scores - 1e9 * (1 - mask)."""
    if value is None or value.size > LARGEST or value.dtype.kind != "f":
        return None
    return np.asarray(value >= most(value, -HIDDEN))


def ordinary(value: np.ndarray | None) -> bool:
    """Whether nothing follows from any number of a constant: none is 0, 1, or large enough to hide; or they cannot be had."""
    if value is None:
        return True
    if value.dtype.kind != "f":
        return False
    value = each_once(value)
    hiding = most(value, -HIDDEN)
    if value.size == 1:
        number = value.item()
        return not (number in (0, 1) or abs(number) >= hiding)
    return not ((value == 0) | (value == 1) | (abs(value) >= hiding)).any()


def mild(op: Op, name: str) -> bool:
    """A constant positive scale that leaves a hidden value hidden."""
    value = op.graph.value(name)
    return (
        value is not None and value.size == 1 and value.dtype.kind == "f" and 1e-3 <= float(value.reshape(-1)[0]) <= 1e3
    )


def positive(op: Op, name: str) -> bool:
    """A constant number above 0."""
    value = _number(op, name)
    return value is not None and value > 0


def keeps_zero(op: Op, node: Node) -> bool:
    """True when the constant bounds of a Clip, Max or Min let 0 through."""
    given = node.inputs[1:]
    if node.op_type == "Clip" and not given:
        return bool(node.attrs.get("min", 0.0) <= 0 <= node.attrs.get("max", 0.0))
    if node.op_type != "Clip" and len(given) != 1:
        return False
    least, most = (*given, "")[:2] if node.op_type != "Min" else ("", given[0])
    low, high = _number(op, least), _number(op, most)
    return not (least and (low is None or low > 0)) and not (most and (high is None or high < 0))


def _number(op: Op, name: str) -> float | None:
    value = op.graph.value(name)
    known = value is not None and value.size == 1 and value.dtype.kind in "iuf"
    return float(value.reshape(-1)[0]) if known and value is not None else None
