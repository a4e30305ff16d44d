"""How an output is read when nobody says: what the rows or the file prove, and no more."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper
from scipy.special import softmax

import small_nets
from rfonnx.comparing.tasks.deciding import task_of
from rfonnx.comparing.tasks.hints import Hint, hints_of
from rfonnx.comparing.tasks.reader import Batch

RANDOM = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape)


def decided(array: np.ndarray, hint: Hint | None = None) -> tuple[str, str]:
    names = [str(index) for index in range(len(array))]
    return task_of(Batch(names, array, array, np.full(len(array), -1)), hint or Hint())


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


LANDMARKS = np.arange(10) * 12.0 + normal(30, 10)
CORNERS = np.sort(RANDOM.random((4, 9, 2, 2)) * 99, 2).reshape(4, 9, 4)
BOXES = np.concatenate([CORNERS, RANDOM.random((4, 9, 1)), RANDOM.integers(0, 3, (4, 9, 1))], 2)

CASES = {
    "probabilities": (softmax(normal(9, 5), 1), "classifier"),
    "two classes": (softmax(normal(9, 2), 1), "classifier"),
    "logits": (normal(9, 12) * 2, "classifier"),
    "logits of a pool": (normal(9, 12, 1, 1) * 2, "classifier"),
    "an embedding": (unit(normal(9, 128)), "embedding"),
    "numbers without length": (normal(9, 512), "values"),
    "box offsets": (normal(9, 4) * 0.1, "values"),
    "landmarks in 0..1": (RANDOM.random((9, 10)), "values"),
    "landmarks in pixels": (LANDMARKS, "values"),
    "one number": (normal(9, 1), "values"),
    "steps": (softmax(normal(3, 20, 40) * 5, 2), "tokens"),
    "logits of steps": (normal(3, 20, 40) * 5, "tokens"),
    "hidden states": (normal(3, 20, 256), "values"),
    "boxes": (BOXES, "detection"),
    "padded boxes": (np.concatenate([BOXES, np.zeros((4, 5, 6))], 1), "detection"),
    "rows of six": (normal(4, 9, 6), "values"),
    "logits of pixels": (normal(2, 5, 8, 9) * 3, "segmentation"),
    "probabilities of pixels": (softmax(normal(2, 5, 8, 9), 1), "segmentation"),
    "a picture": (RANDOM.random((2, 3, 8, 9)), "values"),
    "depth": (RANDOM.random((2, 1, 8, 9)), "values"),
    "features": (np.maximum(normal(2, 64, 8, 9), 0), "values"),
    "class numbers": (RANDOM.integers(0, 5, (3, 7)), "labels"),
}


@pytest.mark.parametrize("case", CASES)
def test_by_rows(case: str) -> None:
    array, expected = CASES[case]
    assert decided(array)[0] == expected


def test_logits_of_one_class_stay_logits() -> None:
    """Samples of one class: the columns differ, but no more than images of the class do."""
    rows = np.array([6.0, *[0.0] * 9]) + normal(40, 10) * 2
    assert decided(rows)[0] == "classifier"


@pytest.mark.parametrize(
    ("hint", "shape", "expected"),
    [
        (Hint("Sigmoid"), (9, 5), "multilabel"),
        (Hint("Sigmoid"), (9, 20, 88), "multilabel"),
        (Hint("Sigmoid"), (2, 1, 20, 20), "segmentation"),
        (Hint("Sigmoid"), (2, 4, 20, 20), "multilabel"),
        (Hint("", "detect"), (2, 22, 100), "detection"),
        (Hint("", "detect"), (2, 22), "values"),
        (Hint("", "segment"), (2, 116, 100), "values"),
    ],
)
def test_by_what_the_file_says(hint: Hint, shape: tuple[int, ...], expected: str) -> None:
    task, why = decided(RANDOM.random(shape), hint)
    assert task == expected
    assert hint.operator in why


def test_hints_of_a_file() -> None:
    """The operator behind those that only move numbers, and the metadata; a part of an output has no task."""
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("Sigmoid", ["r"], ["s"]),
        helper.make_node("Reshape", ["s", "shape"], ["f"]),
        helper.make_node("Cast", ["f"], ["y"], to=TensorProto.FLOAT),
        helper.make_node("Concat", ["s", "s"], ["z"], axis=1),
    ]
    net = small_nets.model(nodes, {"x": ("n", 2, 3)}, {"y": ("n", 6), "z": ("n", 4, 3)}, {"shape": np.array([-1, 6])})
    net.metadata_props.add(key="task", value="detect")
    found = hints_of(net, ["y", "z", "x"])
    assert found == {"y": Hint("Sigmoid", "detect"), "z": Hint("Concat", "detect"), "x": Hint("", "detect")}
    assert found["y"].of_part() == Hint("Sigmoid")
    assert decided(RANDOM.random((9, 6)), found["y"]) == ("multilabel", "Sigmoid makes them")
