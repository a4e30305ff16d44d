"""The one table of operators: a row for each, and in its columns all that rfonnx knows of it.

The families (`conv`, `pool`, `norm`, ...) fill the table: those that most models need when `rfonnx.operators` is imported, the
others when they are asked for. Gradient rules are heavy, and are added when `rfonnx.gradients.rules` is. A column is filled
once; `rfonnx.operators.row` says what each holds.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from rfonnx.operators.row import Operator

_rows: dict[str, Operator] = {}
_found: dict[str, Operator] = {}
"""The rows that nothing is missing of any more: they are asked for many times for each node."""
_blank = Operator("")
_complete: set[str] = set()
_seldom: list[str] = []
_others: list[str] = []


def fill_later(seldom: str, others: str) -> None:
    """Name the modules that fill all other rows when one of them, or the whole table, is asked for first.

    Args:
        seldom: fills those of ai.onnx that have no column yet.
        others: fills, with it, those of other domains.
    """
    _complete.update(kind for kind in _rows if "." not in kind)
    _seldom.append(seldom)
    _others.append(others)


def _fill(modules: list[str]) -> None:
    for module in tuple(modules):
        import_module(module)  # waits where another thread is at it
    modules.clear()


def operator(kind: str) -> Operator:
    """The row of an operator; one that nobody filled when the table does not know it."""
    row = _found.get(kind)
    return _looked_up(kind) if row is None else row


def _looked_up(kind: str) -> Operator:
    if kind not in _complete:
        _fill(_seldom)
        if "." in kind:
            _fill(_others)
    row = _rows.get(kind)
    if row is None:
        return _blank
    _found[kind] = row
    return row


def operators() -> tuple[Operator, ...]:
    """All rows, in no order that means anything."""
    _fill(_seldom)
    _fill(_others)
    return tuple(_rows.values())


def kinds(column: str) -> frozenset[str]:
    """The operators whose column somebody filled."""
    return frozenset(row.kind for row in operators() if column in row.filled)


def declare(*kinds: str, **columns: Any) -> None:
    """Fill columns of operators: `declare("Relu", "Sigmoid", keeps_zero=True)`.

    Raises:
        ValueError: one of them is filled already, or there is no such column.
    """
    for kind in kinds:
        row = _rows.setdefault(kind, Operator(kind))
        for column, value in columns.items():
            if column not in Operator.__annotations__:
                raise ValueError(f"the table of operators has no column '{column}'")
            if column in row.filled:
                raise ValueError(f"{column} of {kind} is declared twice")
            row.filled.add(column)
            setattr(row, column, value)


def named(names: str, domain: str = "") -> tuple[str, ...]:
    """Kinds of a domain. `microsoft("Gelu MoE")` are com.microsoft.Gelu and com.microsoft.MoE."""
    return tuple(f"{domain}.{name}" if domain else name for name in names.split())


def microsoft(names: str) -> tuple[str, ...]:
    """Kinds of the com.microsoft domain: onnxruntime's own operators."""
    return named(names, "com.microsoft")


Function = TypeVar("Function", bound=Callable[..., Any])


def filling(column: str, *kinds: str) -> Callable[[Function], Function]:
    """A decorator that fills a column of these operators with a function."""

    def fill(function: Function) -> Function:
        declare(*kinds, **{column: function})
        return function

    return fill
