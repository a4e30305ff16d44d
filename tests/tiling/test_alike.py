"""Which tensors are made alike at two sizes, counted from either end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rfonnx.analysis.analyze import lowered
from rfonnx.analysis.derive.alike import made_alike
from rfonnx.model.opened import opened
from tiling.families import conv, finish
from truth.nets import Writer


def strided(w: Writer) -> str:
    return conv(w, "x", 4, strides=[2], pads=[1, 1])


def enlarged(w: Writer) -> str:
    return w.op("Resize", "x", "", w.const([1, 1, 1.5]), mode="linear")


def corners(w: Writer) -> str:
    return w.op("Resize", "x", "", w.const([1, 1, 2]), mode="linear", coordinate_transformation_mode="align_corners")


def mirrored(w: Writer) -> str:
    return w.op("Pad", "x", w.ints(0, 0, 3, 0, 0, 2), mode="reflect")


def wrapped(w: Writer) -> str:
    return w.op("Pad", "x", w.ints(0, 0, 3, 0, 0, 2), mode="wrap")


def blocks(w: Writer) -> str:
    return w.op("Reshape", "x", w.ints(1, 2, -1, 4))


def in_four(w: Writer) -> str:
    return w.op("Reshape", "x", w.ints(1, 2, 4, -1))


def flipped(w: Writer) -> str:
    return w.op("Slice", "x", w.ints(-1), w.ints(-(10**6)), w.ints(2), w.ints(-1))


def averaged(w: Writer) -> str:
    return w.op("GlobalAveragePool", "x")


def after_average(w: Writer) -> str:
    return w.op("Relu", w.op("GlobalAveragePool", "x"))


@pytest.mark.parametrize(
    ("make", "lengths", "alike"),
    [
        (strided, (32, 64), True),
        (strided, (32, 63), False),  # another rest is left over at the end
        (enlarged, (32, 64), True),
        (enlarged, (32, 63), False),
        (corners, (32, 64), False),
        (mirrored, (32, 63), True),
        (wrapped, (32, 63), False),
        (wrapped, (32, 32), True),
        (blocks, (32, 64), True),
        (in_four, (32, 64), False),  # rows of 8 and of 16
        (flipped, (32, 64), False),
        (averaged, (32, 64), False),
        (averaged, (32, 32), True),
        (after_average, (32, 64), False),  # for what it reads is not
    ],
)
def test_what_is_made_alike(make: Callable[[Writer], str], lengths: tuple[int, int], alike: bool) -> None:
    w = Writer(opset=19)
    model = opened(finish(w, make(w)))
    first, second = (lowered(model, {"x": (1, 2, length)}).program for length in lengths)
    assert ("y0" in made_alike(first, second)) == alike
    assert made_alike(first, second) == made_alike(second, first)
