"""From how an output moves to what is said of it: a fact that holds at the size that was analysed, or why there is none."""

from __future__ import annotations

import math

from rfonnx.analysis.derive.inner import laid_out
from rfonnx.analysis.derive.moves import Axis, Factor, Moved
from rfonnx.analysis.derive.positional import Positional
from rfonnx.results.fields import ShiftFact

CONTENT = 5
"""Positions that must find room where only what is shown before a uniform background is followed: less is nothing to look at."""


def shift_fact(name: str, axis: int, length: int, moved: Moved, positional: Positional) -> ShiftFact:
    """What is said of an output that moves so when an axis of an input does, which is `length` long."""
    moves, room = moved.moves, moved.room
    moving = [i for i in range(len(moves.axes)) if moves.flat(i)]
    along = moving[0] if moving else None
    reason = moves.broken
    if not reason and len(moving) > 1:
        reason = f"it moves along its axes {', '.join(map(str, moving))} together"
    if moves.constants:
        reason = f"'{positional.named(moves.constants)[0].name}' treats positions differently"
    if reason:
        return ShiftFact(name, axis, along, None, 0, reason)
    least = length + moves.period * _periods_missing(moved)
    if moves.period >= length:
        reason = f"it would take a shift by {moves.period}, and the input is {length} long"
        return ShiftFact(name, axis, along, None, 0, reason, max(least, length + moves.period))
    if least > length:
        what = "a position" if room is None else f"a stretch of {CONTENT} positions"
        reason = (
            f"it takes an input of {least} positions to have {what} that no border reaches before and after a shift by "
            f"{moves.period}, and it is {length} long"
        )
        return ShiftFact(name, axis, along, None, 0, reason, least)
    return ShiftFact(
        name,
        axis,
        along,
        moves.period,
        (moves.flat(along) or 0) if along is not None else 0,
        "",
        max(least, 1),
        None if along is None else _positions(moved, moves.axes[along]),
        room,
    )


def _positions(moved: Moved, axis: Axis) -> tuple[int, int] | None:
    """The inner positions of an axis; None where parts of it that are laid end to end move."""
    where = moved.inner(axis[0])
    if where is None or any(factor.move for factor in axis[1:]):
        return None
    where = laid_out(where, math.prod(factor.length for factor in axis[1:]))
    return where.first, where.last


def _periods_missing(moved: Moved) -> int:
    """By how many periods the input must grow until the fact holds somewhere; below 0 where it may shrink by as many."""
    missing = [_missing(moved, factor) for axis in moved.moves.axes for factor in axis if factor.move]
    if moved.room is not None:
        (first, last), period = moved.room, moved.moves.period
        missing.append(-(-(CONTENT + period - (last - first + 1)) // period))
    return max(missing, default=0)


def _missing(moved: Moved, factor: Factor) -> int:
    """A position and where it moves to must both be inner; each period of the input adds `move` positions."""
    where = moved.inner(factor)
    if where is None or not factor.move:
        return 0
    move = abs(factor.move)
    return -(-(move + 1 - (where.last - where.first + 1)) // move)
