"""Rules in words: what follows `--rule`, and the lists that `rfonnx.check` and `assert_rules` take.

    causal                       the rule, with its defaults
    field-minimum=64             its first parameter
    causal.input=x               any parameter, by name; also its `severity`

A word without a dot begins a run of the rule, a dotted one adds to the run before it (or begins the first). What follows the
first "=" is taken as it stands, so that every name of a tensor can be written.
"""

from __future__ import annotations

from collections.abc import Iterable

from rfonnx.checking.rule_table import find
from rfonnx.errors import DataError
from rfonnx.results.findings import RuleInfo
from rfonnx.system.config import check_keys

Run = dict[str, str]


def read_words(words: Iterable[str]) -> dict[str, list[Run]]:
    """The parameters that words give, for each run of each rule, by id.

    Raises:
        DataError: a parameter means nothing, has no value or has two.
        QueryError: there is no such rule.
    """
    found: dict[str, list[Run]] = {}
    for text in words:
        left, equals, value = text.partition("=")
        word, dot, parameter = left.partition(".")
        info = find(word)[0]
        runs = found.setdefault(info.id, [])
        if not (dot and runs):
            runs.append({})
        if dot:
            _add(info, runs[-1], parameter, value if equals else None)
        elif equals:
            _add(info, runs[-1], _first(info, value), value)
    return {
        number: [run for index, run in enumerate(runs) if run not in runs[:index]] for number, runs in found.items()
    }


def _add(info: RuleInfo, run: Run, parameter: str, value: str | None) -> None:
    place = f"--rule {info.name}"
    check_keys(place, {parameter: value}, (*info.parameters, "severity"))
    if value is None:
        raise DataError(f"{place}.{parameter} has no value", f"write {place}.{parameter}=...")
    if parameter in run:
        raise DataError(
            f"{place}.{parameter} is given twice, {run[parameter]!r} and {value!r}",
            f"begin a second run of the rule with {place}",
        )
    run[parameter] = value


def _first(info: RuleInfo, value: str) -> str:
    if info.bare is None:
        raise DataError(f"--rule {info.name} takes no value, but has {value!r}", f"write --rule {info.name}")
    return info.bare
