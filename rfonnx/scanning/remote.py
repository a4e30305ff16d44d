"""Models that are not on this machine: listed and fetched by fsspec."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from rfonnx.errors import DataError


def addresses(word: str) -> list[str]:
    """The models behind an address: itself, those below it, or those that match it.

    Raises:
        DataError: fsspec or what it needs is not installed, or the address cannot be listed.
    """
    system, path = _system(word)
    protocol = word.partition("://")[0]
    inside, behind = word.partition("::")[1:]  # "zip://*.onnx::s3://bucket/all.zip": what the archive is
    try:
        if path.lower().endswith(".onnx") and "*" not in path:
            found = [path]
        else:
            listed = system.glob(path) if "*" in path else system.find(path)
            found = [name for name in listed if name.lower().endswith(".onnx")]
    except Exception as error:  # each protocol has its own errors
        raise DataError(f"{word} cannot be listed: {error}", "check the address and the rights to it") from None
    return [f"{protocol}://{name}{inside}{behind}" for name in sorted(found)]


def fetch(address: str, folder: Path) -> Path:
    """A copy of a model in a folder. Weights that lie beside it are not fetched.

    Raises:
        DataError: it cannot be read.
    """
    system, path = _system(address)
    target = folder / "model.onnx"
    try:
        with system.open(path, "rb") as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    except Exception as error:  # each protocol has its own errors
        raise DataError(f"{address} cannot be read: {error}", "check the address and the rights to it") from None
    return target


def _system(address: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError:
        raise DataError(
            f"{address}: addresses need fsspec, which is not installed", "pip install rfonnx[scan]"
        ) from None
    try:
        system, path = fsspec.core.url_to_fs(address)
    except Exception as error:  # an unknown protocol, or a package that it needs
        raise DataError(f"{address} cannot be opened: {error}", "install what this protocol needs") from None
    return system, path
