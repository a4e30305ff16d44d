"""Lines: which position of an input axis each position of a tensor stands for, followed through the access steps of one path.

A position stands for `start + sum(slope * index)` over the axes of the tensor: a convolution of stride 2 doubles the slope, a
transpose moves it to another axis. Where a window begins is left out: position t of an output stands for floor(t * stride)
whatever the padding (`TimeFact`). What is taken together stands for nothing; a single position that is picked
stands for itself.

Axes that others were merged into are kept as *factors*, outermost first, so that they can be split again.
Example: x (1, 48), as frames of (6, 8): slopes 8 and 1; a mean over each frame leaves slope 8 along axis 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from rfonnx.analysis.derive.shifts import slope as inner_slope
from rfonnx.operators.access.primitives import Band, Permute, Reduce, Reshape, Select, Spread, Step, Window, tables
from rfonnx.system.named import NamedTuple

STILL = Fraction(0)


class Factor(NamedTuple):
    """Part of an axis: its length, and positions of the input per step along it."""

    length: int
    slope: Fraction


Axis = tuple[Factor, ...]


class Line(NamedTuple):
    """What the positions of a tensor stand for.

    Attributes:
        axes: of the tensor.
        start: what position 0 stands for, where positions were picked; 0 otherwise.
    """

    axes: tuple[Axis, ...]
    start: Fraction = STILL

    def slope(self, axis: int) -> Fraction | None:
        """Input positions per position along a whole axis; None when its factors do not run on from one to the next.

        Factors (6, 2), (2, 0), frames of stride 2 repeated twice: 1.
        """
        factors = self.axes[axis]
        if all(not factor.slope for factor in factors):
            return STILL
        outer, inner = factors[0], factors[1:]
        within = sum(((n - 1) * s for n, s in inner), STILL)
        if not outer.slope or not 0 <= within < abs(outer.slope) or any(s < 0 for _, s in inner):
            return None
        return outer.slope / math.prod(n for n, _ in inner)

    def walks(self, axis: int) -> bool:
        """Whether positions along the axis stand for different ones of the input.

        An operator may speak of an axis that there is not: a tensor whose rank depends on data is followed as a single number.
        """
        factors = self.axes[axis] if axis < len(self.axes) else ()
        return bool(factors[0].slope) if len(factors) == 1 else any(factor.slope for factor in factors)

    @property
    def walking(self) -> tuple[int, ...]:
        """The axes that do."""
        return tuple(axis for axis in range(len(self.axes)) if self.walks(axis))

    def with_axis(self, axis: int, *factors: Factor) -> Line:
        return self._replace(axes=(*self.axes[:axis], _merged(factors), *self.axes[axis + 1 :]))


def of_input(shape: Sequence[int], axis: int) -> Line:
    """An input along one of its own axes."""
    return Line(tuple((Factor(n, Fraction(i == axis and n > 1)),) for i, n in enumerate(shape)))


def follow(line: Line, steps: Iterable[Step], shape: Sequence[int]) -> Line | None:
    """The line after the steps of a path and broadcasting to `shape`; None when the positions stand for nothing any more."""
    arrived = after(line, steps)
    return None if arrived is None else _broadcast(arrived, shape)


def after(line: Line, steps: Iterable[Step]) -> Line | None:
    """The same before broadcasting."""
    found: Line | None = line
    for step in steps:
        if found is None:
            return None
        found = _after(found, step)
    return found


def _after(line: Line, step: Step) -> Line | None:
    if isinstance(step, Window):
        if line.axes[step.axis] == (Factor(step.length, STILL),):
            return line
        if not line.walks(step.axis):
            return line.with_axis(step.axis, Factor(step.length, STILL))
        if (step.kernel, step.stride, step.pad) == (1, 1, 0) and step.length == _length(line.axes[step.axis]):
            return line
        if step.length == 1:
            return _picked(line, step.axis, -step.pad) if step.kernel == 1 else _together(line, (step.axis,))
        return _scaled(line, step.axis, step.length, Fraction(step.stride))
    if isinstance(step, Spread):
        return _scaled(line, step.axis, step.length, Fraction(1, step.stride))
    if isinstance(step, Select):
        return _select(line, step)
    if isinstance(step, Band):
        return _band(line, step)
    if isinstance(step, Reduce):
        return _together(line, step.axes)
    if isinstance(step, Permute):
        return line._replace(axes=tuple(line.axes[i] for i in step.perm))
    return _reshape(line, step)


def _together(line: Line, axes: Sequence[int]) -> Line | None:
    """Axes taken together: of frames, what is left stands for their first positions; of a whole sequence, for nothing."""
    taken = [factor for axis in axes for factor in line.axes[axis]]
    for axis in axes:
        line = line.with_axis(axis, Factor(1, STILL))
    left = [abs(factor.slope) for axis in line.axes for factor in axis if factor.slope]
    within = sum((abs(s) * (n - 1) for n, s in taken), STILL)
    return line if not within or (left and within < min(left)) else None


def _scaled(line: Line, axis: int, length: int, by: Fraction | None) -> Line | None:
    """An axis read so that one position on, the reads are `by` further; None: not steadily."""
    if not line.walks(axis):
        return line.with_axis(axis, Factor(length, STILL))
    slope = line.slope(axis)
    return (
        None
        if slope is None or by is None
        else line.with_axis(axis, Factor(length, slope * by if length > 1 else STILL))
    )


def _picked(line: Line, axis: int, index: int) -> Line | None:
    """One position alone of an axis."""
    slope = line.slope(axis)
    if slope is None:
        return None
    return line.with_axis(axis, Factor(1, STILL))._replace(start=line.start + slope * index)


def _select(line: Line, step: Select) -> Line | None:
    length = len(step.first)
    if not line.walks(step.axis):
        return line.with_axis(step.axis, Factor(length, STILL))
    if step.period and step.shift and length > 1:
        return _scaled(line, step.axis, length, Fraction(step.shift, step.period))
    read, outputs = tables(step), None
    if read is None:  # more positions than are laid out: those beside the cuts of runs tell of the others
        from rfonnx.analysis.derive.telling import told  # hardly any net is that long

        seen = told(step, 1, lambda every, _: np.ones(len(every), bool))
        if seen is None:
            return None
        outputs, read = seen.outputs, seen.read
    if length == 1:
        return _picked(line, step.axis, int(read.first[0])) if read.first[0] == read.last[0] else None
    return _scaled(line, step.axis, length, _advance(read.first, read.last, _length(line.axes[step.axis]), outputs))


def _band(line: Line, step: Band) -> Line | None:
    """A reduce over a range that goes with the position along `by`, as a mask of attention leaves it: that goes on."""
    if not line.walks(step.axis):
        return line.with_axis(step.axis, Factor(1, STILL))
    slope, advance = line.slope(step.axis), _advance(step.first, step.last, _length(line.axes[step.axis]))
    if slope is None or advance is None or line.walks(step.by):
        return None
    return line.with_axis(step.axis, Factor(1, STILL)).with_axis(step.by, Factor(len(step.first), slope * advance))


def _advance(first: np.ndarray, last: np.ndarray, length: int, outputs: np.ndarray | None = None) -> Fraction | None:
    """By how much reads advance per position: their ends, or else their beginnings, or both between borders.

    A running sum, 0..o, advances by 1; so does one from the end, o..n-1.

    Args:
        first, last: what is read.
        length: of the axis that is read.
        outputs: by which positions, where these are not all of them.
    """
    reads = np.flatnonzero(first <= last)
    if len(reads) < 2 or reads[-1] - reads[0] != len(reads) - 1:
        return None
    apart = np.diff(reads if outputs is None else outputs[reads])
    for ends in (last, first):
        steps = np.diff(ends[reads])
        if steps[0] and (steps * apart[0] == steps[0] * apart).all():
            return Fraction(int(steps[0]), int(apart[0]))
    between = None if outputs is not None else inner_slope(first, last, length)
    return None if between is None else Fraction(between)


def _reshape(line: Line, step: Reshape) -> Line | None:
    """The same factors in row-major order, cut anew."""
    queue = [factor for axis in reversed(line.axes) for factor in reversed(axis) if factor.length != 1]
    if 0 in step.shape or any(factor.length == 0 for factor in queue):
        return None
    axes: list[Axis] = []
    for length in step.shape:
        room, found = length, []
        while room > 1:
            if not queue:
                return None
            n, slope = queue.pop()
            if n > room:
                if n % room:
                    return None
                queue.append(Factor(n // room, slope))
                n, slope = room, slope * (n // room)
            elif room % n:
                return None
            found.append(Factor(n, slope))
            room //= n
        axes.append(_merged(found))
    return None if queue else line._replace(axes=tuple(axes))


def _merged(factors: Iterable[Factor]) -> Axis:
    """Neighbours that run on from one to the next as one, so that equal lines look alike."""
    merged: list[Factor] = []
    for factor in factors:
        if factor.length == 1:
            continue
        if merged and merged[-1].slope == factor.slope * factor.length:
            factor = Factor(merged.pop().length * factor.length, factor.slope)
        merged.append(factor)
    return tuple(merged) or (Factor(1, STILL),)


def _broadcast(line: Line, shape: Sequence[int]) -> Line:
    """Axes that are added or stretched: the positions along them stand for the same."""
    lengths = tuple([_length(axis) for axis in line.axes])
    if lengths == tuple(shape):
        return line
    missing = len(shape) - len(lengths)
    axes: list[Axis] = [(Factor(n, STILL),) for n in shape[:missing]]
    for axis, own, n in zip(line.axes, lengths, shape[missing:], strict=True):
        axes.append(axis if own == n else (Factor(n, STILL),))
    return line._replace(axes=tuple(axes))


def _length(axis: Axis) -> int:
    return axis[0].length if len(axis) == 1 else math.prod([factor.length for factor in axis])
