"""Convolution rules against the operators."""

import numpy as np
import pytest
from onnx import helper

import rfonnx
import small_nets
from access.brute import program_reads
from access.probe import probe, values
from rfonnx.operators.access.primitives import Select, Window

CONVS = {
    "k3": ((1, 1, 7, 1), (1, 1, 3, 1), {}),
    "stride, uneven pads": ((1, 1, 7, 3), (1, 1, 3, 2), {"strides": [2, 1], "pads": [1, 0, 2, 1]}),
    "dilated": ((1, 1, 9), (1, 1, 3), {"dilations": [2], "pads": [2, 2]}),
    "even kernel, same upper": ((1, 1, 6), (1, 1, 4), {"auto_pad": "SAME_UPPER"}),
    "even kernel, same lower, stride": ((1, 1, 7), (1, 1, 4), {"auto_pad": "SAME_LOWER", "strides": [2]}),
    "same upper, stride, dilated": ((1, 1, 8), (1, 1, 3), {"auto_pad": "SAME_UPPER", "strides": [3]}),
    "valid": ((1, 1, 6), (1, 1, 3), {"auto_pad": "VALID"}),
    "dense channels": ((2, 3, 3), (2, 3, 2), {}),
    "grouped": ((1, 4, 3), (6, 2, 2), {"group": 2}),
    "depthwise": ((1, 3, 4), (3, 1, 2), {"group": 3, "pads": [1, 1]}),
    "depthwise multiplier": ((1, 2, 3), (4, 1, 2), {"group": 2}),
    "pointwise": ((1, 2, 2, 2), (3, 2, 1, 1), {}),
    "stride beyond kernel": ((1, 1, 7), (1, 1, 1), {"strides": [3]}),
    "padding only": ((1, 1, 2), (1, 1, 1), {"pads": [2, 2]}),
    "3-D": ((1, 1, 3, 2, 2), (1, 1, 2, 1, 2), {"pads": [1, 0, 0, 0, 0, 0]}),
}


@pytest.mark.parametrize("case", CONVS)
def test_conv(case):
    shape, weight, attrs = CONVS[case]
    inputs = {"x": values(*shape), "w": values(*weight, seed=1), "b": values(weight[0], seed=2)}
    probe("Conv", inputs, constants=["w", "b"], **attrs)


@pytest.mark.parametrize("case", CONVS)
def test_conv_with_computed_weight_and_bias(case):
    shape, weight, attrs = CONVS[case]
    probe("Conv", {"x": values(*shape), "w": values(*weight, seed=1), "b": values(weight[0], seed=2)}, **attrs)


TRANSPOSED = {
    "k4 s2 p1": ((1, 1, 4), (1, 1, 4), {"strides": [2], "pads": [1, 1]}),
    "gaps between": ((1, 1, 3), (1, 1, 2), {"strides": [3]}),
    "dilated": ((1, 1, 4), (1, 1, 3), {"strides": [2], "dilations": [3], "pads": [1, 0]}),
    "dilation shares a factor": ((1, 1, 4), (1, 1, 3), {"strides": [4], "dilations": [2]}),
    "output padding": ((1, 1, 3), (1, 1, 3), {"strides": [2], "pads": [1, 1], "output_padding": [1]}),
    "output shape": ((1, 1, 3), (1, 1, 3), {"strides": [2], "output_shape": [6]}),
    "output shape, same upper": ((1, 1, 3), (1, 1, 4), {"strides": [2], "output_shape": [5], "auto_pad": "SAME_UPPER"}),
    "same upper": ((1, 1, 3), (1, 1, 3), {"strides": [2], "auto_pad": "SAME_UPPER"}),
    "same lower": ((1, 1, 3), (1, 1, 3), {"strides": [2], "auto_pad": "SAME_LOWER"}),
    "grouped": ((1, 4, 2), (4, 3, 2), {"group": 2}),
    "depthwise": ((1, 3, 2), (3, 1, 2), {"group": 3, "strides": [2]}),
    "dense, 2-D": ((2, 2, 2, 2), (2, 3, 2, 3), {"strides": [2, 1], "pads": [0, 1, 0, 1]}),
}


@pytest.mark.parametrize("case", TRANSPOSED)
def test_conv_transpose(case):
    shape, weight, attrs = TRANSPOSED[case]
    outputs = weight[1] * attrs.get("group", 1)
    probe("ConvTranspose", {"x": values(*shape), "w": values(*weight, seed=1), "b": values(outputs, seed=2)}, **attrs)


def test_depthwise_keeps_the_channel_axis_untouched():
    program = probe("Conv", {"x": values(1, 3, 5), "w": values(3, 1, 3)}, constants=["w"], group=3)
    assert program.tensors[0].paths == ((0, (Window(2, 3, 3, 1, 1, 0),)),)


def test_grouped_channels_are_selected():
    program = probe("Conv", {"x": values(1, 6, 1), "w": values(2, 3, 1)}, constants=["w"], group=2)
    ((_, (step,)),) = program.tensors[0].paths
    assert isinstance(step, Select)
    assert step.first.tolist() == [0, 3]
    assert step.last.tolist() == [2, 5]


def test_integer_convs():
    x, w = np.arange(8, dtype=np.uint8).reshape(1, 2, 4), np.ones((2, 2, 2), np.uint8)
    program = probe("ConvInteger", {"x": x, "w": w}, constants=["w"], vary=[])
    assert program.tensors[0].exact
    scale, zero = np.float32(0.5), np.uint8(3)
    inputs = {"x": x, "xs": scale, "xz": zero, "w": w, "ws": scale, "wz": zero, "ys": scale, "yz": zero}
    inputs = {name: np.asarray(value) for name, value in inputs.items()}
    program = probe("QLinearConv", inputs, constants=["xs", "xz", "w", "ws", "wz", "yz"], vary=["x"], deltas=(40,))
    by_source = dict(program.tensors[0].paths)
    assert by_source[0][-1] == Window(2, 3, 2, 1, 1, 0)
    assert sorted(by_source) == [0, 1]  # x, y's scale
    program = probe("QLinearConv", inputs, constants=["w", "ws", "wz", "yz"], vary=["x"], deltas=(40,))
    assert sorted(program_reads(program)["y0"]) == ["x", "xs", "xz", "ys"]


def test_deform_conv_is_a_superset():
    offset = values(1, 4, 2, 2, seed=3) * np.float32(0.3)
    inputs = {"x": values(1, 1, 3, 3), "w": values(1, 1, 1, 2, seed=1), "o": offset[:, :, :2, :2]}
    inputs["o"] = values(1, 4, 3, 2, seed=3) * np.float32(0.3)
    probe("DeformConv", inputs, exact=False, opset=19, trials=1, deltas=(0.5,))


def test_convolutions_that_differ_in_names_are_told_apart():
    """Nodes alike ask once: which inputs are one tensor, which are constant and where they stand tells nodes apart."""
    inputs = {"x": (2, 2, 3, 3), "v": (2, 2, 3, 3)}
    pairs = {"xx": ("x", "x"), "xv": ("x", "v"), "vx": ("v", "x"), "xk": ("x", "k"), "vv": ("v", "v"), "vk": ("v", "k")}
    nodes = [helper.make_node("Conv", pair, [name], pads=[1, 1, 1, 1]) for name, pair in pairs.items()]
    model = small_nets.model(nodes, inputs, dict.fromkeys(pairs, (2, 2, 3, 3)), {"k": values(2, 2, 3, 3)})
    tensors = rfonnx.analyze(model).tensors
    read = {
        name: {source for (source, _), field in tensors[name].fields.items() if field.kind != "none"} for name in pairs
    }
    assert read == {name: set(pair) - {"k"} for name, pair in pairs.items()}
    alone = rfonnx.analyze(small_nets.model(nodes[1:2], inputs, {"xv": (2, 2, 3, 3)})).tensors["xv"]
    assert tensors["xv"].fields == alone.fields
