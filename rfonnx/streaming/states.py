"""What is carried from chunk to chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.results.streaming import StreamState


@dataclass(slots=True)
class State:
    """One state: what it was, what it becomes, and what it holds at first (an array, or one number for all; None: what the host
    gives)."""

    value: Value
    shape: tuple[int, ...]
    initial: Any
    meaning: str
    following: Value | None = None


@dataclass(frozen=True, slots=True)
class Cache:
    """The last frames of a tensor before a chunk, and the chunk.

    Attributes:
        frames: before the chunk.
        begun: the number that each of them holds at first; or, along the first axis, its numbers.
        joined: both.
    """

    frames: int
    begun: np.ndarray
    joined: Value


def described(state: State) -> StreamState:
    """As plain data."""
    assert state.following is not None
    initial = None if state.initial is None else np.asarray(state.initial)
    return StreamState(
        state.value.name,
        state.following.name,
        state.shape,
        state.value.dtype,
        None if initial is None else initial.tolist(),
        state.meaning,
    )


def first_value(values: np.ndarray, axis: int, rank: int) -> Any:
    """One number, where all are one; else an array that broadcasts to the state's shape. `values`: see `Cache.begun`."""
    if (values == values.flat[0]).all():
        return float(values.flat[0])
    if values.ndim > 1:
        return np.moveaxis(values, 0, axis)
    return values.reshape([-1 if i == axis else 1 for i in range(rank)])
