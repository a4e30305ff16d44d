"""The public functions: what they take and give has types, options are those of the settings, and objects say what they are."""

from __future__ import annotations

import dataclasses
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import rfonnx
from rfonnx import api, testing, types
from rfonnx.comparing.settings import Settings as CompareSettings
from rfonnx.effective.settings import Settings as ErfSettings
from rfonnx.model.opened import Opened

MODELS = Path(__file__).parents[1] / "models"
ROLES = ("teacher", "student")  # fields of the settings, and models to the function
PUBLIC = [getattr(rfonnx, name) for name in rfonnx.__all__ if name != "__version__"]
ASSERTIONS = [testing.assert_field, testing.assert_agrees, testing.assert_rules, testing.assert_tiles]
FUNCTIONS = [*filter(inspect.isfunction, PUBLIC), *ASSERTIONS]


def public_classes() -> list[type]:
    """The classes that are given and taken, and those of their attributes in `rfonnx.results`."""
    found, pending = dict[type, None](), [one for one in (*PUBLIC, *vars(types).values()) if inspect.isclass(one)]
    while pending:
        one = pending.pop()
        if one not in found and one.__module__.startswith("rfonnx.") and one is not Opened:
            found[one] = None
            named = [part for hint in get_type_hints(one).values() for part in classes_in(hint)]
            pending += [part for part in named if part.__module__.startswith("rfonnx.results")]
    return list(found)


def classes_in(hint: Any) -> Iterator[type]:
    """The classes in a type: `int` and `list` in `list[int] | None`."""
    for part in hint if isinstance(hint, list) else get_args(hint) or [hint]:
        if get_args(part) or isinstance(part, list):
            yield from classes_in(part)
        elif inspect.isclass(part):
            yield part


def methods(one: type) -> Iterator[Callable[..., Any]]:
    """Public functions and properties of a class, and how it is made."""
    for name, member in vars(one).items():
        function = getattr(member, "fget", None) or getattr(member, "func", None) or member
        if inspect.isfunction(function) and (not name.startswith("_") or name == "__init__"):
            yield function


EVERY = [*FUNCTIONS, *(function for one in public_classes() for function in methods(one))]


@pytest.mark.parametrize("function", EVERY, ids=lambda one: f"{one.__module__}.{one.__qualname__}")
def test_every_annotation_can_be_evaluated(function: Callable[..., Any]) -> None:
    """By whoever reads signatures while a program runs: command lines made of functions, notebooks, documentation."""
    hints = get_type_hints(function)
    signature = inspect.signature(function, eval_str=True)
    named = {name: one.annotation for name, one in signature.parameters.items() if name != "self"}
    assert hints.keys() == {*named, "return"}
    assert not [one for one in (*named.values(), signature.return_annotation) if isinstance(one, str)]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.__name__)
def test_every_parameter_has_a_real_type(function: Callable[..., Any]) -> None:
    signature = inspect.signature(function)
    for parameter in signature.parameters.values():
        assert parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        assert not re.search(r"\bAny\b|\bobject\b", str(parameter.annotation)), parameter
    assert get_type_hints(function)["return"] is not Any


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
    taken, held = get_type_hints(function), get_type_hints(settings)
    assert set(given) == set(declared)
    for name, field in declared.items():
        table = field.default_factory is not dataclasses.MISSING
        assert taken[name] == (held[name] | None if table else held[name]), name
        assert given[name].default == (None if table else field.default), name


@pytest.mark.parametrize(
    ("function", "like", "apart"),
    [(testing.assert_agrees, api.compare, {*ROLES, "cost"}), (testing.assert_rules, api.check, set())],
    ids=["assert_agrees", "assert_rules"],
)
def test_assertions_take_what_their_functions_take(
    function: Callable[..., Any], like: Callable[..., Any], apart: set[str]
) -> None:
    taken, wanted = (inspect.signature(one, eval_str=True).parameters for one in (function, like))
    assert list(taken) == list(wanted)
    assert [one for name, one in taken.items() if name not in apart] == [
        one for name, one in wanted.items() if name not in apart
    ]


def test_ipython_completes_names(tmp_path: Path) -> None:
    program = f"""
import rfonnx
from IPython.core.completer import provisionalcompleter
found = rfonnx.analyze({str(MODELS / "seed.onnx")!r})
with provisionalcompleter():
    for text in ('found.tensors["co', "rfonnx.", "rfonnx.erf(found, chan"):
        print(*(one.text for one in get_ipython().Completer.completions(text, len(text))))
"""
    command = [sys.executable, "-P", "-m", "IPython", "--ipython-dir", str(tmp_path), "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=True)
    tensors, names, arguments = (set(line.split()) for line in done.stdout.splitlines())
    assert tensors == {"conv1", "conv1.relu", "conv2", "conv2.relu"}
    assert names == {name for name in rfonnx.__all__ if not name.startswith("_")}
    assert arguments == {"channel="}


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
