"""The loop: chunks in, frames out, of batches, of several outputs, from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import rfonnx
from rfonnx.errors import DataError, ModelError
from streaming.nets import NETS, Net


def offline(model: object, x: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString())  # type: ignore[attr-defined]
    return list(session.run(None, {"x": x}))


def test_a_batch_and_two_outputs_of_different_delay(tmp_path: Path) -> None:
    """Pushed and finished frames together are those of the offline run, at a length that is no multiple of the chunk."""
    model = NETS["two outputs"][0]()
    plan = rfonnx.stream(model, "x", 2, 4, shapes={"n": 3})
    assert list(plan.delay.values()) == [0, 1]
    plan.save(tmp_path / "s.onnx")
    assert (tmp_path / "s.json").read_text().startswith('{\n "format": 1,')
    stream = rfonnx.Stream(tmp_path / "s.onnx")
    x = np.random.default_rng(0).standard_normal((3, 2, 29)).astype(np.float32)
    for _ in range(2):
        parts = [stream.push(x[:, :, first : first + 4]) for first in range(0, 28, 4)]
        early, late = plan.manifest.outputs
        assert parts[0][early.name].shape == (3, 3, 4)
        assert parts[0][late.name].shape == (3, 2, 1)
        parts.append(stream.finish(x[:, :, 28:]))
        for one, expected in zip(plan.manifest.outputs, offline(model, x), strict=True):
            found = np.concatenate([part[one.name] for part in parts], 2)
            assert found.shape == expected.shape
            assert np.abs(found - expected).max() < 1e-5
        stream.reset()


def test_outputs_wait_for_each_other_on_request() -> None:
    """Of outputs at different rates and delays, every push gives the same stretch; together they are the offline ones."""
    net = Net()
    late = net.add("Conv", "x", net.numbers(2, 1, 7), pads=[3, 3])
    slow = net.add("AveragePool", late, kernel_shape=[4], strides=[4])
    model = net.model([1, 1, "t"], net.add("Abs", "x"), late, slow)
    plan = rfonnx.stream(model, "x", 2, 8)
    assert list(plan.delay.values()) == [0, 3, 1]
    stream = rfonnx.Stream(plan.model, align=True)
    x = np.random.default_rng(0).standard_normal((1, 1, 45)).astype(np.float32)
    parts = [stream.push(x[:, :, first : first + 8]) for first in range(0, 40, 8)]
    assert [[part.shape[2] for part in one.values()] for one in parts] == [[4, 4, 1], *[[8, 8, 2]] * 4]
    parts.append(stream.finish(x[:, :, 40:]))
    for one, expected in zip(plan.manifest.outputs, offline(model, x), strict=True):
        found = np.concatenate([part[one.name] for part in parts], 2)
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() < 1e-5


def test_what_ends_at_a_chunk(tmp_path: Path) -> None:
    model = NETS["symmetric TCN with norms"][0]()
    stream = rfonnx.Stream(rfonnx.stream(model, "x", 2, 5).model)
    x = np.random.default_rng(1).standard_normal((1, 4, 20)).astype(np.float32)
    (name,) = (one.name for one in stream.manifest.outputs)
    parts = [stream.push(x[:, :, first : first + 5])[name] for first in range(0, 20, 5)]
    assert [part.shape[2] for part in parts] == [0, 3, 5, 5]
    found = np.concatenate([*parts, stream.finish()[name]], 2)
    assert np.abs(found - offline(model, x)[0]).max() < 1e-5


def test_frames_that_there_may_not_be_are_held_back() -> None:
    """A crop of the end: which frames are cropped is known when the end is."""
    net = Net()
    model = net.model([1, 1, "t"], net.add("Slice", net.add("Abs", "x"), net.ints(0), net.ints(-3), net.ints(2)))
    stream = rfonnx.Stream(rfonnx.stream(model, "x", 2, 2).model)
    (name,) = (one.name for one in stream.manifest.outputs)
    x = np.arange(10, dtype=np.float32).reshape(1, 1, 10)
    parts = [stream.push(x[:, :, first : first + 2])[name] for first in range(0, 10, 2)]
    assert [part.shape[2] for part in parts] == [0, 1, 2, 2, 2]
    assert np.concatenate([*parts, stream.finish()[name]], 2).ravel().tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_inputs_that_are_not_streamed() -> None:
    """A first state that is an input, and a gain: given once, with every run."""
    net = Net()
    turned = net.add("Transpose", net.conv("x", 2, 2, [3], pads=[1, 1]), perm=[2, 0, 1])
    made = net.add("GRU", turned, net.numbers(1, 6, 2), net.numbers(1, 6, 2), "", "", "h", hidden_size=2)
    model = net.model([1, 2, "t"], net.add("Mul", made, "gain"))
    for name, shape in (("h", [1, 1, 2]), ("gain", [1])):
        model.graph.input.append(rfonnx_value(name, shape))
    plan = rfonnx.stream(model, "x", 2)
    assert plan.manifest.others == ("h", "gain")
    assert plan.verify().passed
    with pytest.raises(DataError, match="'h' is not given"):
        rfonnx.Stream(plan.model)


def rfonnx_value(name: str, shape: list[int]) -> object:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def test_what_the_loop_refuses() -> None:
    model = NETS["symmetric TCN with norms"][0]()
    stream = rfonnx.Stream(rfonnx.stream(model, "x", 2, 4).model)
    with pytest.raises(DataError, match=r"has shape \(1, 4, 3\), expected \(1, 4, 4\)"):
        stream.push(np.zeros((1, 4, 3), np.float32))
    with pytest.raises(DataError, match="expected fewer than 4 frames"):
        stream.finish(np.zeros((1, 4, 4), np.float32))
    with pytest.raises(DataError, match="ends after 0 frames"):
        stream.finish()
    stream.push(np.zeros((1, 4, 4), np.float32))
    stream.finish()
    for again in (lambda: stream.push(np.zeros((1, 4, 4), np.float32)), stream.finish):
        with pytest.raises(DataError, match="was finished"):
            again()
    with pytest.raises(ModelError, match="holds no manifest"):
        rfonnx.Stream(model)
