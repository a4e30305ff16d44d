"""From a path, bytes or a ModelProto to a checked ModelProto. Weights that lie outside the file are not read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from rfonnx.errors import ModelError

MAX_FILE = 2**31 - 1
"""protobuf's own limit for a message, in bytes; larger models keep their weights in external files."""

Source = str | os.PathLike[str] | bytes | onnx.ModelProto


def read_model(model: Source) -> tuple[onnx.ModelProto, str, Path | None]:
    """Read a model without its external data.

    Returns:
        The model, its name for messages, and the folder that its external data lies in (None: it has none).
        The path's own symbolic links are not resolved: model caches link each file, and the data lies beside the link.

    Raises:
        ModelError: the file is missing, no regular file, empty, too large, truncated, or no ONNX model.
    """
    if isinstance(model, onnx.ModelProto):
        _check_filled(model)
        return model, model.graph.name or "model", None
    if isinstance(model, bytes | bytearray | memoryview):
        return _parse(bytes(model)), "model", None
    path = Path(model)
    return _parse(_read_file(path)), path.name, path.parent


def name_of(model: Source) -> str:
    """What messages call the model before it is read."""
    return str(os.fspath(model)) if isinstance(model, str | os.PathLike) else "model"


def _read_file(path: Path) -> bytes:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise ModelError("no such file", "check the path") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"the file cannot be read ({_reason(error)})", "check the path") from None
    if stat.S_ISDIR(status.st_mode):
        raise ModelError("is a folder, expected an ONNX file", "give the .onnx file inside it")
    if not stat.S_ISREG(status.st_mode):
        raise ModelError("is no regular file", "give an .onnx file")
    if status.st_size > MAX_FILE:
        raise ModelError(
            f"holds {status.st_size} bytes, but an ONNX file can hold at most 2 GiB",
            "save the model with its weights as external data",
        )
    try:
        return path.read_bytes()
    except (OSError, MemoryError) as error:
        raise ModelError(f"the file cannot be read ({_reason(error)})", "check its permissions") from None


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
