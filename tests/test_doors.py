"""The public functions: what they take and give has types, options are those of the settings, and objects say what they are."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rfonnx
from rfonnx import api
from rfonnx.comparing.settings import Settings as CompareSettings
from rfonnx.effective.settings import Settings as ErfSettings

FUNCTIONS = [value for name in rfonnx.__all__ if inspect.isfunction(value := getattr(rfonnx, name))]
MODELS = Path(__file__).parents[1] / "models"
ROLES = ("teacher", "student")  # fields of the settings, and models to the function


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.__name__)
def test_every_parameter_has_a_real_type(function: Callable[..., Any]) -> None:
    signature = inspect.signature(function)
    for parameter in signature.parameters.values():
        assert parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        assert parameter.annotation is not parameter.empty
        assert not re.search(r"\bAny\b|\bobject\b", str(parameter.annotation)), parameter
    assert signature.return_annotation not in (signature.empty, "Any")


@pytest.mark.parametrize(
    ("function", "settings", "apart"),
    [
        (api.erf, ErfSettings, {"model", "tensor", "at", "position"}),
        (api.erf_many, ErfSettings, {"model", "tensor", "at", "positions"}),
        (api.erf_layers, ErfSettings, {"model", "at", "tensors"}),
        (api.compare, CompareSettings, {*ROLES, "teacher_prep", "student_prep"}),
    ],
    ids=["erf", "erf_many", "erf_layers", "compare"],
)
def test_options_are_the_fields_of_the_settings(function: Callable[..., Any], settings: Any, apart: set[str]) -> None:
    """The same names, types and defaults. A table that is empty by default is None in the function."""
    given = {name: one for name, one in inspect.signature(function).parameters.items() if name not in apart}
    declared = {field.name: field for field in dataclasses.fields(settings) if field.name not in ROLES}
    assert set(given) == set(declared)
    for name, field in declared.items():
        table = field.default_factory is not dataclasses.MISSING
        assert str(given[name].annotation) == (f"{field.type} | None" if table else field.type), name
        assert given[name].default == (None if table else field.default), name


def test_dir_is_what_the_docs_list() -> None:
    listed = re.findall(r"^\| `([\w.]+)", (MODELS.parent / "docs" / "api.md").read_text(), re.MULTILINE)
    assert dir(rfonnx) == sorted(listed)


def test_objects_say_what_they_are() -> None:
    seed = MODELS / "seed.onnx"
    assert repr(rfonnx.analyze(seed)) == "<Analysis of 'seed.onnx', inputs {'x': 1x3x32x40}, 5 tensors>"
    assert re.fullmatch(
        r"<ERF of 'pool' \(0, None, \d+, \d+\) of 'seed.onnx' over 'x' axes \(2, 3\): "
        r"sigma [\d.]+ x [\d.]+, 2 samples, by gradient>",
        repr(rfonnx.erf(seed, "pool", n=2)),
    )
    compared = rfonnx.compare(seed, seed, samples=2, cost=False, effective=False, fields=False)
    assert repr(compared) == "<Comparison of 'seed.onnx' against 'seed.onnx', fp32, 2 samples: passed>"
    checked = rfonnx.check(seed, ["field-minimum=3"])
    assert repr(checked) == f"<CheckResult of {str(seed)!r}, 1 rules, 2 findings: passed>"


def test_a_table_that_is_none_was_not_given() -> None:
    with pytest.raises(rfonnx.QueryError, match="seed is None"):
        rfonnx.erf(MODELS / "seed.onnx", seed=None)  # type: ignore[arg-type]
    assert rfonnx.erf(MODELS / "seed.onnx", n=1, shapes=None, values=None).samples == 1
