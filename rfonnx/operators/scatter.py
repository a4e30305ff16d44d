"""Operators that write at positions. Spelling:

ScatterElements (also for Scatter): `axis`, `reduction` ("none", "add", "mul", "max", "min"). ScatterND: `reduction`.
TensorScatter: `axis`, `mode` ("linear", "circular").
"""

from __future__ import annotations

import math

import numpy as np

from rfonnx.graph.nodes import Node
from rfonnx.operators.access.indexing import MAX_FLAT, MAX_TABLE, control_paths, pick, pick_rows, positions
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Step, Window
from rfonnx.operators.access.shared import known_index
from rfonnx.operators.misfits import FitCall, lengths, misfit
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare
from rfonnx.system.named import NamedTuple

REDUCTIONS = ("none", "add", "mul", "max", "min")


@spelling("ScatterElements", "Scatter")
def spell_scatter_elements(call: SpellCall) -> Node:
    """Scatter is the older name; reduction came with opset 16."""
    spelt = call.with_attrs(
        axis=call.axis_attr(0, call.rank(0)), reduction=call.word_attr("reduction", "none", REDUCTIONS)
    )
    return spelt.called("ScatterElements", spelt.attrs)


@spelling("ScatterND")
def spell_scatter_nd(call: SpellCall) -> Node:
    """reduction came with opset 16."""
    return call.with_attrs(reduction=call.word_attr("reduction", "none", REDUCTIONS))


@spelling("TensorScatter")
def spell_tensor_scatter(call: SpellCall) -> Node:
    """The sequence axis is the last but one by default."""
    return call.with_attrs(
        axis=call.axis_attr(-2, call.rank(0)),
        mode=call.word_attr("mode", "linear", ("linear", "circular")),
    )


BY_DATA = "which positions are written is data"


class Box(NamedTuple):
    """Written positions that are a product of positions per axis.

    Attributes:
        rows: per written axis, from the first on, the positions in the order of the updates, each once.
    """

    rows: tuple[np.ndarray, ...]


@rule("ScatterElements", "Scatter")
def scatter_elements(op: Op) -> Access:
    """Written positions read their update, the others the data; with a reduction written positions read both.

    Exact for constant indices that are few, or form a box; otherwise any update along the axis may be read.
    """
    shape, axis, written = op.shape(0), op.attrs["axis"], op.shape(1)
    index = known_index(op, 1, shape[axis])
    if index is not None and index.size <= MAX_TABLE:
        box = _elements_box(index, axis)
        if box is not None:
            return _boxed(op, box, ())
        if max(math.prod(shape), index.size) <= MAX_FLAT:
            where = list(np.indices(written))
            where[axis] = index
            return _one_by_one(op, len(shape), np.ravel_multi_index(tuple(where), shape))
    steps: list[Step] = [Reduce((axis,))]
    steps += [Window(i, n, 1, 1, 1, 0) for i, n in enumerate(shape) if i != axis and written[i] != n]
    return Access((Path(op.name(0)), *(Path(op.name(i), tuple(steps)) for i in (1, 2) if op.reads(i))), False, BY_DATA)


def _elements_box(index: np.ndarray, axis: int) -> Box | None:
    """The box that an index per element writes, when it is alike along the other axes and names no position twice."""
    rows = np.moveaxis(index, axis, 0).reshape(index.shape[axis], -1)
    if not rows.size or not (rows == rows[:, :1]).all() or len(np.unique(rows[:, 0])) < len(rows):
        return None
    return Box(tuple(rows[:, 0] if i == axis else np.arange(n, dtype=np.int64) for i, n in enumerate(index.shape)))


@misfit("ScatterND")
def misfit_of(call: FitCall) -> str:
    """Updates are as many parts of the data as there are indices."""
    data, indices = call.shape(0), call.shape(1)
    if data is None or not indices or indices[-1] > len(data):
        return ""
    return lengths(call, 2, "input of updates", (*indices[:-1], *data[indices[-1] :]))


@rule("ScatterND")
def scatter_nd(op: Op) -> Access:
    """As ScatterElements, for sub-tensors. Exact for constant indices; otherwise any update may be read.

    A slice assignment x[:, 2:4] = u is exported so: its indices form a box.
    """
    shape, indices = op.shape(0), op.shape(1)
    depth = indices[-1]
    if depth > len(shape):
        raise Unproven(f"indices of {depth} places do not fit a tensor of {len(shape)} axes")
    tuples = known_index(op, 1, np.array(shape[:depth], np.int64))
    if tuples is not None and depth and math.prod(indices[:-1]) <= MAX_TABLE:
        flat = tuples.reshape(-1, depth)
        box = _tuples_box(flat)
        if box is not None:
            return _boxed(op, box, shape[depth:])
        if math.prod(shape[:depth]) <= MAX_TABLE:
            return _one_by_one(op, depth, np.ravel_multi_index(tuple(flat.T), shape[:depth]))
    paths = [Path(op.name(0))]
    if op.reads(2):
        reduced = Reduce(tuple(range(len(indices) - 1)))
        paths.append(Path(op.name(2), (reduced, Reshape((*(1 for _ in range(depth)), *shape[depth:])))))
    return Access((*paths, *control_paths(op, (1,))), False, BY_DATA)


def _tuples_box(tuples: np.ndarray) -> Box | None:
    """The box that index tuples (one per row, in row-major order) write, or None when they form none."""
    if not len(tuples):
        return None
    rows = []
    for column in tuples.T:
        _, at = np.unique(column, return_index=True)
        rows.append(column[np.sort(at)])
    counts = [len(row) for row in rows]
    if math.prod(counts) != len(tuples):
        return None
    expected = np.stack([grid.reshape(-1) for grid in np.meshgrid(*rows, indexing="ij")], axis=1)
    return Box(tuple(rows)) if np.array_equal(tuples, expected) else None


def _boxed(op: Op, box: Box, rest: tuple[int, ...]) -> Access:
    """Inside the box the update, outside the data: outside means outside along one axis or another."""
    shape, name = op.shape(0), op.name(0)
    paths, steps = [], []
    for axis, row in enumerate(box.rows):
        update = np.full_like(positions(shape[axis]), -1)
        update[row] = np.arange(len(row))
        if not np.array_equal(update, np.arange(shape[axis])):
            steps.append(pick(axis, update))
        if (update < 0).any():
            paths.append(Path(name, (pick(axis, np.where(update < 0, np.arange(shape[axis]), -1)),)))
    if op.attrs.get("reduction", "none") != "none":
        paths = [Path(name)]
    counts = tuple(len(row) for row in box.rows)
    return Access((*paths, Path(op.name(2), (Reshape((*counts, *rest)), *steps)), *control_paths(op, (1,))))


def _one_by_one(op: Op, depth: int, index: np.ndarray) -> Access:
    """Updates that write at flat positions of the first `depth` axes, one after another."""
    shape = op.shape(0)
    size, rest = math.prod(shape[:depth]), shape[depth:]
    index = index.reshape(-1)
    number = np.arange(len(index), dtype=np.int64)
    first, last = np.full(size, len(index), np.int64), np.full(size, -1, np.int64)
    np.minimum.at(first, index, number)
    np.maximum.at(last, index, number)
    writers = np.bincount(index, minlength=size)
    kept = np.where(writers == 0, np.arange(size), -1)
    merged, back = Reshape((size, *rest)), Reshape(shape)
    reduces = op.attrs["reduction"] != "none"
    data = Path(op.name(0), () if reduces else (merged, pick(0, kept), back))
    updates = Path(op.name(2), (Reshape((len(index), *rest)), Select(0, np.where(writers > 0, first, 0), last), back))
    alone = writers <= 1
    between = last - first + 1 == writers
    exact = bool(alone.all()) or (reduces and bool((alone | between).all()))
    return Access((data, updates), exact, "" if exact else "several updates write one position: their hull is counted")


@rule("TensorScatter")
def tensor_scatter(op: Op) -> Access:
    """A cache with an update written into it from a position per sample on. Exact for constant positions."""
    shape, axis, count = op.shape(0), op.attrs["axis"], op.shape(1)[op.attrs["axis"]]
    starts = op.value(2) if op.name(2) else np.zeros(shape[0], np.int64)
    if starts is not None and starts.size == shape[0] and shape[0] * shape[axis] <= MAX_TABLE:
        written = starts.astype(np.int64).reshape(-1, 1) + np.arange(count, dtype=np.int64)
        if op.attrs["mode"] == "circular":
            written %= shape[axis]
        if written.size and (written.min() < 0 or written.max() >= shape[axis]):
            raise Unproven("the update is written beyond the cache")
        update = np.full((shape[0], shape[axis]), -1, np.int64)
        np.put_along_axis(update, written, np.broadcast_to(np.arange(count, dtype=np.int64), written.shape), axis=1)
        kept = np.where(update < 0, np.arange(shape[axis]), -1)
        if (update == update[:1]).all():
            return Access((Path(op.name(0), (pick(axis, kept[0]),)), Path(op.name(1), (pick(axis, update[0]),))))
        data, new = pick_rows(shape, 0, axis, kept), pick_rows(op.shape(1), 0, axis, update)
        return Access((Path(op.name(0), data), Path(op.name(1), new)))
    paths = [Path(op.name(0)), Path(op.name(1), (Reduce((axis,)),))]
    if op.reads(2):
        paths.append(Path(op.name(2), (Reshape((shape[0], *(1 for _ in shape[1:]))),)))
    return Access(tuple(paths), False, BY_DATA)


declare("Scatter", "ScatterElements", "ScatterND", "TensorScatter", macs=0, manner=(), moves=True)
declare("ScatterND", takes_along=True)
