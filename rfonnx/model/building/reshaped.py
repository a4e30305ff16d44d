"""Constants that are another constant in another shape: numpy gives them as views, which take no memory.

Weights come through these operators: to ask whether one is zero costs no run of a node, and no import of onnx's evaluator.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rfonnx.operators.table import operator
from rfonnx.results.fields import Shape


def reshaped(
    op_type: str, attrs: Mapping[str, Any], operands: Sequence[np.ndarray | None], shape: Shape
) -> np.ndarray | None:
    """The output of a node that copies its first input into another shape, or fills a shape with one value, else None.

    Args:
        op_type, attrs: of a node of ai.onnx.
        operands: values of its inputs.
        shape: of its output, as inference tells it.
    """
    lengths = tuple(n for n in shape or () if n is not None)
    if shape is None or None in shape:
        return None
    if op_type == "ConstantOfShape":
        number = filling(attrs)
        return None if number is None else np.broadcast_to(number.reshape(()), lengths)
    value = operands[0] if operator(op_type).keeps == "order" and operands else None
    return value.reshape(lengths) if value is not None and value.size == math.prod(lengths) else None


_ZERO = np.zeros(1, np.float32)


def filling(attrs: Mapping[str, Any]) -> np.ndarray | None:
    """The one number that a ConstantOfShape fills its output with; None where it is not one."""
    value = attrs.get("value", _ZERO)
    return value if isinstance(value, np.ndarray) and value.size == 1 else None
