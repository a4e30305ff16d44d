"""Nets of the kinds that are run in tiles, with few channels, over one axis unless said otherwise."""

from __future__ import annotations

import numpy as np
import onnx

from truth.nets import Writer

C = 2


def finish(w: Writer, *outputs: str, dims: int = 1, inputs: int = C) -> onnx.ModelProto:
    lengths = ("length",) if dims == 1 else tuple(f"n{i}" for i in range(dims))
    return w.finish({"x": ("batch", inputs, *lengths)}, {f"y{i}": name for i, name in enumerate(outputs)})


def conv(w: Writer, x: str, kernel: int = 3, into: int = C, out: int = C, dims: int = 1, **attrs: object) -> str:
    weight = w.normal(out, into, *[kernel] * dims, scale=1 / np.sqrt(into * kernel**dims))
    if "pads" not in attrs and "auto_pad" not in attrs:
        attrs["pads"] = [(kernel - 1) // 2] * dims + [kernel // 2] * dims
    return w.op("Conv", x, weight, **attrs)


def pool(w: Writer, x: str, size: int = 2, dims: int = 1) -> str:
    return w.op("MaxPool", x, kernel_shape=[size] * dims, strides=[size] * dims)


def up(w: Writer, x: str, how: str = "nearest", size: int = 2, dims: int = 1) -> str:
    if how == "transposed":
        return w.op("ConvTranspose", x, w.normal(C, C, *[size] * dims), strides=[size] * dims)
    scales = w.const([1, 1, *[size] * dims])
    where = {"nearest": "asymmetric", "linear": "half_pixel"}[how]
    more = {"nearest_mode": "floor"} if how == "nearest" else {}
    return w.op("Resize", x, "", scales, mode=how, coordinate_transformation_mode=where, **more)


def unet(depth: int, kernel: int = 3, how: str = "nearest", size: int = 2, dims: int = 1) -> onnx.ModelProto:
    """Two convolutions a level and at the bottom, as in CSBDeep, StarDist and the first U-Net."""
    w, x, skips = Writer(), "x", []
    for _ in range(depth):
        x = conv(w, conv(w, x, kernel, dims=dims), kernel, dims=dims)
        skips.append(x)
        x = pool(w, x, size, dims)
    x = conv(w, conv(w, x, kernel, dims=dims), kernel, dims=dims)
    for skip in reversed(skips):
        x = w.op("Concat", up(w, x, how, size, dims), skip, axis=1)
        x = conv(w, conv(w, x, kernel, into=2 * C, dims=dims), kernel, dims=dims)
    return finish(w, conv(w, x, 1, dims=dims), dims=dims)


def denoiser(large: bool, dims: int = 2) -> onnx.ModelProto:
    """The topologies of Intel Open Image Denoise (training/model.py, core/unet_filter.cpp), at one or two channels a layer."""
    w = Writer()

    def act(x: str, into: int = C) -> str:
        return w.op("Relu", conv(w, x, 3, into=into, dims=dims))

    x, skips = "x" if large else act("x"), ["x"]
    for level in range(4):
        x = act(act(x)) if large else act(x)
        x = pool(w, x, dims=dims)
        if level < 3:
            skips.append(x)
    x = act(act(x))
    for skip in reversed(skips):
        x = act(act(w.op("Concat", up(w, x, dims=dims), skip, axis=1), 2 * C))
    return finish(w, conv(w, x, 3, dims=dims), dims=dims)


def espcn() -> onnx.ModelProto:
    """Convolutions at low resolution, then a pixel shuffle, of images."""
    w = Writer()
    x = conv(w, conv(w, "x", 5, dims=2), 3, dims=2)
    return finish(w, w.op("DepthToSpace", conv(w, x, 3, out=9 * C, dims=2), blocksize=3, mode="CRD"), dims=2)


def dilated() -> onnx.ModelProto:
    w, x = Writer(), "x"
    for dilation in (1, 2, 4, 8):
        x = conv(w, x, 3, dilations=[dilation], pads=[dilation] * 2)
    return finish(w, x)


def strided_head() -> onnx.ModelProto:
    """Class scores of every stretch, at a sixteenth of the rate."""
    w, x = Writer(), "x"
    for _ in range(4):
        x = conv(w, x, 3, strides=[2], pads=[1, 1])
    return finish(w, conv(w, x, 1))


def wavenet() -> onnx.ModelProto:
    """Gated causal convolutions with skips."""
    w, x = Writer(), "x"
    for layer in range(6):
        rate = 2**layer
        gate, value = (conv(w, x, 2, dilations=[rate], pads=[rate, 0]) for _ in range(2))
        x = w.op("Add", x, w.op("Mul", w.op("Tanh", value), w.op("Sigmoid", gate)))
    return finish(w, x)


def pyramid() -> onnx.ModelProto:
    """A feature pyramid: an output at each of three rates."""
    w, x, levels = Writer(), "x", []
    for _ in range(3):
        x = conv(w, x, 3, strides=[2], pads=[1, 1])
        levels.append(x)
    merged, outputs = levels[-1], []
    for level in reversed(levels):
        if level != levels[-1]:
            merged = w.op("Add", conv(w, level, 1), up(w, merged))
        outputs.append(conv(w, merged, 3))
    return finish(w, *outputs)


def volumes() -> onnx.ModelProto:
    return unet(1, dims=3)


def even_kernels() -> onnx.ModelProto:
    w = Writer()
    return finish(w, conv(w, conv(w, "x", 4), 2))


def same_upper() -> onnx.ModelProto:
    w = Writer()
    low = conv(w, "x", 4, auto_pad="SAME_UPPER", strides=[2])
    return finish(w, conv(w, low, 6, auto_pad="SAME_UPPER"))


def causal() -> onnx.ModelProto:
    w = Writer()
    return finish(w, conv(w, conv(w, "x", 3, pads=[2, 0]), 5, pads=[4, 0]))
