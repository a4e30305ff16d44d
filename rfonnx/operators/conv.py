"""Convolutions: windows along space, groups along channels; weights and biases are reads too when they are not constants.

Spelling: `kernel_shape, strides, dilations, pads` (explicit; None when they cannot be known), `group`.
MACs: taps on padding count: they are what a kernel of that size costs, and what is usually stated.
"""

from __future__ import annotations

from math import prod

import numpy as np

from rfonnx.errors import malformed
from rfonnx.graph.nodes import Node
from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.kernels import Kernel, Part, kernel, nonzero, unread, zero_ends
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Step
from rfonnx.operators.access.shared import grouped, per_channel, windows
from rfonnx.operators.counting import CountCall, counts
from rfonnx.operators.row import Unknown
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare
from rfonnx.operators.windows import window_attrs


@spelling("Conv", "ConvInteger", "DeformConv", "com.microsoft.FusedConv")
def spell_conv(call: SpellCall, transposed: bool = False, filters: int = 1) -> Node:
    """Spatial axes follow batch and channels, or (`channels_last`) the batch. The weight is input `filters`."""
    weight = call.shape(filters)
    kernel = call.ints_attr("kernel_shape")
    if kernel is None:
        if weight is None or None in weight[2:]:
            return call.with_attrs(pads=None)
        kernel = [n for n in weight[2:] if n is not None]
    image, out = call.shape(0), call.graph.shapes.get(next(iter(call.node.outputs), ""))
    if call.int_attr("channels_last", 0):
        image, out = ((None if s is None else (*s[:1], *s[-1:], *s[1:-1])) for s in (image, out))
    for shape, whose in ((weight, "weight's"), (image, "input's")):
        if shape is not None and len(shape) != len(kernel) + 2:
            raise malformed(
                f"{call.node}: a kernel of {len(kernel)} axes {kernel} does not fit the {whose} shape {shape}"
            )
    lengths = None if image is None else image[2:]
    out_lengths = None if out is None else out[2:]
    attrs = window_attrs(call, kernel, lengths, out_lengths, transposed)
    return call.with_attrs(**attrs, group=call.int_attr("group", 1))


@spelling("QLinearConv", "com.microsoft.QLinearConv")
def spell_quantised(call: SpellCall) -> Node:
    """As Conv; scales and zero points stand between image and weight."""
    return spell_conv(call, filters=3)


@rule("Conv")
def conv(op: Op) -> Access:
    """y[n,m,o] reads x[n, group of m, o*stride - pad + t*dilation], w[m, :, taps inside x], b[m]. Exact.

    Taps and channels whose constant weights are zero are left out when values count (`rfonnx.operators.access.kernels`).
    """
    return convolution(op, scalars={2: True})


@rule("ConvInteger")
def conv_integer(op: Op) -> Access:
    """As Conv, with zero points of x (one) and w (one per output channel). Exact."""
    return convolution(op, scalars={2: False, 3: True}, zero_point=3)


def convolution(
    op: Op,
    scalars: dict[int, bool],
    added: tuple[int, ...] = (),
    zero_point: int | None = None,
    padded_channels: bool = False,
) -> Access:
    """Lower a convolution.

    Args:
        op: the operator; its first inputs are the image and the weight, (outputs, inputs per group, *taps).
        scalars: further inputs that hold one value, or (True) one per output channel.
        added: inputs that are added at the output's position.
        zero_point: index of the weight's zero point.
        padded_channels: image or weight may hold channels of zeros that the other has not.
    """
    shape, w_shape, out = op.shape(0), op.shape(1), op.out_shape()
    rank, groups = len(out), op.attrs["group"]
    fits = shape[1] == w_shape[1] * groups or (padded_channels and groups == 1)
    if not fits or out[1] != w_shape[0]:
        raise Unproven(f"a weight of shape {w_shape} in {groups} groups does not fit {shape[1]} channels")
    known = met_by(op, zero_point)
    paths = [Path(op.name(0), part.channels + windows(op, out[2:], part.taps)) for part in known.parts]
    if op.reads(1):
        paths.append(Path(op.name(1), _weight_steps(op)))
    for index, per_output in scalars.items():
        if op.reads(index):
            paths.append(per_channel(op, index, 1 if per_output else rank - 1, rank))
    paths += [Path(op.name(index)) for index in added if op.reads(index)]
    return Access(tuple(paths), known.exact, known.note)


def met_by(op: Op, zero_point: int | None = None, transposed: bool = False) -> Kernel:
    """The taps of x, and the channels with them, that the weight meets."""
    inputs, outputs, groups, taps = op.shape(0)[1], op.out_shape()[1], op.attrs["group"], op.attrs["kernel_shape"]
    used = nonzero(op, 1, zero_point)
    if used is None or used.shape[2:] != tuple(taps):
        whole = Part(grouped(1, inputs, outputs, groups), tuple((0, n - 1) for n in taps))
        sums, spatial = (0 if transposed else 1,), tuple(range(2, 2 + len(taps)))
        quantised = zero_point is not None  # their zero lies elsewhere
        return Kernel((whole,), note=unread(op, 1) or ("" if quantised else zero_ends(op, 1, sums, spatial)))
    if transposed:  # (channel of all groups, output of its group, taps) -> (output, channel of its group, taps)
        used = used.reshape(groups, inputs // groups, -1, *taps).swapaxes(1, 2).reshape(outputs, -1, *taps)
    return kernel(used, groups)


def _weight_steps(op: Op) -> tuple[Step, ...]:
    """Output channel m reads w[m, :, taps that fall inside the image]: at the border some taps meet padding only."""
    attrs = op.attrs
    steps: list[Step] = [Reduce((1,))]
    out_lengths = op.out_shape()[2:]
    for i, (length, out_length) in enumerate(zip(op.shape(0)[2:], out_lengths, strict=True)):
        stride, dilation, kernel = attrs["strides"][i], attrs["dilations"][i], attrs["kernel_shape"][i]
        start = positions(out_length) * stride - attrs["pads"][i]
        first = np.maximum(-(start // dilation), 0)  # the first tap with start + tap * dilation >= 0
        last = np.minimum((length - 1 - start) // dilation, kernel - 1)
        steps.append(Select(2 + i, first, last))
    return (*steps, Reshape((op.shape(1)[0], *out_lengths)))


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


@counts("Conv", "ConvInteger", "DeformConv")
def convolution_macs(call: CountCall) -> int:
    """Every output element sums over the weights of its filter: weight (out, in / group, kernel...).

    What DeformConv interpolates is not counted. Blocked tensors count with the channels that fill their last block.
    """
    return prod(call.out()) * prod(call.shape(1)[1:])


declare("ConvInteger", manner=("by channel",), quantised=True, stands_for="Conv")
declare("Conv", by_shapes=True, manner=("by channel",), maps=True, weighted=True)
declare("Conv", "ConvInteger", "com.microsoft.FusedConv", filters=1)
declare("QLinearConv", "com.microsoft.QLinearConv", filters=3)
declare("DeformConv", manner=())
declare("DeformConv", family="convolution")
declare("Conv", border="zero", switched_off="pads")
declare("ConvInteger", border="zero point", zero_point=2, switched_off="pads")
declare("com.microsoft.FusedConv", border="zero", switched_off="pads")
declare("DeformConv", border=Unknown("it samples where its offsets say"))
