"""A cropped run gives the whole run's map, and where that is not proven there is no crop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx
from erf.nets import Net
from rfonnx.results.effective import ERF

RANDOM = np.random.default_rng(3)
PLACES = ("center", (3.0, 60.0), (0.0, 0.0), (63.0, 63.0), (40.0, 2.0))


def weights(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))


def ints(net: Net, *values: int) -> str:
    return net.constant(np.array(values, np.int64))


def plain(net: Net) -> str:
    return net.op("Relu", net.conv("x", weights(4, 2, 3, 3)))


def strided(net: Net) -> str:
    a = net.op("Relu", net.conv("x", weights(4, 2, 5, 5), strides=[2, 2]))
    return net.op("Tanh", net.conv(a, weights(4, 4, 3, 3), strides=[2, 2]))


def odd_strides(net: Net) -> str:
    a = net.conv("x", weights(4, 2, 3, 3), strides=[3, 2], pad=False)
    return net.op("Sigmoid", net.conv(a, weights(4, 4, 3, 3), strides=[2, 3]))


def pools(net: Net) -> str:
    a = net.op(
        "MaxPool",
        net.conv("x", weights(4, 2, 3, 3)),
        kernel_shape=[3, 3],
        strides=[2, 2],
        pads=[1, 1, 1, 1],
        ceil_mode=1,
    )
    return net.op("AveragePool", a, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1], count_include_pad=0)


def same_upper(net: Net) -> str:
    w = net.constant(weights(4, 2, 3, 3).astype(np.float32))
    return net.op("Conv", "x", w, auto_pad="SAME_UPPER", strides=[2, 2], kernel_shape=[3, 3])


def transposed(net: Net) -> str:
    a = net.conv("x", weights(4, 2, 3, 3), strides=[2, 2])
    w = net.constant(weights(4, 3, 4, 4).astype(np.float32))
    return net.op("ConvTranspose", a, w, strides=[2, 2], pads=[1, 1, 1, 1])


def upsampled(mode: str, transformation: str) -> Callable[[Net], str]:
    def make(net: Net) -> str:
        a = net.conv("x", weights(3, 2, 3, 3), strides=[2, 2])
        scales = net.constant(np.array([1, 1, 2, 2], np.float32))
        up = net.op("Resize", a, "", scales, mode=mode, coordinate_transformation_mode=transformation)
        return net.conv(up, weights(2, 3, 3, 3))

    return make


def unet(net: Net) -> str:
    skip = net.op("Relu", net.conv("x", weights(3, 2, 3, 3)))
    down = net.op("MaxPool", skip, kernel_shape=[2, 2], strides=[2, 2])
    low = net.op("Relu", net.conv(down, weights(3, 3, 3, 3)))
    scales = net.constant(np.array([1, 1, 2, 2], np.float32))
    up = net.op(
        "Resize", low, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
    )
    return net.conv(net.op("Concat", skip, up, axis=1), weights(2, 6, 3, 3))


def valid_unet(net: Net) -> str:
    """Convolutions without padding; the skip is cropped at both ends."""
    skip = net.conv("x", weights(3, 2, 3, 3), pad=False)
    inner = net.conv(skip, weights(3, 3, 5, 5), pad=False)
    cropped = net.op("Slice", skip, ints(net, 2, 2), ints(net, -2, -2), ints(net, 2, 3))
    return net.op("Add", inner, cropped)


def pixel_shuffle(net: Net) -> str:
    return net.op("DepthToSpace", net.conv("x", weights(8, 2, 3, 3)), blocksize=2)


def focus(net: Net) -> str:
    """YOLOv5's stem: every second pixel, four times."""
    parts = []
    for row in (0, 1):
        for column in (0, 1):
            axes, steps, ends = ints(net, 2, 3), ints(net, 2, 2), ints(net, 2**31, 2**31)
            parts.append(net.op("Slice", "x", ints(net, row, column), ends, axes, steps))
    return net.conv(net.op("Concat", *parts, axis=1), weights(3, 8, 3, 3))


def padded(mode: str) -> Callable[[Net], str]:
    def make(net: Net) -> str:
        a = net.op("Pad", "x", ints(net, 0, 0, 2, 2, 0, 0, 2, 2), mode=mode)
        return net.conv(a, weights(3, 2, 5, 5), pad=False)

    return make


def channel_norm(net: Net) -> str:
    a = net.op("Transpose", net.conv("x", weights(4, 2, 3, 3)), perm=[0, 2, 3, 1])
    scale = net.constant(np.ones(4, np.float32) * 1.5)
    return net.op("Transpose", net.op("LayerNormalization", a, scale, axis=-1), perm=[0, 3, 1, 2])


def lengths_from_shape(net: Net) -> str:
    """Half-size Resize whose sizes are computed from Shape."""
    shape = net.op("Shape", "x")
    sizes = net.op(
        "Concat",
        ints(net, 1, 2),
        net.op("Div", net.op("Slice", shape, ints(net, 2), ints(net, 4)), ints(net, 2)),
        axis=0,
    )
    half = net.op("Resize", "x", "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel")
    return net.conv(half, weights(3, 2, 3, 3))


def zeros_from_shape(net: Net) -> str:
    zeros = net.op("ConstantOfShape", net.op("Shape", "x"))
    return net.conv(net.op("Concat", "x", zeros, axis=1), weights(3, 4, 3, 3))


CROPPED = {
    "plain": plain,
    "strided": strided,
    "odd strides": odd_strides,
    "pools": pools,
    "SAME_UPPER": same_upper,
    "transposed": transposed,
    "nearest": upsampled("nearest", "asymmetric"),
    "linear": upsampled("linear", "half_pixel"),
    "cubic": upsampled("cubic", "pytorch_half_pixel"),
    "U-Net": unet,
    "valid U-Net": valid_unet,
    "pixel shuffle": pixel_shuffle,
    "focus": focus,
    "reflect": padded("reflect"),
    "edge": padded("edge"),
    "constant": padded("constant"),
    "channel norm": channel_norm,
    "zeros of the input's length": zeros_from_shape,
}


@dataclass(frozen=True)
class Pair:
    cropped: ERF
    whole: ERF


def both(make: Callable[[Net], str], at: object, size: int = 64) -> Pair:
    net = Net([1, 2, size, size])
    out = make(net)
    model = net.model(net.op("Identity", out, name="y"))
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    # Not the channels' sum: that of normalised ones is constant.
    options = {"n": 2, "channel": "random"}
    return Pair(rfonnx.erf(model, "y", at, **options), rfonnx.erf(model, "y", at, crop=False, **options))


def assert_same(pair: Pair) -> None:
    a, b = pair.cropped, pair.whole
    assert (a.position, a.field, a.unbounded, a.center) == (b.position, b.field, b.unbounded, b.center)
    assert a.outside == b.outside == 0
    assert a.scale == pytest.approx(b.scale, rel=1e-5)
    assert b.scale > 0
    np.testing.assert_allclose(a.map, b.map, atol=1e-5 * b.map.max())


def was_cropped(erf: ERF) -> bool:
    return erf.window != tuple((0, n - 1) for n in erf.map.shape)


@pytest.mark.parametrize("at", PLACES, ids=str)
@pytest.mark.parametrize("name", CROPPED)
def test_cropped_is_whole(name: str, at: object) -> None:
    pair = both(CROPPED[name], at)
    assert was_cropped(pair.cropped)
    assert not was_cropped(pair.whole)
    assert_same(pair)


@pytest.mark.parametrize("size", [61, 62, 63])
@pytest.mark.parametrize("name", ["strided", "odd strides", "pools", "SAME_UPPER", "linear"])
def test_lengths_that_strides_do_not_divide(name: str, size: int) -> None:
    for at in ("center", (0.0, size - 1.0), (size - 1.0, 3.0)):
        assert_same(both(CROPPED[name], at, size))


def align_corners(net: Net) -> str:
    return upsampled("linear", "align_corners")(net)


def coordinates(net: Net) -> str:
    """CoordConv: the row's number is a channel, computed from the input's shape."""
    rows = net.op("Gather", net.op("Shape", "x"), net.constant(np.array(2, np.int64)))
    one, zero = net.constant(np.array(1, np.int64)), net.constant(np.array(0, np.int64))
    numbers = net.op("Cast", net.op("Range", zero, rows, one), to=onnx.TensorProto.FLOAT)
    column = net.op("Reshape", numbers, ints(net, 1, 1, -1, 1))
    return net.op("Sin", net.op("Mul", net.conv("x", weights(3, 2, 3, 3)), column))


def embedding(net: Net) -> str:
    table = net.constant(RANDOM.standard_normal((1, 3, 64, 64)).astype(np.float32))
    return net.op("Sin", net.op("Mul", net.conv("x", weights(3, 2, 3, 3)), table))


def column_table(net: Net) -> str:
    table = net.constant(RANDOM.standard_normal((64, 1)).astype(np.float32))
    return net.op("Sin", net.op("Mul", net.conv("x", weights(3, 2, 3, 3)), table))


def wrapped(net: Net) -> str:
    return padded("wrap")(net)


def instance_norm(net: Net) -> str:
    a = net.conv("x", weights(3, 2, 3, 3))
    one, zero = (net.constant(np.full(3, v, np.float32)) for v in (1, 0))
    return net.op("InstanceNormalization", a, one, zero)


def gate(net: Net) -> str:
    a = net.conv("x", weights(3, 2, 3, 3))
    return net.op("Mul", a, net.op("Sigmoid", net.op("GlobalAveragePool", a)))


def fixed_reshape(net: Net) -> str:
    """Windows of 8 x 8 tokens, written with the numbers of this input."""
    a = net.op("Reshape", "x", ints(net, 1, 2, 8, 8, 8, 8))
    return net.op("Softmax", a, axis=-1)


def half_on_ones(net: Net) -> str:
    """A table that says "1" on the left and "2" on the right, made from the input's shape."""
    ones = net.op("ConstantOfShape", net.op("Shape", "x"), value=onnx.numpy_helper.from_array(np.ones(1, np.float32)))
    summed = net.op("CumSum", ones, net.constant(np.array(3, np.int64)))
    return net.op("Tanh", net.op("Mul", net.conv("x", weights(2, 2, 3, 3)), summed))


WHOLE = {
    function.__name__: function
    for function in (
        align_corners, coordinates, embedding, column_table, instance_norm, gate, fixed_reshape, half_on_ones, lengths_from_shape,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_what_depends_on_the_place_is_right_cropped_or_not(name: str) -> None:
    assert_same(both(WHOLE[name], "center"))


@pytest.mark.parametrize("name", sorted(set(WHOLE) - {"lengths_from_shape"}))
def test_what_depends_on_the_place_is_not_cropped(name: str) -> None:
    assert not was_cropped(both(WHOLE[name], "center").cropped)


@pytest.mark.parametrize("op_type", ["Gelu", "QuickGelu", "FastGelu"])
def test_fused_activations_are_alike(op_type: str) -> None:
    assert was_cropped(both(lambda net: net.op(op_type, plain(net), domain="com.microsoft"), "center").cropped)


def numbered(net: Net) -> str:
    """A pool whose second output counts positions from the first one of the whole map."""
    net.nodes.append(
        onnx.helper.make_node("MaxPool", [plain(net)], ["most", "where"], kernel_shape=[3, 3], strides=[2, 2])
    )
    return net.op("Mul", "most", net.op("Cast", "where", to=onnx.TensorProto.FLOAT))


def test_positions_as_numbers_are_not_cropped() -> None:
    assert not was_cropped(both(numbered, "center").cropped)


def test_wrapped_borders_are_seen_from_the_other_side() -> None:
    assert_same(both(wrapped, "center"))
    pair = both(wrapped, (0.0, 30.0))
    assert pair.cropped.window == ((0, 63), (28, 32))
    assert pair.cropped.map[62:].sum() > 0
    assert_same(pair)


def test_units_far_apart_are_cropped_one_by_one() -> None:
    net = Net([1, 2, 256, 256])
    model = net.model(net.op("Relu", net.conv(net.conv("x", weights(4, 2, 3, 3)), weights(4, 4, 3, 3)), name="y"))
    places = [(10.0, 10.0), (245.0, 245.0)]
    apart = rfonnx.erf_many(model, "y", places, n=2)
    together = rfonnx.erf_many(model, "y", places, n=2, crop=False)
    assert [erf.window for erf in apart] == [((8, 12), (8, 12)), ((243, 247), (243, 247))]
    for a, b in zip(apart, together, strict=True):
        np.testing.assert_allclose(a.map, b.map, atol=1e-5 * b.map.max())


def test_neighbours_share_a_window() -> None:
    net = Net([1, 2, 64, 64])
    model = net.model(net.op("Relu", net.conv("x", weights(4, 2, 3, 3)), name="y"))
    found = rfonnx.erf_many(model, "y", [(30.0, 30.0), (31.0, 31.0)], n=1)
    assert {erf.window for erf in found} == {((29, 32), (29, 32))}


def test_external_weights_come_along(tmp_path: Path) -> None:
    net = Net([1, 2, 64, 64])
    model = net.model(net.conv("x", weights(4, 2, 3, 3), name="y"))
    expected = rfonnx.erf(model, "y", n=1)
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    found = rfonnx.erf(tmp_path / "m.onnx", "y", n=1)
    assert was_cropped(found)
    np.testing.assert_array_equal(found.map, expected.map)
