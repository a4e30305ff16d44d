"""Tensors whose data lies in a file beside the model: refuse paths that leave the model's folder; read small ones on demand."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, numpy_helper

from rfonnx.errors import ModelError, malformed
from rfonnx.graph.tensors import DTYPES
from rfonnx.graph.text import check_text, quote
from rfonnx.system.regular import open_regular

_FIELDS = {int(TensorProto.FLOAT): ("float_data", "float32"), int(TensorProto.INT64): ("int64_data", "int64")}
"""Where numbers of the most frequent types lie when they are not raw bytes, and their type in numpy."""

_NATIVE = sys.byteorder == "little"
"""Whether raw bytes are numbers as they are."""

_EXTERNAL = int(TensorProto.EXTERNAL)  # looking it up takes longer than comparing it
_HINT = "external data must lie in the model's own folder; save the model again with onnx.save"


def is_external(tensor: TensorProto) -> bool:
    """True when the tensor's data lies in another file."""
    return bool(tensor.data_location == _EXTERNAL)


def check_external(tensor: TensorProto) -> None:
    """Refuse a tensor whose data path leaves the model's folder. Nothing is read.

    Raises:
        ModelError: the path is absolute, goes above the folder, or is no path.
    """
    if is_external(tensor):
        _location(tensor)


def _location(tensor: TensorProto) -> tuple[str, int]:
    """Path relative to the model's folder, and byte offset."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    check_text([*entries, *entries.values()], f"tensor {quote(tensor.name)}")
    location = entries.get("location", "")
    parts = PurePosixPath(location.replace("\\", "/"))
    if not location or "\0" in location:
        raise ModelError(f"tensor {quote(tensor.name)} has external data without a path", _HINT)
    if parts.is_absolute() or PureWindowsPath(location).drive or _leaves(parts):
        raise ModelError(
            f"tensor {quote(tensor.name)} has its data at {quote(location)}, outside the model's folder", _HINT
        )
    offset = entries.get("offset", "0") or "0"
    if not (offset.isascii() and offset.isdigit() and len(offset) < 19):
        raise ModelError(
            f"tensor {quote(tensor.name)} has its data at offset {quote(offset)}, expected a number", _HINT
        )
    return location.replace("\\", "/"), int(offset)


def read_tensor(tensor: TensorProto, folder: Path | None) -> np.ndarray | None:
    """A tensor's value; None when its data lies in a file that is absent or too short. The caller has judged the size.

    Raises:
        ModelError: the data does not fit the shape, or its path leaves the folder.
    """
    if is_external(tensor):
        data = _read_external(tensor, folder)
        if data is None:
            return None
        tensor = TensorProto(dims=tensor.dims, data_type=tensor.data_type, name=tensor.name, raw_data=data)
    return stored_value(tensor)


def stored_value(tensor: TensorProto) -> np.ndarray:
    """Value of a tensor whose data lies in the model itself.

    Raises:
        ModelError: the data does not fit the shape.
    """
    field = _FIELDS.get(tensor.data_type)
    try:
        raw = tensor.HasField("raw_data")
        if field and (_NATIVE or not raw) and not tensor.HasField("segment"):
            # onnx asks numpy to find out what protobuf's list holds, which takes ten times as long for a number
            held = np.frombuffer(tensor.raw_data, field[1]) if raw else np.array(getattr(tensor, field[0])[:], field[1])
            return held.reshape(tensor.dims[:])
        value: np.ndarray = numpy_helper.to_array(tensor)
        return value
    except (ValueError, TypeError, KeyError) as error:
        raise malformed(
            f"the data of tensor {quote(tensor.name)} does not fit its shape {list(tensor.dims)} ({error})"
        ) from None


def bits_of(elem: int) -> int | None:
    """Bits of an element, as stored; None for text and unknown types."""
    name = DTYPES.get(elem, "")
    for packed in (2, 4):
        if name.endswith(f"int{packed}") or name.startswith(f"float{packed}"):
            return packed
    try:
        return None if name == "string" else 8 * onnx.helper.tensor_dtype_to_np_dtype(elem).itemsize
    except (KeyError, TypeError, ValueError):
        return None


def _leaves(path: PurePosixPath) -> bool:
    """True when a relative path goes above where it starts; links are not followed, only what is written counts."""
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return False


def _read_external(tensor: TensorProto, folder: Path | None) -> bytes | None:
    location, offset = _location(tensor)
    if folder is None:
        return None
    bits = bits_of(tensor.data_type)
    if bits is None:
        return None
    length = -(-bits * math.prod(tensor.dims) // 8)
    try:
        with open_regular(folder / location) as file:  # never waits for a pipe that a stranger's archive brings along
            if os.fstat(file.fileno()).st_size < offset + length:
                return None
            file.seek(offset)
            return file.read(length)
    except OSError:
        return None


def embed_inner(nodes: Iterable[NodeProto], folder: Path | None) -> None:
    """Read external data of subgraphs and attributes into the nodes, in place. The main graph's initializers are no nodes'.

    Raises:
        ModelError: it is missing, does not fit its shape, or its path leaves the folder.
    """
    for node in nodes:
        for attribute in node.attribute:
            graphs = (attribute.g, *attribute.graphs)
            embed_all((attribute.t, *attribute.tensors, *(t for graph in graphs for t in graph.initializer)), folder)
            for graph in graphs:
                embed_inner(graph.node, folder)


def embed_all(tensors: Iterable[TensorProto], folder: Path | None) -> None:
    """Read external data of tensors into them, in place.

    Raises:
        ModelError: it is missing, does not fit its shape, or its path leaves the folder.
    """
    for tensor in tensors:
        if not embed(tensor, folder):
            raise ModelError(
                f"the weights of {quote(tensor.name)} are missing: they lie in a file that is not there, or is too short",
                "put the file beside the model",
            )


def embed(tensor: TensorProto, folder: Path | None) -> bool:
    """Read a tensor's external data into it, in place; False when it lies in a file that is absent or too short.

    Raises:
        ModelError: see `read_tensor`.
    """
    if is_external(tensor):
        value = read_tensor(tensor, folder)
        if value is None:
            return False
        tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    return True


def external_files(model: onnx.ModelProto) -> list[str]:
    """Paths, relative to the model's folder, of the files that its weights lie in.

    Raises:
        ModelError: a path leaves the folder.
    """
    return sorted({_location(tensor)[0] for tensor in model.graph.initializer if is_external(tensor)})
