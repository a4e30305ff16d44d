"""What one position of a tensor reads of one input, for pictures: exactly which positions, and the boxes around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfonnx.results.reads import Grid, Reads
from rfonnx.system.named import NamedTuple

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
        grid: which positions along these axes are read, at any position along the others.
        clipped: closed interval by drawn axis, from the first to the last real position that the analysis allows.
        unbounded: the same as if the input went on beyond its borders.
    """

    input: str
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    grid: Grid
    clipped: tuple[Interval, ...]
    unbounded: tuple[Interval, ...]


DRAWN = 3


def footprint(
    name: str, reads: Reads, wanted: Sequence[int], clipped: Sequence[Interval], unbounded: Sequence[Interval]
) -> Footprint:
    """The drawn part of what is read.

    Args:
        name: the input.
        reads: of the input.
        wanted: axes that were asked for.
        clipped, unbounded: by axis of the input.
    """
    long = [axis for axis in wanted if reads.shape[axis] > 1] or list(wanted)
    axes = tuple(long[-DRAWN:])
    boxes = (tuple(box[axis] for axis in axes) for box in (clipped, unbounded))
    return Footprint(name, reads.shape, axes, reads.along(axes), *boxes)
