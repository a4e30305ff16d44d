"""From a path, bytes or a ModelProto to a checked ModelProto. Weights that lie outside the file are not read."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from rfonnx.errors import ModelError
from rfonnx.graph.text import check_text
from rfonnx.system.regular import read_regular

MAX_FILE = 2**31 - 1
"""protobuf's own limit for a message, in bytes; larger models keep their weights in external files."""

Given = str | os.PathLike[str] | bytes | onnx.ModelProto
"""A model as users give it."""


def read_given(model: Given) -> onnx.ModelProto:
    """Read a model without its external data; a ModelProto is itself.

    Raises:
        ModelError: the file is missing, no regular file, empty, too large, truncated, or no ONNX model.
    """
    if isinstance(model, onnx.ModelProto):
        _check_filled(model)
        return model
    if isinstance(model, bytes | bytearray | memoryview):
        return _parse(bytes(model))
    return _parse(_read_file(Path(model)))


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
