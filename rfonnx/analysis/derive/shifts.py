"""What each access step does to how a tensor moves: see `moves`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

import numpy as np

from rfonnx.analysis.derive import inner
from rfonnx.analysis.derive.moves import ALIKE, Axis, Factor, Moves, flat
from rfonnx.analysis.derive.moves import length as length_of
from rfonnx.analysis.derive.parts import Where, later, met, sources
from rfonnx.operators.access.primitives import Band, Permute, Reduce, Reshape, Select, Spread, Step, Window, tables
from rfonnx.system.named import NamedTuple


class Walked(NamedTuple):
    """Moves after steps; `reduced`: whether an axis was taken together along which the content moved."""

    moves: Moves
    reduced: bool


def walk(moves: Moves, steps: Iterable[Step]) -> Walked:
    """What the steps of a path make of it."""
    reduced = False
    for step in steps:
        if isinstance(step, Window):
            moves, whole = _window(moves, step)
            reduced = reduced or whole
        elif isinstance(step, Spread):
            moves = _spread(moves, step)
        elif isinstance(step, Select):
            moves = _select(moves, step)
        elif isinstance(step, Reduce):
            for axis in step.axes:
                if moves.flat(axis):
                    moves, reduced = _together(moves, axis), True
                moves = moves.with_axis(axis, (Factor(1, ALIKE),))
        elif isinstance(step, Band):
            reduced = reduced or bool(moves.flat(step.axis))
            moves = _band(moves, step)
        elif isinstance(step, Permute):
            moves = moves._replace(axes=tuple(moves.axes[i] for i in step.perm))
        elif isinstance(step, Reshape):
            moves = _reshape(moves, step.shape)
    return Walked(moves, reduced)


def slope(first: np.ndarray, last: np.ndarray, length: int) -> int | None:
    """By how much a table of reads advances per position, borders aside; None when it does not do so steadily.

    >>> slope(np.array([0, 0, 1, 2, 3, 4]), np.array([1, 2, 3, 4, 5, 5]), 6)  # a window of 3, clamped
    1
    """
    inner = np.flatnonzero((first <= last) & (first > 0) & (last < length - 1))
    if len(inner) < 2 or inner[-1] - inner[0] != len(inner) - 1:
        return None
    advance = int(first[inner[1]] - first[inner[0]])
    steady = (np.diff(first[inner]) == advance).all() and (np.diff(last[inner]) == advance).all()
    return advance if steady and advance else None


def _single(moves: Moves, axis: int) -> Moves:
    """The axis as one factor. Where parts of it move that are laid end to end, each has borders of its own."""
    factors = moves.axes[axis]
    if len(factors) == 1:
        return moves
    if any(factor.move for factor in factors[1:]):
        moves = moves.broken_by("positions are read across rows that are laid end to end")
    behind = math.prod(factor.length for factor in factors[1:])
    where = factors[0].inner and later(inner.laid_out, factors[0].inner, behind)
    return moves.with_axis(axis, (Factor(factors[0].length * behind, flat(factors), where),))


def _cropped(moves: Moves, first: int, last: int, length: int, stride: int) -> Moves:
    """Reads from `first` to `last` (or back) of an axis, every `stride`-th: they may leave out a part at an end."""
    first, last = min(first, last), max(first, last)
    return moves._replace(cropped=moves.cropped or first >= stride or last < length - stride)


def _together(moves: Moves, axis: int) -> Moves:
    """An axis taken together along which the content moves: no border may reach what it reaches."""
    if moves.cropped:
        moves = moves.broken_by("an axis is taken together after a part of it was cut off")
    if moves.uneven:
        moves = moves.broken_by("near positions count otherwise than far ones, and a border cuts off the far ones")
    for factor in moves.axes[axis]:
        if factor.move and factor.inner:
            moves = moves.within(sources(factor.inner))
    return moves


def _advanced(moves: Moves, axis: int, length: int, step: int, where: Where | None, positions: int = 1) -> Moves:
    """An axis read so that `positions` positions on, the reads are `step` further; `where`: its inner positions then."""
    ((before, move, _),) = moves.axes[axis]
    if not move:
        return moves if length == before else moves.with_axis(axis, (Factor(length, move),))
    moves = moves.times(abs(step) // math.gcd(move, step))
    ((_, move, _),) = moves.axes[axis]
    assert move is not None
    return _placed(moves, axis, Factor(length, move // step * positions, where))


def _placed(moves: Moves, axis: int, factor: Factor) -> Moves:
    """The axis after reads that go along it; of one position that is left, nothing is known once the content has moved on."""
    if factor.length == 1 and factor.move:
        return moves.broken_by("a fixed position is picked").with_axis(axis, (Factor(1, ALIKE),))
    return moves.with_axis(axis, (factor,))


def _window(moves: Moves, step: Window) -> tuple[Moves, bool]:
    """The moves, and whether the one window there is takes the whole axis together."""
    whole = length_of(moves.axes[step.axis])
    if (step.kernel, step.stride, step.pad, step.length) == (1, 1, 0, whole):
        return moves, False
    moves = _single(moves, step.axis)
    ((_, move, where),) = moves.axes[step.axis]
    if move and step.length == 1:
        moves = _together(moves, step.axis) if step.kernel >= whole else moves.broken_by("a fixed position is picked")
        return moves.with_axis(step.axis, (Factor(1, ALIKE),)), True
    if move is ALIKE:
        last = (step.length - 1) * step.stride - step.pad
        beyond = step.pad > 0 or last >= whole
        uneven = beyond if step.kernel == 1 else whole == 1 and step.length > 1
        return moves.with_axis(step.axis, (Factor(step.length, 0 if uneven else ALIKE),)), False
    if step.kernel == 1 and move:
        last = (step.length - 1) * step.stride - step.pad
        moves = _cropped(moves, -step.pad, last, whole, abs(step.stride))
    return _advanced(moves, step.axis, step.length, step.stride, where and later(inner.windowed, where, step)), False


def _spread(moves: Moves, step: Spread) -> Moves:
    moves = _single(moves, step.axis)
    ((_, move, where),) = moves.axes[step.axis]
    if move is ALIKE and (step.kernel, step.stride) == (1, 1):
        return moves.with_axis(step.axis, (Factor(step.length, ALIKE),))
    # What is alike everywhere comes out with the period of the stride: it may differ, but does not move.
    where = where and later(inner.spread, where, step)
    return _placed(moves, step.axis, Factor(step.length, (move or 0) * step.stride, where))


def _select(moves: Moves, step: Select) -> Moves:
    moves = _single(moves, step.axis)
    ((source, move, where),) = moves.axes[step.axis]
    length = len(step.first)
    if move and step.period and step.shift:
        return _advanced(
            moves, step.axis, length, step.shift, where and _selected(where, step, step.shift), step.period
        )
    read = tables(step)
    if read is None:
        moves = moves.broken_by("an axis is too long to look at what its positions read one by one")
        return moves.with_axis(step.axis, (Factor(length, 0),))
    first, last = read.first, read.last
    if move is ALIKE:
        counts = last - first
        alike = length == 1 or bool((counts == counts[:1]).all())
        return moves.with_axis(step.axis, (Factor(length, ALIKE if alike else 0),))
    if not move:
        same = bool((first == first[:1]).all() and (last == last[:1]).all())
        return moves.with_axis(step.axis, (Factor(length, ALIKE if same else 0),))
    seen = first <= last
    # Several positions read together may count differently from one output to the next (a Resize by 0.9): one is just copied.
    copies = bool((first[seen] == last[seen]).all())
    advance = slope(first, last, source) if copies else None
    if advance:
        moves = _cropped(moves, int(first[seen].min()), int(last[seen].max()), source, abs(advance))
        return _advanced(moves, step.axis, length, advance, where and _selected(where, step, advance))
    if not copies and (len(set(first[seen])) == 1 or len(set(last[seen])) == 1):
        moves = moves.broken_by("from one end of an axis up to each position is read, as in a recurrent layer")
    moves = moves.broken_by("positions are picked by a table without regularity")
    return moves.with_axis(step.axis, (Factor(length, 0),))


def _selected(where: Where, step: Select, advance: int) -> Where:
    """What a table reads is looked at once for equal inner positions."""
    return later(cache(lambda own: inner.selected(own, step, advance)), where)


def _band(moves: Moves, step: Band) -> Moves:
    """A reduce along `axis` over a range that goes with the position along `by`."""
    length = length_of(moves.axes[step.axis])
    along, by = moves.flat(step.axis), moves.flat(step.by)
    if along or by:
        advance = slope(step.first, step.last, length)
        if advance is None or along != (by or 0) * advance:
            moves = moves.broken_by("a mask hides more from some positions than from others")
        else:
            moves = _banded(_single(_single(moves, step.axis), step.by), step, advance)
    return moves.with_axis(step.axis, (Factor(1, ALIKE),))


def _banded(moves: Moves, step: Band, advance: int) -> Moves:
    """A position along `by` is inner when all that it takes together is, and the ends of the axis do not cut that off."""
    ((_, _, keys),) = moves.axes[step.axis]
    ((length, move, where),) = moves.axes[step.by]
    if keys is None or where is None:
        return moves
    read = _selected(keys, Select(step.axis, step.first, step.last, 1), advance)
    return moves.with_axis(step.by, (Factor(length, move, met(where, read)),))


def _reshape(moves: Moves, shape: tuple[int, ...]) -> Moves:
    """The same factors, grouped anew; the outer part of one that is split moves by whole rows, or the input moves further."""
    lengths = [length for length in shape if length != 1]
    factors = _at_rest_together([factor for axis in moves.axes for factor in axis if factor.length != 1])
    scale, groups = _regroup(factors, lengths)
    if groups is None:
        rest: list[Axis] = [(Factor(n, ALIKE if n == 1 else 0),) for n in shape]
        return moves._replace(axes=tuple(rest)).broken_by("positions are laid out anew across rows")
    moves = moves.times(scale)
    found = iter(groups)
    axes = tuple(next(found) if length != 1 else (Factor(1, ALIKE),) for length in shape)
    return moves._replace(axes=axes)


def _at_rest_together(factors: list[Factor]) -> list[Factor]:
    """Neighbours that do not move, as one: they can be split in any way."""
    merged: list[Factor] = []
    for factor in factors:
        if merged and not factor.move and not merged[-1].move:
            both = merged.pop()
            factor = Factor(both.length * factor.length, ALIKE if both.move is factor.move is ALIKE else 0)
        merged.append(factor)
    return merged


def _regroup(factors: list[Factor], lengths: list[int]) -> tuple[int, list[Axis] | None]:
    """How much further the input must move, and the factors of each new axis; None when they do not divide.

    Without elements there is nothing that could move.
    """
    if 0 in lengths or any(factor.length == 0 for factor in factors):
        return 1, None
    queue = list(reversed(factors))
    scale = 1
    groups: list[list[Factor]] = []
    for length in lengths:
        group: list[Factor] = []
        room = length
        while room > 1:
            if not queue:
                return 1, None
            n, move, where = queue.pop()
            move = move and move * scale
            if n > room:
                if n % room:
                    return 1, None
                within = n // room
                if move:
                    further = within // math.gcd(move, within)
                    scale *= further
                    groups = [[_further(factor, further) for factor in g] for g in groups]
                    group = [_further(factor, further) for factor in group]
                    move = move * further // within
                    where = where and later(inner.blocks, where, within)
                queue.append(Factor(within, ALIKE if move is ALIKE else 0))
                n = room
            elif room % n:
                return 1, None
            group.append(Factor(n, move, where))
            room //= n
        groups.append(group)
    return (scale, [tuple(group) for group in groups]) if not queue else (1, None)


def _further(factor: Factor, times: int) -> Factor:
    return factor._replace(move=factor.move and factor.move * times)
