"""True classes beside samples: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rfonnx.data.samples import Stack, open_source
from rfonnx.errors import DataError


def labels(path: Path, values: Any) -> list[int | None]:
    np.savez(path / "x.npz", x=np.zeros((len(values), 2), np.float32), labels=values)
    source = open_source(path / "x.npz")
    assert isinstance(source, Stack)
    one_by_one = [item.load().label for item in source]
    assert [label for block in source.blocks(2) for label in block.labels] == one_by_one
    return one_by_one


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (np.array([3, 0, -1]), [3, 0, -1]),
        (np.array([[3], [0]]), [3, 0]),
        (np.array([1.0, 2.0], np.float32), [1, 2]),
        (np.array([True, False]), [1, 0]),
        (np.array([7, 200], np.uint8), [7, 200]),
        (np.eye(3)[[2, 0]], [2, 0]),
        (np.eye(3, dtype=bool)[[1, 1]], [1, 1]),
    ],
)
def test_classes(tmp_path: Path, values: np.ndarray, classes: list[int]) -> None:
    assert labels(tmp_path, values) == classes


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            np.array(["cat", "dog"]),
            "holds elements of type <U3, expected numbers of classes; give one whole number per",
        ),
        (np.array([1j, 2]), "holds elements of type complex128"),
        (np.array([1.0, np.nan]), "holds nan for sample 1, no number of a class"),
        (np.array([0.5, 1.0]), "holds 0.5 for sample 0, no number of a class"),
        (np.array([np.inf, 1.0]), "holds inf for sample 0"),
        (np.array([2.0**40, 1.0]), r"holds 1099511627776\.0 for sample 0"),
        (np.array([[0, 1, 1]]), r"holds \[0 1 1\] for sample 0"),
        (np.array([0, -(2**63)]), "holds -9223372036854775808 for sample 1"),
        (np.array([0, 2**64 - 1], np.uint64), "holds 18446744073709551615 for sample 1"),
        (np.array([[1, 1], [0, 1]]), r"holds \[1 1\] for sample 0, no one-hot row"),
        (np.array([[0.2, 0.8], [0, 1]]), r"for sample 0, no one-hot row"),
        (np.array([[0, 1], [0, 0]]), r"holds \[0 0\] for sample 1, no one-hot row"),
        (np.zeros((2, 3, 4)), r"has the shape \(2, 3, 4\), expected one class per sample"),
        (np.zeros((2, 0)), r"has the shape \(2, 0\), expected one class per sample"),
    ],
)
def test_what_is_no_class(tmp_path: Path, values: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        labels(tmp_path, values)
