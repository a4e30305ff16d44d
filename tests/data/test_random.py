"""Random samples come from one place: whoever has no data is given the same ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from rfonnx.comparing.pairs.random_samples import random_source
from rfonnx.comparing.pairs.running_model import OpenModel
from rfonnx.effective.settings import Settings
from rfonnx.effective.subject import open_subject
from rfonnx.model.inputs import draw
from small_nets import model, save


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Four inputs: numbers, a picture in bytes, a mask, and ids of a table of seven rows."""
    casts = [helper.make_node("Cast", [name], [f"{name}_f"], to=1) for name in ("picture", "mask")]
    nodes = [*casts, helper.make_node("Gather", ["table", "ids"], ["rows"])]
    sums = [helper.make_node("ReduceSum", [n], [f"{n}_s"], keepdims=0) for n in ("x", "picture_f", "mask_f", "rows")]
    total = helper.make_node("Sum", [node.output[0] for node in sums], ["y"])
    types = {"picture": onnx.TensorProto.UINT8, "mask": onnx.TensorProto.INT64, "ids": onnx.TensorProto.INT64}
    inputs = {"x": (1, 3, 150), "picture": (1, 3, 9, 9), "mask": (1, 40), "ids": (1, 40)}
    return save(
        model([*nodes, *sums, total], inputs, {"y": ()}, {"table": np.ones(7, "f")}, types), tmp_path / "m.onnx"
    )


def test_measuring_and_comparing_draw_the_same_samples(path: Path) -> None:
    measured = draw(open_subject(path, Settings()).input_types(), seed=3, index=1)
    source = random_source(OpenModel("model", path, 1, None), None, 2, seed=3)
    compared = [item.load().arrays for item in source][1]
    assert list(measured) == list(compared) == ["x", "picture", "mask", "ids"]
    for name, array in measured.items():
        np.testing.assert_array_equal(array[0], compared[name])
        assert array.dtype == compared[name].dtype


def test_integers_are_pixels_ids_of_their_table_or_zeros_and_ones(path: Path) -> None:
    arrays = draw(open_subject(path, Settings()).input_types(), seed=0, index=0)
    assert arrays["picture"].max() > 200
    assert set(arrays["mask"].flat) == {0, 1}
    assert set(arrays["ids"].flat) == set(range(7))
