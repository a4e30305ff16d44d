"""What the page's explorer is given: packed numbers and tables hold what was put into them, and what is too large is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import rfonnx
from rfonnx.operators.access.primitives import Window
from rfonnx.report.explorer import interval_tables
from rfonnx.report.explorer.access_program import program_to_dict
from rfonnx.report.explorer.explored import explored
from rfonnx.report.explorer.interval_tables import table_of, tables_to_dict
from rfonnx.report.explorer.packing import MOST, packed

MODELS = Path(__file__).parents[2] / "models"


def unpacked(runs: list[int]) -> list[int]:
    differences = [difference for difference, count in zip(runs[::2], runs[1::2], strict=True) for _ in range(count)]
    return np.cumsum(differences, dtype=np.int64).tolist()


@given(st.lists(st.integers(-5, 5), max_size=30))
def test_numbers_come_back(numbers: list[int]) -> None:
    runs = packed(np.array(numbers, np.int64))
    assert unpacked(runs) == numbers
    assert all(count > 0 for count in runs[1::2])


@given(
    arrays.arrays(np.int64, arrays.array_shapes(max_dims=3, min_side=0, max_side=5), elements=st.integers(0, 2)),
    st.data(),
)
def test_tables_come_back(lo: np.ndarray, data: st.DataObject) -> None:
    """Also where nothing is read, whatever stands there."""
    hi = lo + data.draw(arrays.arrays(np.int64, lo.shape, elements=st.integers(-1, 2)))
    axes, *tables = table_of(lo, hi)
    starts = [unpacked(one) for one in tables[: len(axes)]]
    first, size = (np.reshape(unpacked(one), [len(one) for one in starts]) for one in tables[len(axes) :])
    for position in np.ndindex(lo.shape):
        entry = tuple(np.searchsorted(own, position[axis], "right") - 1 for axis, own in zip(axes, starts, strict=True))
        assert size[entry] == max(0, hi[position] - lo[position] + 1)
        assert size[entry] == 0 or first[entry] == lo[position]


def test_equal_tables_and_steps_stand_there_once() -> None:
    analysis = rfonnx.analyze(MODELS / "resnet18.onnx")
    data = explored(analysis)
    for things in (data["boxes"]["tables"], data["program"]["steps"], data["program"]["shapes"]):
        assert len({str(one) for one in things}) == len(things)
    assert data["names"] == list(analysis.tensors)
    assert len(data["boxes"]["rows"]) < len(data["names"])


@pytest.mark.parametrize(
    ("model", "layer"), [("resnet18", "layer4.1.relu"), ("unet", "mask"), ("conv3d", ""), ("wavenet", "logits")]
)
def test_the_layer_that_is_shown_first_has_places(model: str, layer: str) -> None:
    data = explored(rfonnx.analyze(MODELS / f"{model}.onnx"))
    shape = data["program"]["shapes"][data["program"]["tensors"][data["first"]][0]]
    assert max(shape[2:]) > 1
    assert layer in ("", data["names"][data["first"]])


def test_outputs_have_their_boxes_before_other_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interval_tables, "MOST_CELLS", 1)
    analysis = rfonnx.analyze(MODELS / "seed.onnx")
    assert tables_to_dict(analysis, list(analysis.tensors), ["pool"])["layers"] == [-1, -1, -1, -1, 0]


def test_numbers_that_a_script_does_not_hold_are_left_out() -> None:
    from rfonnx.analysis.lower import Program, Tensor

    def program(pad: int) -> Program:
        steps = (Window(0, 4, 1, 1, 1, pad),)
        return Program((("x", (4,)),), (Tensor("y", (4,), ((0, steps),), True, "", "Test", "", 0),))

    assert program_to_dict(program(2**40))["followed"]
    told = program_to_dict(program(MOST))
    assert not told["followed"]
    assert (told["steps"], told["tensors"]) == ([], [[0]])

    class Far:
        def __init__(self) -> None:
            self.program = program(0)

        def intervals(self, tensor: str, *, input: str, axis: int, clip: bool = True) -> tuple[np.ndarray, np.ndarray]:
            return np.full(4, MOST + 1 if not clip else 0), np.full(4, MOST + 1 if not clip else 0)

    assert tables_to_dict(Far(), ["y"])["layers"] == [-1]
