"""Analyses are sent to workers: a copy by pickle or deepcopy answers every question as the original does."""

from __future__ import annotations

import copy
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx import Analysis
from rfonnx.errors import QueryError

MODELS = Path(__file__).parents[2] / "models"
NAMES = ("dilated", "inception", "resnet18", "se", "superres", "unet", "vit", "wavenet", "conv3d")
Copy = Callable[[Analysis], Analysis]


def pickled(analysis: Analysis) -> Analysis:
    made = pickle.loads(pickle.dumps(analysis))  # noqa: S301  our own
    assert isinstance(made, Analysis)
    return made


COPIES = pytest.mark.parametrize("duplicate", [pickled, copy.deepcopy])


def assert_alike(one: Analysis, other: Analysis) -> None:
    assert one is not other
    assert other.to_dict() == one.to_dict()
    for name in (
        "model",
        "inputs",
        "outputs",
        "input_shapes",
        "warnings",
        "joins",
        "globals",
        "windowed",
        "slid",
        "batch_axes",
    ):
        assert getattr(other, name) == getattr(one, name), name
    assert dict(other.facts) == dict(one.facts)
    assert dict(other.tensors) == dict(one.tensors)
    assert list(other.tensors) == list(one.tensors)
    assert other.time.known == one.time.known
    assert (other.batches.axes, other.batches.samples) == (one.batches.axes, one.batches.samples)
    input, shape = next(iter(one.input_shapes.items()))
    for tensor in [*one.outputs, *list(one.tensors)[:: max(len(one.tensors) // 4, 1)]]:
        where = tuple(n // 2 for n in one.tensors[tensor].shape)
        assert other.box(tensor, where) == one.box(tensor, where)
        np.testing.assert_array_equal(other.support(tensor, where, input), one.support(tensor, where, input))
        np.testing.assert_array_equal(other.paths(tensor, where, input), one.paths(tensor, where, input))
        for axis in range(len(shape)):
            assert other.explain(tensor, input, axis) == one.explain(tensor, input, axis)
            assert other.misaligned(tensor, input, axis) == one.misaligned(tensor, input, axis)
            for clip in (True, False):
                for a, b in zip(
                    one.intervals(tensor, input, axis, clip), other.intervals(tensor, input, axis, clip), strict=True
                ):
                    np.testing.assert_array_equal(a, b)


@COPIES
@pytest.mark.parametrize("name", NAMES)
def test_a_copy_answers_alike(name: str, duplicate: Copy) -> None:
    one = rfonnx.analyze(MODELS / f"{name}.onnx")
    assert_alike(one, duplicate(one))


@COPIES
def test_a_copy_of_one_that_has_been_asked(duplicate: Copy) -> None:
    one = rfonnx.analyze(MODELS / "wavenet.onnx")
    _ = one.to_dict(), one.facts, one.time.known, one.batches, one.globals, one.warnings, one.tensors
    assert_alike(one, duplicate(one))


@COPIES
def test_a_copy_of_a_copy(duplicate: Copy) -> None:
    one = rfonnx.analyze(MODELS / "se.onnx")
    assert_alike(one, duplicate(duplicate(one)))


@COPIES
def test_bound_values_and_shapes_are_kept(duplicate: Copy) -> None:
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[n, 3, h, w] x, bool c) => (float[n, 3, u, v] y)'
        "{ y = If (c) <then_branch = t () => (float[n, 3, h, w] a) { a = Relu (x) },"
        " else_branch = e () => (float[n, 3, u, v] b) { b = AveragePool <kernel_shape = [3, 3]> (x) }> }"
    )
    one = rfonnx.analyze(model, {"h": 12, "w": 10}, values={"c": False})
    other = duplicate(one)
    assert_alike(one, other)
    assert other.values == {"c": np.array(False)}


def test_a_copy_needs_no_file(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    shutil.copy(MODELS / "resnet18.onnx", path)
    one = rfonnx.analyze(path)
    data = pickle.dumps(one)
    size = path.stat().st_size
    path.unlink()
    assert_alike(one, pickle.loads(data))  # noqa: S301  our own
    assert len(data) < size // 10  # no weights


def test_a_copy_has_no_model_to_analyse_again() -> None:
    other = pickled(rfonnx.analyze(MODELS / "se.onnx"))
    with pytest.raises(QueryError, match="has no model to analyse again; analyse the model itself"):
        other._again({})
