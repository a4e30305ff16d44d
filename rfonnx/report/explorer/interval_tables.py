"""The fields of every tensor as tables that assets/access_boxes.js reads: each different one once, and packed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rfonnx.report.explorer.access_program import AccessProgram, numbered
from rfonnx.report.explorer.packing import MOST, packed

Int64 = npt.NDArray[np.int64]

MOST_CELLS = 2**22
"""Cells of tables that the core lays out for one page: they take time. A layer whose turn comes after that many is left out."""

LONGEST = 2**22
"""Positions of the longest axis of a layer that has a table."""

MOST_NUMBERS = 2**19
"""Packed numbers of all tables of a page."""

MOST_OF_TABLE = 2**16
"""Packed numbers of one table. A layer with a larger one is left out: scores of attention between windows, say."""


class Fielded(Protocol):
    """An analysis as it is asked for fields; `rfonnx.Analysis` is one."""

    @property
    def program(self) -> AccessProgram: ...

    def intervals(self, tensor: str, *, input: str, axis: int, clip: bool = True) -> tuple[Int64, Int64]:
        """lo and hi of every position of a tensor along an input axis; they broadcast to the tensor's shape."""
        ...


class _Tables:
    """Tables so far, and what they took."""

    def __init__(self) -> None:
        self.kept = numbered()
        self.cells = self.numbers = 0  # laid out, and packed
        self._met: dict[tuple[object, ...], int | None] = {}

    @property
    def full(self) -> bool:
        return self.cells > MOST_CELLS or self.numbers > MOST_NUMBERS

    def number(self, lo: Int64, hi: Int64) -> int | None:
        """Number of the table that holds these intervals; None where it is too large, or has numbers that no script holds."""
        self.cells += lo.size
        key = (lo.shape, lo.tobytes(), hi.tobytes())
        if key not in self._met:
            self._met[key] = self._new(lo, hi)
        return self._met[key]

    def _new(self, lo: Int64, hi: Int64) -> int | None:
        table = table_of(lo, hi)
        size = sum(map(len, table))
        if size > MOST_OF_TABLE or not _holds(lo, hi):
            return None
        self.numbers += size
        return self.kept.of(tuple(map(tuple, table)), table)


def tables_to_dict(source: Fielded, layers: Sequence[str], first: Sequence[str] = ()) -> dict[str, Any]:
    """What every layer sees along every axis of every input; those of `layers` that come `first` have room surely.

    `tables`: as of `table_of`. `rows`: numbers of tables, for all axes of all inputs in order the clipped one and the one without
    borders. `layers`: the number of each layer's row; -1 where it was left out.
    """
    pairs = [(name, axis) for name, shape in source.program.inputs for axis in range(len(shape))]
    passed = passed_on(source.program)
    long = {tensor.name for tensor in source.program.tensors if max(tensor.shape, default=0) > LONGEST}
    tables, rows = _Tables(), numbered()
    by_name: dict[str, int] = {}
    for name in dict.fromkeys((*first, *layers)):
        if (origin := passed.get(name, name)) in by_name:
            by_name[name] = by_name[origin]
            continue
        if tables.full or name in long:
            by_name[name] = -1
            continue
        row = [
            tables.number(*source.intervals(name, input=given, axis=axis, clip=clip))
            for given, axis in pairs
            for clip in (True, False)
        ]
        by_name[name] = -1 if None in row else rows.of(tuple(row), row)
    return {"tables": tables.kept.things, "rows": rows.things, "layers": [by_name[name] for name in layers]}


def passed_on(program: AccessProgram) -> dict[str, str]:
    """By tensor that reads of one other of its shape what stands in its own place: the first of which that is so."""
    base = len(program.inputs)
    origin: dict[str, str] = {}
    for tensor in program.tensors:
        sources = {source for source, steps in tensor.paths if not steps}
        if len(sources) == 1 and all(not steps for _, steps in tensor.paths) and min(sources) >= base:
            read = program.tensors[min(sources) - base]
            if read.shape == tensor.shape:
                origin[tensor.name] = origin.get(read.name, read.name)
    return origin


def _holds(lo: Int64, hi: Int64) -> bool:
    """Whether a script holds its numbers exactly."""
    read = lo <= hi
    return bool((np.abs(lo[read]) <= MOST).all() and (np.abs(hi[read]) <= MOST).all())


def table_of(lo: Int64, hi: Int64) -> list[list[int]]:
    """`[axes, starts..., lo, size]`: the axes along which the intervals differ; for each, packed, where each run of positions
    that see the same begins; then, packed and row-major over the runs, the first position seen, and how many: 0 is nothing.
    """
    empty = hi < lo
    lo, hi = np.where(empty, 0, lo), np.where(empty, -1, hi)
    size = hi - lo + 1
    axes, starts = [], []
    for axis in range(lo.ndim):
        if lo.shape[axis] == 1:
            continue
        begins = _begins(lo, size, axis)
        lo, size = np.take(lo, begins, axis), np.take(size, begins, axis)
        if begins.size != 1:
            axes.append(axis)
            starts.append(packed(begins))
    return [axes, *starts, packed(lo), packed(size)]


def _begins(lo: Int64, size: Int64, axis: int) -> Int64:
    """Positions along an axis that see other things than their neighbour before them."""
    lo, size = np.moveaxis(lo, axis, 0), np.moveaxis(size, axis, 0)
    differs = np.ones(lo.shape[0], np.bool_)
    differs[1:] = ((lo[1:] != lo[:-1]) | (size[1:] != size[:-1])).any(axis=tuple(range(1, lo.ndim)))
    return np.flatnonzero(differs)
