"""Very large wholes are looked at through shorter ones: the plan is the same, and what differs further out is not missed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto

import rfonnx
from rfonnx.tiling import sized
from tiling import families
from tiling.exactness import judged
from tiling.families import conv, finish
from tiling.random_nets import random_net
from truth.nets import Writer

FAMILIES: list[tuple[Callable[[], onnx.ModelProto], int]] = [
    (families.espcn, 1),
    (families.pyramid, 8),
    (families.causal, 1),
    (families.same_upper, 1),
    (families.even_kernels, 1),
    (families.strided_head, 1),
    (lambda: families.unet(2), 4),
    (lambda: families.unet(2, how="linear"), 4),
    (lambda: families.unet(1, how="transposed", size=3), 3),
]
"""With the number of which they take multiples."""


def plans(
    model: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch, *lengths: int
) -> tuple[rfonnx.TilePlan, rfonnx.TilePlan]:
    """Of a long whole: by way of a shorter one, and by itself."""
    shapes = {"x": (1, 2, *lengths)}
    through = rfonnx.tile(model, shapes)
    monkeypatch.setattr(sized, "LONG", max(lengths))
    return through, rfonnx.tile(model, shapes)


def longest(plan: rfonnx.TilePlan) -> int:
    return max(n or 0 for shape in plan.analysis.input_shapes.values() for n in shape or ())


@pytest.mark.parametrize(("make", "multiple"), FAMILIES)
@pytest.mark.parametrize("length", [8192, 9000, 10001])
def test_a_long_whole_has_the_plan_that_it_has_by_itself(
    make: Callable[[], onnx.ModelProto], multiple: int, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, length = make(), length // multiple * multiple
    dims = len(model.graph.input[0].type.tensor_type.shape.dim) - 2
    through, itself = plans(model, monkeypatch, *[length] * dims)
    assert longest(through) < 4096
    assert longest(itself) == length
    assert (through.exact, through.reasons, through.axes) == (itself.exact, itself.reasons, itself.axes)
    assert list(through.tiles) == list(itself.tiles)


def far_out(w: Writer, x: str) -> str:
    """Another number on positions behind the five thousandth."""
    length = w.op("Gather", w.op("Shape", x), w.const(2, np.int64))
    place = w.op("Range", w.const(0, np.int64), length, w.const(1, np.int64))
    return w.op("Add", x, w.op("Cast", w.op("Greater", place, w.const(5000, np.int64)), to=TensorProto.FLOAT))


def picked_far_out(w: Writer, x: str) -> str:
    """The end of the first five thousand positions, beside what is there."""
    return w.op("Concat", x, w.op("Slice", x, w.ints(0), w.ints(5000), w.ints(2)), axis=2)


def wrapped(w: Writer, x: str) -> str:
    return w.op("Pad", x, w.ints(0, 0, 3, 0, 0, 0), mode="wrap")


@pytest.mark.parametrize("make", [far_out, picked_far_out, wrapped])
def test_what_differs_further_out_is_not_missed(
    make: Callable[[Writer, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    w = Writer(opset=19)
    model = finish(w, make(w, conv(w, "x")))
    through, itself = plans(model, monkeypatch, 9000)
    assert longest(through) >= 9000
    assert len(through.tiles) < 2  # of what wraps around, one that is the whole
    assert (through.exact, through.reasons, through.axes) == (itself.exact, itself.reasons, itself.axes)


def test_sound_is_planned_that_is_longer_than_the_core_takes() -> None:
    plan = rfonnx.tile(families.causal(), {"x": (1, 2, 2**24)})
    assert plan.exact
    assert plan.halo == {("x", 2): (6, 0)}
    assert plan.output_shapes == {"y0": (1, 2, 2**24)}


@pytest.mark.parametrize("seed", [60000, 60080])
def test_tiles_of_random_nets_that_are_looked_at_through_shorter_ones_are_what_the_whole_is(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one has a tensor that is shorter than what is compared of it."""
    monkeypatch.setattr(sized, "LONG", 24)
    monkeypatch.setattr(sized, "SHORT", 12)
    assert [line for line in judged(random_net(seed), seed, search=False) if line.startswith("unsound")] == []
