"""Convolutions: windows along space, groups along channels; weights and biases are reads too when they are not constants."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.kernels import Box, Kernel, Part, kernel, nonzero, unread, zero_ends
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Permute, Reduce, Reshape, Select, Spread, Step
from rfonnx.operators.access.rules.shared import grouped, per_channel, windows


@rule("Conv", "com.microsoft.FusedConv")
def conv(op: Op) -> Access:
    """y[n,m,o] reads x[n, group of m, o*stride - pad + t*dilation], w[m, :, taps inside x], b[m]; FusedConv z too. Exact.

    Taps and channels whose constant weights are zero are left out when values count (`rfonnx.operators.access.kernels`).
    """
    return convolution(op, weight=1, scalars={2: True}, added=(3,))


@rule("ConvInteger")
def conv_integer(op: Op) -> Access:
    """As Conv, with zero points of x (one) and w (one per output channel). Exact."""
    return convolution(op, weight=1, scalars={2: False, 3: True}, zero_point=3)


@rule("QLinearConv")
def qlinear_conv(op: Op) -> Access:
    """As Conv, with scales and zero points. Exact."""
    return convolution(op, weight=3, scalars=QLINEAR, zero_point=5)


QLINEAR = {1: False, 2: False, 4: True, 5: True, 6: False, 7: False, 8: True}
"""Inputs of QLinearConv beside x and w: True where there may be one value per output channel."""


def convolution(
    op: Op,
    weight: int,
    scalars: dict[int, bool],
    added: tuple[int, ...] = (),
    channels_last: bool = False,
    zero_point: int | None = None,
    padded_channels: bool = False,
) -> Access:
    """Lower a convolution.

    Args:
        op: the operator; its first input is the image.
        weight: index of the weight, (outputs, inputs per group, *taps).
        scalars: further inputs that hold one value, or (True) one per output channel.
        added: inputs that are added at the output's position.
        channels_last: channels are the last axis of image and output.
        zero_point: index of the weight's zero point.
        padded_channels: image or weight may hold channels of zeros that the other has not.
    """
    shape, w_shape, out = op.shape(0), op.shape(weight), op.out_shape()
    rank, groups = len(out), op.attrs["group"]
    channel, space = (rank - 1, 1) if channels_last else (1, 2)
    fits = shape[channel] == w_shape[1] * groups or (padded_channels and groups == 1)
    if not fits or out[channel] != w_shape[0]:
        raise Unproven(f"a weight of shape {w_shape} in {groups} groups does not fit {shape[channel]} channels")
    lengths = out[space : space + rank - 2]
    known = _kernel(op, weight, channel, zero_point)
    paths = [Path(op.name(0), part.channels + windows(op, space, lengths, part.taps)) for part in known.parts]
    if op.reads(weight):
        paths.append(
            Path(op.name(weight), _weight_steps(op, weight, shape[space : space + rank - 2], out, channels_last))
        )
    for index, per_output in scalars.items():
        if op.reads(index):
            paths.append(per_channel(op, index, channel if per_output else rank - 1, rank))
    paths += [Path(op.name(index)) for index in added if op.reads(index)]
    return Access(tuple(paths), known.exact, known.note)


def _kernel(op: Op, weight: int, axis: int, zero_point: int | None = None, transposed: bool = False) -> Kernel:
    """The taps of x, and the channels with them, that the weight meets; `axis`: of the channels."""
    inputs, outputs, groups, taps = op.shape(0)[axis], op.out_shape()[axis], op.attrs["group"], op.attrs["kernel_shape"]
    used = nonzero(op, weight, zero_point)
    if used is None or used.shape[2:] != tuple(taps):
        whole = Part(grouped(axis, inputs, outputs, groups), tuple((0, n - 1) for n in taps))
        sums, spatial = (0 if transposed else 1,), tuple(range(2, 2 + len(taps)))
        quantised = zero_point is not None  # their zero lies elsewhere
        return Kernel((whole,), note=unread(op, weight) or ("" if quantised else zero_ends(op, weight, sums, spatial)))
    if transposed:  # (channel of all groups, output of its group, taps) -> (output, channel of its group, taps)
        used = used.reshape(groups, inputs // groups, -1, *taps).swapaxes(1, 2).reshape(outputs, -1, *taps)
    return kernel(used, axis, groups)


def _weight_steps(
    op: Op, weight: int, lengths: tuple[int, ...], out: tuple[int, ...], channels_last: bool
) -> tuple[Step, ...]:
    """Output channel m reads w[m, :, taps that fall inside the image]: at the border some taps meet padding only."""
    attrs = op.attrs
    steps: list[Step] = [Reduce((1,))]
    out_lengths = out[1:-1] if channels_last else out[2:]
    for i, (length, out_length) in enumerate(zip(lengths, out_lengths, strict=True)):
        stride, dilation, kernel = attrs["strides"][i], attrs["dilations"][i], attrs["kernel_shape"][i]
        start = positions(out_length) * stride - attrs["pads"][i]
        first = np.maximum(-(start // dilation), 0)  # the first tap with start + tap * dilation >= 0
        last = np.minimum((length - 1 - start) // dilation, kernel - 1)
        steps.append(Select(2 + i, first, last))
    outputs = op.shape(weight)[0]
    steps.append(Reshape((outputs, *out_lengths)))
    if channels_last:
        steps.append(Permute((*range(1, len(out_lengths) + 1), 0)))
    return tuple(steps)


@rule("ConvTranspose")
def conv_transpose(op: Op) -> Access:
    """y[n,m,o] reads x[n, group of m, i] with o = i*stride - pad + t*dilation, w[group of m, m, those t], b[m]. Exact."""
    return transposed_convolution(op, weight=1, scalars={2: True})


def transposed_convolution(op: Op, weight: int, scalars: dict[int, bool], zero_point: int | None = None) -> Access:
    """Lower a transposed convolution, channels first; arguments as in `convolution`."""
    shape, w_shape, out = op.shape(0), op.shape(weight), op.out_shape()
    rank, groups, pads = len(out), op.attrs["group"], op.attrs["pads"]
    if pads is None:
        raise Unproven("its padding depends on a shape that is not known")
    if shape[1] != w_shape[0] or out[1] != w_shape[1] * groups:
        raise Unproven(f"a weight of shape {w_shape} in {groups} groups does not fit {shape[1]} channels")
    known = _kernel(op, weight, 1, zero_point, transposed=True)
    paths = [Path(op.name(0), (*part.channels, *_spreads(op, part.taps))) for part in known.parts]
    if op.reads(weight):
        paths.append(Path(op.name(weight), _transposed_weight_steps(op, w_shape)))
    for index, per_output in scalars.items():
        if op.reads(index):
            paths.append(per_channel(op, index, 1 if per_output else rank - 1, rank))
    return Access(tuple(paths), known.exact, known.note)


def _spreads(op: Op, taps: Box) -> list[Spread]:
    attrs, lengths = op.attrs, op.out_shape()[2:]
    steps = []
    for i, (first, last) in enumerate(taps):
        stride, dilation, pad = attrs["strides"][i], attrs["dilations"][i], attrs["pads"][i]
        steps.append(Spread(2 + i, lengths[i], last - first + 1, stride, dilation, pad - first * dilation))
    return steps


def _transposed_weight_steps(op: Op, w_shape: tuple[int, ...]) -> tuple[Step, ...]:
    """Output o meets the taps t with (o + pad - t*dilation) / stride in x: every stride/gcd(stride, dilation)-th."""
    shape, out, attrs = op.shape(0), op.out_shape(), op.attrs
    groups = attrs["group"]
    kernel = w_shape[2:]
    steps: list[Step] = [Reshape((groups, w_shape[0] // groups, w_shape[1], *kernel)), Reduce((1,))]
    for i, taps in enumerate(kernel):
        positions(out[2 + i] * taps)  # refuses a table too large
        stride, dilation, length = attrs["strides"][i], attrs["dilations"][i], shape[2 + i]
        apart = stride // math.gcd(stride, dilation)
        reach = positions(out[2 + i])[:, None] + attrs["pads"][i] - positions(taps) * dilation
        met = (reach % stride == 0) & (reach >= 0) & (reach < length * stride)  # by output, then tap
        some = met.any(axis=1)
        first = np.where(some, met.argmax(axis=1), 0)
        last = np.where(some, taps - 1 - met[:, ::-1].argmax(axis=1), -1)
        steps.append(Select(3 + i, first, last, apart))
    steps.append(Reshape((out[1], *out[2:])))
    return tuple(steps)


@rule("DeformConv")
def deform_conv(op: Op) -> Access:
    """Where x is sampled is data: y[n,m,o] may read all of x[n, group of m]; offset and mask are read at o. A superset."""
    shape, out = op.shape(0), op.out_shape()
    rank = len(out)
    space = tuple(range(2, rank))
    paths = [Path(op.name(0), (Reduce(space), *grouped(1, shape[1], out[1], op.attrs["group"])))]
    if op.reads(1):
        paths.append(Path(op.name(1), (Reduce((1, *space)), Reshape((op.shape(1)[0], *(1,) * (rank - 2))))))
    paths += [Path(op.name(index), (Reduce((1,)),)) for index in (2, 4) if op.reads(index)]
    if op.reads(3):
        paths.append(per_channel(op, 3, 1, rank))
    return Access(tuple(paths), exact=False, note="DeformConv samples where its offsets say: any position in space")
