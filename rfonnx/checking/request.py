"""From the tables [check] and [compare], and the command line over them, to what a check is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rfonnx.checking.selection import Chosen, choose
from rfonnx.comparing.options import batch_axes, merged
from rfonnx.comparing.options import from_config as compare_config
from rfonnx.comparing.settings import Settings
from rfonnx.errors import DataError
from rfonnx.results.binding import Shapes
from rfonnx.results.findings import SEVERITIES, Severity
from rfonnx.system.config import Config

TARGET = "target-operators"
"""The rule that `--target` is short for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check is asked for.

    Attributes:
        chosen: the rules that run.
        against: the teacher, or None.
        shapes: input shapes, or None.
        settings: of runs and comparisons.
        fail_level: severity from which a finding fails the check.
    """

    chosen: list[Chosen]
    against: str | None
    shapes: Shapes | None
    settings: Settings
    fail_level: Severity


def from_config(
    config: Config,
    words: Iterable[str],
    against: str | None,
    shapes: Shapes,
    given: Mapping[str, Any],
    preparation: Mapping[str, str],
    targets: Iterable[str] = (),
) -> Asked:
    """Tables `[check]` and `[compare]`; the command line goes first.

    Args:
        words: rules of the command line, see `selection.choose`.
        given: fields of `Settings`.
        preparation: keys and values for the model and its teacher.
        targets: that shall take the model, beside the rules.

    Raises:
        DataError, QueryError: a key, a rule or a value means nothing.
    """
    table = config.table("check", ("fail-level", "against", "shapes", "values", "batch-axes", "rules"))
    level = table.get("fail-level", "error")
    if level not in SEVERITIES:
        raise DataError(f"{config.path}: [check] fail-level is {level!r}", f"it may be {', '.join(SEVERITIES)}")
    teacher = against or table.get("against")
    rules, stated, values = table.get("rules", {}), table.get("shapes", {}), table.get("values", {})
    tables = (("rules", rules, Mapping), ("shapes", stated, Mapping), ("values", values, Mapping))
    for name, value, kind in (*tables, ("against", teacher or "", str)):
        if not isinstance(value, kind):
            raise DataError(f"{config.path}: [check] {name} is {value!r}", "write it as in docs/check.md")
    chosen = choose(rules, words, f"{config.path}: [check.rules]", teacher is not None)
    if wanted := [f"{TARGET}={name}" for name in targets]:
        chosen = [one for one in chosen if one.info.name != TARGET] + choose(rules, wanted, "--target")
    bound = {**{name: _shape(config, name, value) for name, value in stated.items()}, **shapes}
    axes = batch_axes(f"{config.path}: [check.batch-axes]", table.get("batch-axes", {}))
    given = {
        **given,
        "shapes": bound,
        "values": {**values, **given.get("values", {})},
        "batch_axes": {**axes, **given.get("batch_axes", {})},
    }
    settings = merged({**compare_config(config), "cost": False}, given, preparation, {}, {})
    return Asked(chosen, teacher, bound or None, settings, level)


def _shape(config: Config, name: str, value: Any) -> Any:
    lengths = value if isinstance(value, list) else [value]
    if not lengths or not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in lengths):
        raise DataError(f"{config.path}: [check.shapes] {name} is {value!r}", "write [1, 3, 224, 224], or one length")
    return tuple(value) if isinstance(value, list) else value
