"""From a path, bytes or a ModelProto to a checked ModelProto. Weights that lie outside the file are not read."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from rfonnx.errors import ModelError, QueryError
from rfonnx.graph.text import check_text, quote
from rfonnx.model.reading.bound_values import write_values
from rfonnx.system.regular import read_regular

MAX_FILE = 2**31 - 1
"""protobuf's own limit for a message, in bytes; larger models keep their weights in external files."""

Given = str | os.PathLike[str] | bytes | onnx.ModelProto
"""A model as users give it."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A model some of whose inputs hold a known value: they are constants of it, and inputs no more.

    Attributes:
        model: as it was given.
        values: by input name.
    """

    model: Given
    values: Mapping[str, np.ndarray]


Source = Given | Bound


def with_values(model: Source, values: Mapping[str, Any] | None) -> Source:
    """The model with values bound to some of its inputs. What does not fit it is said when it is read.

    Args:
        model: nothing of it is read yet.
        values: by input name: a number, or nested lists or an array of numbers.

    Raises:
        QueryError: a value is no number and no array of numbers.
    """
    if not values:
        return model
    arrays = {}
    for name, value in values.items():
        try:
            arrays[name] = np.asarray(value)
        except ValueError:  # rows of different lengths
            arrays[name] = np.asarray(None)
        if arrays[name].dtype.kind not in "biuf":
            raise QueryError(
                f"the value of input {quote(name)} is {value!r}", "give a number, or an array such as [1, 3, 64, 64]"
            )
    inner, before = (model.model, model.values) if isinstance(model, Bound) else (model, {})
    return Bound(inner, {**before, **arrays})


def as_given(model: Source) -> Given:
    """The model as the user gave it, without values."""
    return model.model if isinstance(model, Bound) else model


def input_names(model: Source) -> list[str]:
    """Names of the inputs, initializers excluded, in file order.

    Raises:
        ModelError, QueryError: see `read_model`.
    """
    graph = read_model(model)[0].graph
    stored = {t.name for t in graph.initializer} | {t.values.name for t in graph.sparse_initializer}
    return [entry.name for entry in graph.input if entry.name not in stored]


def bound_values(model: Source, proto: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Values of the bound inputs, in their types and shapes.

    Args:
        proto: of the model, as `read_model` gives it.
    """
    if not isinstance(model, Bound):
        return {}
    return {t.name: onnx.numpy_helper.to_array(t) for t in proto.graph.initializer if t.name in model.values}


def read_model(model: Source) -> tuple[onnx.ModelProto, str, Path | None]:
    """Read a model without its external data.

    Returns:
        The model, its name for messages, and the folder that its external data lies in (None: it has none).
        The path's own symbolic links are not resolved: model caches link each file, and the data lies beside the link.

    Raises:
        ModelError: the file is missing, no regular file, empty, too large, truncated, or no ONNX model.
        QueryError: a value was given that no input takes.
    """
    if isinstance(model, Bound):
        proto, name, folder = read_model(model.model)
        if isinstance(model.model, onnx.ModelProto):  # the user's own stays as it is
            own, proto = proto, onnx.ModelProto()
            proto.CopyFrom(own)
        write_values(proto, model.values)
        return proto, name, folder
    if isinstance(model, onnx.ModelProto):
        _check_filled(model)
        return model, model.graph.name or "model", None
    if isinstance(model, bytes | bytearray | memoryview):
        return _parse(bytes(model)), "model", None
    path = Path(model)
    return _parse(_read_file(path)), path.name, path.parent


def name_of(model: Source) -> str:
    """What messages call the model before it is read."""
    model = as_given(model)
    return str(os.fspath(model)) if isinstance(model, str | os.PathLike) else "model"


def _read_file(path: Path) -> bytes:
    if path.is_dir():
        raise ModelError("is a folder, expected an ONNX file", "give the .onnx file inside it")
    try:
        return read_regular(path, MAX_FILE)
    except FileNotFoundError:
        raise ModelError("no such file", "check the path") from None
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise ModelError("is no regular file", "give an .onnx file") from None
        if error.errno == errno.EFBIG:
            raise ModelError(
                f"{error.strerror}, but an ONNX file can hold at most 2 GiB",
                "save the model with its weights as external data",
            ) from None
        raise ModelError(f"the file cannot be read ({_reason(error)})", "check the path and its permissions") from None
    except (ValueError, MemoryError) as error:
        raise ModelError(f"the file cannot be read ({_reason(error)})", "check the path") from None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _parse(data: bytes) -> onnx.ModelProto:
    if not data:
        raise ModelError("is empty, expected an ONNX model", "download or export it again")
    try:
        model: onnx.ModelProto = onnx.ModelProto.FromString(data)
    except DecodeError:
        raise ModelError(f"is no ONNX model, or a truncated one ({len(data)} bytes)", _way_out(data)) from None
    try:
        _check_filled(model)
    except ModelError as error:
        raise ModelError(str(error), _way_out(data)) from None  # random bytes may parse into an empty model
    # onnxruntime would hand these names out, and fail in words of Python's.
    check_text([entry.name for entry in (*model.graph.input, *model.graph.output)], "an input or output")
    return model


def _way_out(data: bytes) -> str:
    start = data[:64].lstrip()
    if start.startswith((b"{", b"<", b"ir_version:")):
        return "text forms (JSON, textproto) are not read: convert it with onnx.load and onnx.save"
    if start.startswith(b"version https://git-lfs"):
        return "this is a Git LFS pointer: run git lfs pull"
    if start.startswith((b"PK", b"\x80\x02", b"\x80\x04")):
        return "this looks like a PyTorch checkpoint: export it with torch.onnx.export"
    if start.startswith(b"\x89HDF"):
        return "this looks like a Keras HDF5 file: export it with tf2onnx"
    if data[4:8] in (b"ORTM", b"TFL3"):
        return "this is a flatbuffer (ORT or TFLite format): give the .onnx file it was made from"
    return "download or export it again"


def _check_filled(model: onnx.ModelProto) -> None:
    if not model.HasField("graph"):
        raise ModelError("is no ONNX model: it holds no graph")
    if not model.graph.node:
        raise ModelError("the model's graph has no nodes")
    if not model.graph.output:
        raise ModelError("the model's graph has no outputs")
