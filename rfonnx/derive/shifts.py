"""What each access step does to how a tensor moves: see `moves`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from rfonnx.access.primitives import Band, Permute, Reduce, Reshape, Select, Spread, Step, Window
from rfonnx.derive.moves import ALIKE, Axis, Factor, Moves, flat


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
                    moves, reduced = _together(moves), True
                moves = moves.with_axis(axis, (Factor(1, ALIKE),))
        elif isinstance(step, Band):
            if moves.flat(step.axis):
                moves, reduced = _together(moves), True
            moves = _band(moves, step)
        elif isinstance(step, Permute):
            moves = moves._replace(axes=tuple(moves.axes[i] for i in step.perm))
        elif isinstance(step, Reshape):
            moves = _reshape(moves, step.shape)
    return Walked(moves, reduced)


def slope(first: np.ndarray, last: np.ndarray, length: int) -> int | None:
    """By how much a table of reads advances per position, borders aside; None when it does not do so steadily.

    >>> slope(np.array([0, 0, 1, 2]), np.array([1, 2, 3, 3]), 4)  # a window of 3, clamped
    1
    """
    inner = np.flatnonzero((first <= last) & (first > 0) & (last < length - 1))
    if len(inner) < 2 or inner[-1] - inner[0] != len(inner) - 1:
        return None
    advance = int(first[inner[1]] - first[inner[0]])
    steady = (np.diff(first[inner]) == advance).all() and (np.diff(last[inner]) == advance).all()
    return advance if steady and advance else None


def _single(moves: Moves, axis: int, kernel: int = 1) -> Moves:
    """The axis as one factor. A kernel that slides over rows laid end to end meets the end of one and the start of the next."""
    factors = moves.axes[axis]
    if len(factors) == 1:
        return moves
    if kernel > 1 and any(factor.move for factor in factors[1:]):
        moves = moves.broken_by("a window slides over rows that are laid end to end")
    return moves.with_axis(axis, (Factor(math.prod(f.length for f in factors), flat(factors)),))


def _cropped(moves: Moves, first: int, last: int, length: int, stride: int) -> Moves:
    """Reads from `first` to `last` (or back) of an axis, every `stride`-th: they may leave out a part at an end."""
    first, last = min(first, last), max(first, last)
    return moves._replace(cropped=moves.cropped or first >= stride or last < length - stride)


def _together(moves: Moves) -> Moves:
    """An axis taken together along which the content moves."""
    return moves.broken_by("only a part of an axis is taken together") if moves.cropped else moves


def _advanced(moves: Moves, axis: int, length: int, step: int, positions: int = 1) -> Moves:
    """An axis read so that `positions` positions on, the reads are `step` further."""
    ((_, move),) = moves.axes[axis]
    if not move:
        return moves.with_axis(axis, (Factor(length, move),))
    moves = moves.times(abs(step) // math.gcd(move, step))
    ((_, move),) = moves.axes[axis]
    assert move is not None
    return moves.with_axis(axis, (Factor(length, move // step * positions),))


def _window(moves: Moves, step: Window) -> tuple[Moves, bool]:
    """The moves, and whether the one window there is takes the whole axis together."""
    whole = math.prod(factor.length for factor in moves.axes[step.axis])
    if (step.kernel, step.stride, step.pad, step.length) == (1, 1, 0, whole):
        return moves, False
    moves = _single(moves, step.axis, step.kernel)
    move = moves.flat(step.axis)
    if move and step.length == 1:
        moves = _together(moves) if step.kernel >= whole else moves.broken_by("a fixed position is picked")
        return moves.with_axis(step.axis, (Factor(1, ALIKE),)), True
    if move is ALIKE:
        last = (step.length - 1) * step.stride - step.pad
        beyond = step.pad > 0 or last >= whole
        uneven = beyond if step.kernel == 1 else whole == 1 and step.length > 1
        return moves.with_axis(step.axis, (Factor(step.length, 0 if uneven else ALIKE),)), False
    if step.kernel == 1 and move:
        last = (step.length - 1) * step.stride - step.pad
        moves = _cropped(moves, -step.pad, last, whole, abs(step.stride))
    return _advanced(moves, step.axis, step.length, step.stride), False


def _spread(moves: Moves, step: Spread) -> Moves:
    moves = _single(moves, step.axis, step.kernel)
    ((_, move),) = moves.axes[step.axis]
    if move is ALIKE and (step.kernel, step.stride) == (1, 1):
        return moves.with_axis(step.axis, (Factor(step.length, ALIKE),))
    # What is alike everywhere comes out with the period of the stride: it may differ, but does not move.
    return moves.with_axis(step.axis, (Factor(step.length, (move or 0) * step.stride),))


def _select(moves: Moves, step: Select) -> Moves:
    moves = _single(moves, step.axis, 1 if np.array_equal(step.first, step.last) else 2)
    ((source, move),) = moves.axes[step.axis]
    length = len(step.first)
    if move is ALIKE:
        counts = step.last - step.first
        alike = length == 1 or bool((counts == counts[:1]).all())
        return moves.with_axis(step.axis, (Factor(length, ALIKE if alike else 0),))
    if not move:
        same = bool((step.first == step.first[:1]).all() and (step.last == step.last[:1]).all())
        return moves.with_axis(step.axis, (Factor(length, ALIKE if same else 0),))
    if step.period and step.shift:
        return _advanced(moves, step.axis, length, step.shift, step.period)
    advance = slope(step.first, step.last, source)
    if advance:
        seen = step.first <= step.last
        moves = _cropped(moves, int(step.first[seen].min()), int(step.last[seen].max()), source, abs(advance))
        return _advanced(moves, step.axis, length, advance)
    moves = moves.broken_by("positions are picked by a table without regularity")
    return moves.with_axis(step.axis, (Factor(length, 0),))


def _band(moves: Moves, step: Band) -> Moves:
    """A reduce along `axis` over a range that goes with the position along `by`."""
    length = math.prod(factor.length for factor in moves.axes[step.axis])
    along, by = moves.flat(step.axis), moves.flat(step.by)
    if along or by:
        advance = slope(step.first, step.last, length)
        if advance is None or along != (by or 0) * advance:
            moves = moves.broken_by("a mask hides more from some positions than from others")
    return moves.with_axis(step.axis, (Factor(1, ALIKE),))


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
    if 0 in lengths or any(n == 0 for n, _ in factors):
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
            n, move = queue.pop()
            move = move and move * scale
            if n > room:
                if n % room:
                    return 1, None
                inner = n // room
                if move:
                    further = inner // math.gcd(move, inner)
                    scale *= further
                    groups = [[Factor(m, d and d * further) for m, d in g] for g in groups]
                    group = [Factor(m, d and d * further) for m, d in group]
                    move = move * further // inner
                queue.append(Factor(inner, ALIKE if move is ALIKE else 0))
                n = room
            elif room % n:
                return 1, None
            group.append(Factor(n, move))
            room //= n
        groups.append(group)
    return (scale, [tuple(group) for group in groups]) if not queue else (1, None)
