"""Which rules run, with which values: the table [check.rules], and --rule on the command line over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rfonnx.check.registry import Rule, find, rules
from rfonnx.config import check_keys
from rfonnx.errors import DataError
from rfonnx.findings import SEVERITIES, RuleInfo, Severity

KINDS = {"int": int, "float": float, "str": str, "bool": bool}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A rule that will run.

    Attributes:
        values: every parameter.
        severity: of its failures.
    """

    info: RuleInfo
    function: Rule
    values: Mapping[str, Any]
    severity: Severity


def choose(table: Mapping[str, Any], words: Iterable[str], where: str, against: bool = False) -> list[Chosen]:
    """The rules to run, by id.

    Args:
        table: number or name to: false (off), true (on), a value for the first parameter, a table of parameters (and
        `severity`), or a list
            of such tables, of which each is a run of its own.
        words: "causal", "field-minimum=64", from the command line: with any, only these run, with the table's values.
        where: what messages call the table.
        against: a teacher was given; without one, the rules that need it by default stay out.

    Raises:
        DataError, QueryError: a rule or value means nothing, or a value that is needed is missing.
    """
    asked: dict[str, Any] = {info.id: True for info in rules().values() if info.default}
    if not against:
        asked.pop("RF020", None)
    for word, value in table.items():
        asked[find(word)[0].id] = value
    wanted = list(words)
    if wanted:
        named: dict[str, Any] = {}
        for text in wanted:
            word, equals, value = text.partition("=")
            number = find(word)[0].id
            named[number] = value if equals else asked.get(number, True)
            if named[number] is False:
                named[number] = True
        asked = named
        where = "--rule"
    found = []
    for number in sorted(asked):
        found += list(_runs(number, asked[number], where))
    return found


def _runs(number: str, value: Any, where: str) -> Iterable[Chosen]:
    if value is False:
        return
    info, function = find(number)
    place = f"{where} {info.name}"
    for one in value if _is_list(value) else [value]:
        given = _parameters(info, one, place)
        severity = given.pop("severity", info.severity)
        if severity not in SEVERITIES:
            raise DataError(f"{place} severity is {severity!r}", f"it may be {', '.join(SEVERITIES)}")
        yield Chosen(info, function, _complete(info, given, place), severity)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _parameters(info: RuleInfo, value: Any, place: str) -> dict[str, Any]:
    if value is True:
        return {}
    if isinstance(value, Mapping):
        check_keys(place, value, (*info.parameters, "severity"))
        return dict(value)
    if not info.parameters:
        raise DataError(f"{place} takes no value, but has {value!r}", "write true or false")
    return {next(iter(info.parameters)): value}


def _complete(info: RuleInfo, given: Mapping[str, Any], place: str) -> dict[str, Any]:
    values = {}
    for name, parameter in info.parameters.items():
        value = given.get(name, parameter.default)
        if value is None and parameter.required:
            raise DataError(f"{place} needs '{name}': {parameter.words}", f"{info.name} = {{ {name} = ... }}")
        values[name] = value if value is None else _convert(value, parameter.kind, f"{place} {name}")
    return values


def _convert(value: Any, kind: str, place: str) -> Any:
    """TOML values must be of the kind; words from the command line are read as it."""
    if isinstance(value, str) and kind in ("int", "float"):
        try:
            return KINDS[kind](value)
        except ValueError:
            pass
    elif kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    elif isinstance(value, KINDS[kind]) and (kind == "bool" or not isinstance(value, bool)):
        return value
    raise DataError(f"{place} is {value!r}, expected {kind}", "mend it")
