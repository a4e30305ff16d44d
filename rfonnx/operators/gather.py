"""Operators that pick positions by an index.

Spelling: Gather, GatherElements: `axis`. GatherND: `batch_dims`. Compress: `axis`, None when it flattens. ReverseSequence:
`time_axis`, `batch_axis`.
"""

from __future__ import annotations

import math

import numpy as np

from rfonnx.graph.nodes import Node
from rfonnx.graph.text import show_shape
from rfonnx.operators.access.indexing import MAX_FLAT, MAX_TABLE, control_paths, crop, pick, pick_flat, pick_rows
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Step
from rfonnx.operators.access.shared import BY_DATA, by_data, known_index
from rfonnx.operators.misfits import FitCall, misfit
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare


@spelling("Gather", "GatherElements")
def spell_gather(call: SpellCall) -> Node:
    """axis defaults to 0."""
    return call.with_attrs(axis=call.axis_attr(0, call.rank(0)))


@spelling("GatherND")
def spell_gather_nd(call: SpellCall) -> Node:
    """batch_dims came with opset 12."""
    return call.with_attrs(batch_dims=call.int_attr("batch_dims", 0))


@spelling("Compress")
def spell_compress(call: SpellCall) -> Node:
    """Without axis the tensor is flattened first."""
    return spell_gather(call) if "axis" in call.node.attrs else call.with_attrs(axis=None)


@spelling("ReverseSequence")
def spell_reverse_sequence(call: SpellCall) -> Node:
    """Time is axis 0 and batch axis 1 by default."""
    return call.with_attrs(time_axis=call.int_attr("time_axis", 0), batch_axis=call.int_attr("batch_axis", 1))


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
    own = Reshape((*indices, *(1 for _ in shape[axis + 1 :])))
    return by_data(op, (Reduce((axis,)), gathered), (own,))


@misfit("GatherElements")
def misfit_of(call: FitCall) -> str:
    """Indices reach no further than the data along other axes than `axis`."""
    data, indices = call.shape(0), call.shape(1)
    if data is None or indices is None or len(data) != len(indices):
        return ""
    axis = call.node.attrs.get("axis", 0) % len(data)
    beyond = any(n > m for i, (n, m) in enumerate(zip(indices, data, strict=True)) if i != axis)
    return f"indices of shape {show_shape(indices)} reach beyond data of {show_shape(data)}" if beyond else ""


@rule("GatherElements")
def gather_elements(op: Op) -> Access:
    """Like Gather, with an index per element. Exact for constant indices that are alike along the other axes, or few."""
    axis, shape, out = op.attrs["axis"], op.shape(0), op.out_shape()
    index = known_index(op, 1, shape[axis])
    others = [crop(i, 0, m) for i, (n, m) in enumerate(zip(shape, out, strict=True)) if i != axis and n != m]
    if index is None or index.size == 0:
        return by_data(op, (*others, Reduce((axis,))), ())
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
    alike = Reshape((*shape[:batch], *(1 for _ in indices[batch:-1]), *rest))
    own = (Reduce((len(indices) - 1,)), Reshape((*indices[:-1], *(1 for _ in rest))))
    return by_data(op, (Reduce(tuple(range(batch, depth))), alike), own)


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


declare("GatherND", "ReverseSequence", macs=0, manner=(), moves=True)
declare("Compress", macs=0, manner=(), moves=True, sized_by_values=True)
declare("Gather", evaluation="fast", macs=0, manner=("regular",), moves=True, takes_along=True)
declare("GatherElements", evaluation="fast", macs=0, manner=(), moves=True)
