"""Convolutions and pools that are fused, keep channels last, or are blocked over channels (NCHWc)."""

from __future__ import annotations

from collections.abc import Sequence

from onnx import TypeProto

from rfonnx.graph.blocks import NCHWC
from rfonnx.graph.tensors import read_type, tensor_type
from rfonnx.operators.shapes.registry import Call, microsoft, shapes
from rfonnx.operators.shapes.sampled import pooled
from rfonnx.results.fields import Shape


def nchwc(*names: str) -> tuple[str, ...]:
    """Kinds of the domain that onnxruntime's last optimisation level writes."""
    return tuple(f"{NCHWC}.{name}" for name in names)


def internal_nhwc(*names: str) -> tuple[str, ...]:
    """Kinds of the domain that providers with a channels-last layout write."""
    return tuple(f"com.ms.internal.nhwc.{name}" for name in names)


def channels_first(shape: Shape) -> Shape:
    """(N,H,W,C) to (N,C,H,W)."""
    return None if shape is None else (shape[0], shape[-1], *shape[1:-1])


def channels_last(proto: TypeProto) -> TypeProto:
    """(N,C,H,W) to (N,H,W,C)."""
    _, elem, shape = read_type(proto)
    return tensor_type(elem, None if shape is None else (shape[0], *shape[2:], shape[1]))


def convolve(call: Call, op_type: str, inputs: Sequence[int], last: bool, elem: int = 0) -> TypeProto:
    """A convolution or pool, its first input with channels first or last. Weights are always (M, C/group, kernel...)."""
    kernel = call.attr("kernel_shape")
    if op_type in ("MaxPool", "AveragePool") and kernel is not None:
        shape = channels_first(call.shape(inputs[0])) if last else call.shape(inputs[0])
        made = None if shape is None else (*shape[:2], *pooled(call, shape[2:], kernel))
        proto = tensor_type(elem or call.elem(inputs[0]), made)
        return channels_last(proto) if last else proto
    if not last:
        return call.standard(op_type, inputs, elem)
    first = channels_first(call.shape(inputs[0]))
    return channels_last(call.standard(op_type, [first, *inputs[1:]], elem or call.elem(inputs[0])))


@shapes(*microsoft("FusedConv"), *nchwc("Conv"))
def fused_conv(call: Call) -> list[TypeProto]:
    """Conv; the further inputs are added and the activation applied in place."""
    return [convolve(call, "Conv", (0, 1), last=False)]


@shapes(*microsoft("NhwcConv", "NhwcFusedConv"), *internal_nhwc("Conv"))
def nhwc_conv(call: Call) -> list[TypeProto]:
    """Conv of (N,H,W,C)."""
    return [convolve(call, "Conv", (0, 1), last=True)]


@shapes(*nchwc("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool"))
def blocked_pool(call: Call) -> list[TypeProto]:
    """The pool of the same name."""
    return [convolve(call, call.node.op_type, (0,), last=False)]


@shapes(*internal_nhwc("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool"))
def nhwc_pool(call: Call) -> list[TypeProto]:
    """The pool of the same name, of (N,H,W,C)."""
    return [convolve(call, call.node.op_type, (0,), last=True)]


@shapes(*microsoft("NhwcMaxPool"))
def nhwc_max_pool(call: Call) -> list[TypeProto]:
    """MaxPool of (N,H,W,C)."""
    return [convolve(call, "MaxPool", (0,), last=True)]


@shapes(*microsoft("MaxpoolWithMask"))
def max_pool_with_mask(call: Call) -> list[TypeProto]:
    """MaxPool; the mask is the second input."""
    return [convolve(call, "MaxPool", (0,), last=False)]


@shapes(*nchwc("ReorderInput"))
def reorder_input(call: Call) -> list[TypeProto]:
    """To whole blocks of channels: of 8, (1,3,8,8) or, with channels_last, (1,8,8,3) gives (1,8,8,8)."""
    shape = channels_first(call.shape(0)) if call.attr("channels_last", 0) else call.shape(0)
    if shape is None or len(shape) < 2:
        return []
    block = call.tensors.block
    channels = None if shape[1] is None else -(-shape[1] // block) * block
    return [tensor_type(call.elem(0), (shape[0], channels, *shape[2:]))]


@shapes(*nchwc("ReorderOutput"))
def reorder_output(call: Call) -> list[TypeProto]:
    """From blocked channels, of which only `channels` are real: (1,16,8,8) and channels 9 gives (1,9,8,8)."""
    shape = call.shape(0)
    if shape is None or len(shape) < 2:
        return []
    plain = tensor_type(call.elem(0), (shape[0], int(call.attr("channels")), *shape[2:]))
    return [channels_last(plain) if call.attr("channels_last", 0) else plain]


@shapes(*nchwc("Upsample"))
def blocked_upsample(call: Call) -> list[TypeProto]:
    """Whole scales per axis: (1,8,4,4) by 1,1,2,2 gives (1,8,8,8)."""
    shape, scales = call.shape(0), call.attr("scales")
    if shape is None or scales is None or len(scales) != len(shape):
        return []
    return [tensor_type(call.elem(0), tuple(None if n is None else n * s for n, s in zip(shape, scales, strict=True)))]


@shapes(*microsoft("GridSample"))
def grid_sample(call: Call) -> list[TypeProto]:
    """x (N,C,H,W) at a grid (N,P,Q,2) gives (N,C,P,Q)."""
    shape, grid = call.shape(0), call.shape(1)
    if shape is None or grid is None:
        return []
    return [tensor_type(call.elem(0), (*shape[:2], *grid[1:-1]))]
