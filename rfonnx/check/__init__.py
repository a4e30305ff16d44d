"""Checking a model against rules: `rfonnx.check`, whose parts are loaded when it is called."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rfonnx.compare.settings import Settings, Shapes
    from rfonnx.findings import CheckResult


def check(
    model: str | os.PathLike[str],
    rules: Mapping[str, Any] | Iterable[str] | None = None,
    *,
    against: str | os.PathLike[str] | None = None,
    shapes: Shapes | None = None,
    values: Mapping[str, Any] | None = None,
    batch_axes: Mapping[str, int | None] | None = None,
    settings: Settings | None = None,
) -> CheckResult:
    """Hold a model against rules.

    Args:
        model: an ONNX file.
        rules: by id or name, as in the table [check.rules]: `{"causal": True, "field-minimum": {"min": 64, "tensor":
            "mask"}}`, or words as after `--rule`: `["causal", "field-minimum=64", "field-minimum.tensor=mask"]`, and then no
            others run. None: the rules that need no values.
        against: the teacher, for the rules that compare.
        shapes: as for `rfonnx.analyze`.
        values: the same: what small inputs hold, `{"sr": 16000}`; samples need not give them.
        batch_axes: the same: which axis of an input counts samples, `{"state": 1, "x": None}`, where that is not to be found.
        settings: samples, preparation and limits of runs and comparisons (`rfonnx.compare.settings.Settings`).

    Returns:
        The findings. A model that does not run, or that fails on a sample, is among them.

    Raises:
        ModelError, ShapeError: the model cannot be read.
        DataError, QueryError: a rule, a value, a tensor or the data means nothing.
    """
    from dataclasses import replace

    from rfonnx.check.run import check_model
    from rfonnx.check.selection import choose
    from rfonnx.check.subject import Against, Subject
    from rfonnx.compare.settings import Settings

    table = rules if isinstance(rules, Mapping) else {}
    words = rules if rules is not None and not isinstance(rules, Mapping) else ()
    chosen = choose(table, words, "rules", against is not None)
    asked = settings or Settings(cost=False)
    asked = replace(
        asked, values={**asked.values, **(values or {})}, batch_axes={**asked.batch_axes, **(batch_axes or {})}
    )
    checked = check_model(Subject(model, shapes, Against(against, asked)), chosen)
    if checked.error is not None:
        raise checked.error
    return checked.result


__all__ = ["check"]
