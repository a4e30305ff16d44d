"""Shifts that outputs of a random model are said to follow, run as the sentence says."""

from __future__ import annotations

from typing import Any

import numpy as np

from rfonnx.results.fields import ShiftFact


def shown(fact: ShiftFact, shape: tuple[int, ...], dtype: Any, random: np.random.Generator) -> list[np.ndarray]:
    """An input before and after the shift: noise all over, or noise that stays in the room before a uniform background."""
    assert fact.period is not None
    length, period = shape[fact.axis], fact.period
    longer = (*shape[: fact.axis], length + period, *shape[fact.axis + 1 :])
    canvas = np.moveaxis(random.normal(size=longer).astype(dtype), fact.axis, 0)
    if fact.room is not None:
        canvas[: fact.room[0] + period] = canvas[fact.room[1] + 1 :] = 0.3
    return [np.ascontiguousarray(np.moveaxis(part, 0, fact.axis)) for part in (canvas[period:], canvas[:length])]


def follows(fact: ShiftFact, before: np.ndarray, after: np.ndarray) -> bool:
    """Whether the output does what is said of it, at every position of which it is said."""
    largest = np.abs(before[np.isfinite(before)]).max(initial=1e-6)
    if fact.tensor_axis is not None and fact.positions is not None:
        first, last = fact.positions
        here = np.arange(max(first, first - fact.shift), min(last, last - fact.shift) + 1)
        if not here.size:
            return False
        before, after = before.take(here, fact.tensor_axis), after.take(here + fact.shift, fact.tensor_axis)
    elif fact.tensor_axis is not None:  # rows laid end to end, of which some move
        return True
    return bool(np.isclose(before, after, rtol=2e-2, atol=1e-3 * largest, equal_nan=True).all())
