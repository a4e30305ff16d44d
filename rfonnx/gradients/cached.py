"""The function `rfonnx.gradient`: sessions are kept for the next call."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from rfonnx.gradients.session import GradientSession
from rfonnx.model import runtime
from rfonnx.model.opened import Source, opened
from rfonnx.model.reading.source import Given
from rfonnx.system.named import NamedTuple


class _Key(NamedTuple):
    model: str
    tensor: str
    shapes: tuple[tuple[str, tuple[int, ...]], ...]
    providers: tuple[str, ...]
    values: tuple[tuple[str, str, tuple[int, ...], bytes], ...]


_KEPT = 4
_sessions: OrderedDict[_Key, GradientSession] = OrderedDict()


def gradient(
    model: Source,
    inputs: Mapping[str, np.ndarray],
    tensor: str,
    seed: np.ndarray,
    *,
    providers: str | Sequence[str] | None = None,
    values: Mapping[str, Any] | None = None,
) -> dict[str, np.ndarray]:
    """See `rfonnx.gradient`."""
    arrays = {name: np.asarray(value) for name, value in inputs.items()}
    source = opened(model)
    bound = {**source.values, **{name: np.asarray(value) for name, value in (values or {}).items()}}
    shapes = tuple(sorted((name, value.shape) for name, value in arrays.items() if name not in bound))
    held = tuple(sorted((name, str(v.dtype), v.shape, v.tobytes()) for name, v in bound.items()))
    key = _Key(_identity(source.given), tensor, shapes, tuple(runtime.provider_names(providers)), held)
    session = _sessions.pop(key, None)
    if session is None:
        session = GradientSession(source, tensor, dict(shapes), providers=providers, values=values)
    _sessions[key] = session
    while len(_sessions) > _KEPT:
        _sessions.popitem(last=False)
    return session.run(arrays, seed)


def _identity(model: Given) -> str:
    """What tells models apart: a file's path, time and size, or a digest of the content."""
    if isinstance(model, str | os.PathLike):
        path = Path(model)
        if not path.is_file():
            return str(path)
        status = path.stat()
        return f"{path.absolute()}:{status.st_mtime_ns}:{status.st_size}"
    data = model.SerializeToString() if isinstance(model, onnx.ModelProto) else bytes(model)
    return hashlib.blake2b(data, digest_size=16).hexdigest()
