"""Operators that only move elements: their gradient moves them back."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.gradients.answers import ZERO, Gradients
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.values import Value


@rule("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(op: Op, g: Value) -> Gradients:
    """The input's shape again."""
    return [g.reshape(op.like()), *[ZERO] * (len(op.node.inputs) - 1)]


@rule("Transpose")
def transpose(op: Op, g: Value) -> Gradients:
    """The inverse permutation."""
    perm = op.constant("perm")
    return [g.transpose([int(i) for i in np.argsort(perm)])]


@rule("Expand")
def expand(op: Op, g: Value) -> Gradients:
    """Summed over what was repeated."""
    return [op.unbroadcast(g, 0), ZERO]


@rule("Tile")
def tile(op: Op, g: Value) -> Gradients:
    """Summed over the copies: each axis is split into copies and positions."""
    repeats = op.constant("repeats")
    shape: list[int] = []
    axes: list[int] = []
    for n, count in zip(op.like(), repeats, strict=True):
        if count != 1:
            axes.append(len(shape))
            shape.append(count)
        shape.append(n)
    return [g.reshape(shape).sum(axes, keepdims=False) if axes else g, *[ZERO] * (len(op.node.inputs) - 1)]


@rule("Concat")
def concat(op: Op, g: Value) -> Gradients:
    """Each operand gets its slice."""
    axis, start = op.attrs["axis"], 0
    made: list[Value | None] = []
    for index in range(len(op.node.inputs)):
        length = op.shape(index)[axis]
        made.append(g.slice(axis, start, start + length) if op.needs(index) else None)
        start += length
    return made


@rule("Split", every_output=True)
def split(op: Op, g: Value) -> Gradients:
    """The parts side by side again; zeros for a part that leads nowhere."""
    axis = op.attrs["axis"]
    lengths = [op.out_shape(i)[axis] for i in range(len(op.node.outputs))]
    rest = [ZERO] * (len(op.node.inputs) - 1)
    arrived = [(i, part) for i, part in enumerate(op.gradients) if part is not None]
    if len(arrived) == len(lengths):
        return [op.emit.concat([part for _, part in arrived], axis), *rest]
    dx: Value | None = None
    rank, total = len(op.shape()), op.shape()[axis]
    for index, part in arrived:
        pads = [0] * (2 * rank)
        pads[axis] = sum(lengths[:index])
        pads[rank + axis] = total - pads[axis] - lengths[index]
        padded = part.pad(pads)
        dx = padded if dx is None else dx + padded
    return [dx, *rest]


@rule("DepthToSpace")
def depth_to_space(op: Op, g: Value) -> Gradients:
    """The inverse move: axes (h, b1, w, b2) back to channels."""
    _, channels, height, width = op.shape()
    b = op.attrs["blocksize"]
    split_up = g.reshape([-1, channels // (b * b), height, b, width, b])
    perm = [0, 3, 5, 1, 2, 4] if op.attrs["mode"] == "DCR" else [0, 1, 3, 5, 2, 4]
    return [split_up.transpose(perm).reshape([-1, channels, height, width])]


@rule("SpaceToDepth")
def space_to_depth(op: Op, g: Value) -> Gradients:
    """The inverse move: DepthToSpace."""
    _, channels, height, width = op.shape()
    b = op.attrs["blocksize"]
    split_up = g.reshape([-1, b, b, channels, height // b, width // b])
    return [split_up.transpose([0, 3, 4, 1, 5, 2]).reshape([-1, channels, height, width])]


@rule("Trilu")
def trilu(op: Op, g: Value) -> Gradients:
    """The same triangle of g."""
    k = op.constant("k")
    dx = op.emit("Trilu", g, op.emit.scalar(k, "int64"), upper=op.attrs["upper"])
    return [dx, *[ZERO] * (len(op.node.inputs) - 1)]


@rule("ReverseSequence")
def reverse_sequence(op: Op, g: Value) -> Gradients:
    """Reversing twice is the identity."""
    axes = {"time_axis": op.attrs["time_axis"], "batch_axis": op.attrs["batch_axis"]}
    lengths = op.walk.forward(op.node.inputs[1])
    return [op.emit("ReverseSequence", g, lengths, **axes), ZERO]


@rule("Col2Im")
def col2im(op: Op, g: Value) -> Gradients:
    """The adjoint of adding blocks to an image is cutting blocks out of it: a convolution with one-hot kernels."""
    image, block = op.constant("image_shape"), op.constant("block_shape")
    attrs, rank, count = op.attrs, len(image), math.prod(block)
    channels = op.out_shape()[1]
    one_hot = np.tile(np.eye(count, dtype=g.dtype).reshape(count, 1, *block), (channels, 1, *[1] * rank))
    blocks = op.emit(
        "Conv",
        g,
        op.emit.constant(one_hot),
        kernel_shape=block,
        strides=attrs["strides"],
        dilations=attrs["dilations"],
        pads=attrs["pads"],
        group=channels,
    )
    return [blocks.reshape([-1, channels * count, op.shape()[2]]), ZERO, ZERO]
