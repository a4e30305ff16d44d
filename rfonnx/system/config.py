"""The configuration file: `rfonnx.toml`, or `[tool.rfonnx]` in `pyproject.toml`."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rfonnx.errors import DataError
from rfonnx.system.regular import read_regular

MAX_BYTES = 1 << 20
"""Largest file that is read: a configuration is written by hand."""

MAX_LINE = 10_000
"""Characters of its longest line. The parser takes quadratic time over the dots of one key."""

OWN, SHARED = Path("rfonnx.toml"), Path("pyproject.toml")
"""Where a configuration is looked for, in the current folder, in this order. The second is shared with other tools."""

TABLES = ("check", "compare")
"""Every table that a command reads. A file may have no other: a misspelt one must not pass for one that holds."""


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration file.

    Attributes:
        path: where it is, or None when there is none.
        tables: what stands in it.
    """

    path: Path | None = None
    tables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The path as it was given or found; "" when there is none."""
        return "" if self.path is None else str(self.path)

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
        raise DataError(f"{where} has '{wrong}', which means nothing here", suggestion(str(wrong), known))


def suggestion(word: str, known: Iterable[str]) -> str:
    """What may have been meant: the nearest of the known words, else all of them."""
    known = tuple(known)
    near = difflib.get_close_matches(word.lower().replace("_", "-"), known, 1)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"it may have {', '.join(known)}" if known else "it may have nothing"


def read_config(path: str | os.PathLike[str] | None = None) -> Config:
    """A given file, or the one of the current folder: `rfonnx.toml` first, then `pyproject.toml` where it has a table
    `[tool.rfonnx]`; an empty one when there is neither.

    Raises:
        DataError: the file cannot be read, is no TOML, or has a table that no command reads; a given file has none at all.
    """
    if path is not None:
        given = _read(Path(path))
        if not given.tables:
            tables = " or ".join(f"[{_prefix(given.path)}{name}]" for name in TABLES)
            raise DataError(f"{path} configures nothing", f"it may have the tables {tables}")
        return given
    if OWN.is_file():
        return _read(OWN)
    shared = _read(SHARED) if SHARED.is_file() else Config()
    return shared if shared.tables else Config()


def _read(path: Path) -> Config:
    tables = _toml(path)
    if path.name == SHARED.name:
        tool = tables.get("tool", {})
        tables = tool.get("rfonnx", {}) if isinstance(tool, Mapping) else {}
        if not isinstance(tables, Mapping):
            raise DataError(f"{path}: tool.rfonnx is {tables!r}, expected a table", "write [tool.rfonnx.check]")
    elif isinstance(tables.get("tool"), Mapping) and "rfonnx" in tables["tool"]:
        raise DataError(f"{path}: [tool.rfonnx] is for {SHARED}", "leave the prefix out: [check], [compare]")
    for name in tables:
        if name not in TABLES:
            where = f"{path}: [{_prefix(path)}{name}]" if isinstance(tables[name], Mapping) else f"{path}: '{name}'"
            raise DataError(f"{where} means nothing to rfonnx", _table_meant(path, name))
    return Config(path, tables)


def _table_meant(path: Path, name: str) -> str:
    near = difflib.get_close_matches(name, TABLES, 1)
    if near:
        return f"did you mean [{_prefix(path)}{near[0]}]?"
    tables = ", ".join(f"[{_prefix(path)}{table}]" for table in TABLES)
    return f"the tables are {tables}; rules stand in [{_prefix(path)}check.rules]"


def _prefix(path: Path | None) -> str:
    return "tool.rfonnx." if path is not None and path.name == SHARED.name else ""


def _toml(path: Path) -> dict[str, Any]:
    try:
        text = read_regular(path, MAX_BYTES).decode("utf-8")
    except OSError as error:
        hint = f"give a configuration file of at most {MAX_BYTES} bytes"
        raise DataError(f"{path} cannot be read: {error.strerror}", hint) from None
    except ValueError as error:  # no UTF-8; or a path with a NUL
        raise DataError(f"{path} is no TOML: {error}", "save it as UTF-8 text") from None
    longest = max(map(len, text.splitlines()), default=0)
    if longest > MAX_LINE:
        raise DataError(
            f"{path} has a line of {longest} characters, expected at most {MAX_LINE}", "write it in several lines"
        )
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also: a number of over 4300 digits
        raise DataError(f"{path} is no TOML: {error}", "correct it there; docs/check.md shows an example") from None
    except RecursionError:
        raise DataError(f"{path} is nested too deeply", "correct it there; docs/check.md shows an example") from None
