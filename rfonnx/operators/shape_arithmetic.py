"""Shape arithmetic when some dimensions are known and others depend on data: what is known stays known.

A value is an object array of rank 0 or 1 with None for each unknown element. The shape of a tensor (N, 256) with unknown N is
[None, 256]; its element 1 is the constant 256, whatever N turns out to be.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rfonnx.errors import misexported
from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import is_static
from rfonnx.operators import table
from rfonnx.operators.table import declare
from rfonnx.results.fields import Shape

Number = int | float | None


def of_shape(shape: tuple[int | None, ...], node: Node) -> np.ndarray:
    """What a Shape node makes of a shape."""
    start, end = node.attrs.get("start", 0), node.attrs.get("end")
    if not isinstance(start, int) or not isinstance(end, int | None):
        raise misexported(f"{node}: start and end must be integers, but are {start!r} and {end!r}")
    return _array(shape[start:end])


def propagate(node: Node, operands: Sequence[np.ndarray | None], shape: Shape) -> np.ndarray | None:
    """Value of a node's first output, or None when nothing can be said of it.

    Args:
        node: one of shape arithmetic.
        operands: values of its inputs, None for those left out; constants are plain arrays.
        shape: of its first output.
    """
    rule = table.operator(node.kind).partial
    if rule is None or shape is None or len(shape) > 1:
        return None
    try:
        result = np.asarray(rule(node, [_array(o) if o is not None else None for o in operands]), object)
        return result.reshape([result.size] if shape else [])
    except (TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError, AttributeError):
        return None  # operands that the operator does not take: the inference has its say about them


def known(value: np.ndarray, dtype: str) -> np.ndarray | None:
    """The value as a plain array when all of it is known."""
    if any(v is None for v in value.reshape(-1)):
        return None
    return value.astype(dtype)


def reshape(shape: Shape, target: np.ndarray, keep_zeros: bool) -> Shape:
    """Shape of a Reshape to a partly known target; one unknown length follows from the number of elements.

    (6, 4) to [None, 8] is (3, 8); (None, 4) to [None, 4] is (None, 4).
    """
    lengths = [_wanted(shape, axis, length, keep_zeros) for axis, length in enumerate(target)]
    if lengths.count(None) == 1 and is_static(shape):
        rest, total = math.prod(n for n in lengths if n is not None), math.prod(shape)
        if rest and total % rest == 0:
            lengths[lengths.index(None)] = total // rest
    return tuple(lengths)


def _wanted(shape: Shape, axis: int, length: int | None, keep_zeros: bool) -> int | None:
    """One length of a target, where 0 may stand for that of the tensor, and -1 for what is left."""
    if length == 0 and not keep_zeros:
        length = shape[axis] if shape is not None and axis < len(shape) else None
    return None if length is None or length < 0 else int(length)


def broadcast(shape: Shape, target: np.ndarray) -> Shape:
    """Shape of an Expand to a partly known target. (3, 1) to [None, 4] is (3, 4): N must be 1 or 3."""
    if shape is None:
        return None
    rank = max(len(shape), len(target))
    ones: tuple[int | None, ...] = (1,) * rank
    pairs = zip((*ones, *shape)[-rank:], (*ones, *target)[-rank:], strict=True)
    return tuple(a if b == 1 else b if a == 1 else (a if b is None else b) for a, b in pairs) if rank else ()


def _array(values: Any) -> np.ndarray:
    return np.array(values.tolist() if isinstance(values, np.ndarray) else values, object)


def _pointwise(function: Callable[[Any, Any], Number]) -> Callable[[Node, list[Any]], Any]:
    """Unknown where one of both is."""
    lifted = np.frompyfunc(lambda a, b: None if a is None or b is None else function(a, b), 2, 1)
    return lambda node, operands: lifted(operands[0], operands[1])


def _divide(a: int | float, b: int | float) -> int | float:
    """ONNX divides integers towards zero."""
    if isinstance(a, int) and isinstance(b, int):
        return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return a / b


def _same(node: Node, operands: list[Any]) -> Any:
    return operands[0]


def _cast(node: Node, operands: list[Any]) -> Any:
    whole = node.attrs.get("to") not in (1, 10, 11, 16)
    return np.frompyfunc(lambda v: None if v is None else int(v) if whole else float(v), 1, 1)(operands[0])


def _gather(node: Node, operands: list[Any]) -> Any:
    return np.take(operands[0], operands[1].astype(np.int64))


def _slice(node: Node, operands: list[Any]) -> Any:
    starts, ends = (operands[1], operands[2]) if len(operands) > 2 else (node.attrs["starts"], node.attrs["ends"])
    step = operands[4] if len(operands) > 4 and operands[4] is not None else [1]
    return operands[0][int(starts[0]) : int(ends[0]) : int(step[0])]


def _concat(node: Node, operands: list[Any]) -> Any:
    return np.concatenate([np.atleast_1d(o) for o in operands])


for _kinds, _rule in (
    ("Add", _pointwise(operator.add)),
    ("Sub", _pointwise(operator.sub)),
    ("Mul", _pointwise(operator.mul)),
    ("Div", _pointwise(_divide)),
    ("Max", _pointwise(max)),
    ("Min", _pointwise(min)),
    ("Cast", _cast),
    ("Concat", _concat),
    ("Gather", _gather),
    ("Identity Reshape Squeeze Unsqueeze", _same),
    ("Slice", _slice),
):
    declare(*_kinds.split(), partial=_rule)
