"""The rules by id. Each family module registers its functions with `@rule`; ids are for ever."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rfonnx.errors import QueryError
from rfonnx.findings import Parameter, RuleInfo, Severity

if TYPE_CHECKING:
    from rfonnx.check.subject import Subject


@dataclass(frozen=True, slots=True)
class Says:
    """What a rule says: it fails, or something holds.

    Attributes:
        message: one line.
        tensor: what it is about, or "".
        failed: whether the rule is broken.
    """

    message: str
    tensor: str = ""
    failed: bool = True


def holds(message: str, tensor: str = "") -> Says:
    """Something that a rule found to be as it should."""
    return Says(message, tensor, False)


class NotApplicableError(Exception):
    """The rule has nothing to look at in this model, or lacks what it needs."""


Values = Mapping[str, Any]
Rule = Callable[["Subject", Values], Iterator[Says]]
"""Yields what it finds; raises NotApplicableError when there is nothing to look at. `Values` holds every parameter."""

_rules: dict[str, tuple[RuleInfo, Rule]] = {}
_ids: dict[str, str] = {}


def rule(
    number: str, name: str, severity: Severity, parameters: Mapping[str, Parameter] | None = None, default: bool = False
) -> Callable[[Rule], Rule]:
    """Register a rule; its docstring is the explanation, the docstring's first line the summary.

    Raises:
        ValueError: the id or name is taken, or the function has no docstring.
    """

    def register(function: Rule) -> Rule:
        text = inspect.getdoc(function)
        if number in _rules or name in _ids or text is None:
            raise ValueError(f"rule {number} ({name}) is registered twice, or has no docstring")
        _rules[number] = (
            RuleInfo(number, name, severity, text.split("\n")[0], text, parameters or {}, default),
            function,
        )
        _ids[name] = number
        return function

    return register


def rules() -> dict[str, RuleInfo]:
    """All rules by id, in order."""
    _load()
    return {number: _rules[number][0] for number in sorted(_rules)}


def find(word: str) -> tuple[RuleInfo, Rule]:
    """A rule by id or name.

    Raises:
        QueryError: there is none.
    """
    _load()
    number = _ids.get(word, word.upper())
    if number not in _rules:
        import difflib

        near = difflib.get_close_matches(word, [*_rules, *_ids], 1)
        hint = f"did you mean '{near[0]}'?" if near else "rfonnx check --list names them all"
        raise QueryError(f"there is no rule '{word}'", hint)
    return _rules[number]


def _load() -> None:
    """Import the families, once: importing registers."""
    from rfonnx.check.rules import (
        costs,
        dataflow,
        deterministic,
        fields,
        modes,
        runs,
        structure,
        teacher,
        weights,
    )

    assert all((costs, dataflow, deterministic, fields, modes, runs, structure, teacher, weights))
