"""How images become a model's input, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Preparation:
    """How images become one model's input. What is None follows from the input's shape and type.

    The steps, in order: colour mode, resize, centre crop, times `scale`, minus `mean`, over `std`, channel order, layout.

    Attributes:
        size: rows and columns to resize to, or one number: the length of the shorter side. Bilinear.
        crop: rows and columns of the centre crop, after the resize.
        layout: where the channels go.
        channels: colour mode and channel order. "grey" is ITU-R 601-2 luma.
        scale: what pixels (0..255) are multiplied by: 1/255 for a float input, 1 for an integer one.
        mean, std: per channel in the model's channel order, or one number; after the scale.
    """

    size: tuple[int, int] | int | None = None
    crop: tuple[int, int] | None = None
    layout: Literal["nchw", "nhwc"] | None = None
    channels: Literal["rgb", "bgr", "grey"] | None = None
    scale: float | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
