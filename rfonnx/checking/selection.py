"""Which rules run, with which values: the table [check.rules], and --rule on the command line over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rfonnx.checking.rule_table import Rule, find, rules
from rfonnx.checking.words import read_words
from rfonnx.errors import DataError
from rfonnx.results.findings import DEFAULT_RANGES, SEVERITIES, Parameter, RuleInfo, Severity
from rfonnx.system.config import check_keys

KINDS = {"int": int, "float": float, "str": str, "bool": bool}

TEACHERS_RULE = "RF020"
"""Runs by default where there is a teacher to compare with."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A rule that will run.

    Attributes:
        values: every parameter.
        severity: of its failures.
        named: it was asked for by name; False: it runs by default.
    """

    info: RuleInfo
    function: Rule
    values: Mapping[str, Any]
    severity: Severity
    named: bool


def choose(table: Mapping[str, Any], words: Iterable[str], where: str, against: bool = False) -> list[Chosen]:
    """The rules to run, by id.

    Args:
        table: number or name to: false (off), true (on), a value for the first parameter, a table of parameters (and
            `severity`), or a list of such tables, of which each is a run of its own.
        words: from the command line, see `rfonnx.checking.words`: with any, only these run; what they leave out is as the
            table says.
        where: what messages call the table.
        against: a teacher was given; without one, the rules that need it by default stay out.

    Raises:
        DataError, QueryError: a rule or value means nothing, or a value that is needed is missing.
    """
    asked = _from_table(table, where)
    worded = read_words(words)
    if worded:
        over = {number: _over(asked.get(number, []), runs) for number, runs in worded.items()}
        return [chosen for number in sorted(over) for chosen in _chosen(number, over[number], "--rule", True)]
    off = {find(word)[0].id for word, value in table.items() if value is False}
    for info in rules().values():
        if info.default and info.id not in off and (against or info.id != TEACHERS_RULE):
            asked.setdefault(info.id, [])
    named = {find(word)[0].id for word in table}
    return [
        chosen for number in sorted(asked) for chosen in _chosen(number, asked[number] or [{}], where, number in named)
    ]


def _from_table(table: Mapping[str, Any], where: str) -> dict[str, list[dict[str, Any]]]:
    """The parameters of each run of each rule that is not turned off, by id."""
    found: dict[str, list[dict[str, Any]]] = {}
    words: dict[str, str] = {}
    for word, value in table.items():
        info = find(word)[0]
        if words.setdefault(info.id, word) != word:
            raise DataError(f"{where} has '{words[info.id]}' and '{word}', which are one rule", "leave one of them out")
        runs = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        if not runs:
            raise DataError(f"{where} {word} is an empty list", "write false to turn the rule off")
        if value is not False:
            found[info.id] = [_parameters(info, run, f"{where} {info.name}") for run in runs]
    return found


def _over(table: Sequence[dict[str, Any]], words: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Runs of a rule by words, each over every run that the table has."""
    return [{**under, **run} for run in words for under in (table or [{}])]


def _chosen(number: str, runs: Iterable[Mapping[str, Any]], where: str, named: bool) -> Iterator[Chosen]:
    info, function = find(number)
    place = f"{where} {info.name}"
    for given in runs:
        severity = given.get("severity", info.severity)
        if severity not in SEVERITIES:
            raise DataError(f"{place} severity is {severity!r}", f"it may be {', '.join(SEVERITIES)}")
        yield Chosen(info, function, _complete(info, given, place), severity, named)


def _parameters(info: RuleInfo, value: Any, place: str) -> dict[str, Any]:
    if value is True:
        return {}
    if isinstance(value, Mapping):
        check_keys(place, value, (*info.parameters, "severity"))
        return dict(value)
    if info.bare is None:
        raise DataError(f"{place} takes no value, but has {value!r}", "write true or false")
    return {info.bare: value}


def _complete(info: RuleInfo, given: Mapping[str, Any], place: str) -> dict[str, Any]:
    values = {}
    for name, parameter in info.parameters.items():
        value = given.get(name, parameter.default)
        if value is None and parameter.required:
            raise DataError(
                f"{place} needs '{name}': {parameter.words}",
                f"write {info.name} = {{ {name} = ... }} in the table, or --rule {info.name}.{name}=...",
            )
        values[name] = None if value is None else _convert(value, parameter, f"{place} {name}")
    return values


def _convert(value: Any, parameter: Parameter, place: str) -> Any:
    """A value of the parameter's kind, within its range."""
    made = _of_kind(value, parameter.kind, place)
    allowed = parameter.within or DEFAULT_RANGES.get(parameter.kind)
    if allowed is not None:
        allowed.check(made, place)
    return made


def _of_kind(value: Any, kind: str, place: str) -> Any:
    """TOML values must be of the kind; words from the command line are read as it."""
    if isinstance(value, str) and kind in ("int", "float"):
        try:
            return KINDS[kind](value)
        except ValueError:
            pass
    elif isinstance(value, str) and kind == "bool" and value in ("true", "false"):
        return value == "true"
    elif kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(min(max(value, -(2**1000)), 2**1000))  # larger ones are no floats, and in no range
    elif isinstance(value, KINDS[kind]) and (kind == "bool" or not isinstance(value, bool)):
        return value
    raise DataError(f"{place} is {value!r}, expected {kind}", f"give {EXAMPLES[kind]}")


EXAMPLES = {"int": "a whole number", "float": "a number", "str": "a name in quotes", "bool": "true or false"}
