"""From words and TOML values to the settings of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from rfonnx.comparing.settings import Settings
from rfonnx.comparing.tasks.registry import OLD_NAMES
from rfonnx.data.preparation import Preparation
from rfonnx.errors import DataError
from rfonnx.results.agreement import Task
from rfonnx.results.measures import limitable
from rfonnx.results.option import Option, options
from rfonnx.results.ranges import AXIS, NUMBER, OPTIONS
from rfonnx.system.config import Config, check_keys

ROLES = ("prepare", "teacher", "student")
"""Tables of preparations."""

PREPARATION = ("size", "crop", "layout", "channels", "scale", "mean", "std")

PLAIN = {one.key: one for one in options(Settings).values() if one.key} | {"task": Option("How outputs are read.")}
"""Keys of `[compare]` that hold one value."""

CHOICES = {
    **{key: one.choices for key, one in PLAIN.items() if one.choices},
    "task": ("auto", *get_args(Task), *OLD_NAMES),
    "layout": ("nchw", "nhwc"),
    "channels": ("rgb", "bgr", "grey"),
}


def from_config(config: Config) -> dict[str, Any]:
    """Fields of `Settings` that `[compare]` sets.

    Raises:
        DataError: a key or value means nothing.
    """
    table = config.table("compare", (*PLAIN, "limits", "outputs", "inputs", "tasks", "values", "batch-axes", *ROLES))
    where = f"{config.path}: [compare]"
    found: dict[str, Any] = {}
    for key, value in table.items():
        if key in PLAIN:
            found[key.replace("-", "_")] = _plain(where, key, value)
        elif key in ("outputs", "inputs", "tasks"):
            found[key] = _pairs(where, key, value)
    if "values" in table:
        found["values"] = dict(_table(where, "values", table))
    if "batch-axes" in table:
        found["batch_axes"] = batch_axes(f"{where} batch-axes", table["batch-axes"])
    both = _table(where, "prepare", table)
    for role in ("teacher", "student"):
        found[role] = preparation(f"{where} {role}", {**both, **_table(where, role, table)})
    for name in found.get("tasks", {}):
        _choice(f"{where} tasks of '{name}':", "task", found["tasks"][name])
    if "limits" in table:
        found["limits"], found["output_limits"] = _limits(f"{where} limits", _table(where, "limits", table))
    return found


def _limits(where: str, table: Mapping[str, Any]) -> tuple[dict[str, float | None], dict[str, dict[str, float | None]]]:
    """Limits of all outputs, and those of single ones, which are tables."""
    own = {name: value for name, value in table.items() if isinstance(value, Mapping)}
    by_output = {name: _limits_of(f'{where}."{name}"', entries) for name, entries in own.items()}
    return _limits_of(where, {name: value for name, value in table.items() if name not in own}), by_output


def _limits_of(where: str, table: Mapping[str, Any]) -> dict[str, float | None]:
    check_keys(where, table, limitable())
    for name, value in table.items():
        if value is not False:
            if value is True or not isinstance(value, int | float):
                raise DataError(
                    f"{where} {name} is {value!r}, expected a number, or false", f"write such as {name} = 0.5"
                )
            NUMBER.check(value, f"{where} {name}")
    return {name: None if value is False else float(value) for name, value in table.items()}


def batch_axes(where: str, table: Any) -> dict[str, int | None]:
    """Batch axes by input; "none" stands for None, which TOML does not have.

    Raises:
        DataError: it is no such table.
    """
    entries = dict(table) if isinstance(table, Mapping) else {"": table}
    for name, axis in entries.items():
        if axis != "none" and (not isinstance(axis, int) or isinstance(axis, bool) or axis not in AXIS):
            raise DataError(f"{where} {name} is {axis!r}", 'write state = 1, or x = "none"')
    return {name: None if axis == "none" else axis for name, axis in entries.items()}


def preparation(where: str, values: Mapping[str, Any]) -> Preparation:
    """A `Preparation` from words ("224x224", "0.5,0.5") or numbers.

    Raises:
        DataError: a key or value means nothing.
    """
    check_keys(where, values, PREPARATION)
    made: dict[str, Any] = {}
    for key, value in values.items():
        if key == "size":
            lengths = _lengths(where, key, value)
            made[key] = lengths[0] if len(lengths) == 1 else lengths
        elif key == "crop":
            lengths = _lengths(where, key, value)
            made[key] = lengths * 2 if len(lengths) == 1 else lengths
        elif key in ("layout", "channels"):
            made[key] = _choice(where, key, value)
        else:
            numbers = _numbers(where, key, value)
            made[key] = numbers[0] if key == "scale" else numbers
    return Preparation(**made)


def _plain(where: str, key: str, value: Any) -> Any:
    wanted = PLAIN[key].kind
    if key in CHOICES:
        return _choice(where, key, value)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        OPTIONS[key].check(value, f"{where} {key}")  # before it becomes a float: 10^400 is none
        return float(value)
    if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
        raise DataError(f"{where} {key} is {value!r}, expected {wanted.__name__}", f"give {OPTIONS.get(key, 'a name')}")
    if isinstance(value, int | float) and key in OPTIONS:
        OPTIONS[key].check(value, f"{where} {key}")
    return value


def _choice(where: str, key: str, value: Any) -> Any:
    word = (
        value.partition(":")[0] if key == "task" and isinstance(value, str) else value
    )  # tasks have options of their own
    if word not in CHOICES[key]:
        raise DataError(f"{where} {key} is {value!r}", f"it may be {', '.join(CHOICES[key])}")
    return value


def _table(where: str, key: str, table: Mapping[str, Any]) -> Mapping[str, Any]:
    found = table.get(key, {})
    if not isinstance(found, Mapping):
        raise DataError(f"{where} {key} is {found!r}, expected a table", f"write [compare.{key}]")
    return found


def _pairs(where: str, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(item, str) for item in value.values()):
        raise DataError(f"{where} {key} is {value!r}, expected a table of names", f"write [compare.{key}]")
    return dict(value)


def _lengths(where: str, key: str, value: Any) -> tuple[int, ...]:
    words = value.lower().split("x") if isinstance(value, str) else value if isinstance(value, Sequence) else [value]
    try:
        lengths = tuple(int(word) for word in words)
    except (TypeError, ValueError):
        lengths = ()
    if len(lengths) not in (1, 2) or not all(0 < length <= 1 << 16 for length in lengths):
        raise DataError(
            f"{where} {key} is {value!r}, expected rows and columns such as 224x224, or one number",
            f"give lengths from 1 to {1 << 16}",
        )
    return lengths


def _numbers(where: str, key: str, value: Any) -> tuple[float, ...]:
    words = value.split(",") if isinstance(value, str) else value if isinstance(value, Sequence) else [value]
    try:
        numbers = tuple(float(word) for word in words)
    except (TypeError, ValueError, OverflowError):
        numbers = ()
    if not numbers or (key == "scale" and len(numbers) > 1) or (key == "std" and 0 in numbers):
        raise DataError(
            f"{where} {key} is {value!r}, expected numbers such as 0.485,0.456,0.406", "give one, or one per channel"
        )
    for number in numbers:
        OPTIONS[key].check(number, f"{where} {key}")
    return numbers


def merged(
    config: Mapping[str, Any],
    given: Mapping[str, Any],
    both: Mapping[str, str],
    teacher: Mapping[str, str],
    student: Mapping[str, str],
) -> Settings:
    """The configuration, with what was given on the command line over it.

    Args:
        config: see `from_config`.
        given: fields of `Settings`; None and empty ones were not given.
        both, teacher, student: keys and values of preparations.

    Raises:
        DataError: a key or value means nothing.
    """
    fields = dict(config)
    for name, value in given.items():
        if value is None or value == {}:
            continue
        fields[name] = _over(fields.get(name, {}), value) if isinstance(value, Mapping) else value
    for role, own in (("teacher", teacher), ("student", student)):
        words = {**both, **own}
        if words:
            asked = preparation(f"--{role}-prep" if own else "--prep", words)
            fields[role] = replace(fields.get(role, Preparation()), **{key: getattr(asked, key) for key in words})
    return Settings(**fields)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both tables, the second over the first, tables in them likewise."""
    nested = {
        name: _over(below[name], value)
        for name, value in above.items()
        if isinstance(value, Mapping) and isinstance(below.get(name), Mapping)
    }
    return {**below, **above, **nested}
