"""Several inputs that are streamed together: a microphone and what the loudspeaker plays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import rfonnx
from rfonnx.errors import DataError, QueryError
from rfonnx.model.opened import Opened
from rfonnx.streaming.held import verify_file
from streaming.nets import Net, echo_canceller


def test_two_inputs_of_different_axes_are_streamed_together(tmp_path: Path) -> None:
    model = echo_canceller()
    plan = rfonnx.stream(model, {"x": 2, "reference": 0}, chunk=4)
    assert list(plan.delay.values()) == [2]
    assert [one.least for one in plan.manifest.outputs] == [2]
    plan.save(tmp_path / "s.onnx")
    assert (tmp_path / "s.json").read_text().startswith('{\n "format": 2,')
    stream = rfonnx.Stream(tmp_path / "s.onnx")
    rng = np.random.default_rng(0)
    x, far = (rng.standard_normal(shape).astype(np.float32) for shape in ((1, 1, 27), (27, 1, 1)))
    (expected,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x, "reference": far})
    (name,) = plan.delay
    parts = [stream.push({"reference": far[at : at + 4], "x": x[:, :, at : at + 4]})[name] for at in range(0, 24, 4)]
    found = np.concatenate([*parts, stream.finish({"x": x[:, :, 24:], "reference": far[24:]})[name]], 2)
    assert np.abs(found - expected).max() < 1e-5


def test_what_a_chunk_of_two_inputs_has_to_be() -> None:
    stream = rfonnx.Stream(rfonnx.stream(echo_canceller(), {"x": 2, "reference": 0}, chunk=2).model)
    x, far = np.zeros((1, 1, 2), np.float32), np.zeros((2, 1, 1), np.float32)
    with pytest.raises(DataError, match="frames of 'x', expected 'x', 'reference'"):
        stream.push(x)
    with pytest.raises(DataError, match=r"input 'reference' has shape \(1, 1, 1\), expected \(2, 1, 1\)"):
        stream.push({"x": x, "reference": far[:1]})
    with pytest.raises(DataError, match="expected fewer than 2 frames along axis 0"):
        stream.finish({"x": x[:, :, :1], "reference": far})
    with pytest.raises(DataError, match=r"input 'x' has shape \(1, 1, 1\), expected \(1, 1, 0\)"):
        stream.finish({"x": x[:, :, :1], "reference": far[:0]})


def test_an_array_is_a_chunk_of_the_one_input() -> None:
    net = Net()
    plan = rfonnx.stream(net.model([1, 2, "t"], net.add("Abs", "x")), ["x"], 2)
    stream = rfonnx.Stream(plan.model)
    x = -np.ones((1, 2, 1), np.float32)
    (name,) = plan.delay
    assert np.array_equal(stream.push(x)[name], stream.push({"x": x})[name])


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ([1, 1, 96], [1, 1, 48], "'second' has 48 frames, and another one that is streamed has 96"),
        ([1, 1, "t"], [1], "'second' has 1 axes, and no axis 2"),
    ],
)
def test_what_two_inputs_may_not_be(first: list[int | str], second: list[int | str], said: str) -> None:
    net = Net()
    model = net.model(first, net.add("Abs", "x"), net.add("Abs", "second"), second=second)
    with pytest.raises(QueryError, match=said):
        rfonnx.stream(model, ["x", "second"], 2)


def test_inputs_of_different_rates_are_not_joined() -> None:
    net = Net()
    slower = net.conv("x", 1, 1, [2], strides=[2])
    model = net.model([1, 1, "t"], net.add("Mul", slower, "second"), second=[1, 1, "u"])
    with pytest.raises(rfonnx.RfonnxError):
        rfonnx.stream(model, ["x", "second"], 2)


@pytest.mark.parametrize("pruned", [False, True], ids=["of the whole model", "of a part of it"])
def test_inputs_that_nothing_reads_are_not_asked_for(tmp_path: Path, pruned: bool) -> None:
    """Front ends take the numbers of samples beside them, for masks at their end alone; onnxruntime runs no model without."""
    net = Net()
    made = net.conv("x", 2, 2, [3], pads=[1, 1])
    outputs = [made, net.add("Mul", made, "counts")] if pruned else [made]
    model = net.model([1, 2, "t"], *outputs, counts=[1, 1, "u"])
    plan = rfonnx.stream(model, "x", 2, outputs=[made])
    assert plan.manifest.others == ()
    assert plan.save(tmp_path / "s.onnx").passed
    assert verify_file(Opened(model), str(tmp_path / "s.onnx")).passed


@pytest.mark.parametrize(
    ("shape", "axis"),
    [(["batch", "t", 3], 1), (["batch", 2, "t"], 2), (["t", 2, 3], 2), (["batch", "t", "u"], 2), ([1, 4, 3], 2)],
)
def test_the_axis_of_frames_is_the_one_that_the_file_leaves_open(shape: list[int | str], axis: int) -> None:
    """Behind the first, which is the batch of most files; the last, where that is not one axis."""
    net = Net()
    plan = rfonnx.stream(net.model(shape, net.add("Abs", "x")))
    assert [one.axis for one in plan.manifest.inputs] == [axis]
