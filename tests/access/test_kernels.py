"""Zeros in weights, with `weights="values"`: against the operators, element by element, and whole nets by perturbation."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx
from access.probe import probe, probe_model, values
from rfonnx.operators.access.kernels import MANY, SCATTERED, UNREAD, boxes


def zeroed(weight, *zeros):
    """The weight with zeros at these indices."""
    weight = weight.copy()
    for index in zeros:
        weight[index] = 0
    return weight


EVERY = slice(None)
CONVS = {  # x, weight, attributes
    "tap": ((1, 1, 7), zeroed(values(1, 1, 3), (EVERY, EVERY, 0)), {"pads": [1, 1]}),
    "inner tap": ((1, 1, 7), zeroed(values(1, 1, 3), (EVERY, EVERY, 1)), {"pads": [1, 1]}),
    "interleaved, dilated, strided": (
        (1, 1, 13),
        zeroed(values(1, 1, 5), (EVERY, EVERY, slice(1, None, 2))),
        {"dilations": [2], "strides": [2], "pads": [3, 4]},
    ),
    "cross": (
        (1, 1, 4, 5),
        values(1, 1, 3, 3) * np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.float32),
        {"pads": [1, 1, 1, 1]},
    ),
    "one filter": ((1, 2, 3), zeroed(values(3, 2, 2), 1), {}),
    "first channel": ((1, 3, 3), zeroed(values(2, 3, 2), (EVERY, 0)), {}),
    "channel of one filter": ((1, 3, 3), zeroed(values(2, 3, 2), (1, 2)), {}),
    "taps by filter, depthwise": (
        (1, 2, 4),
        zeroed(values(2, 1, 3), (0, 0, 0), (1, 0, 2)),
        {"group": 2, "pads": [1, 1]},
    ),
    "grouped": ((1, 4, 3), zeroed(values(6, 2, 2), (0, 1), (4, 0)), {"group": 2}),
    "3-D": ((1, 1, 3, 2, 3), zeroed(values(1, 1, 2, 1, 2), (0, 0, 0, 0, 1)), {"pads": [1, 0, 0, 0, 0, 0]}),
    "all zero": ((1, 2, 4), np.zeros((2, 2, 3), np.float32), {"pads": [1, 1]}),
    "colours of PixelCNN": ((1, 3, 4), zeroed(values(3, 3, 3), (0, EVERY, 1), (1, slice(1, 3), 1), (2, 2, 1)), {}),
}


@pytest.mark.parametrize("case", CONVS)
def test_conv(case):
    x, weight, attrs = CONVS[case]
    inputs = {"x": values(*x), "w": weight, "b": values(weight.shape[0], seed=2)}
    probe("Conv", inputs, ["w", "b"], weights="values", **attrs)


def test_zeros_count_only_when_asked_for():
    x, weight, attrs = CONVS["tap"]
    program = probe("Conv", {"x": values(*x), "w": np.ones_like(weight)}, ["w"], **attrs)
    model = conv_model(x, weight, **attrs)
    assert rfonnx.analyze(model).tensors["y"].fields["x", 2].size == program.tensors[0].paths[0][1][-1].kernel == 3
    assert rfonnx.analyze(model, weights="values").tensors["y"].fields["x", 2].size == 2


def test_conv_with_zeros_scattered_over_channels():
    weight = zeroed(values(1, 3, 2), (0, 1, 0))
    program = probe("Conv", {"x": values(1, 3, 4), "w": weight}, ["w"], weights="values", exact=False)
    assert program.tensors[0].note == SCATTERED


def test_kernel_with_zeros_in_many_places():
    dots = np.indices((13, 13)).sum(axis=0) % 2
    weight = values(1, 1, 13, 13) * dots.astype(np.float32)
    model = conv_model((1, 1, 14, 14), weight)
    field = rfonnx.analyze(model, weights="values").tensors["y"]
    assert (field.exact, field.fields["x", 2].size) == (False, 13)
    assert MANY in field.notes[0]


TRANSPOSED = {
    "tap": ((1, 1, 4), zeroed(values(1, 1, 4), (EVERY, EVERY, 3)), {"strides": [2], "pads": [1, 1]}),
    "inner tap": ((1, 1, 4), zeroed(values(1, 1, 3), (EVERY, EVERY, 1)), {"strides": [2], "dilations": [3]}),
    "channels": ((1, 3, 3), zeroed(values(3, 2, 2), (0,), (slice(1, 3), 1)), {"strides": [2]}),
    "grouped": ((1, 4, 3), zeroed(values(4, 3, 2), (0, 2), (3, 0), (EVERY, 1, 1)), {"group": 2, "strides": [2]}),
}


@pytest.mark.parametrize("case", TRANSPOSED)
def test_conv_transpose(case):
    x, weight, attrs = TRANSPOSED[case]
    probe("ConvTranspose", {"x": values(*x), "w": weight}, ["w"], weights="values", **attrs)


@pytest.mark.parametrize("transposed", [0, 1])
def test_gemm(transposed):
    weight = zeroed(values(3, 4), (EVERY, 0), (1, slice(2, 4)), (2,))  # by output: 1..3, 1..1, nothing
    inputs = {"a": values(2, 4), "b": weight if transposed else weight.T.copy(), "c": values(3)}
    probe("Gemm", inputs, ["b", "c"], weights="values", transB=transposed)


def test_gemm_with_scattered_zeros():
    inputs = {"a": values(2, 4), "b": zeroed(values(4, 1), 1)}
    program = probe("Gemm", inputs, ["b"], weights="values", exact=False)
    assert program.tensors[0].note == SCATTERED


@pytest.mark.parametrize("transposed", [0, 1])
def test_gemm_of_weights_in_the_file_takes_all_by_default(transposed):
    inputs = {"a": values(2, 4), "b": values(4, 4)}
    probe("Gemm", inputs, ["b"], transB=transposed)


def test_a_zero_of_quantised_weights_is_their_zero_point():
    x = np.array([[[3, 90, 7, 40, 60, 14]]], np.uint8)
    inputs = {"x": x, "w": np.array([[[7, 9, 7]], [[5, 7, 7]]], np.uint8), "xz": np.uint8(1), "wz": np.uint8(7)}
    probe("ConvInteger", inputs, ["w", "xz", "wz"], weights="values", vary=["x"], deltas=[1, 50], trials=1)


def test_the_user_is_told_when_the_weights_are_absent(tmp_path):
    x, weight, attrs = CONVS["tap"]
    model = conv_model(x, weight, **attrs)
    path = tmp_path / "model.onnx"
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert rfonnx.analyze(path, weights="values").tensors["y"].fields["x", 2].size == 2
    (tmp_path / "weights.bin").unlink()
    field = rfonnx.analyze(path, weights="values").tensors["y"]
    assert (field.fields["x", 2].size, field.notes) == (3, (UNREAD,))
    assert rfonnx.analyze(path).tensors["y"].notes == ()


def test_boxes_cover_each_tap_once():
    generator = np.random.default_rng(0)
    for shape in [(), (4,), (3, 4), (2, 3, 3)] * 20:
        taps = generator.random(shape) < 0.6
        counted = np.zeros(shape, int)
        for box in boxes(taps):
            counted[tuple(slice(first, last + 1) for first, last in box)] += 1
        assert np.array_equal(counted, taps)


def conv_model(shape, weight, **attrs):
    node = helper.make_node("Conv", ["x", "w"], ["y"], **attrs)
    info = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    out = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph([node], "conv", info, out, [numpy_helper.from_array(weight, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def pixelcnn(layers, kernel=5, size=8):
    """PixelCNN (van den Oord et al. 2016): a masked conv of type A, which does not see its own pixel, then of type B."""
    nodes, weights, x = [], [], "x"
    middle = kernel // 2
    for i in range(layers):
        mask = np.zeros((kernel, kernel), np.float32)
        mask[:middle] = 1
        mask[middle, : middle + (i > 0)] = 1
        weights.append(numpy_helper.from_array(values(2, 2 if i else 1, kernel, kernel, seed=i) * mask, f"w{i}"))
        nodes.append(helper.make_node("Conv", [x, f"w{i}"], [f"c{i}"], pads=[middle] * 4))
        nodes.append(helper.make_node("LeakyRelu", [f"c{i}"], [f"y{i}"]))
        x = f"y{i}"
    info = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, size, size])]
    out = [helper.make_tensor_value_info(x, TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "pixelcnn", info, out, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("layers", [1, 2])
def test_pixelcnn_sees_the_pixels_before_its_own(layers):
    probe_model(pixelcnn(layers, kernel=3, size=5), {"x": values(1, 1, 5, 5)}, weights="values", trials=2)


def test_a_pixelcnn_of_masks_a_and_b_by_intervals():
    a = rfonnx.analyze(pixelcnn(3), weights="values")
    field = a.tensors["y2"].fields["x", 2]
    assert (field.size, field.start) == (7, -6)  # three times two rows up, and its own row
    own = a.support("y2", (0, 0, 6, 4), input="x")[0, 0]
    assert own[6].tolist() == [True] * 4 + [False] * 4
    assert not own[7:].any()
    assert a.tensors["y2"].exact
    assert rfonnx.analyze(pixelcnn(3)).tensors["y2"].fields["x", 2].size == 13


def test_pruned_net_reads_what_perturbation_finds():
    first = zeroed(values(2, 1, 3, 3), (EVERY, EVERY, 0), (EVERY, EVERY, EVERY, 2))
    second = zeroed(values(2, 2, 3, 3, seed=1), (EVERY, EVERY, 1, 1))
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["h"], pads=[1] * 4),
        helper.make_node("Conv", ["h", "w2"], ["y"], pads=[1] * 4, strides=[2, 2]),
    ]
    info = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 7, 6])]
    out = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    weights = [numpy_helper.from_array(first, "w1"), numpy_helper.from_array(second, "w2")]
    graph = helper.make_graph(nodes, "pruned", info, out, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    probe_model(model, {"x": values(1, 1, 7, 6)}, weights="values", trials=2)
