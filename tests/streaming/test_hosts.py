"""What hosts push: wrong types and shapes are one line, and nothing is rounded to another kind of number."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.errors import DataError, QueryError
from streaming.nets import Net

CHUNK = np.zeros((2, 2, 7), np.float32)


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    """Of a batch of two, and with a cache that the host gives."""
    net = Net()
    made = net.model([2, 2, "t"], net.conv(net.add("Concat", "cache", "x", axis=2), 2, 3, [5]))
    made.graph.input.append(onnx.helper.make_tensor_value_info("cache", 1, [2, 2, 4]))
    return rfonnx.stream(made, "x", 2, 7).model


def stream(model: onnx.ModelProto, cache: Any = CHUNK[..., :4]) -> rfonnx.Stream:
    return rfonnx.Stream(model, others={"cache": cache})


@pytest.mark.parametrize(
    "given", [CHUNK.astype(np.float64), CHUNK.astype(np.int64), CHUNK.tolist(), {"x": CHUNK.tolist()}]
)
def test_numbers_of_other_types_are_pushed_as_those_of_the_model(model: onnx.ModelProto, given: Any) -> None:
    assert {frames.dtype for frames in stream(model).push(given).values()} == {np.dtype(np.float32)}


WRONG = {
    "complex": (CHUNK.astype(np.complex64), "has the type complex64, expected float32"),
    "text": (np.full((2, 2, 7), "a"), "expected float32"),
    "objects": (np.full((2, 2, 7), None), "has the type object, expected float32"),
    "lists of other lengths": ([[1.0], [1.0, 2.0]], "is no array"),
    "nothing": (None, "has the type object"),
    "a number": (1.0, r"has shape \(\)"),
    "another batch": (CHUNK[:1], r"has shape \(1, 2, 7\), expected \(2, 2, 7\)"),
    "no frames": (CHUNK[..., :0], r"has shape \(2, 2, 0\)"),
    "another name": ({"y": CHUNK}, "has frames of 'y', expected 'x'"),
    "no name": ({0: CHUNK}, "has frames of '0', expected 'x'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_chunk_is_refused(model: onnx.ModelProto, name: str) -> None:
    given, said = WRONG[name]
    with pytest.raises(DataError, match=said) as found:
        stream(model).push(given)
    assert found.value.hint


@pytest.mark.parametrize("rest", [CHUNK, 3, "abc", CHUNK[:, :, :3].astype(np.complex64)])
def test_what_is_no_rest_is_refused(model: onnx.ModelProto, rest: Any) -> None:
    with pytest.raises(DataError):
        stream(model).finish(rest)


def whole(dtype: int) -> rfonnx.Stream:
    net = Net()
    made = net.model([1, 2, "t"], net.add("Cast", "x", to=1))
    made.graph.input[0].type.tensor_type.elem_type = dtype
    return rfonnx.Stream(rfonnx.stream(made, "x", 2, 3).model)


@pytest.mark.parametrize("number", [0.7, float("nan"), 1.0])
def test_floats_are_not_rounded_to_whole_numbers(number: float) -> None:
    with pytest.raises(DataError, match="has the type float64, expected int64"):
        whole(onnx.TensorProto.INT64).push(np.full((1, 2, 3), number))


def test_whole_numbers_have_to_lie_in_their_type() -> None:
    taken = whole(onnx.TensorProto.UINT8)
    assert [frames.max() for frames in taken.push(np.full((1, 2, 3), 255)).values()] == [255.0]
    for number in (-1, 256):
        with pytest.raises(DataError, match="expected uint8"):
            taken.push(np.full((1, 2, 3), number))


def test_other_inputs_are_taken_in_the_type_and_the_shape_of_the_model(model: onnx.ModelProto) -> None:
    assert stream(model, np.zeros((2, 2, 4))).push(CHUNK)
    for cache, said in ((np.zeros((2, 2, 3)), r"expected \(2, 2, 4\)"), ("a", "expected float32")):
        with pytest.raises(DataError, match=f"input 'cache'.*{said}"):
            stream(model, cache)
    with pytest.raises(DataError, match="no input 'zz'"):
        rfonnx.Stream(model, others={"cache": CHUNK[..., :4], "zz": 1})


@pytest.mark.parametrize("chunk", [1.5, "a", True, 4.0])
def test_a_chunk_is_a_whole_number_of_frames(chunk: Any) -> None:
    net = Net()
    with pytest.raises(QueryError, match="a chunk of"):
        rfonnx.stream(net.model([1, 2, "t"], net.conv("x", 2, 3, [5])), "x", 2, chunk)


def test_two_streams_of_a_file_know_nothing_of_each_other(model: onnx.ModelProto) -> None:
    draw = np.random.default_rng(0)
    first, second = draw.standard_normal((2, 3, 2, 2, 7)).astype(np.float32)
    one, two, alone = stream(model), stream(model), stream(model)
    made = [(one.push(a), two.push(b))[1] for a, b in zip(first, second, strict=True)]
    for pushed, chunk in zip(made, second, strict=True):
        for name, frames in alone.push(chunk).items():
            assert np.array_equal(frames, pushed[name])
