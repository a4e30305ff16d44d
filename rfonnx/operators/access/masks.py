"""Masks over a tensor's positions: combining them, and taking them through operators that move values.

A mask is a bool array that broadcasts to its tensor's shape, or None where nothing is known of any position.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import is_static
from rfonnx.operators.access.op import Op

Mask = np.ndarray[Any, np.dtype[np.bool_]]

LARGEST = 2**24
"""Elements of a mask that is looked at."""


def both(a: Mask | None, b: Mask | None) -> Mask | None:
    """What two masks know."""
    if a is None or b is None or not fit(a, b):
        return None
    if a.size == 1 and a.all():
        return b
    return a if b.size == 1 and b.all() else np.asarray(a & b)


def either(*masks: Mask | None) -> Mask | None:
    """What one mask or another knows; of two that are too large together, the larger one."""
    result: Mask | None = None
    for mask in masks:
        if result is None or mask is None or mask is result:
            result = mask if result is None else result
        elif fit(result, mask):
            result = result | mask
        else:
            result = max(result, mask, key=np.size)
    return result


def fit(a: Mask, b: Mask) -> bool:
    """True when two masks together are not too large."""
    return math.prod(np.broadcast_shapes(a.shape, b.shape)) <= LARGEST


def full(op: Op, name: str, mask: Mask, *axes: int) -> Mask:
    """The mask with as many axes as the tensor, and its whole length along `axes`."""
    shape = op.graph.shapes[name] or ()
    mask = mask.reshape((1,) * (len(shape) - mask.ndim) + mask.shape)
    wanted = [d if i in axes else n for i, (d, n) in enumerate(zip(shape, mask.shape, strict=True))]
    return np.broadcast_to(mask, [d or 0 for d in wanted])


def along_one(mask: Mask, rank: int) -> tuple[int, Mask] | None:
    """Of `rank` axes, the one along which alone a mask differs, and the mask along it; None when there is not one."""
    mask = mask.reshape((1,) * (rank - mask.ndim) + mask.shape)
    differs = [axis for axis, n in enumerate(mask.shape) if n > 1 and (mask != mask.take([0], axis=axis)).any()]
    return (differs[0], mask.max(axis=tuple({*range(rank)} - {*differs}))) if len(differs) == 1 else None


def moved(op: Op, node: Node, mask: Mask | None) -> Mask | None:
    """The mask of a tensor that the node re-shapes."""
    shape, out = op.graph.shapes.get(node.inputs[0]), op.graph.shapes.get(node.outputs[0])
    if mask is None or not is_static(shape) or not is_static(out):
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
    return None if math.prod(shape) > LARGEST else np.broadcast_to(mask, shape).reshape(out)


def sliced(op: Op, node: Node, mask: Mask | None) -> Mask | None:
    axes, starts, ends, steps = (node.attrs.get(name) for name in ("axes", "starts", "ends", "steps"))
    if mask is None or axes is None or starts is None or ends is None or steps is None:
        return None
    mask = full(op, node.inputs[0], mask, *axes)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        mask = mask.take(np.arange(start, end, step), axis=axis)
    return mask


def scattered(op: Op, node: Node, data: Mask | None, updates: Mask | None) -> Mask | None:
    """Masks that are written into one another: `causal[..., :n] = padded`."""
    shape, source = op.graph.shapes[node.inputs[0]], op.graph.shapes[node.inputs[2]]
    indices = op.graph.value(node.inputs[1])
    if indices is None or node.attrs.get("reduction", "none") != "none" or (data is None and updates is None):
        return None
    if not is_static(shape) or not is_static(source) or max(indices.size, *map(math.prod, (shape, source))) > LARGEST:
        return None
    nothing = np.asarray(False)
    result = np.broadcast_to(nothing if data is None else data, shape).copy()
    written = np.broadcast_to(nothing if updates is None else updates, source)
    result[tuple(np.moveaxis(indices, -1, 0))] = written
    return result


def outside_triangle(op: Op, node: Node) -> Mask | None:
    shape = op.graph.shapes[node.inputs[0]]
    offset = op.graph.value(node.inputs[1]) if len(node.inputs) > 1 and node.inputs[1] else np.zeros((), np.int64)
    if shape is None or offset is None:
        return None
    rows, columns = (d or 0 for d in shape[-2:])
    if rows * columns > LARGEST:
        return None
    kept = np.tri(rows, columns, int(offset.reshape(-1)[0]) - (1 if node.attrs.get("upper", 1) else 0), dtype=bool)
    return kept if node.attrs.get("upper", 1) else ~kept


def concatenated(op: Op, node: Node, parts: list[Mask | None]) -> Mask | None:
    """Masks behind one another along the axis."""
    if all(part is None for part in parts):
        return None
    axis, shapes = node.attrs["axis"], [op.graph.shapes.get(name) for name in node.inputs]
    if not all(map(is_static, shapes)):
        return None
    whole = [
        full(op, name, np.zeros((), bool) if part is None else part, axis)
        for name, part in zip(node.inputs, parts, strict=True)
    ]
    length = sum(part.shape[axis] for part in whole)
    common = np.broadcast_shapes(*((*p.shape[:axis], 1, *p.shape[axis + 1 :]) for p in whole))
    if math.prod(common) * length > LARGEST:
        return None
    shapes_ = [(*common[:axis], part.shape[axis], *common[axis + 1 :]) for part in whole]
    return np.concatenate([np.broadcast_to(p, shape) for p, shape in zip(whole, shapes_, strict=True)], axis)


def gathered(op: Op, node: Node, mask: Mask | None) -> Mask | None:
    """The mask at constant indices."""
    index = op.graph.value(node.inputs[1])
    if mask is None or index is None:
        return None
    axis = node.attrs["axis"]
    mask = full(op, node.inputs[0], mask, axis)
    n = mask.shape[axis]
    if mask.size // max(n, 1) * index.size > LARGEST or index.min(initial=0) < -n or index.max(initial=-1) >= n:
        return None
    return mask.take(index.astype(np.int64), axis=axis)


def padded(op: Op, node: Node, mask: Mask | None, border: bool) -> Mask | None:
    """The mask between borders of a constant, of which all or none is known."""
    shape, pads = op.graph.shapes.get(node.inputs[0]), node.attrs.get("pads")
    if not is_static(shape) or pads is None or node.attrs.get("mode") != "constant" or (mask is None and not border):
        return None
    ends = list(zip(pads[: len(shape)], pads[len(shape) :], strict=True))
    axes = [axis for axis, pair in enumerate(ends) if any(pair)]
    mask = full(op, node.inputs[0], np.zeros((), bool) if mask is None else mask, *axes)
    kept = mask[tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(mask.shape, ends, strict=True))]
    more = [(max(a, 0), max(b, 0)) for a, b in ends]
    if math.prod(n + sum(pair) for n, pair in zip(kept.shape, more, strict=True)) > LARGEST:
        return None
    return np.pad(kept, more, constant_values=border)


def reduced(op: Op, node: Node, mask: Mask | None) -> Mask | None:
    """True where all that is reduced is."""
    axes, shape = node.attrs.get("axes"), op.graph.shapes.get(node.outputs[0])
    if mask is None or axes is None or shape is None:
        return None
    mask = np.asarray(full(op, node.inputs[0], mask).all(axis=tuple(axes), keepdims=True))
    return mask if node.attrs["keepdims"] else np.squeeze(mask, axis=tuple(axes))


def running(op: Op, node: Node, mask: Mask | None) -> Mask | None:
    """True where all up to a position is; where that is nothing, too."""
    axis, back, exclusive = (node.attrs.get(name) for name in ("axis", "reverse", "exclusive"))
    if axis is None or (mask is None and not exclusive):
        return None
    mask = full(op, node.inputs[0], np.zeros((), bool) if mask is None else mask, axis)
    mask = np.flip(mask, axis) if back else mask
    mask = np.logical_and.accumulate(mask, axis=axis)
    if exclusive:
        first = np.ones((*mask.shape[:axis], 1, *mask.shape[axis + 1 :]), bool)
        mask = np.concatenate([first, mask.take(np.arange(mask.shape[axis] - 1), axis=axis)], axis)
    return np.flip(mask, axis) if back else mask


def row_ranges(used: Mask) -> tuple[np.ndarray, np.ndarray, bool]:
    """First and last used column of every row (`last < first` where none is), and whether each row is one run.

    >>> row_ranges(np.array([[0, 1, 1], [0, 0, 0]], bool))
    (array([1, 0]), array([ 2, -1]), True)
    """
    some = used.any(axis=1)
    first = np.where(some, used.argmax(axis=1), 0).astype(np.int64)
    last = np.where(some, used.shape[1] - 1 - used[:, ::-1].argmax(axis=1), -1).astype(np.int64)
    return first, last, bool((used.sum(axis=1) == last - first + 1).all())
