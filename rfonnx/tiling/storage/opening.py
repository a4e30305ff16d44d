"""Files as sources: what gives parts of itself by slices. Each format's library is loaded when a file asks for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from rfonnx.data.images import FORMATS, MAX_DENSITY, UNJUDGED, pillow
from rfonnx.data.npy import read_header, reason_of
from rfonnx.errors import DataError, RfonnxError
from rfonnx.system.named import NamedTuple
from rfonnx.system.regular import open_regular
from rfonnx.tiling.storage.axes import KNOWN
from rfonnx.tiling.storage.libraries import tiff_library, zarr_library, zarr_store
from rfonnx.tiling.storage.rows import Rows

if TYPE_CHECKING:
    from PIL import Image

TIFF = (".tif", ".tiff")

MAX_CHUNK = 2**31
"""Bytes of a chunk, or of a tile of a TIFF: one is unpacked as a whole, and a small file may claim any size."""

FORMATS_READ = "a .npy file, a Zarr array or OME-Zarr image, a TIFF, or an image that Pillow reads"


class Source(NamedTuple):
    """A file that is open.

    Attributes:
        array: with `shape`, `dtype` and item access by slices.
        axes: their names, see `rfonnx.tiling.storage.axes.KNOWN`; "": they are not known.
        picture: it holds pixels of a picture, which models take scaled.
        close: called when no more is read.
    """

    array: Any
    axes: str = ""
    picture: bool = False
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
    except RfonnxError:
        raise
    except Exception as error:  # the libraries raise what they like on broken files: AttributeError, struct.error, ...
        raise DataError(f"{path}: cannot be read ({reason_of(error)})", f"give {FORMATS_READ}") from error


def _npy(path: Path) -> Source:
    with open_regular(path) as stream:
        header = read_header(stream, str(path))
        size = path.stat().st_size
        if size < header.begun + header.bytes:
            raise ValueError(f"{size} bytes, expected {header.begun + header.bytes}")
    if header.by_columns:
        return Source(np.load(path, mmap_mode="r", allow_pickle=False))
    return Source(Rows(path, header.begun, header.shape, header.dtype))


def _zarr(path: Path) -> Source:
    zarr = zarr_library()
    node = zarr.open(zarr_store(path), mode="r")
    if not isinstance(node, zarr.Group):
        return Source(_of_small_chunks(node))
    attributes = node.attrs.asdict()
    scales = attributes.get("ome", attributes).get("multiscales")
    if not scales:
        raise ValueError("a Zarr group without an OME-Zarr image, expected an array")
    finest = scales[0]["datasets"][0]["path"]  # the first level is it
    array = node.get(finest)
    if not isinstance(array, zarr.Array):
        raise ValueError(f"the OME-Zarr image has no array at {finest!r:.80}, its finest level")
    return Source(_of_small_chunks(array), _known((axis["name"] for axis in scales[0].get("axes", ())), array.ndim))


def _of_small_chunks(array: Any) -> Any:
    size = math.prod(array.chunks) * np.dtype(array.dtype).itemsize
    if size > MAX_CHUNK:
        raise ValueError(f"chunks of {size} bytes, expected at most {MAX_CHUNK}: each is unpacked as a whole")
    return array


def _tiff(path: Path) -> Source:
    tifffile, zarr = tiff_library(), zarr_library()
    with open_regular(path):
        file = tifffile.TiffFile(path)
    try:
        series = file.series[0]
        axes = _known(series.axes.lower(), series.ndim)
        picture = series.dtype == np.uint8
        if series.dataoffset is not None:  # plain rows: a page would be one chunk
            dtype = series.dtype.newbyteorder(file.byteorder)
            return Source(Rows(path, series.dataoffset, series.shape, dtype), axes, picture, file.close)
        return Source(_of_small_chunks(zarr.open(series.aszarr(level=0), mode="r")), axes, picture, file.close)
    except BaseException:
        file.close()
        raise


def _known(names: Iterable[str], rank: int) -> str:
    """Names of axes, where all are understood; where samples of pixels come last, other axes are leading ones."""
    found = [*names]
    if found[-1:] == ["s"]:
        found = [one if one in KNOWN else "t" for one in found]
    fine = len(found) == rank and len(set(found)) == rank and all(one in KNOWN for one in found)
    return "".join(found) if fine else ""


def _image(path: Path) -> Source:
    """Decoded whole: no other way is open to Pillow."""
    pillow()
    with open_regular(path) as stream, unlimited(), _known_image(stream) as image:
        size = path.stat().st_size
        if image.width * image.height > max(UNJUDGED, MAX_DENSITY * size):
            raise ValueError(
                f"{image.width} x {image.height} pixels in {size} bytes, expected a byte for {MAX_DENSITY}"
            )
        array = np.asarray(image if image.mode in ("L", "RGB", "I;16") else image.convert("RGB"))
    return Source(array, "yxs"[: array.ndim], array.dtype == np.uint8)


def _known_image(stream: BinaryIO) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(stream, formats=tuple(set(FORMATS.values())))
    except UnidentifiedImageError:  # whose text names the stream
        raise ValueError("it is of none of these formats, or damaged") from None


@contextmanager
def unlimited() -> Iterator[None]:
    """Pillow's limit on pixels is off: who runs a model on tiles of an image means a large one."""
    from PIL import Image

    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit
