"""Axes of files as axes of inputs."""

from __future__ import annotations

import numpy as np
import pytest

from rfonnx.data.preparation import Preparation
from rfonnx.errors import DataError
from rfonnx.tiling.storage.axes import arrange
from rfonnx.tiling.storage.fitted import Fitted
from rfonnx.tiling.storage.opening import Source

CASES = [
    ("yx", (7, 9), 4, False, (None, None, 0, 1)),
    ("yx", (7, 9), 4, True, (None, 0, 1, None)),
    ("yxs", (7, 9, 3), 4, False, (None, 2, 0, 1)),
    ("yxs", (7, 9, 3), 4, True, (None, 0, 1, 2)),
    ("tyxs", (2, 7, 9, 3), 4, False, (0, 3, 1, 2)),
    ("cyx", (3, 7, 9), 3, False, (0, 1, 2)),
    ("tczyx", (1, 3, 1, 7, 9), 4, False, (0, 1, 3, 4)),
    ("tczyx", (1, 1, 1, 7, 9), 2, False, (3, 4)),
    ("tzcyx", (1, 5, 3, 7, 9), 5, False, (0, 2, 1, 3, 4)),
    ("zcyx", (5, 3, 7, 9), 5, False, (None, 1, 0, 2, 3)),
    ("tyx", (2, 7, 9), 4, False, (0, None, 1, 2)),
    ("zyx", (5, 7, 9), 5, False, (None, None, 0, 1, 2)),
    ("", (3, 7, 9), 4, False, (None, 0, 1, 2)),
    ("", (3, 7, 9), 4, True, (None, 0, 1, 2)),
    ("zcyx", (5, 3, 7, 9), 4, False, None),  # slices are no batch
    ("tczyx", (1, 3, 5, 7, 9), 4, False, None),
    ("", (1, 1, 3, 7, 9), 4, False, None),  # which of them is the batch?
    ("", (9,), 4, False, None),
]


@pytest.mark.parametrize(("names", "shape", "rank", "last", "expected"), CASES)
def test_axes_are_known_by_their_names(
    names: str, shape: tuple[int, ...], rank: int, last: bool, expected: tuple[int | None, ...] | None
) -> None:
    assert arrange(shape, names, rank, last) == expected


@pytest.mark.parametrize(("names", "shape", "rank", "last", "order"), [case for case in CASES if case[4]])
def test_parts_are_those_of_the_arranged_whole(
    names: str, shape: tuple[int, ...], rank: int, last: bool, order: tuple[int | None, ...]
) -> None:
    stored = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    fitted = Fitted(Source(stored, names), rank, stored.dtype, Preparation(layout="nhwc" if last else None), "x")
    whole = np.einsum(stored, range(len(shape)), [axis for axis in order if axis is not None]).reshape(fitted.shape)
    assert fitted.shape == tuple(1 if axis is None else shape[axis] for axis in order)
    np.testing.assert_array_equal(fitted[tuple(slice(0, n) for n in fitted.shape)], whole)
    part = tuple(slice(n // 3, n // 3 + (n + 1) // 2) for n in fitted.shape)
    np.testing.assert_array_equal(fitted[part], whole[part])


@pytest.mark.parametrize("kind", ["c8", "U3", "M8[s]"])
def test_what_is_no_real_number_is_refused(kind: str) -> None:
    with pytest.raises(DataError, match="real numbers"):
        Fitted(Source(np.zeros((1, 1, 7, 9), kind)), 4, np.dtype(np.float32), Preparation(scale=1.0), "x")


def test_byte_orders_are_one_type() -> None:
    stored = np.arange(6, dtype=">f4").reshape(1, 1, 2, 3)
    made = Fitted(Source(stored), 4, np.dtype("<f4"), Preparation(), "x")[
        (slice(0, 1), slice(0, 1), slice(0, 2), slice(1, 3))
    ]
    assert made.dtype == np.dtype("<f4")
    np.testing.assert_array_equal(made, stored[..., 1:3])


def test_sixteen_bits_are_not_scaled_unasked() -> None:
    stored = Source(np.full((7, 9), 400, np.uint16), "yx", picture=False)
    with pytest.raises(DataError, match=r"--prep scale"):
        Fitted(stored, 4, np.dtype(np.float32), Preparation(), "x")
    assert Fitted(stored, 4, np.dtype(np.float32), Preparation(scale=0.5), "x")[(slice(0, 1),) * 4] == 200


def test_preparation_that_tiles_do_not_have_is_refused() -> None:
    stored = Source(np.zeros((7, 9, 3), np.uint8), "yxs", picture=True)
    for prep, said in (
        (Preparation(channels="bgr"), "channels are not for tiles"),
        (Preparation(size=4), "not for tiles"),
        (Preparation(mean=(1.0, 2.0)), "3 channels, and --prep mean or std 2 numbers"),
    ):
        with pytest.raises(DataError, match=said):
            Fitted(stored, 4, np.dtype(np.float32), prep, "x")
