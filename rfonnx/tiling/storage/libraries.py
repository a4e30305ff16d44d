"""The libraries of formats, loaded when a file asks for them."""

from __future__ import annotations

from typing import Any

from rfonnx.errors import DataError


def zarr_library() -> Any:
    """Zarr.

    Raises:
        DataError: it is not installed.
    """
    try:
        import zarr
    except ImportError:
        raise _missing("zarr") from None
    return zarr


def tiff_library() -> Any:
    """tifffile, without what it logs: it says what it doubts in a file in many lines.

    Raises:
        DataError: it is not installed.
    """
    try:
        import tifffile
    except ImportError:
        raise _missing("tifffile") from None
    import logging

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    return tifffile


def _missing(name: str) -> DataError:
    return DataError(f"{name} is not installed", "pip install 'rfonnx[tile]'")
