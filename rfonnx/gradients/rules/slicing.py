"""Operators that pick positions: what was read from a position is added back to it."""

from __future__ import annotations

from collections.abc import Callable

from rfonnx.gradients.answers import ZERO, Gradients, Unsupported, Zero
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.rules.placing import add_elements, place, placed_runs, scatter_along
from rfonnx.gradients.values import Value


def _rest(op: Op) -> list[Zero]:
    """Positions and lengths have no gradient."""
    return [ZERO] * (len(op.node.inputs) - 1)


@rule("Slice")
def slice_(op: Op, g: Value) -> Gradients:
    """Zeros around the slice, and between its positions when it steps."""
    axes, starts, steps = op.constant("axes"), op.constant("starts"), op.constant("steps")
    shape, out = op.shape(), op.out_shape()
    rank = len(shape)
    pads = [0] * (2 * rank)
    for axis, start, step in zip(axes, starts, steps, strict=True):
        if step == 1 or out[axis] <= 1:
            pads[axis], pads[rank + axis] = start, shape[axis] - start - out[axis]
        else:
            g = place(g, rank, axis, start, step, out[axis], shape[axis])
    return [g.pad(pads), *_rest(op)]


@rule("Gather")
def gather(op: Op, g: Value) -> Gradients:
    """Constant indices become runs or a 0/1 matrix; computed ones are scattered."""
    axis, shape, indices = op.attrs["axis"], op.shape(), op.shape(1)
    count = 1
    for n in indices:
        count *= n
    length, rank = shape[axis], len(shape)
    like = op.like()
    flat = g.reshape([*like[:axis], count, *like[axis + 1 :]]) if len(indices) != 1 else g
    known = op.value(1)
    if known is not None:
        positions = [int(i) % length for i in known.reshape(-1)]
        return [placed_runs(flat, rank, axis, positions, length), ZERO]
    return [scatter_along(flat, rank, axis, op.x(1).reshape([-1]), length), ZERO]


@rule("GatherElements")
def gather_elements(op: Op, g: Value) -> Gradients:
    """Added to where it was read from."""
    axis, rank = op.attrs["axis"], len(op.shape())
    indices = op.x(1)
    if op.lane() is not None:
        indices = op.emit("Expand", indices, op.emit.shape_of(g))
    if all(a == axis or n == m for a, (n, m) in enumerate(zip(op.shape(), op.shape(1), strict=True))):
        return [add_elements(g, axis, indices, rank, op.shape()[axis]), ZERO]
    if op.lane() is not None:
        raise Unsupported("it reads a part of its rows for several seeds at once")
    zeros = op.emit("Expand", op.emit.scalar(0.0, g.dtype), op.emit.ints(op.shape()))
    return [op.emit("ScatterElements", zeros, indices, g, axis=axis, reduction="add"), ZERO]


@rule("GatherND")
def gather_nd(op: Op, g: Value) -> Gradients:
    """Added to where it was read from; batch axes become part of the index."""
    if op.lane() is not None:
        raise Unsupported("it reads computed positions for several seeds at once")
    emit, batch = op.emit, op.attrs["batch_dims"]
    indices, shape = op.x(1), op.shape(1)
    for axis in reversed(range(batch)):
        # the index along a batch axis is the position itself: one more column of the index tuples
        place_ = emit("Range", *(emit.scalar(v, "int64") for v in (0, shape[axis], 1)))
        column = place_.reshape([-1 if a == axis else 1 for a in range(len(shape))])
        wide = emit("Expand", column, emit.ints([*shape[:-1], 1]))
        indices = emit.concat([wide, indices], len(shape) - 1)
    zeros = emit("Expand", emit.scalar(0.0, g.dtype), emit.ints(op.shape()))
    return [emit("ScatterND", zeros, indices, g, reduction="add"), ZERO]


@rule("Compress")
def compress(op: Op, g: Value) -> Gradients:
    """Added to the positions where the condition holds."""
    emit, shape, axis = op.emit, op.shape(), op.attrs["axis"]
    kept = emit("NonZero", op.x(1)).reshape([-1])
    if axis is not None:
        return [scatter_along(g, len(shape), axis, kept, shape[axis]), ZERO]
    total = 1
    for n in shape:
        total *= n
    return [scatter_along(g, 1, 0, kept, total).reshape(op.like()), ZERO]


@rule("TopK", every_output=True)
def top_k(op: Op, g: Value) -> Gradients:
    """Each value's gradient goes to where it was."""
    value = op.gradients[0]
    if value is None:
        return [ZERO] * len(op.node.inputs)
    axis, rank = op.attrs["axis"], len(op.shape())
    indices = Value(op.emit, op.node.outputs[1], "int64")
    if op.lane() is not None:
        indices = op.emit("Expand", indices, op.emit.shape_of(value))
    return [add_elements(value, axis, indices, rank, op.shape()[axis]), *_rest(op)]


@rule("ScatterElements")
def scatter_elements(op: Op, g: Value) -> Gradients:
    """What is overwritten gets zero, updates get what lies where they were written."""
    axis = op.attrs["axis"]

    def gathered(value: Value) -> Value:
        return op.emit("GatherElements", value, op.x(1), axis=axis)

    def scattered(value: Value, updates: Value, reduction: str) -> Value:
        return op.emit("ScatterElements", value, op.x(1), updates, axis=axis, reduction=reduction)

    return _scatter(op, g, gathered, scattered)


@rule("ScatterND")
def scatter_nd(op: Op, g: Value) -> Gradients:
    """As ScatterElements."""

    def gathered(value: Value) -> Value:
        return op.emit("GatherND", value, op.x(1))

    def scattered(value: Value, updates: Value, reduction: str) -> Value:
        return op.emit("ScatterND", value, op.x(1), updates, reduction=reduction)

    return _scatter(op, g, gathered, scattered)


Gathered = Callable[[Value], Value]
Scattered = Callable[[Value, Value, str], Value]


def _scatter(op: Op, g: Value, gathered: Gathered, scattered: Scattered) -> Gradients:
    reduction = op.attrs["reduction"]
    if op.lane() is not None or op.lane(2) is not None:
        raise Unsupported("it writes to computed positions for several seeds at once")
    if reduction == "mul":
        return [*_scatter_product(op, g, gathered, scattered)]
    if reduction in ("max", "min"):
        return [*_scatter_extreme(op, g, gathered, scattered)]
    data: Value | Zero | None = g
    if op.needs(0) and reduction == "none":
        zeros = op.emit("Expand", op.emit.scalar(0.0, g.dtype), op.emit.ints(op.shape(2)))
        data = scattered(g, zeros, "none")
    return [data, ZERO, gathered(g) if op.needs(2) else None]


def _scatter_product(op: Op, g: Value, gathered: Gathered, scattered: Scattered) -> Gradients:
    """y = data times its updates: each gets g times the product of the others, found without dividing by zero."""
    emit, updates = op.emit, op.x(2)
    one = emit("Expand", emit.scalar(1.0, g.dtype), emit.ints(op.shape()))
    data = g * scattered(one, updates, "mul") if op.needs(0) else None
    if not op.needs(2):
        return [data, ZERO, None]
    is_zero = emit("Equal", updates, emit.scalar(0.0, g.dtype))
    safe = emit("Where", is_zero, emit.scalar(1.0, g.dtype), updates, dtype=g.dtype)
    zeros = gathered(scattered(one * 0.0, is_zero.cast(g.dtype), "add"))
    # of the factors that share a place, all others are nonzero: no zero at all, or this one is the only zero
    alone = emit("Equal", zeros, is_zero.cast(g.dtype)).cast(g.dtype)
    return [data, ZERO, gathered(g * scattered(op.x(0), safe, "mul")) / safe * alone]


def _scatter_extreme(op: Op, g: Value, gathered: Gathered, scattered: Scattered) -> Gradients:
    """g is shared evenly by all that hold the extreme, as ReduceMax does."""
    emit, y = op.emit, op.y()
    kept = emit("Equal", op.x(0), y).cast(g.dtype)
    written = emit("Equal", op.x(2), gathered(y)).cast(g.dtype)
    share = g / scattered(kept, written, "add")
    return [share * kept, ZERO, gathered(share) * written if op.needs(2) else None]
