"""Convolutions of any rank, group, stride, dilation and padding, with respect to the image, a computed weight and a bias."""

from __future__ import annotations

from collections.abc import Sequence

from rfonnx.gradients.answers import Gradients
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.rules.adjoint import Window, conv_adjoint, window_of
from rfonnx.gradients.values import Value


@rule("Conv")
def conv(op: Op, g: Value) -> Gradients:
    """dx is the adjoint convolution of g with the same weight."""
    window = geometry(op, op.shape()[2:], op.out_shape()[2:])
    group = op.attrs["group"]
    dx = conv_adjoint(g, op.x(1), op.shape(1), window, group) if op.needs(0) else None
    dw = weight_gradient(op.x(0), g, window, group, op.shape(), op.out_shape()) if op.needs(1) else None
    return [dx, dw, *_bias(op, g)][: len(op.node.inputs)]


@rule("rfonnx.ConvOfConcat")
def conv_of_concat(op: Op, g: Value) -> Gradients:
    """See rfonnx.gradients.patterns."""
    parts = op.attrs["parts"]
    window = geometry(op, op.shape()[2:], op.out_shape()[2:])
    weight, (outputs, _, *kernel) = op.x(parts), op.shape(parts)
    made = []
    start = 0
    for index in range(parts):
        channels = op.shape(index)[1]
        own = weight.slice(1, start, start + channels)
        start += channels
        made.append(conv_adjoint(g, own, (outputs, channels, *kernel), window, 1) if op.needs(index) else None)
    return [*made, *[None] * (len(op.node.inputs) - parts)]


@rule("ConvTranspose")
def conv_transpose(op: Op, g: Value) -> Gradients:
    """dx is the Conv whose adjoint this is, so that x plays the output's part: windows of g."""
    shape, out = op.shape(), op.out_shape()
    window = geometry(op, out[2:], shape[2:])
    group = op.attrs["group"]
    dx = None
    if op.needs(0):
        kept, ends = _trimmed(g, window)
        dx = op.emit(
            "Conv",
            kept,
            op.x(1),
            kernel_shape=list(window.kernel),
            strides=list(window.stride),
            dilations=list(window.dilation),
            pads=[*window.begin, *ends],
            group=group,
        )
        dx = _head(dx, window, window.out_length)
    dw = weight_gradient(g, op.x(0), window, group, out, shape) if op.needs(1) else None
    return [dx, dw, *_bias(op, g)][: len(op.node.inputs)]


def geometry(op: Op, length: tuple[int, ...], out_length: tuple[int, ...], pads: Sequence[int] | None = None) -> Window:
    """The window of a canonical convolution or pool, by default with its own pads."""
    attrs = op.attrs
    pads = op.constant("pads") if pads is None else pads
    return window_of(attrs["kernel_shape"], attrs["strides"], attrs["dilations"], pads, length, out_length)


def _bias(op: Op, g: Value) -> list[Value | None]:
    """db sums g over all but the channels."""
    if not op.needs(2):
        return [None]
    return [g.sum([0, *range(2, len(op.out_shape()))], keepdims=False)]


def _trimmed(x: Value, window: Window) -> tuple[Value, list[int]]:
    """An image cut to where windows reach, but never to nothing, and the end pads that then fit. Where windows reach no further
    than the padding in front, they fit one position too many or more: see `_head`."""
    surplus = [window.begin[a] + window.length[a] - window.full(a) for a in range(window.rank)]
    for axis, extra in enumerate(surplus):
        if extra > 0 and window.length[axis] > 1:
            x = x.slice(2 + axis, 0, max(window.length[axis] - extra, 1))
    return x, [max(-s, 0) for s in surplus]


def _head(made: Value, window: Window, lengths: Sequence[int]) -> Value:
    """The first positions of what a Conv made of a trimmed image, where there may be more."""
    for axis, length in enumerate(lengths):
        if window.full(axis) <= window.begin[axis]:
            made = made.slice(2 + axis, 0, length)
    return made


def weight_gradient(
    x: Value, g: Value, window: Window, group: int, x_shape: tuple[int, ...], g_shape: tuple[int, ...]
) -> Value:
    """dw[m, c, t] = sum over n, o of g[n, m, o] x[n, c, o*stride - begin + t*dilation].

    A convolution with batch and channels swapped, g as the kernel, stride and dilation swapped. One per group.
    """
    x, ends = _trimmed(x, window)
    inputs, outputs = x_shape[1] // group, g_shape[1] // group
    swap = [1, 0, *range(2, 2 + window.rank)]
    parts = []
    for index in range(group):
        images, kernels = x, g
        if group > 1:
            images = x.slice(1, index * inputs, (index + 1) * inputs)
            kernels = g.slice(1, index * outputs, (index + 1) * outputs)
        made = x.emit(
            "Conv",
            images.transpose(swap),
            kernels.transpose(swap),
            kernel_shape=list(window.out_length),
            strides=list(window.dilation),
            dilations=list(window.stride),
            pads=[*window.begin, *ends],
        )
        parts.append(_head(made, window, window.kernel).transpose(swap))
    return x.emit.concat(parts, 0)
