"""Chunks and wholes of one frame, and windows that reach past all frames: what an operator does there may be another thing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.streaming.offline import within
from streaming.holding import right
from streaming.nets import NETS, Net
from streaming.sweep import planned_at


@pytest.mark.parametrize("shape", [["t", 3, 1, 2], [1, "t", 1, 2], [1, 3, "t", 2], [1, 3, 1, "t"]])
def test_an_axis_of_one_frame_is_not_squeezed_away(shape: list[int | str]) -> None:
    """A Squeeze without axes takes away those of length 1: of a whole of one frame that of the frames, too."""
    net = Net()
    plan = rfonnx.stream(net.model(shape, net.add("Squeeze", "x")), "x", shape.index("t"), 1)
    assert plan.manifest.shortest == 2
    assert plan.verify().passed


def test_an_axis_of_one_that_the_file_fixes_is_squeezed_as_the_file_says() -> None:
    """Frames are five, then, of each position of the axis: the one that there is."""
    net = Net()
    assert right(planned_at(net.model([1, 3, 1, 5], net.add("Squeeze", "x", net.ints(-2))), {"x": 2}))


@pytest.mark.parametrize("upper", [0, 1])
def test_a_triangle_of_one_row_leaves_frames_out(upper: int) -> None:
    net = Net()
    model = net.model([3, 1, 5], net.add("Trilu", "x", net.constant(np.array(1, np.int64)), upper=upper))
    with pytest.raises(rfonnx.RfonnxError, match="leaves frames out by their number") as found:
        planned_at(model, {"x": 2})
    assert "--until" in found.value.hint


def test_keys_alone_have_frames() -> None:
    """Queries and values are constants."""
    net = Net()
    given = net.numbers(1, 1, 5, 2), net.numbers(1, 1, 5, 2)
    net.add("Attention", given[0], "x", given[1])
    mask = net.constant(np.triu(np.tril(np.ones((5, 5), bool), 2), -1))
    model = net.model([1, 1, 5, 2], net.add("Attention", given[0], "x", given[1], mask), opset=23)
    with pytest.raises(rfonnx.RfonnxError) as found:
        planned_at(model, {"x": 2})
    assert found.value.hint


def test_a_window_of_which_no_tap_meets_a_frame() -> None:
    """Pools of onnxruntime then give a lowest number that is not minus infinity: the whole has to be longer."""
    net = Net()
    model = net.model([1, 2, "t"], net.add("MaxPool", "x", kernel_shape=[4], dilations=[2], pads=[3, 3]))
    plan = rfonnx.stream(model, "x", 2)
    assert plan.manifest.shortest == 2
    assert plan.verify().passed


def test_sizes_that_do_not_go_on_are_refused() -> None:
    """Whatever the length, ten frames come out: each reads the same ones."""
    net = Net()
    made = net.add("Resize", "x", "", "", net.constant(np.array([1, 2, 10], np.int64)), mode="nearest")
    with pytest.raises(rfonnx.RfonnxError, match="Resize"):
        rfonnx.stream(net.model([1, 2, "t"], made), "x", 2)


@pytest.mark.parametrize(("op", "opset", "scale"), [("Upsample", 9, 2.0), ("Resize", 10, 2.0), ("Resize", 10, 0.5)])
def test_files_of_before_opset_11_are_sampled_as_they_say(op: str, opset: int, scale: float) -> None:
    """Where a Resize samples has become an attribute since, with another default."""
    net = Net()
    made = net.add(op, "x", net.constant(np.array([1, 1, 1, scale], np.float32)))
    plan = rfonnx.stream(net.model([1, 2, "t", 6], made, opset=opset), "x", 2)
    assert plan.verify().passed


def test_half_precision_differs_by_its_own_rounding() -> None:
    """Caches and masks are of its type; a net of five convolutions differs by about a unit in the last place."""
    model = NETS["symmetric TCN with norms"][0]()
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            value = onnx.numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
    for entry in (*model.graph.input, *model.graph.output):
        entry.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    plan = rfonnx.stream(model, "x", 2)
    assert {state.dtype for state in plan.states} == {"int64", "float16"}
    assert list(plan.delay.values()) == [7]
    found = plan.held_against(within(plan.source.offline))
    assert found.passed
    assert found.worst <= 2 * 2**-10


def test_a_single_frame_is_not_spread_over_those_of_another_tensor() -> None:
    """Of n frames one operand has n - 1, the other the even number below: of two, one and two, which fit as no others do."""
    net = Net()
    halved = net.add("MaxPool", "x", kernel_shape=[2], strides=[2])
    scales = net.constant(np.array([1, 1, 2], np.float32))
    doubled = net.add(
        "Resize", halved, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
    )
    cropped = net.add("Slice", "x", net.ints(0), net.ints(-1), net.ints(2))
    plan = rfonnx.stream(net.model([1, 3, "t"], net.add("Sub", doubled, cropped)), "x", 2)
    assert plan.manifest.shortest == 3
    assert right(plan)


def test_what_onnxruntime_does_not_run_is_not_written(tmp_path: Path) -> None:
    """Its LRN takes images alone."""
    net = Net()
    plan = rfonnx.stream(net.model([1, 4, "t"], net.add("LRN", "x", size=3)), "x", 2)
    with pytest.raises(
        rfonnx.RfonnxError, match=r"runs at no length that was tried .*not verified, and was not written"
    ):
        plan.save(tmp_path / "s.onnx")
    assert not list(tmp_path.iterdir())


def test_a_sum_along_an_axis_that_is_given_later_is_refused() -> None:
    net = Net()
    model = net.model(["t", 3], net.add("CumSum", "x", "axis"))
    model.graph.input.append(onnx.helper.make_tensor_value_info("axis", onnx.TensorProto.INT64, []))
    with pytest.raises(rfonnx.RfonnxError, match=r"\(CumSum\) .*an axis that is computed"):
        rfonnx.stream(model, "x", 0)


def test_sizes_in_numbers_are_refused() -> None:
    """They hold for the whole; a chunk would be cropped or padded to them, too; or they ask for more than padding does."""
    net = Net()
    cropped = net.model([20, 8, 3], net.add("CenterCropPad", "x", net.ints(10, 9, 3)), opset=18)
    with pytest.raises(rfonnx.RfonnxError, match="CenterCropPad"):
        planned_at(cropped, {"x": 2})
    net = Net()
    weights = net.numbers(1, 2, 3, 3)
    wide = net.add("ConvTranspose", "x", weights, strides=[3, 2], output_shape=[10, 8])
    with pytest.raises(rfonnx.RfonnxError, match="ConvTranspose"):
        planned_at(net.model([1, 1, 3, 3], wide), {"x": 2})


def test_extremes_of_bools_are_refused() -> None:
    net = Net()
    low = net.add("ReduceMin", net.add("Greater", "x", net.number(0.0)), net.ints(1), keepdims=1)
    with pytest.raises(rfonnx.RfonnxError, match="of bools"):
        rfonnx.stream(net.model([2, "t"], net.add("Cast", low, to=1), opset=20), "x", 1)
