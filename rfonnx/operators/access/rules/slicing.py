"""Access of operators that pick positions along an axis: Slice, Split, Concat, Gather and their kin."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.operators.access.indexing import MAX_FLAT, MAX_TABLE, control_paths, crop, pick, pick_flat, pick_rows
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Step, Window

BY_DATA = "which positions are read is data"


@rule("Slice")
def slice_(op: Op) -> Access:
    """Output o reads `start + o*step`. Exact, when starts are known or can only be one value.

    x[5:25:2]: 5, 7, 9 ... With starts computed at run time: every place where a slice of the output's length can lie.
    """
    axes, starts, ends, steps = (op.attrs[name] for name in ("axes", "starts", "ends", "steps"))
    shape, out = op.shape(0), op.out_shape()
    control = control_paths(op, range(1, len(op.node.inputs)))
    if starts is not None:
        windows = tuple(
            Window(axis, max(-(-(end - start) // step), 0), 1, step, 1, -start)
            for axis, start, end, step in zip(axes, starts, ends, steps, strict=True)
            if (start, end, step) != (0, shape[axis], 1)
        )
        return Access((Path(op.name(0), windows), *control), not control, BY_DATA if control else "")
    if axes is None:  # any axis may be one of them; steps are 1 when left out
        axes, steps = range(len(shape)), None if op.name(4) else [1] * len(shape)
    found = [
        _anywhere(axis, shape[axis], out[axis], step)
        for axis, step in zip(axes, steps or [None] * len(axes), strict=True)
    ]
    exact = not control and all(step is None for step in found)
    note = "" if exact else "where the slice starts is computed at run time"
    return Access((Path(op.name(0), tuple(step for step in found if step)), *control), exact, note)


def _anywhere(axis: int, n: int, length: int, step: int | None) -> Step | None:
    """A slice of unknown start: o reads any position that leaves room for the rest; None when that is o itself.

    Of an unknown step too: the room is largest for steps of 1 and -1.
    """
    if step == 1 and length == n:
        return None
    if length == 0:
        return crop(axis, 0, 0)
    if length > MAX_TABLE:
        return Reduce((axis,))
    before = np.arange(length, dtype=np.int64) * abs(step or 1)
    after = before[::-1]
    if step is None:
        return Select(axis, np.minimum(before, after), n - 1 - np.minimum(before, after))
    return Select(axis, before, n - 1 - after) if step > 0 else Select(axis, after.copy(), n - 1 - before)


@rule("Split")
def split(op: Op) -> list[Access]:
    """Output k reads its own part. Exact."""
    axis, start, result = op.attrs["axis"], 0, []
    for number, name in enumerate(op.node.outputs):
        lengths = op.attrs["split"]
        length = lengths[number] if lengths is not None else op.out_shape(number)[axis] if name else None
        if length is None:
            raise Unproven("the lengths of the parts are computed at run time")
        result.append(Access((Path(op.name(0), (crop(axis, start, length),)),)))
        start += length
    return result


@rule("Concat")
def concat(op: Op) -> Access:
    """Each part is read in its own stretch of the axis. Exact.

    A part among zeros (put before a causal conv, say) goes on beyond its ends, as zero padding would; one among other constants
    (the class token of a transformer) does not.
    """
    axis, total = op.attrs["axis"], op.out_shape()[op.attrs["axis"]]
    parts = [i for i, name in enumerate(op.node.inputs) if name]
    others = [i for i in parts if not op.reads(i)]
    padded = len(parts) - len(others) == 1 and all(_zeros(op.value(i)) for i in others)
    if not padded and len(parts) * total > MAX_TABLE:
        paths = [Path(op.name(i), (Reduce((axis,)),)) for i in parts if op.reads(i)]
        return Access(
            tuple(paths), False, f"{len(parts)} parts of an axis of length {total} are too many to keep apart"
        )
    paths, start = [], 0
    for i in parts:
        length = op.shape(i)[axis]
        if op.reads(i):
            step: Step = Window(axis, total, 1, 1, 1, start) if padded else stretch(axis, total, start, length)
            paths.append(Path(op.name(i), () if length == total else (step,)))
        start += length
    return Access(tuple(paths))


def _zeros(value: np.ndarray | None) -> bool:
    return value is not None and not value.any()


def stretch(axis: int, total: int, start: int, length: int) -> Select:
    """Of an axis of length total, `start .. start+length-1` reads 0 .. length-1; the rest reads nothing."""
    if total > MAX_TABLE or start + length > total:
        raise Unproven(f"axis {axis} of length {total} is too long for a table, or too short for its parts")
    first = np.zeros(total, np.int64)
    last = np.full(total, -1, np.int64)
    first[start : start + length] = last[start : start + length] = np.arange(length)
    return Select(axis, first, last)


def known_index(op: Op, index: int, lengths: np.ndarray | int) -> np.ndarray | None:
    """A constant index with negative positions counted from the end; None when it is not constant.

    Raises:
        Unproven: it points outside the axis.
    """
    value = op.value(index)
    if value is None:
        return None
    positions = np.asarray(value).astype(np.int64)
    positions = np.where(positions < 0, positions + lengths, positions)
    if positions.size and bool(((positions < 0) | (positions >= lengths)).any()):
        raise Unproven("an index points outside its axis")
    return positions


@rule("Gather")
def gather(op: Op) -> Access:
    """Output reads `index[o]` along the axis. Exact for constant indices.

    Otherwise all along the axis of the data, and each index at its own position.
    """
    axis, shape, indices = op.attrs["axis"], op.shape(0), op.shape(1)
    index = known_index(op, 1, shape[axis])
    if index is not None and index.size <= MAX_TABLE:
        reshape = () if len(indices) == 1 else (Reshape(op.out_shape()),)
        return Access((Path(op.name(0), (pick(axis, index), *reshape)),))
    gathered = Reshape((*shape[:axis], *(1 for _ in indices), *shape[axis + 1 :]))
    paths = (
        *([Path(op.name(0), (Reduce((axis,)), gathered))] if op.reads(0) else []),
        *([Path(op.name(1), (Reshape((*indices, *(1 for _ in shape[axis + 1 :]))),))] if op.reads(1) else []),
    )
    return Access(paths, not op.reads(0), BY_DATA if op.reads(0) else "")


@rule("GatherElements")
def gather_elements(op: Op) -> Access:
    """Like Gather, with an index per element. Exact for constant indices that are alike along the other axes, or few."""
    axis, shape, out = op.attrs["axis"], op.shape(0), op.out_shape()
    index = known_index(op, 1, shape[axis])
    others = [crop(i, 0, m) for i, (n, m) in enumerate(zip(shape, out, strict=True)) if i != axis and n != m]
    if index is None or index.size == 0:
        paths = [Path(op.name(0), (*others, Reduce((axis,))))] if op.reads(0) else []
        paths += [Path(op.name(1))] if op.reads(1) else []
        return Access(tuple(paths), not op.reads(0), BY_DATA if op.reads(0) else "")
    rows = np.moveaxis(index, axis, 0).reshape(out[axis], -1)
    if (rows == rows[:, :1]).all():
        return Access((Path(op.name(0), (*others, pick(axis, rows[:, 0]))),))
    if max(math.prod(shape), index.size) <= MAX_FLAT:
        where = list(np.indices(out))
        where[axis] = index
        return Access((Path(op.name(0), pick_flat(shape, np.ravel_multi_index(tuple(where), shape), out)),))
    step = Select(axis, rows.min(1), rows.max(1))
    return Access((Path(op.name(0), (*others, step)),), False, "indices differ along other axes: their hull is counted")


@rule("GatherND")
def gather_nd(op: Op) -> Access:
    """Each index tuple picks a sub-tensor. Exact for constant indices; otherwise all along the indexed axes is read."""
    shape, indices, batch = op.shape(0), op.shape(1), op.attrs["batch_dims"]
    depth = batch + indices[-1]
    if depth > len(shape):
        raise Unproven(f"indices of {depth} places do not fit a tensor of {len(shape)} axes")
    lead, rest = shape[:depth], shape[depth:]
    tuples = known_index(op, 1, np.array(shape[batch:depth], np.int64))
    if tuples is not None and math.prod(indices[:-1]) <= MAX_TABLE:
        where = list(np.indices(indices[:-1])[:batch])
        index = (
            np.ravel_multi_index((*where, *np.moveaxis(tuples, -1, 0)), lead) if depth else np.zeros(indices[:-1], int)
        )
        steps = (Reshape((math.prod(lead), *rest)), pick(0, index), Reshape(op.out_shape()))
        return Access((Path(op.name(0), steps),))
    paths = []
    if op.reads(0):
        axes = tuple(range(batch, depth))
        alike = (*shape[:batch], *(1 for _ in indices[batch:-1]), *rest)
        paths.append(Path(op.name(0), (Reduce(axes), Reshape(alike))))
    if op.reads(1):
        paths.append(Path(op.name(1), (Reduce((len(indices) - 1,)), Reshape((*indices[:-1], *(1 for _ in rest))))))
    return Access(tuple(paths), not op.reads(0), BY_DATA if op.reads(0) else "")


@rule("Compress")
def compress(op: Op) -> Access:
    """Positions whose condition is true. Exact for a constant condition."""
    axis, shape = op.attrs["axis"], op.shape(0)
    condition = op.value(1)
    flat: tuple[Step, ...] = () if axis is not None else (Reshape((math.prod(shape),)),)
    along = axis if axis is not None else 0
    if condition is not None:
        return Access((Path(op.name(0), (*flat, pick(along, np.flatnonzero(condition)))),))
    return Access((Path(op.name(0), (*flat, Reduce((along,)))), *control_paths(op, (1,))), False, BY_DATA)


@rule("ReverseSequence")
def reverse_sequence(op: Op) -> Access:
    """Position t of batch b reads `length[b]-1-t` while that is in the sequence, t after it.

    Exact for constant lengths that are alike or few; otherwise all along time is read, and the batch's own length.
    """
    time, batch, shape = op.attrs["time_axis"], op.attrs["batch_axis"], op.shape(0)
    lengths = op.value(1)
    t = np.arange(shape[time], dtype=np.int64)
    if lengths is not None and lengths.size:
        rows = np.stack([np.where(t < n, n - 1 - t, t) for n in lengths.astype(np.int64).reshape(-1).tolist()])
        if (rows == rows[:1]).all():
            return Access((Path(op.name(0), (pick(time, rows[0]),)),))
        if rows.size <= MAX_FLAT:
            return Access((Path(op.name(0), pick_rows(shape, batch, time, rows)),))
    paths = [Path(op.name(0), (Reduce((time,)),))] if op.reads(0) else []
    if op.reads(1):
        paths.append(Path(op.name(1), (Reshape(tuple(n if i == batch else 1 for i, n in enumerate(shape))),)))
    return Access(tuple(paths), False, BY_DATA)
