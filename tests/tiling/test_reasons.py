"""What keeps tiles from being exact is told with the tensor or node, with what differs, and with what to do."""

from __future__ import annotations

from collections.abc import Callable

import onnx
import pytest

import rfonnx
from rfonnx.errors import QueryError
from tiling import test_proof
from tiling.families import conv, finish
from truth.nets import Writer

Made = tuple[onnx.ModelProto, dict[str, tuple[int, ...]], list[int]]
"""A model, the whole's shapes, and the longest crop."""

WHOLE = {"x": (1, 2, 64)}


def branch() -> Made:
    return test_proof.made(test_proof.branch), WHOLE, [31]


def share() -> Made:
    return test_proof.made(test_proof.share), WHOLE, [31]


def padded_to_even() -> Made:
    w = Writer(opset=19)
    small = w.op("Resize", "x", "", w.const([1, 1, 0.75]), mode="cubic", coordinate_transformation_mode="half_pixel")
    length = w.op("Slice", w.op("Shape", small), w.ints(2), w.ints(9))
    pads = w.op("Concat", w.ints(0, 0, 0, 0, 0), w.op("Mod", length, w.ints(2)), axis=0)
    return finish(w, w.op("Pad", small, pads, mode="edge")), {"x": (1, 2, 48)}, [20]


def cut_to_a_multiple() -> Made:
    w = Writer(opset=19)
    n = w.op("Slice", w.op("Shape", "x"), w.ints(2), w.ints(9))
    end = w.op("Mul", w.op("Div", n, w.ints(4)), w.ints(4))
    part = w.op("Slice", conv(w, "x"), w.ints(0), end, w.ints(2))
    more = w.op("Concat", w.ints(0, 0, 0, 0, 0), w.op("Sub", n, end), axis=0)
    return finish(w, w.op("Pad", part, more)), {"x": (1, 2, 65)}, [31]


def backwards() -> Made:
    w = Writer()
    return finish(w, w.op("Slice", conv(w, "x"), w.ints(-1), w.ints(-(10**6)), w.ints(2), w.ints(-1))), WHOLE, [31]


def averaged() -> Made:
    w = Writer()
    return finish(w, w.op("Add", conv(w, "x"), w.op("GlobalAveragePool", "x"))), WHOLE, [31]


def picked() -> Made:
    w = Writer()
    x = conv(w, "x")
    return finish(w, w.op("Concat", w.op("Gather", x, w.ints(0, 3, 1), axis=2), x, axis=2)), WHOLE, [31]


def tokens() -> Made:
    w = Writer()
    return w.finish({"x": (1, 16)}, {"y": w.op("MatMul", "x", w.normal(16, 4))}), {"x": (1, 16)}, []


def fixed_inside() -> Made:
    w = Writer()
    rows = w.op("Reshape", conv(w, "x"), w.ints(1, 2, 64))
    return finish(w, rows), WHOLE, [31]


def rows_of_two() -> Made:
    """The whole, of 64, stays one row a channel; what is shorter is laid in rows of two positions."""
    w = Writer()
    n = w.op("Slice", w.op("Shape", "x"), w.ints(2), w.ints(9))
    row = w.op("Add", w.op("Mul", w.op("Div", n, w.ints(64)), w.ints(62)), w.ints(2))
    rows = w.op("Reshape", conv(w, "x"), w.op("Concat", w.ints(1, -1), row, axis=0))
    return finish(w, rows), WHOLE, [31]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            branch,
            "which nodes are run: node (Softplus) that makes 't5_0' with 'x' of 1x2x64, and node (Neg) that makes 't5_0'",
        ),
        (branch, "; give a whole and tiles on the same side of that choice, or export the model without it"),
        (
            share,
            "(Div) that makes 't4_0' calculates with 't3_0', which depends on the size of the input: 64 with 'x' of 1x2x64",
        ),
        (share, "; export the model with it as a constant"),
        (
            padded_to_even,
            "axis 2 of 'y0' has 0 positions beside steps of 3 where axis 2 of input 'x' is 48 long, and 1 where",
        ),
        (
            padded_to_even,
            "; give other lengths, such as multiples of 4, or a tile as long as the whole along that axis",
        ),
        (
            cut_to_a_multiple,
            "'t5_0' (Slice) is 64 long along its axis 2 where axis 2 of input 'x' is 65 long, and 20 where it is 23",
        ),
        (cut_to_a_multiple, "; give other lengths, or a tile as long as the whole along that axis"),
        (
            fixed_inside,
            "the model does not take a crop: net: node 'n1' (Reshape) that makes 't1_0': its inputs do not fit: 1x2x23 are 46",
        ),
        (fixed_inside, "; export it with lengths that follow the input, or give a tile as long as the whole"),
        (
            rows_of_two,
            "positions are laid out anew across rows, at 't7_0' (Reshape), in crops of 23 along axis 2 of input 'x'",
        ),
        (rows_of_two, "; give longer tiles, or one as long as the whole along that axis"),
        (backwards, "'y0' runs backwards, along axis 2 of input 'x'"),
        (tokens, "inputs have no axes but those of samples and channels, along which nothing is tiled"),
        (averaged, "'t1_0' (GlobalAveragePool of node 'n1') takes everything together, along axis 2 of input 'x'"),
        (picked, "positions are picked by a table without regularity, at 't2_0' (Concat), along axis 2 of input 'x'"),
    ],
)
def test_a_reason_names_what_is_in_the_way(make: Callable[[], Made], reason: str) -> None:
    model, shapes, tile = make()
    (told,) = rfonnx.tile(model, shapes, tile or None).reasons
    assert reason in told


def test_the_ways_out_are_ways_out() -> None:
    model, shapes, _ = padded_to_even()
    assert rfonnx.tile(model, {"x": (1, 2, 44)}, [20]).exact  # the same remainder by 8
    assert rfonnx.tile(model, shapes, [24]).exact
    model, shapes, _ = cut_to_a_multiple()
    assert rfonnx.tile(model, shapes, [65]).exact
    assert rfonnx.tile(branch()[0], {"x": (1, 2, 39)}, [31]).exact  # both no longer than 40


def test_a_tile_that_is_shorter_than_the_grid_is_told_the_length_that_does() -> None:
    """A Resize by the corners repeats where the whole ends."""
    w = Writer()
    big = w.op("Resize", "x", "", w.const([1, 1, 2]), mode="linear", coordinate_transformation_mode="align_corners")
    with pytest.raises(QueryError, match=r"keeps nothing: on a grid of 63 .*; give 64 or more"):
        rfonnx.tile(finish(w, big), WHOLE, [31])
