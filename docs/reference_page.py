"""What the site shows on docs/reference.md: every public name with its docstring, and the types that signatures name."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

import rfonnx
import rfonnx.testing
import rfonnx.types


def reference() -> Iterator[str]:
    """Markdown, with directives that Sphinx fills from docstrings."""
    values = {name: getattr(rfonnx, name) for name in rfonnx.__all__}
    classes = {name: one for name, one in values.items() if inspect.isclass(one)}
    yield "## Functions\n"
    yield from (directive(f"autofunction:: rfonnx.{name}") for name, one in values.items() if inspect.isfunction(one))
    yield "## Classes\n"
    yield from (members(f"rfonnx.{name}") for name, one in classes.items() if not issubclass(one, Exception))
    yield "## Errors\n"
    yield from (members(f"rfonnx.{name}") for name, one in classes.items() if issubclass(one, Exception))
    yield "## Assertions for pytest\n"
    yield directive("automodule:: rfonnx.testing")
    assertions = [name for name in vars(rfonnx.testing) if name.startswith("assert_")]
    yield from (directive(f"autofunction:: rfonnx.testing.{name}") for name in assertions)
    yield "## Types\n"
    yield from aliases()
    yield "## What they hold\n"
    yield from (members(f"{one.__module__}.{one.__qualname__}") for one in held(list(classes.values())))


def aliases() -> Iterator[str]:
    """The names in `rfonnx.types`: a class with its members, a name for a type with what it stands for."""
    for module, name in declared():
        if name in rfonnx.__all__:
            continue
        if inspect.isclass(getattr(rfonnx.types, name)):
            yield members(f"rfonnx.types.{name}")
            continue
        body = ast.parse(Path(str(import_module(module).__file__)).read_text()).body
        stands_for = {ast.unparse(node.targets[0]): node for node in body if isinstance(node, ast.Assign)}
        meaning = ast.unparse(stands_for[name].value)
        below = body[body.index(stands_for[name]) + 1 :][:1]
        said = [
            str(node.value.value)
            for node in below
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ]
        yield directive(f"py:data:: rfonnx.types.{name}\n   :value: {meaning}\n\n   {' '.join(' '.join(said).split())}")


def held(known: list[type]) -> list[type]:
    """The classes of results that fields of public ones are of, and that are not public themselves."""
    public = {getattr(rfonnx.types, name) for _, name in declared()}
    found, pending = dict[type, None](), [one for one in [*known, *public] if inspect.isclass(one)]
    while pending:
        one = pending.pop(0)
        if one not in found and one.__module__.startswith("rfonnx."):
            found[one] = None
            members = [member for name, member in vars(one).items() if not name.startswith("_")]
            asked = [member.fget for member in members if isinstance(member, property)]
            asked += [member.func for member in members if isinstance(member, cached_property)]
            hints = [hint for part in (one, *asked) for hint in get_type_hints(part).values()]
            pending += [inner for hint in hints for inner in classes_in(hint)]
    return [one for one in found if one not in public and one.__module__.startswith("rfonnx.results.")]


def classes_in(hint: Any) -> Iterator[type]:
    """The classes in a type: `int` and `list` in `list[int] | None`."""
    if inspect.isclass(hint):
        yield hint
    for part in hint if isinstance(hint, list) else get_args(hint):
        yield from classes_in(part)


def declared() -> Iterator[tuple[str, str]]:
    """The module and the name of each name in `rfonnx.types`, in its order."""
    for node in ast.parse(inspect.getsource(rfonnx.types)).body:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("rfonnx."):
            yield from ((str(node.module), alias.name) for alias in node.names)
        elif isinstance(node, ast.Assign):
            yield "rfonnx.types", ast.unparse(node.targets[0])


def members(name: str) -> str:
    """A class with what it has itself."""
    return directive(f"autoclass:: {name}\n   :members:")


def directive(text: str) -> str:
    """A directive in reStructuredText, which docstrings are read as."""
    return f"```{{eval-rst}}\n.. {text}\n```\n"
