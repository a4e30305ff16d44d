"""Which samples are shown, and how inputs and answers become pictures."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import rfonnx
from rfonnx.comparing.shown import SHOWN, SIDE, grey, likeliest, picture, thinned, worst_of
from rfonnx.results.agreement import Case, NonFinite, OutputAgreement


def pixels(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


def agreement(**worst: tuple[Case, ...]) -> OutputAgreement:
    return OutputAgreement("y", "y", "values", 9, {}, worst)


def test_the_worst_of_every_measure_come_before_the_second_worst() -> None:
    errors = tuple(Case(f"e{i}", 9.0 - i) for i in range(5))
    ratios = tuple(Case(f"r{i}", 1.0 + i) for i in range(5))
    found = worst_of([agreement(max_abs=errors, sqnr_db=(ratios[0], errors[0], *ratios[1:]))])
    assert list(found) == ["e0", "r0", "e1", "e2", "r1", "e3"]
    assert len(found) == SHOWN
    assert found["e0"] == (("y", "max_abs", 9.0), ("y", "sqnr_db", 9.0))


def test_what_could_not_be_better_is_no_case() -> None:
    exact = (Case("a", 0.0), Case("b", 0.0))
    assert worst_of([agreement(max_abs=exact, sqnr_db=(Case("a", float("inf")),))]) == {}


def test_a_sample_that_is_no_number_is_shown() -> None:
    bad = NonFinite("student", "y", "s3", (0,), "nan", 1)
    output = OutputAgreement("y", "y", "values", 9, {}, {"max_abs": (Case("e0", 2.0),)}, nonfinite=(bad,))
    assert list(worst_of([output])) == ["s3", "e0"]


@pytest.mark.parametrize(
    ("shape", "drawn"),
    [
        ((1, 3, 20, 30), (20, 30, 3)),
        ((3, 20, 30), (20, 30, 3)),
        ((20, 30, 3), (20, 30, 3)),
        ((1, 20, 30), (20, 30)),
        ((20, 30, 1), (20, 30)),
        ((20, 30), (20, 30)),
        ((3, 300, 400), (75, 100, 3)),
        ((16,), None),
        ((2, 900), None),
        ((5, 20, 30), None),
        ((8, 100), None),
    ],
)
def test_inputs_that_are_pictures(shape: tuple[int, ...], drawn: tuple[int, ...] | None) -> None:
    made = picture(np.random.default_rng(0).normal(size=shape).astype(np.float32))
    assert (None if made is None else made.shape) == drawn


def test_channels_keep_their_places_and_values_their_order() -> None:
    image = np.random.default_rng(1).normal(size=(3, 6, 7))
    made = picture(image)
    assert made is not None
    order = np.argsort(np.moveaxis(image, 0, -1).ravel())
    assert (np.diff(made.ravel()[order].astype(int)) >= 0).all()


def test_greys_go_from_the_least_to_the_largest_value() -> None:
    assert grey(np.array([[-2.0, 0.0, 2.0]])).tolist() == [[0, 128, 255]]
    assert grey(np.full((2, 2), 5.0)).tolist() == [[0, 0], [0, 0]]
    assert grey(np.array([[np.nan, 1.0, np.inf, 3.0]])).tolist() == [[0, 0, 0, 255]]
    assert grey(np.array([[np.nan]])).tolist() == [[0]]
    assert max(thinned(np.zeros((700, 500), np.uint8)).shape) <= SIDE


@pytest.mark.parametrize("probabilities", [False, True])
def test_the_likeliest_classes(probabilities: bool) -> None:
    shares = np.array([[0.1, 0.6, 0.25, 0.05]])
    found = likeliest((shares if probabilities else np.log(shares) + 3).astype(np.float32))
    assert [number for number, _ in found] == [1, 2, 0]
    assert [share for _, share in found] == pytest.approx([0.6, 0.25, 0.1], rel=1e-5)


def test_outputs_with_places_are_pictures(models: Path, tmp_path: Path) -> None:
    """A mask of two classes per position: the chosen classes, and where they differ."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(models / "unet.onnx")
    for tensor in model.graph.initializer:
        if tensor.name.startswith("down0.conv1"):
            values = numpy_helper.to_array(tensor) * np.float32(1.4)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    onnx.save(model, tmp_path / "student.onnx")
    found = rfonnx.compare(
        models / "unet.onnx", tmp_path / "student.onnx", samples=2, cost=False, fields=False, pictures=True,
        tasks={"mask": "segmentation"},
    )  # fmt: skip
    sample = found.shown[0]
    [answer] = sample.answers
    one, other, difference = map(pixels, answer.pictures)
    assert one.shape == other.shape == difference.shape
    assert set(np.unique(difference)) <= {0, 255}
    assert np.array_equal(difference == 255, one != other)
    assert (difference == 255).any()
    assert answer.teacher == answer.student == ()
