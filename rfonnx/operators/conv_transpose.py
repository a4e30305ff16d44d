"""Transposed convolutions: every input element is spread along space.

Spelling: as for convolutions; `pads` is what is cut from the full result.
"""

from __future__ import annotations

import math
from math import prod

from onnx import TypeProto

from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import tensor_type
from rfonnx.graph.text import show_shape
from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.kernels import Box
from rfonnx.operators.access.masks import row_ranges
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Spread, Step
from rfonnx.operators.access.shared import per_channel
from rfonnx.operators.conv import met_by, spell_conv
from rfonnx.operators.counting import CountCall, counts
from rfonnx.operators.misfits import FitCall, lengths, misfit, same_taps
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare


@spelling("ConvTranspose")
def spell_conv_transpose(call: SpellCall) -> Node:
    """As `conv`; `pads` is what is cut from the full result, whichever way the file says it."""
    return spell_conv(call, transposed=True)


@shapes("ConvTranspose")
def conv_transpose_shape(call: ShapeCall) -> list[TypeProto]:
    """x (1,2,3,4), w (2,5,3,3) in 2 groups and output_shape (6,8) give (1,10,6,8); so do SAME and strides of 2.

    Some exporters write the whole shape there, batch and channels too. SAME never lengthens: with kernels shorter than their
    strides, runtimes leave out positions at the end that no kernel reaches.
    """
    shape, wanted, channels = call.shape(0), call.attr("output_shape"), call.dim(1, 1)
    if shape is None:
        return []
    made = None if channels is None else channels * int(call.attr("group", 1))
    if wanted is None:
        ones = [1] * len(shape[2:])
        kernel = call.attr("kernel_shape") or [call.dim(1, axis + 2) for axis in range(len(ones))]
        strides, dilations = call.attr("strides") or ones, call.attr("dilations") or ones
        extra = call.attr("output_padding") or [0] * len(ones)
        spatial = [
            None if n is None or k is None else min(n * s, (n - 1) * s + (k - 1) * d + 1 + more)
            for n, k, s, d, more in zip(shape[2:], kernel, strides, dilations, extra, strict=True)
        ]
    else:
        spatial = wanted[-len(shape[2:]) :]
    return [tensor_type(call.elem(0), (shape[0], made, *spatial))]


@misfit("ConvTranspose")
def misfit_of(call: FitCall) -> str:
    """Weights are (inputs, outputs of a group, taps)."""
    x, w, groups = call.shape(0), call.shape(1), call.node.attrs.get("group", 1)
    if x is None or w is None or len(x) < 3 or len(w) != len(x):
        return ""
    if x[1] != w[0] or groups < 1 or w[0] % groups:
        return f"there are {x[1]} channels, and a weight of shape {show_shape(w)} takes {w[0]} in {groups} groups"
    return same_taps(call, w) or lengths(call, 2, "bias", (w[1] * groups,))


@rule("ConvTranspose")
def conv_transpose(op: Op) -> Access:
    """y[n,m,o] reads x[n, group of m, i] with o = i*stride - pad + t*dilation, w[group of m, m, those t], b[m]. Exact."""
    shape, w_shape, out = op.shape(0), op.shape(1), op.out_shape()
    rank, groups, pads = len(out), op.attrs["group"], op.attrs["pads"]
    if pads is None:
        raise Unproven("its padding depends on a shape that is not known")
    if shape[1] != w_shape[0] or out[1] != w_shape[1] * groups:
        raise Unproven(f"a weight of shape {w_shape} in {groups} groups does not fit {shape[1]} channels")
    known = met_by(op, transposed=True)
    paths = [Path(op.name(0), (*part.channels, *_spreads(op, part.taps))) for part in known.parts]
    if op.reads(1):
        paths.append(Path(op.name(1), _transposed_weight_steps(op, w_shape)))
    if op.reads(2):
        paths.append(per_channel(op, 2, 1, rank))
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
        first, last, _ = row_ranges(met)
        steps.append(Select(3 + i, first, last, apart))
    steps.append(Reshape((out[1], *out[2:])))
    return tuple(steps)


@counts("ConvTranspose")
def transposed_convolution_macs(call: CountCall) -> int:
    """Every input element is spread by the weights of its channel: weight (in, out / group, kernel...). What falls on borders
    that are cut off counts."""
    return prod(call.shape(0)) * prod(call.shape(1)[1:])


declare(
    "ConvTranspose",
    manner=("by channel",),
    maps=True,
    shapes_when={"output_shape": None, "auto_pad": ("SAME_UPPER", "SAME_LOWER")},
    weighted=True,
    filters=1,
)
declare("ConvTranspose", border="zero", switched_off="cut")
