"""Known constants that remove dependence: masks that make attention weights exactly zero, and products with zero.

`fact` follows the producers of a tensor and finds positions where its value is certain whatever the inputs are:
0 (False), 1 (True), or so far below everything else that a softmax makes it 0 ("hidden": -inf, the type's minimum, or
at most -1e9). Masks that depend on inputs count where a constant part decides, as in And(causal, padding).
All answers are bool arrays that broadcast to the tensor's shape, or None where nothing is known. Sound: never certain by guess.
"""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np

from rfonnx.access.primitives import Band, Select, Step
from rfonnx.access.registry import Op
from rfonnx.graph.model import Node

Fact = Literal["zero", "one", "hidden"]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

HIDDEN = -1e9
"""Added to a score, this hides a key. Softer masks (-1e4, Swin's -100) hide nothing: a score can outweigh them."""

SOFT = -50.0
"""A constant this low, but not `HIDDEN`, was meant as a mask: worth a note."""

MASK_NOTE = "a mask with holes, or one that differs by batch or head, is taken as wide as it reaches"

_LARGEST = 2**24  # elements of a mask that is looked at
_DEEPEST = 64  # nodes followed upwards

_SAME = {"Identity", "Cast", "CastLike", "Dropout", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Expand", "Transpose"}
"""Operators that move values, or keep 0, 1 and hidden values what they are."""

_KEEPS_ZERO = {
    "Neg",
    "Abs",
    "Relu",
    "Sqrt",
    "LeakyRelu",
    "Sin",
    "Tanh",
    "Erf",
    "Gelu",
    "Sign",
    "Floor",
    "Ceil",
    "Round",
}


class Range(NamedTuple):
    """What a reduce along `axis` really reads, by position of axis `by`: `first..last`; `last < first` where nothing is read.

    by: None when every position of the other axes reads the same range (`first`, `last` of length 1).
    exact: False when positions between first and last are hidden too, or other axes would narrow it further.
    """

    axis: int
    by: int | None
    first: np.ndarray
    last: np.ndarray
    exact: bool


def fact(op: Op, name: str, what: Fact, depth: int = 0) -> Mask | None:
    """Where the tensor is certainly 0, 1 or hidden."""
    key = (name, what)
    if key in op.known:
        return op.known[key]
    shape = op.graph.shapes.get(name)
    found: Mask | None = None
    if shape is not None and None not in shape and depth < _DEEPEST:
        if name in op.graph.constants:
            found = _constant_fact(op.graph.value(name), what)
        elif math.prod(d or 0 for d in shape) <= _LARGEST and name in op.producers:
            found = _computed_fact(op, op.producers[name], name, what, depth + 1)
        if found is not None and not found.any():
            found = None
    op.known[key] = found
    return found


def _constant_fact(value: np.ndarray | None, what: Fact) -> Mask | None:
    if value is None or value.size > _LARGEST or value.dtype.kind not in "biufV":
        return None
    if what == "zero":
        return np.asarray(value == 0)
    if what == "one":
        return np.asarray(value == 1)
    if value.dtype.kind in "bu":
        return None
    if value.dtype.kind == "i":
        return np.asarray(value <= HIDDEN)
    lowest = np.finfo(value.dtype).min if value.dtype.kind == "f" else HIDDEN
    return np.asarray((value <= HIDDEN) | (value == lowest))


def _computed_fact(op: Op, node: Node, name: str, what: Fact, depth: int) -> Mask | None:
    """Facts of a node's first output, from those of its inputs."""
    if node.domain or node.outputs[0] != name:
        return None
    kind, inputs = node.op_type, node.inputs

    def of(index: int, wanted: Fact = what) -> Mask | None:
        return fact(op, inputs[index], wanted, depth)

    if kind in _SAME:
        return _moved(op, node, of(0))
    if kind == "DequantizeLinear":
        return fact(op, _before_rounding(op, node), "zero", depth) if what == "zero" else None
    if kind == "Where":
        return _either(
            _both(of(0, "one"), of(1)),
            _both(of(0, "zero"), of(2)),
            _both(of(1), of(2)),
        )
    if what == "hidden":
        return _hidden(op, node, depth)
    if kind == "Not":
        return of(0, "one" if what == "zero" else "zero")
    if kind == "And" or (kind == "Mul" and what == "one"):
        return _either(of(0), of(1)) if what == "zero" else _both(of(0), of(1))
    if kind == "Or":
        return _both(of(0), of(1)) if what == "zero" else _either(of(0), of(1))
    if kind == "Sub":  # 1 - mask
        return _both(of(0, "one"), of(1, "zero" if what == "one" else "one"))
    if what == "one":
        return None
    if kind in _KEEPS_ZERO or kind == "Div":
        return of(0)
    if kind == "Mul":
        return _either(of(0), of(1))
    if kind in ("Add", "Max", "Min"):
        return _both(of(0), of(1)) if len(inputs) == 2 else None
    if kind == "Trilu":
        return _either(of(0), _outside_triangle(op, node))
    if kind == "Softmax":
        axes = node.attrs["axes"]
        hidden = of(0, "hidden")
        if hidden is None or axes is None or len(axes) != 1:
            return None
        hidden = _full(op, inputs[0], hidden, axes[0])
        # a row that is hidden altogether is NaN, or every score weighs the same: nothing is certain there
        return hidden & ~hidden.all(axis=axes[0], keepdims=True)
    return None


def _before_rounding(op: Op, node: Node) -> str:
    """What a DequantizeLinear gets back of a QuantizeLinear with its scale and zero point, or "". A zero comes back as zero."""
    before = op.producers.get(node.inputs[0])
    paired = before is not None and before.kind == "QuantizeLinear" and before.inputs[1:] == node.inputs[1:]
    return before.inputs[0] if before is not None and paired else ""


def _hidden(op: Op, node: Node, depth: int) -> Mask | None:
    kind, inputs = node.op_type, node.inputs

    def of(index: int, wanted: Fact = "hidden") -> Mask | None:
        return fact(op, inputs[index], wanted, depth)

    if kind == "Add" or (kind == "Min" and len(inputs) == 2):
        return _either(of(0), of(1))
    if kind == "Max" and len(inputs) == 2:
        return _both(of(0), of(1))
    if kind == "Sub":
        return of(0)
    if kind == "Mul":  # flag * minimum, or scores * scale
        found = _either(_both(of(0, "one"), of(1)), _both(of(0), of(1, "one")))
        for index in (0, 1):
            if _mild(op, inputs[1 - index]):
                found = _either(found, of(index))
        return found
    if kind == "Div" and _mild(op, inputs[1]):
        return of(0)
    return None


def _mild(op: Op, name: str) -> bool:
    """A constant positive scale that leaves a hidden value hidden."""
    value = op.graph.value(name)
    return (
        value is not None and value.size == 1 and value.dtype.kind == "f" and 1e-3 <= float(value.reshape(-1)[0]) <= 1e3
    )


def _both(a: Mask | None, b: Mask | None) -> Mask | None:
    return None if a is None or b is None else a & b


def _either(*masks: Mask | None) -> Mask | None:
    known = [m for m in masks if m is not None]
    if not known:
        return None
    result = known[0]
    for mask in known[1:]:
        result = result | mask
    return result


def _full(op: Op, name: str, mask: Mask, *axes: int) -> Mask:
    """The mask with as many axes as the tensor, and its whole length along `axes`."""
    shape = op.graph.shapes[name] or ()
    mask = mask.reshape((1,) * (len(shape) - mask.ndim) + mask.shape)
    wanted = [d if i in axes else n for i, (d, n) in enumerate(zip(shape, mask.shape, strict=True))]
    return np.broadcast_to(mask, [d or 0 for d in wanted])


def _moved(op: Op, node: Node, mask: Mask | None) -> Mask | None:
    """The mask of a tensor that the node re-shapes."""
    shape, out = op.graph.shapes.get(node.inputs[0]), op.graph.shapes.get(node.outputs[0])
    if mask is None or shape is None or out is None or None in shape or None in out:
        return None
    if node.op_type == "Transpose":
        perm = node.attrs.get("perm") or list(range(len(shape)))[::-1]
        return _full(op, node.inputs[0], mask).transpose(perm)
    if node.op_type == "Expand" or shape == out:
        return mask
    full: Mask = np.broadcast_to(mask, [d or 0 for d in shape])
    return full.reshape([d or 0 for d in out])


def _outside_triangle(op: Op, node: Node) -> Mask | None:
    shape = op.graph.shapes[node.inputs[0]]
    offset = op.graph.value(node.inputs[1]) if len(node.inputs) > 1 and node.inputs[1] else np.zeros((), np.int64)
    if shape is None or offset is None:
        return None
    rows, columns = (d or 0 for d in shape[-2:])
    kept = np.tri(rows, columns, int(offset.reshape(-1)[0]) - (1 if node.attrs.get("upper", 1) else 0), dtype=bool)
    return kept if node.attrs.get("upper", 1) else ~kept


def row_of(op: Op, name: str) -> tuple[str, tuple[int, ...]] | None:
    """The temporary, and its shape, that holds what each row of masked attention weights reads; None for other tensors.

    Follows the weights through dropout, casts and the removal of NaN, which do not move them.
    """
    while name not in op.rows:
        node = op.producers.get(name)
        if node is None or node.domain or name in op.graph.constants:
            return None
        if node.op_type == "Where":
            source = node.inputs[-1]
        elif node.op_type == "DequantizeLinear":
            source = _before_rounding(op, node)
        else:
            source = node.inputs[0] if node.op_type in _SAME and node.op_type != "Transpose" else ""
        others_constant = node.op_type != "Where" or node.inputs[1] in op.graph.constants
        if not source or not others_constant or op.graph.shapes.get(source) != op.graph.shapes.get(name):
            return None
        name = source
    return op.rows[name]


def soft_mask(op: Op, name: str) -> float | None:
    """The lowest constant that is added to this tensor as a mask that hides nothing, or None."""
    node = op.producers.get(name)
    if node is None or node.domain or node.op_type not in ("Add", "Where"):
        return None
    for source in node.inputs:
        value = op.graph.value(source)
        if value is not None and value.dtype.kind == "f" and 0 < value.size <= _LARGEST:
            low = value[np.isfinite(value) & (value > HIDDEN)]
            if low.size and float(low.min()) <= SOFT and float(low.min()) != float(np.finfo(value.dtype).min):
                return float(low.min())
    return None


def seen_by_softmax(op: Op, name: str, axis: int) -> Range | None:
    """What a softmax along `axis` of the tensor really reads, or None when that is everything."""
    hidden = fact(op, name, "hidden")
    if hidden is None:
        return None
    hidden = _full(op, name, hidden, axis)
    # a row that is hidden altogether is NaN, or all its scores weigh the same: it sees everything
    lost = hidden.all(axis=axis, keepdims=True)
    found = visible_range(hidden & ~lost, axis)
    return found._replace(exact=False) if found and lost.any() else found


def seen_in_product(op: Op, name: str, axis: int, by: int) -> Range | None:
    """Where the tensor is not certainly zero along `axis`, by `by`, or None when that is everywhere.

    A constant operand is a weight: its zeros count when values do.
    """
    if name in op.graph.constants and op.weights != "values":
        return None
    zero = fact(op, name, "zero")
    return None if zero is None else visible_range(_full(op, name, zero, axis), axis, by)


def visible_range(mask: Mask, axis: int, by: int | None = None) -> Range | None:
    """The range along `axis` that a mask leaves; None when it hides nothing.

    Args:
        mask: where nothing is read, with all of the tensor's axes; length 1 along axes that do not matter.
        axis: the axis that is reduced; its whole length is present.
        by: the axis that the range may depend on; by default the one that narrows it most.
    """
    if not mask.any():
        return None
    candidates = [by] if by is not None else [i for i in range(mask.ndim) if i != axis]
    ranges = [_range_by(mask, axis, i) for i in candidates if mask.shape[i] > 1]
    return min(ranges, key=_mean_length) if ranges else _range_by(mask, axis, None)


def _range_by(mask: Mask, axis: int, by: int | None) -> Range:
    others = tuple(i for i in range(mask.ndim) if i not in (axis, by))
    hidden = mask.all(axis=others, keepdims=True)
    seen = ~hidden.reshape([n for i, n in enumerate(hidden.shape) if i in (axis, by)])
    if by is None:
        seen = seen[None]
    elif by > axis:
        seen = seen.T
    length, some = seen.shape[1], seen.any(axis=1)
    first = np.where(some, seen.argmax(axis=1), 0).astype(np.int64)
    last = np.where(some, length - 1 - seen[:, ::-1].argmax(axis=1), -1).astype(np.int64)
    exact = bool((mask == hidden).all() and (seen.sum(axis=1) == last - first + 1).all())
    return Range(axis, by, first, last, exact)


def _mean_length(visible: Range) -> float:
    return float((visible.last - visible.first + 1).mean())


def range_steps(visible: Range) -> tuple[Step, ...]:
    """Reduce the axis to length 1, reading the range only."""
    if visible.by is None:
        return (Select(visible.axis, visible.first, visible.last),)
    return (Band(visible.axis, visible.by, visible.first, visible.last),)
