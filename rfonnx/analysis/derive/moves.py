"""How tensors move when what an input shows is moved along one of its axes.

The input moves by `period` positions. Along each axis of a tensor its content then moves by a number of positions (0: it may
differ along the axis, but does not move), or is alike everywhere (`ALIKE`). All of it holds away from borders: at positions
that no border reaches (`Inner`). Where a whole axis is taken together, it holds for what is shown before a uniform background,
within the part of the input (`room`) from which nothing reaches a border.

An axis that others were merged into is kept as *factors*, outermost first, so that it can be split again: tokens of an image,
(H, W) in one axis, move by whole rows or within rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from rfonnx.analysis.derive import inner
from rfonnx.analysis.derive import parts as told
from rfonnx.analysis.derive.inner import Inner
from rfonnx.analysis.derive.parts import Parts, Room, Where, WhereRoom
from rfonnx.system.named import NamedTuple

ALIKE = None
"""Move of an axis along which the tensor is the same everywhere."""

Move = int | None


class Factor(NamedTuple):
    """Part of an axis: its length, how far the content moves along it, and where, when it does."""

    length: int
    move: Move
    inner: Where | None = None


Axis = tuple[Factor, ...]


class Moves(NamedTuple):
    """How a tensor moves.

    Attributes:
        period: positions that the input moves by.
        axes: of the tensor.
        broken: why the tensor does not follow the input by moving alone, or "".
        constants: numbers of the positional constants on the way.
        cropped: a part was cut off along an axis that moves: what is there leaves the image before it meets the border.
        uneven: a constant was met that differs by how far apart positions of two axes are (a bias by relative position).
        room: between which positions of the input what moves must stay, when something is taken together.
    """

    period: int
    axes: tuple[Axis, ...]
    broken: str = ""
    constants: frozenset[int] = frozenset()
    cropped: bool = False
    uneven: bool = False
    room: WhereRoom | None = None

    def flat(self, axis: int) -> Move:
        """How far the content moves along a whole axis."""
        return flat(self.axes[axis])

    def times(self, factor: int) -> Moves:
        """The same for an input that moves `factor` times as far."""
        if factor == 1:
            return self
        axes = tuple(tuple(Factor(n, d and d * factor, where) for n, d, where in axis) for axis in self.axes)
        return self._replace(period=self.period * factor, axes=axes)

    def broken_by(self, reason: str) -> Moves:
        """The first reason stays."""
        return self if self.broken or not reason else self._replace(broken=reason)

    def within(self, room: WhereRoom | None) -> Moves:
        """What moves must stay in this part of the input, too."""
        if room is None or self.room is room:
            return self
        return self._replace(room=room if self.room is None else told.shared(self.room, room))

    def exchanged(self, a: int, b: int) -> Moves:
        """Two axes in each other's place."""
        return self.with_axis(a, self.axes[b]).with_axis(b, self.axes[a])

    def with_axis(self, axis: int, new: Axis) -> Moves:
        return Moves(self.period, (*self.axes[:axis], new, *self.axes[axis + 1 :]), *self[2:])

    def numbered(self, first: int = 0) -> tuple[Moves, list[Where | WhereRoom]]:
        """The same with parts that are numbered in order, from `first` on; and what these parts are."""
        made: list[Where | WhereRoom] = []

        def number(one: Where | WhereRoom | None) -> Callable[[Parts], Any] | None:
            if one is None:
                return None
            made.append(one)
            return told.part(first + len(made) - 1)

        axes = tuple(
            [
                axis
                if len(axis) == 1 and axis[0].inner is None
                else tuple([Factor(n, d, number(w)) for n, d, w in axis])
                for axis in self.axes
            ]
        )
        return Moves(self.period, axes, *self[2:-1], number(self.room)), made


class Moved(NamedTuple):
    """How one tensor moves, and where.

    Attributes:
        moves: shared by those that move alike; its parts are numbered in order.
        parts: of this tensor.
    """

    moves: Moves
    parts: Parts

    def inner(self, factor: Factor) -> Inner | None:
        """The inner positions of a factor of an axis."""
        return factor.inner and factor.inner(self.parts)

    @property
    def room(self) -> Room | None:
        """As `Moves.room`."""
        return self.moves.room and self.moves.room(self.parts)

    def exchanged(self, a: int, b: int) -> Moved:
        """Two axes in each other's place."""
        return self._replace(moves=self.moves.exchanged(a, b))


def length(axis: Axis) -> int:
    """Positions of a whole axis."""
    return axis[0].length if len(axis) == 1 else math.prod([factor.length for factor in axis])


def flat(axis: Axis) -> Move:
    """Rows of 8 that move by one: 8. Columns in rows of 8 that move by one: 1."""
    if len(axis) == 1:  # most
        return axis[0].move
    if all(factor.move is ALIKE for factor in axis):
        return ALIKE
    total, inner = 0, 1
    for length, move, _ in reversed(axis):
        total += (move or 0) * inner
        inner *= length
    return total


def of_input(shape: tuple[int, ...], axis: int, rate: int = 1) -> Moved:
    """The input itself, moved by `rate` positions along `axis`."""
    moves = at_rest(shape).with_axis(axis, (Factor(shape[axis], rate, told.part(0)),))
    return Moved(moves, (inner.of_input(shape[axis]),))


def at_rest(shape: tuple[int, ...]) -> Moves:
    """A tensor that does not depend on the input that is moved."""
    return Moves(1, tuple((Factor(n, ALIKE if n == 1 else 0),) for n in shape))


def broadcast(moves: Moves, shape: tuple[int, ...]) -> Moves:
    """Axes that are added or stretched are alike everywhere."""
    lengths = tuple([length(axis) for axis in moves.axes])
    if lengths == shape:
        return moves
    missing = len(shape) - len(lengths)
    axes: list[Axis] = [(Factor(n, ALIKE),) for n in shape[:missing]]
    for axis, own, n in zip(moves.axes, lengths, shape[missing:], strict=True):
        axes.append(axis if own == n else (Factor(n, ALIKE),))
    return moves._replace(axes=tuple(axes))


def joined(parts: list[Moves], shape: tuple[int, ...]) -> Moves:
    """The moves of a tensor that reads all these, broadcast to its shape."""
    parts = [broadcast(part, shape) for part in parts]
    if len(parts) == 1:
        return parts[0]
    period = math.lcm(*[part.period for part in parts])
    parts = [part.times(period // part.period) for part in parts]
    axes = list(parts[0].axes)
    broken = next((part.broken for part in parts if part.broken), "")
    for part in parts[1:]:
        for i, axis in enumerate(part.axes):
            if axis == axes[i]:
                continue
            mine, other = flat(axes[i]), flat(axis)
            if mine is not ALIKE and other is not ALIKE and mine != other:
                broken = broken or "paths meet that move by different amounts"
            elif mine and other:
                together = _met(axes[i], axis)
                broken = broken or ("" if together else "paths meet whose rows are laid out differently")
                axes[i] = together or axis
            elif mine is ALIKE or (not mine and other) or (mine == other and len(axis) > len(axes[i])):
                axes[i] = axis
    constants = frozenset().union(*[part.constants for part in parts])
    cropped, uneven = any(part.cropped for part in parts), any(part.uneven for part in parts)
    result = Moves(period, tuple(axes), broken, constants, cropped, uneven)
    for part in parts:
        result = result.within(part.room)
    return result


def _met(a: Axis, b: Axis) -> Axis | None:
    """The same axis on two paths that move alike; None where its factors differ."""
    if len(a) != len(b):
        return None
    factors = []
    for (n, move, here), (m, other, there) in zip(a, b, strict=True):
        if (n, move) != (m, other):
            return None
        factors.append(Factor(n, move, told.met(here, there) if here and there else here or there))
    return tuple(factors)
