"""The shape that steps lead to."""

from __future__ import annotations

import math

from rfonnx.operators.access.primitives import Band, Permute, Reduce, Select, Spread, Step, Window


def path_shape(shape: tuple[int, ...], steps: tuple[Step, ...]) -> tuple[int, ...] | None:
    """Shape after the steps, or None when a step does not fit."""
    for step in steps:
        if isinstance(step, Window | Spread):
            if not 0 <= step.axis < len(shape):
                return None
            shape = (*shape[: step.axis], step.length, *shape[step.axis + 1 :])
        elif isinstance(step, Select):
            if not 0 <= step.axis < len(shape):
                return None
            shape = (*shape[: step.axis], len(step.first), *shape[step.axis + 1 :])
        elif isinstance(step, Reduce):
            if any(not 0 <= axis < len(shape) for axis in step.axes):
                return None
            shape = tuple(1 if i in step.axes else d for i, d in enumerate(shape))
        elif isinstance(step, Band):
            if not (0 <= step.axis < len(shape) and 0 <= step.by < len(shape)) or len(step.first) != shape[step.by]:
                return None
            shape = (*shape[: step.axis], 1, *shape[step.axis + 1 :])
        elif isinstance(step, Permute):
            if sorted(step.perm) != list(range(len(shape))):
                return None
            shape = tuple(shape[i] for i in step.perm)
        else:
            if math.prod(step.shape) != math.prod(shape) or any(d < 0 for d in step.shape):
                return None
            shape = step.shape
    return shape
