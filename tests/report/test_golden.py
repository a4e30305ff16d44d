"""Every format against files that were read by a person once.

When a change is meant, `RFONNX_GOLDEN=write python -m pytest tests/report/test_golden.py` rewrites them: read the difference
before you commit it. What a failing run made is kept beside the golden file, as `NAME.actual`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from rich.console import Console

import rfonnx
from fake_analysis import FakeAnalysis, axis_field, fake, hostile, seed, square
from report.golden_files import check
from rfonnx.report.explanation.chains import Question, explanation
from rfonnx.report.explanation.json import explain_json
from rfonnx.report.explanation.people import explain_document
from rfonnx.report.fields.people import overview
from rfonnx.report.fields.view import View
from rfonnx.report.formats import FIELDS, render
from rfonnx.report.terminal import render as render_terminal
from rfonnx.results.fields import TensorField


def two_inputs() -> FakeAnalysis:
    """A reference and a moving image: one tensor sees one input, one both with a range of sizes, one nothing."""
    one, nothing = axis_field(3, padding=1), axis_field(0, 0, kind="none", tensor_axis=None, coverage=0.0)
    ranged = axis_field(12, Fraction(1, 2), kind="periodic", size_min=8, period=2, padding=5)
    fields = {
        "left": {("a", 2): one, ("a", 3): one, ("b", 2): nothing, ("b", 3): nothing},
        "both": {("a", 2): ranged, ("a", 3): one, ("b", 2): one, ("b", 3): ranged},
        "neither": {("a", 2): nothing, ("a", 3): nothing, ("b", 2): nothing, ("b", 3): nothing},
    }
    tensors = [
        TensorField(name, (1, 1, 16, None), "float32", "Conv", "", name == "left", (), by_axis)
        for name, by_axis in fields.items()
    ]
    return fake(
        tensors,
        outputs=("both", "neither", "a", "constant"),
        inputs=("a", "b"),
        input_shapes={"a": (1, 1, 16, 16), "b": (1, 1, 16, 16)},
        windowed=(("a", 2), ("a", 3), ("b", 2), ("b", 3)),
        joins=(("both", "a", 2, (Fraction(1, 2), Fraction(3))),),
        warnings=("input 'a': the batch was taken as 1",),
    )


def long() -> FakeAnalysis:
    """More rows than are shown."""
    return fake([square(f"c{i}", "Conv", (1, 8, 32, 32), axis_field(2 * i + 3)) for i in range(230)])


ANALYSES: dict[str, Callable[[], FakeAnalysis]] = {
    "seed": seed,
    "hostile": hostile,
    "two_inputs": two_inputs,
    "long": long,
}
SUFFIXES = {"text": "txt", "markdown": "md", "csv": "csv", "json": "json"}


@pytest.mark.parametrize("style", SUFFIXES)
@pytest.mark.parametrize("name", ["seed", "hostile", "two_inputs"])
def test_every_format(name: str, style: str) -> None:
    check(f"{name}.{SUFFIXES[style]}", "".join(FIELDS.write(style, ANALYSES[name](), View())))


@pytest.mark.parametrize("style", ["text", "markdown"])
def test_a_long_table_is_elided(style: str) -> None:
    check(f"long.{SUFFIXES[style]}", "".join(FIELDS.write(style, long(), View())))


@pytest.mark.parametrize("name", ["seed", "hostile", "long"])
def test_terminal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours and folding at 80 columns."""
    for variable in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    console = Console(
        force_terminal=True,
        color_system="standard",
        width=80,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    check(f"{name}.ansi", "".join(render_terminal(overview(ANALYSES[name](), View()), console)))


@pytest.mark.parametrize("view", [View(axes="all"), View(axes=(1, 2)), View(tensors=("c2", "c1")), View(every=True)])
@pytest.mark.parametrize("style", ["text", "csv", "json"])
def test_views(view: View, style: str) -> None:
    asked = "tensors" if view.tensors else "every" if view.every else f"axes_{view.axes}".replace("(1, 2)", "1_2")
    check(f"seed_{asked}.{SUFFIXES[style]}", "".join(FIELDS.write(style, seed(), view)))


@pytest.mark.parametrize("name", ["resnet18", "inception", "se", "unet", "wavenet"])
def test_models(name: str, models: Path) -> None:
    check(f"model_{name}.txt", "".join(FIELDS.write("text", rfonnx.analyze(models / f"{name}.onnx"), View())))


@pytest.mark.parametrize(
    ("name", "tensor", "question"),
    [
        ("seed", "pool", Question(position=(0, 0, 0, 0), origin=(0, 0, 31, -1))),
        ("dilated", "context4", Question()),
        ("wavenet", "logits", Question(position=(0, 0, 1050), origin=(0, 0, 5))),
        ("se", "fc", Question(axes="all")),
    ],
)
def test_explanations(name: str, tensor: str, question: Question, models: Path) -> None:
    told = explanation(rfonnx.analyze(models / f"{name}.onnx"), tensor, question)
    for style in ("text", "markdown"):
        check(f"explain_{name}.{SUFFIXES[style]}", "".join(render(explain_document(told, every=False), style)))
    check(f"explain_{name}.json", "".join(explain_json(told)))
