"""Image files as arrays, by Pillow (the `images` extra)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from rfonnx.errors import DataError
from rfonnx.system.regular import open_regular

FORMATS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".webp": "WEBP", ".ppm": "PPM", ".pgm": "PPM",
    ".tif": "TIFF", ".tiff": "TIFF",
}  # fmt: skip
IMAGES = tuple(FORMATS)
"""File name endings that are taken for images. Pillow opens these formats alone: it knows dozens, few of them hardened."""

MAX_PIXELS = 89_000_000
"""Largest image that is decoded; beyond it a small file could fill the memory. Pillow itself warns from 89.5 million on."""

UNJUDGED, MAX_DENSITY = 2**24, 100
"""An image of more pixels than the first has at most so many of them per byte of its file, as every photograph has: one that
is nearly empty takes gigabytes for nothing. Deflate alone would allow 1,032."""


def pillow() -> Any:
    """Pillow's module `PIL.Image`.

    Raises:
        DataError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError:
        raise DataError("images need Pillow, which is not installed", "pip install 'rfonnx[images]'") from None
    return Image


def read_image(path: Path, name: str) -> np.ndarray:
    """An image as uint8, (H, W) when it is grey and (H, W, 3) otherwise. Alpha is dropped, EXIF rotation is not applied.

    Raises:
        DataError: it is corrupt, cut off, larger than `MAX_PIXELS`, or has more than 8 bits a channel.
    """
    opening = pillow().open
    try:
        with open_regular(path) as file, opening(file, formats=tuple(set(FORMATS.values()))) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels, expected at most {MAX_PIXELS} in all")
            size = os.fstat(file.fileno()).st_size
            if image.width * image.height > max(UNJUDGED, MAX_DENSITY * size):
                raise ValueError(
                    f"{image.width} x {image.height} pixels in {size} bytes, expected at least a byte for {MAX_DENSITY}"
                )
            if image.mode.startswith(("I", "F")):
                raise ValueError("more than 8 bits a channel; give such data as .npy")
            return np.asarray(
                image if image.mode == "L" else image.convert("L" if image.mode in ("1", "LA") else "RGB")
            )
    except Exception as error:  # Pillow's decoders raise what they like on broken files: SyntaxError, struct.error, ...
        known = type(error).__name__ != "UnidentifiedImageError"  # whose words are of Pillow's own objects
        reason = (
            (" ".join(str(error).split()) or type(error).__name__) if known else "no image of a format that is read"
        )
        hint = "replace or remove the file, or skip what cannot be read with --on-error skip"
        raise DataError(f"image '{name}' cannot be read ({reason})", hint) from None
