"""Files as sources: what gives parts of itself by slices. Each format's library is loaded when a file asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rfonnx.data.images import FORMATS, pillow
from rfonnx.data.npy import read_header
from rfonnx.errors import DataError
from rfonnx.system.regular import open_regular
from rfonnx.tiling.storage.rows import Rows

TIFF = (".tif", ".tiff")

FORMATS_READ = "a .npy file, a Zarr array or OME-Zarr image, a TIFF, or an image that Pillow reads"


class Source(NamedTuple):
    """A file that is open.

    Attributes:
        array: with `shape`, `dtype` and item access by slices.
        channels_last: the last axis holds the channels of an image.
        picture: it holds pixels of a picture, which models take scaled.
        close: called when no more is read.
    """

    array: Any
    channels_last: bool
    picture: bool
    close: Callable[[], None] = lambda: None


def open_source(path: str) -> Source:
    """Open a file by its ending, or by what lies in a folder. Images are read whole; all else by parts.

    Raises:
        DataError: it is not there, cannot be read, or is of no format that is read.
    """
    file = Path(path)
    try:
        found = file.exists()
    except (OSError, ValueError):
        found = False
    if not found:
        raise DataError(f"{path}: no such file", "check the path")
    ending = file.suffix.lower()
    reader: Callable[[Path], Source] | None = (
        _zarr
        if file.is_dir() or ending == ".zarr"
        else _npy
        if ending == ".npy"
        else _tiff
        if ending in TIFF
        else _image
        if ending in FORMATS
        else None
    )
    if reader is None:
        raise DataError(f"{path}: of no format that is read", f"give {FORMATS_READ}")
    try:
        return reader(file)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        told = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: cannot be read ({told})", f"give {FORMATS_READ}") from error


def _npy(path: Path) -> Source:
    with open_regular(path) as stream:
        header = read_header(stream, str(path))
        size = path.stat().st_size
        if size < header.begun + header.bytes:
            raise ValueError(f"{size} bytes, expected {header.begun + header.bytes}")
    if header.by_columns:
        return Source(np.load(path, mmap_mode="r", allow_pickle=False), False, False)
    return Source(Rows(path, header.begun, header.shape, header.dtype), False, False)


def _zarr(path: Path) -> Source:
    try:
        import zarr
    except ImportError:
        raise DataError(f"{path}: Zarr is not installed", "pip install 'rfonnx[tile]'") from None
    node = zarr.open(str(path), mode="r")
    if isinstance(node, zarr.Group):
        attributes = node.attrs.asdict()
        scales = attributes.get("ome", attributes).get("multiscales")
        if not scales:
            raise ValueError("a Zarr group without an OME-Zarr image, expected an array")
        node = node[scales[0]["datasets"][0]["path"]]  # the first level is the finest
    if not isinstance(node, zarr.Array):
        raise ValueError("no Zarr array")
    return Source(node, False, False)


def _tiff(path: Path) -> Source:
    try:
        import tifffile
        import zarr
    except ImportError:
        raise DataError(f"{path}: tifffile and Zarr are not installed", "pip install 'rfonnx[tile]'") from None
    file = tifffile.TiffFile(path)
    try:
        series = file.series[0]
        node = zarr.open(series.aszarr(level=0), mode="r")
    except BaseException:
        file.close()
        raise
    return Source(_Numpy(node), series.axes.endswith("S"), True, file.close)


class _Numpy:
    """A Zarr array whose parts are numpy's."""

    def __init__(self, array: Any) -> None:
        self._array, self.shape, self.dtype = array, tuple(array.shape), array.dtype

    def __getitem__(self, index: Any) -> np.ndarray:
        return np.asarray(self._array[index])


def _image(path: Path) -> Source:
    pillow()
    from PIL import Image

    with open_regular(path) as stream, Image.open(stream, formats=tuple(set(FORMATS.values()))) as image:
        array = np.asarray(image if image.mode in ("L", "RGB", "I;16") else image.convert("RGB"))
    return Source(array, array.ndim == 3, True)


def same_file(one: str, other: str) -> bool:
    """Whether two paths lead to one file or folder."""
    try:
        return Path(one).resolve() == Path(other).resolve() or Path(one).samefile(other)
    except OSError:
        return False


def stamp(path: str) -> str:
    """What changes when a file does: its size and time, and those of the description of a folder."""
    file = Path(path)
    states = [one.stat() for one in ([file] if file.is_file() else sorted(file.rglob("*.json")) or [file])]
    return json.dumps([[state.st_size, state.st_mtime_ns] for state in states])
