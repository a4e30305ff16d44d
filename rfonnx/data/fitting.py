"""Whether arrays fit an input, told by their shapes alone: what does not fit is refused before it is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rfonnx.data.images import MAX_PIXELS
from rfonnx.errors import SampleError
from rfonnx.results.plain import shape_text

CHANNELS = (1, 3)
"""Axis lengths that are taken for colour channels."""

ORDERS = ((1, 2, 0), (2, 0, 1))
"""Ways to move the channels of three axes to the other end."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input as the session declares it; symbolic dimensions are None.

    Attributes:
        label: what messages call the model.
        partner: the teacher's name of this input, under which data may hold it too.
        batch: its axis that counts samples; None: it has none.
    """

    label: str
    name: str
    partner: str
    shape: tuple[int | None, ...]
    dtype: np.dtype
    batch: int | None = 0

    @property
    def wanted(self) -> tuple[int | None, ...]:
        """The shape of one sample."""
        axis = self.batch
        return self.shape if axis is None else (*self.shape[:axis], *self.shape[axis + 1 :])


def fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    """True when every fixed dimension agrees."""
    return len(shape) == len(wanted) and all(w is None or n == w for n, w in zip(shape, wanted, strict=True))


def moved_channels(shape: Sequence[int], wanted: Sequence[int | None]) -> tuple[int, ...] | None:
    """The order of the axes where moving the channels to the other end, and not less, makes three axes fit."""
    for order in ORDERS if len(shape) == 3 and not fits(shape, wanted) else ():
        moved = tuple(shape[axis] for axis in order)
        if fits(moved, wanted) and moved[2 if order == ORDERS[0] else 0] in CHANNELS:
            return order
    return None


def check_stored(sample: str, shape: tuple[int, ...], spec: InputSpec, changes: bool) -> None:
    """Refuse an array that has not been read yet and cannot fit.

    Args:
        sample: its name.
        shape: of the array.
        spec: the input.
        changes: it is prepared like an image, so that its size may change.

    Raises:
        SampleError: it is of another shape, or too large to be an image.
    """
    if changes:
        if math.prod(shape) > 4 * MAX_PIXELS:
            raise SampleError(
                f"sample '{sample}' of shape {shape_text(shape)} is larger than any image that is read",
                "make it smaller",
            )
        return
    axis = spec.batch
    if axis is not None and len(shape) == len(spec.shape) and shape[axis] == 1:
        shape = (*shape[:axis], *shape[axis + 1 :])
    if not fits(shape, spec.wanted) and moved_channels(shape, spec.wanted) is None:
        raise misfit(sample, shape, spec)


def misfit(sample: str, shape: Sequence[int], spec: InputSpec) -> SampleError:
    """What is said of an array of another shape."""
    return SampleError(
        f"sample '{sample}' has the shape {shape_text(tuple(shape))} for input '{spec.name}' of {spec.label}, "
        f"which takes {shape_text(spec.wanted)} per sample",
        "set size, crop, layout or channels for that model, or correct the data",
    )
