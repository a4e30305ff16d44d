"""What one position of a tensor reads of one input, for pictures: exactly which positions, and the boxes around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfonnx.system.named import NamedTuple

Mask = npt.NDArray[np.bool_]
Interval = tuple[int, int]


class Backdrop(NamedTuple):
    """A picture that is shown under the reads.

    Attributes:
        name: of its file.
        pixels: uint8, (H, W) or (H, W, 3), as large as the input along its drawn axes.
        input: under whose reads it lies.
    """

    name: str
    pixels: npt.NDArray[np.uint8]
    input: str


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a position reads of an input.

    Attributes:
        input, shape: the input.
        axes: those of its axes that are drawn: of those asked for that are longer than 1, at most the last three.
        mask: which positions along these axes are read, at any position along the others.
        clipped: closed interval by drawn axis, from the first to the last real position that the analysis allows.
        unbounded: the same as if the input went on beyond its borders.
    """

    input: str
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    mask: Mask
    clipped: tuple[Interval, ...]
    unbounded: tuple[Interval, ...]


DRAWN = 3


def footprint(
    name: str, mask: Mask, wanted: Sequence[int], clipped: Sequence[Interval], unbounded: Sequence[Interval]
) -> Footprint:
    """The drawn part of what is read.

    Args:
        name: the input.
        mask: of the input's shape.
        wanted: axes that were asked for.
        clipped, unbounded: by axis of the input.
    """
    long = [axis for axis in wanted if mask.shape[axis] > 1] or list(wanted)
    axes = tuple(long[-DRAWN:])
    flat: Mask = np.asarray(mask.any(axis=tuple(axis for axis in range(mask.ndim) if axis not in axes)))
    return Footprint(
        name, mask.shape, axes, flat, tuple(clipped[axis] for axis in axes), tuple(unbounded[axis] for axis in axes)
    )
