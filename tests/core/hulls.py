"""Runs a program through the C++ core and takes hulls of the oracles' sets, in one form so that they compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from rfonnx import _core
from rfonnx.analysis.lower import Program

Hull = tuple[int, int] | None  # None: nothing is read


def run(program: Program, **how: int) -> _core.Result:
    return _core.run(list(program.inputs), [(t.name, t.shape, list(t.paths), t.exact) for t in program.tensors], **how)


class Claim(NamedTuple):
    """What the core says about one tensor and one input axis."""

    tensor: int
    input: int
    axis: int
    exact: bool
    hulls: dict[tuple[int, ...], Hull]  # by position of the tensor


def claims(program: Program, result: _core.Result, clip: bool) -> Iterator[Claim]:
    for index, tensor in enumerate(program.tensors):
        for column, (source, axis) in enumerate(result.axes):
            ends = result.intervals(len(program.inputs) + index, column, clip)
            lo, hi = (np.broadcast_to(end, tensor.shape) for end in ends)
            hulls = {p: (int(lo[p]), int(hi[p])) if lo[p] <= hi[p] else None for p in np.ndindex(tensor.shape)}
            yield Claim(index, source, axis, result.exact[index], hulls)


def hull(positions: Iterable[int]) -> Hull:
    found = list(positions)
    return (min(found), max(found)) if found else None


def covers(outer: Hull, inner: Hull) -> bool:
    return inner is None or (outer is not None and outer[0] <= inner[0] and inner[1] <= outer[1])
