"""The rules by id. Each family module registers its functions with `@rule`; ids are for ever."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from rfonnx.errors import QueryError
from rfonnx.graph.text import did_you_mean
from rfonnx.results.findings import Parameter, RuleInfo, Severity

if TYPE_CHECKING:
    from rfonnx.checking.subject import Subject


@dataclass(frozen=True, slots=True)
class Says:
    """What a rule says: it fails, or something holds. What was asked for and cannot be proven fails: "is not proven to".

    Attributes:
        message: one line.
        tensor: what it is about, or "".
        failed: whether the rule is broken, or not proven to hold.
        cause: the text of the error that the failure is, or "": rules that it keeps from being tried point to this one.
        broken: the failure is shown; False: it is only not proven that the rule holds.
    """

    message: str
    tensor: str = ""
    failed: bool = True
    cause: str = ""
    broken: bool = True


def holds(message: str, tensor: str = "") -> Says:
    """Something that a rule found to be as it should: told where the rule says of nothing that it fails."""
    return Says(message, tensor, False)


def unproven(message: str, tensor: str = "") -> Says:
    """Something that may be as it should, and is not proven to be. Asked for by name, the rule fails; where it only runs by
    default, that is a note: a default rule neither fails a model that may be fine, nor claims what it cannot prove."""
    return Says(message, tensor, broken=False)


class NotApplicableError(Exception):
    """The model has nothing that the rule speaks of. What it has and nobody can prove is a failure, not this."""


Values = Mapping[str, Any]
Rule = Callable[["Subject", Values], Iterator[Says]]
"""Yields what it finds; `Values` holds every parameter. One that yields nothing fails: it has judged nothing.

Raises:
    NotApplicableError: there is nothing to look at.
    ModelError, RunError, SampleError: the model fails, or does not take a sample: the rule could not be tried.
    QueryError, DataError, ShapeError: what the user asked for or gave means nothing for this model.
"""

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
        # Python leaves docstrings out under -OO and PYTHONOPTIMIZE=2: the rules hold all the same.
        text = inspect.getdoc(function) or (name if sys.flags.optimize > 1 else None)
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
        hint = did_you_mean(word, [*_rules, *_ids]) or "rfonnx check --list names them all"
        raise QueryError(f"there is no rule '{word}'", hint)
    return _rules[number]


@cache
def _load() -> None:
    """Import the families, once: importing registers."""
    from rfonnx.checking import rules as families

    for module in pkgutil.iter_modules(families.__path__, f"{families.__name__}."):
        importlib.import_module(module.name)
