"""Known constants that remove dependence: masks that make attention weights exactly zero, and products with zero.

`fact` follows the producers of a tensor and finds positions where its value is certain whatever the inputs are:
0 (False), 1 (True), or so far below everything else that a softmax makes it 0 ("hidden": -inf, the type's minimum, or
at most -1e9). Masks that depend on inputs count where a constant part decides, as in And(causal, padding).
All answers are bool arrays that broadcast to the tensor's shape, or None where nothing is known. Sound: never certain by guess.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from rfonnx.access.registry import Op, static
from rfonnx.graph.model import Node

Fact = Literal["zero", "one", "hidden"]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

HIDDEN = -1e9
"""Added to a score, this hides a key. Softer masks (-1e4, Swin's -100) hide nothing: a score can outweigh them."""

LARGEST = 2**24  # elements of a mask that is looked at
_DEEPEST = 64  # nodes followed upwards

SAME = {"Identity", "Cast", "CastLike", "Dropout", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Expand", "Transpose"}
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
        elif name in op.producers:
            found = _computed_fact(op, op.producers[name], name, what, depth + 1)
        if found is not None and not found.any():
            found = None
    op.known[key] = found
    return found


def _constant_fact(value: np.ndarray | None, what: Fact) -> Mask | None:
    if value is None or value.size > LARGEST or value.dtype.kind not in "biufV":
        return None
    if what == "zero":
        return np.asarray(value == 0)
    if what == "one":
        return np.asarray(value == 1)
    if value.dtype.kind in "bu":
        return None
    if value.dtype.kind == "i":
        return np.asarray(value <= HIDDEN)
    return np.asarray(value <= _most(value, HIDDEN))


def _most(value: np.ndarray, limit: float) -> float:
    """The limit, or what comes closest to it in the value's type."""
    return (
        limit
        if value.dtype.kind != "f"
        else float(np.clip(limit, np.finfo(value.dtype).min, np.finfo(value.dtype).max))
    )


def _computed_fact(op: Op, node: Node, name: str, what: Fact, depth: int) -> Mask | None:
    """Facts of a node's first output, from those of its inputs."""
    if node.domain or node.outputs[0] != name:
        return None
    kind, inputs = node.op_type, node.inputs

    def of(index: int, wanted: Fact = what) -> Mask | None:
        return fact(op, inputs[index], wanted, depth)

    if kind in SAME:
        return None if kind == "Dropout" and what == "one" else _moved(op, node, of(0))
    if kind == "Slice":
        return _sliced(op, node, of(0))
    if kind == "ScatterND":
        return _scattered(op, node, of(0), of(2))
    if kind == "DequantizeLinear":
        return fact(op, before_rounding(op, node), "zero", depth) if what == "zero" else None
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
        hidden = full(op, inputs[0], hidden, axes[0])
        # a row that is hidden altogether is NaN, or every score weighs the same: nothing is certain there
        return hidden & ~hidden.all(axis=axes[0], keepdims=True)
    return None


def before_rounding(op: Op, node: Node) -> str:
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
    if kind == "Sub":  # scores - 1e9 * (1 - mask), too
        value = op.graph.value(inputs[1])
        high = (
            None if value is None or value.size > LARGEST or value.dtype.kind != "f" else value >= _most(value, -HIDDEN)
        )
        return _either(of(0), high)
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
    return None if a is None or b is None or not _fit(a, b) else a & b


def _either(*masks: Mask | None) -> Mask | None:
    """What one mask or another knows; of two that are too large together, the larger one."""
    result: Mask | None = None
    for mask in masks:
        if result is None or mask is None:
            result = mask if result is None else result
        elif _fit(result, mask):
            result = result | mask
        else:
            result = max(result, mask, key=np.size)
    return result


def _fit(a: Mask, b: Mask) -> bool:
    return math.prod(np.broadcast_shapes(a.shape, b.shape)) <= LARGEST


def full(op: Op, name: str, mask: Mask, *axes: int) -> Mask:
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
        return full(op, node.inputs[0], mask).transpose(perm)
    if node.op_type == "Expand" or shape == out:
        return mask
    mask = full(op, node.inputs[0], mask)
    kept = next(
        (i for i, (a, b) in enumerate(zip(shape[::-1], out[::-1], strict=False)) if a != b), min(len(shape), len(out))
    )
    if math.prod(mask.shape[: len(shape) - kept]) == 1:  # (1, 1, n, n) of heads that are folded into the batch, say
        return mask.reshape((1,) * (len(out) - kept) + mask.shape[len(shape) - kept :])
    if math.prod(static(shape)) > LARGEST:
        return None
    return np.broadcast_to(mask, static(shape)).reshape(static(out))


def _sliced(op: Op, node: Node, mask: Mask | None) -> Mask | None:
    axes, starts, ends, steps = (node.attrs.get(name) for name in ("axes", "starts", "ends", "steps"))
    if mask is None or axes is None or starts is None or ends is None or steps is None:
        return None
    mask = full(op, node.inputs[0], mask, *axes)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        mask = mask.take(np.arange(start, end, step), axis=axis)
    return mask


def _scattered(op: Op, node: Node, data: Mask | None, updates: Mask | None) -> Mask | None:
    """Masks that are written into one another: `causal[..., :n] = padded`."""
    shape, source = op.graph.shapes[node.inputs[0]], op.graph.shapes[node.inputs[2]]
    indices = op.graph.value(node.inputs[1])
    if indices is None or node.attrs.get("reduction", "none") != "none" or (data is None and updates is None):
        return None
    if shape is None or source is None or None in shape or None in source:
        return None
    if max(indices.size, math.prod(static(shape)), math.prod(static(source))) > LARGEST:
        return None
    nothing = np.asarray(False)
    result = np.broadcast_to(nothing if data is None else data, static(shape)).copy()
    written = np.broadcast_to(nothing if updates is None else updates, static(source))
    result[tuple(np.moveaxis(indices, -1, 0))] = written
    return result


def _outside_triangle(op: Op, node: Node) -> Mask | None:
    shape = op.graph.shapes[node.inputs[0]]
    offset = op.graph.value(node.inputs[1]) if len(node.inputs) > 1 and node.inputs[1] else np.zeros((), np.int64)
    if shape is None or offset is None:
        return None
    rows, columns = (d or 0 for d in shape[-2:])
    if rows * columns > LARGEST:
        return None
    kept = np.tri(rows, columns, int(offset.reshape(-1)[0]) - (1 if node.attrs.get("upper", 1) else 0), dtype=bool)
    return kept if node.attrs.get("upper", 1) else ~kept
