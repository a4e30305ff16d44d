"""The configuration file: `rfonnx.toml`, or `[tool.rfonnx]` in `pyproject.toml`."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rfonnx.errors import DataError

MAX_BYTES = 1 << 20
"""Largest file that is read: a configuration is written by hand."""


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration file.

    Attributes:
        path: where it is, or None when there is none.
        tables: what stands in it.
    """

    path: Path | None = None
    tables: Mapping[str, Any] = field(default_factory=dict)

    def table(self, name: str, known: Iterable[str]) -> dict[str, Any]:
        """One table, `[name]`.

        Raises:
            DataError: it is no table, or has a key that is not known.
        """
        found = self.tables.get(name, {})
        if not isinstance(found, Mapping):
            raise DataError(f"{self.path}: '{name}' is {found!r}, expected a table", f"write [{name}]")
        check_keys(f"{self.path}: [{name}]", found, known)
        return dict(found)


def check_keys(where: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse keys that mean nothing: a misspelt limit must not pass for one that holds.

    Raises:
        DataError: there is one.
    """
    known = tuple(known)
    wrong = next((key for key in table if key not in known), None)
    if wrong is not None:
        raise DataError(f"{where} has '{wrong}', which means nothing here", f"it may have {', '.join(known)}")


def read_config(path: str | os.PathLike[str] | None = None) -> Config:
    """A given file, or the one of the current folder: `rfonnx.toml` first, then `pyproject.toml`; an empty one when
    there is neither.

    Raises:
        DataError: the file cannot be read, or is no TOML.
    """
    if path is not None:
        given = Path(path)
        return _config(given, given.name == "pyproject.toml")
    if Path("rfonnx.toml").is_file():
        return _config(Path("rfonnx.toml"), False)
    if Path("pyproject.toml").is_file():
        return _config(Path("pyproject.toml"), True)
    return Config()


def _config(path: Path, shared: bool) -> Config:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path} has more than {MAX_BYTES} bytes", "give a configuration file")
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is no TOML: {error}", "mend it") from None
    if shared:
        tool = tables.get("tool", {})
        tables = tool.get("rfonnx", {}) if isinstance(tool, Mapping) else {}
        if not isinstance(tables, Mapping):
            raise DataError(f"{path}: tool.rfonnx is {tables!r}, expected a table", "write [tool.rfonnx.check]")
    return Config(path, tables)
