"""The libraries of formats, loaded when a file asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
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


def zarr_store(path: Path) -> Any:
    """A folder as Zarr reads it, of which regular files alone are opened: a pipe would be waited for, a device read for ever.

    Raises:
        DataError: Zarr is not installed.
    """
    local: Any = zarr_library().storage.LocalStore

    class Regular(local):  # type: ignore[misc]
        def _judge(self, key: str) -> None:
            file = path / key
            if file.exists() and not file.is_dir() and not file.is_file():
                raise ValueError(f"{key} is no regular file")

        async def get(self, key: str, *asked: Any, **more: Any) -> Any:
            self._judge(key)
            return await super().get(key, *asked, **more)

        def get_sync(self, key: str, *asked: Any, **more: Any) -> Any:
            self._judge(key)
            return super().get_sync(key, *asked, **more)

        async def get_partial_values(self, prototype: Any, key_ranges: Iterable[tuple[str, Any]]) -> Any:
            asked = list(key_ranges)
            for key, _ in asked:
                self._judge(key)
            return await super().get_partial_values(prototype, asked)

    return Regular(path, read_only=True)


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
