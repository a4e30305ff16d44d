"""Convolutions and pools that are fused or quantised, or with channels last (NHWC)."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from onnx import TypeProto

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import read_type, tensor_type
from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape
from rfonnx.operators.by_kind import internal_nhwc, microsoft
from rfonnx.operators.conv import (
    QLINEAR,
    conv,
    convolution,
    convolution_macs,
    quantised_convolution_macs,
    spell_conv,
    spelled_conv,
)
from rfonnx.operators.conv_transpose import spell_conv_transpose, transposed_convolution
from rfonnx.operators.counting import CountCall, counts, declare_free
from rfonnx.operators.pool import pool, pooled, pooled_lengths, spell_pool
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.spelling import int_attr, spelling
from rfonnx.operators.table import declare, named
from rfonnx.results.fields import Shape


@spelling("com.microsoft.NhwcConv", "com.microsoft.NhwcFusedConv", "com.ms.internal.nhwc.Conv")
def spell_conv_channels_last(node: Node, graph: Graph) -> Node:
    """Channels are the last axis of the image; the weight has the usual layout, except in `com.ms.internal.nhwc`."""
    return spelled_conv(node, graph, first=1)


@spelling("com.microsoft.QLinearConv")
def spell_quantized_conv(node: Node, graph: Graph) -> Node:
    """`channels_last` says where the channels are."""
    return spelled_conv(node, graph, first=1 if int_attr(node, "channels_last", 0) else 2)


@shapes(*microsoft("QLinearConv"))
def quantized_conv_shape(call: ShapeCall) -> list[TypeProto]:
    """Inputs: X, scale, zero point, W, scale, zero point, and those of the result."""
    return [convolve(call, "Conv", (0, 3), bool(call.attr("channels_last", 0)), call.elem(7))]


@shapes(*microsoft("QLinearConvTranspose"))
def quantized_conv_transpose_shape(call: ShapeCall) -> list[TypeProto]:
    """The same inputs as QLinearConv."""
    return [call.standard("ConvTranspose", (0, 3), call.elem(7))]


def channels_first(shape: Shape) -> Shape:
    """(N,H,W,C) to (N,C,H,W)."""
    return None if shape is None else (shape[0], shape[-1], *shape[1:-1])


def channels_last(proto: TypeProto) -> TypeProto:
    """(N,C,H,W) to (N,H,W,C)."""
    _, elem, shape = read_type(proto)
    return tensor_type(elem, None if shape is None else (shape[0], *shape[2:], shape[1]))


def convolve(call: ShapeCall, op_type: str, inputs: Sequence[int], last: bool, elem: int = 0) -> TypeProto:
    """A convolution or pool, its first input with channels first or last. Weights are always (M, C/group, kernel...)."""
    kernel = call.attr("kernel_shape")
    if op_type in ("MaxPool", "AveragePool") and kernel is not None:
        shape = channels_first(call.shape(inputs[0])) if last else call.shape(inputs[0])
        made = None if shape is None else (*shape[:2], *pooled_lengths(call, shape[2:], kernel))
        proto = tensor_type(elem or call.elem(inputs[0]), made)
        return channels_last(proto) if last else proto
    if not last:
        return call.standard(op_type, inputs, elem)
    first = channels_first(call.shape(inputs[0]))
    return channels_last(call.standard(op_type, [first, *inputs[1:]], elem or call.elem(inputs[0])))


@shapes(*microsoft("FusedConv"))
def fused_conv_shape(call: ShapeCall) -> list[TypeProto]:
    """Conv; the further inputs are added and the activation applied in place."""
    return [convolve(call, "Conv", (0, 1), last=False)]


@shapes(*microsoft("NhwcConv", "NhwcFusedConv"), *internal_nhwc("Conv"))
def nhwc_conv_shape(call: ShapeCall) -> list[TypeProto]:
    """Conv of (N,H,W,C)."""
    return [convolve(call, "Conv", (0, 1), last=True)]


@shapes(*internal_nhwc("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool"))
def nhwc_pool_shape(call: ShapeCall) -> list[TypeProto]:
    """The pool of the same name, of (N,H,W,C)."""
    return [convolve(call, call.node.op_type, (0,), last=True)]


@shapes(*microsoft("NhwcMaxPool"))
def nhwc_max_pool_shape(call: ShapeCall) -> list[TypeProto]:
    """MaxPool of (N,H,W,C)."""
    return [convolve(call, "MaxPool", (0,), last=True)]


@shapes(*microsoft("MaxpoolWithMask"))
def max_pool_with_mask_shape(call: ShapeCall) -> list[TypeProto]:
    """MaxPool; the mask is the second input."""
    return [convolve(call, "MaxPool", (0,), last=False)]


spelling("com.microsoft.MaxpoolWithMask")(spell_pool)
declare_free("com.microsoft.MaxpoolWithMask")


@rule(*microsoft("MaxpoolWithMask"))
def max_pool_with_mask(op: Op) -> Access:
    """y[n,c,o] reads the window of x[n,c]; and any of the mask: where it has several channels, onnxruntime's kernel reads other
    places of it than the window's."""
    access = pool(op)
    mask = Path(op.name(1), (Reduce(tuple(range(len(op.shape(1))))), Reshape((1,) * len(op.out_shape()))))
    return Access((*access.paths, mask), exact=False, note="what the mask holds decides how far a window is read")


@rule("com.microsoft.NhwcConv", "com.microsoft.NhwcFusedConv", "com.ms.internal.nhwc.Conv")
def conv_channels_last(op: Op) -> Access:
    """Conv of (batch, space, channels); what is added lies at the output's position. Exact."""
    return convolution(op, weight=1, scalars={2: True}, added=(3,), channels_last=True)


@rule("com.microsoft.QLinearConv")
def qlinear_conv(op: Op) -> Access:
    """QLinearConv, with channels last where it says so. Exact."""
    last = bool(op.attrs.get("channels_last", 0))
    return convolution(op, weight=3, scalars=QLINEAR, zero_point=5, channels_last=last)


@rule("com.microsoft.QLinearConvTranspose")
def qlinear_conv_transpose(op: Op) -> Access:
    """ConvTranspose on quantised tensors. Exact."""
    return transposed_convolution(op, weight=3, scalars=QLINEAR)


@rule("com.microsoft.NhwcMaxPool", "com.ms.internal.nhwc.MaxPool", "com.ms.internal.nhwc.AveragePool")
def pool_channels_last(op: Op) -> Access:
    """Pool of (batch, space, channels). Exact."""
    return pooled(op, 1, op.out_shape()[1:-1])


@rule("com.ms.internal.nhwc.GlobalAveragePool", "com.ms.internal.nhwc.GlobalMaxPool")
def global_pool_channels_last(op: Op) -> Access:
    """y[n,c] reads all of x[n,:,c]. Exact."""
    return Access((Path(op.name(0), (Reduce(tuple(range(1, len(op.shape(0)) - 1))),)),))


@counts(*microsoft("QLinearConvTranspose"))
def quantised_transposed_convolution_macs(call: CountCall) -> int:
    """As ConvTranspose; the weight is input 3."""
    return prod(call.shape(0)) * prod(call.shape(3)[1:])


spelling(*microsoft("FusedConv"))(spell_conv)
spelling(*microsoft("QLinearConvTranspose"))(spell_conv_transpose)
spelling(*microsoft("NhwcMaxPool"), *internal_nhwc("MaxPool", "AveragePool"))(spell_pool)
rule(*microsoft("FusedConv"))(conv)
counts(*microsoft("FusedConv", "NhwcConv", "NhwcFusedConv"), *internal_nhwc("Conv"))(convolution_macs)
counts(*microsoft("QLinearConv"))(quantised_convolution_macs)
declare_free(*microsoft("NhwcMaxPool"), *internal_nhwc("AveragePool", "GlobalAveragePool", "GlobalMaxPool", "MaxPool"))

declare(
    "com.microsoft.MaxpoolWithMask",
    *named("AveragePool GlobalAveragePool GlobalMaxPool MaxPool", "com.ms.internal.nhwc"),
    manner=(),
)
declare(
    "com.microsoft.NhwcConv",
    "com.microsoft.NhwcFusedConv",
    "com.ms.internal.nhwc.Conv",
    manner=("by channel", "channels last"),
    stands_for="Conv",
)
declare("com.microsoft.NhwcMaxPool", manner=("order free", "pool"), stands_for="MaxPool")
declare("com.microsoft.FusedConv", manner=("by channel",), stands_for="Conv", weighted=True)
declare("com.microsoft.QLinearConv", manner=("by channel",), quantised=True, stands_for="Conv")
declare("com.microsoft.QLinearConvTranspose", manner=("by channel",), quantised=True, stands_for="ConvTranspose")
