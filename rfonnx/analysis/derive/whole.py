"""Which operators take a whole axis of an input into each position: pools over everything, attention, statistics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rfonnx.analysis.derive.analysed import Fields, Pair, hull, length_of, told
from rfonnx.analysis.derive.walks import Walks
from rfonnx.analysis.lower import Program
from rfonnx.results.array_types import Int64

Whole = tuple[str, str, int]
"""Tensor, input, axis."""


class Sliding(Fields, Protocol):
    """Fields of which is known at once where windows slide; `rfonnx.Analysis` is one."""

    def slides(self, pair: Pair) -> npt.NDArray[np.bool_]:
        """As `rfonnx.Analysis.slides`."""
        ...


def takes_whole(
    fields: Sliding, program: Program, walks: Walks, pairs: Iterable[Pair], steps: Iterable[Whole]
) -> tuple[Whole, ...]:
    """Tensors that see a whole axis and are made of none that does, and those of `steps`, in topological order.

    Those of `steps` see it whole also where no position sees its end, which strides leave out.

    A tensor of which that is known only as "at most" counts if something that reads it sees the whole axis too, or it is an
    output: weights that a causal mask hides are shown with their row, and read without it.

    Args:
        fields, program, walks: of the model.
        pairs: inputs and axes to look at.
        steps: tensors that take together an axis that came from an input's, also where everything was seen before.
    """
    again = set(steps)
    found: list[Whole] = []
    for pair in dict.fromkeys(pairs):
        found += [(name, *pair) for name in _along(fields, program, walks, pair, again)]
    if not found:
        return ()
    order = {name: i for i, name in enumerate(fields.tensors)}
    return tuple(sorted(found, key=lambda one: order[one[0]]))


def _along(fields: Sliding, program: Program, walks: Walks, pair: Pair, again: set[Whole]) -> Iterator[str]:
    inputs = len(program.inputs)
    slides = fields.slides(pair).tolist()
    if all(slides[inputs:]) and not any(one[1:] == pair for one in again):
        return  # most axes of most models
    before = [False] * inputs  # by source: it, or what a temporary is made of, sees the whole axis
    read: set[int] = set()  # by what sees the whole axis
    made: list[tuple[int, str]] = []
    for index, tensor in enumerate(program.tensors, inputs):
        sources = [source for source, _ in tensor.paths]
        given = any(before[source] for source in sources)
        named = tensor.name in fields.tensors
        whole = not slides[index] and sees_whole(fields, walks, tensor.name, pair) if named else given
        if named and not whole and (tensor.name, *pair) in again:
            whole = _sees_alike(fields, walks, tensor.name, pair)
        before.append(whole)
        if whole and named:
            read.update(sources)
            if not given or (tensor.name, *pair) in again:
                made.append((index, tensor.name))
    for index, name in made:
        if fields.tensors[name].exact or index in read or name in fields.outputs:
            yield name


def sees_whole(fields: Fields, walks: Walks, tensor: str, pair: Pair) -> bool:
    """Whether every position of a tensor that sees anything of an input's axis sees all of it.

    Positions that stand for the same sample count together: the two directions of a recurrent layer leave nothing out. Windows
    that slide are not meant, however small the input: only one that is alone, as that of a pool over everything.
    """
    seen = fields.tensors[tensor]
    field, shape = seen.fields[pair], seen.shape
    if field.kind == "none" or shape is None:
        return False
    if field.kind in ("local", "periodic") and field.tensor_axis is not None and shape[field.tensor_axis] != 1:
        return False
    length = length_of(fields, pair)
    if length < 2 or (0 < field.coverage < 1 and not _together(fields, walks, tensor, pair)):
        return False  # the position in the middle sees something, and not all
    lo, hi = _by_own_position(fields, walks, tensor, pair, clip=True)
    reads = lo <= hi
    if not reads.any() or (lo[reads] > 0).any() or (hi[reads] < length - 1).any():
        return False
    # Where windows are as wide as the input, laid out as tokens: on a larger one they would slide.
    lo, hi = _by_own_position(fields, walks, tensor, pair, clip=False)
    reads = lo <= hi
    return bool(min(np.ptp(lo[reads]), np.ptp(hi[reads])) < length / 2)


def _sees_alike(fields: Fields, walks: Walks, tensor: str, pair: Pair) -> bool:
    """Whether every position sees the same, and more than half of the axis.

    Of what takes an axis together that came from the input's. Strides before it may leave a rest at the end that nothing reads.
    """
    length = length_of(fields, pair)
    if 0 < fields.tensors[tensor].fields[pair].coverage <= 0.5 and not _together(fields, walks, tensor, pair):
        return False
    lo, hi = _by_own_position(fields, walks, tensor, pair, clip=True)
    reads = lo <= hi
    if fields.tensors[tensor].fields[pair].kind == "none" or not reads.any():
        return False
    return not np.ptp(lo[reads]) and not np.ptp(hi[reads]) and bool(2 * (hi - lo + 1)[reads].max() > length)


def _by_own_position(fields: Fields, walks: Walks, tensor: str, pair: Pair, clip: bool) -> tuple[Int64, Int64]:
    """Intervals, those of positions that stand for the same sample together."""
    lo, hi = told(fields, tensor, pair, clip)
    axes = _together(fields, walks, tensor, pair)
    return hull(lo, hi, axes) if axes else (lo, hi)


def _together(fields: Fields, walks: Walks, tensor: str, pair: Pair) -> tuple[int, ...]:
    """Axes of a tensor along which positions stand for the same sample, where that is known of a field that does not slide."""
    seen = fields.tensors[tensor]
    longer = [axis for axis, n in enumerate(seen.shape or ()) if n != 1]
    if seen.fields[pair].kind != "block" or len(longer) < 2:  # an axis of one position runs along nothing
        return ()
    own = {line.walking for line in walks.of(tensor, *pair)} - {()}
    if len(own) != 1:
        return ()
    (runs,) = own
    return tuple(axis for axis in range(len(seen.shape or ())) if axis not in runs)
