"""The shape that steps lead to."""

from __future__ import annotations

import math

from rfonnx.operators.access.primitives import Band, Permute, Reduce, Reshape, Select, Spread, Step, Window


def path_shape(shape: tuple[int, ...], steps: tuple[Step, ...]) -> tuple[int, ...] | None:
    """Shape after the steps, or None when a step does not fit."""
    for step in steps:
        following = _step_shape(shape, step)
        if following is None:
            return None
        shape = following
    return shape


def _step_shape(shape: tuple[int, ...], step: Step) -> tuple[int, ...] | None:
    if isinstance(step, Permute):
        return tuple(shape[i] for i in step.perm) if sorted(step.perm) == list(range(len(shape))) else None
    if isinstance(step, Reshape):
        return step.shape if math.prod(step.shape) == math.prod(shape) and min(step.shape, default=0) >= 0 else None
    if isinstance(step, Reduce):
        fits = all(0 <= axis < len(shape) for axis in step.axes)
        return tuple(1 if i in step.axes else d for i, d in enumerate(shape)) if fits else None
    length = _axis_length(shape, step) if 0 <= step.axis < len(shape) else None
    if length is None:
        return None
    return (*shape[: step.axis], length, *shape[step.axis + 1 :])


def _axis_length(shape: tuple[int, ...], step: Window | Spread | Select | Band) -> int | None:
    """Length of the step's own axis after it."""
    if isinstance(step, Band):
        return 1 if 0 <= step.by < len(shape) and len(step.first) == shape[step.by] else None
    return len(step.first) if isinstance(step, Select) else step.length
