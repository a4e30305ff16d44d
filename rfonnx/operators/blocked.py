"""Convolutions and pools that are blocked over channels (NCHWc), as onnxruntime's last optimisation level writes them.

A blocked tensor has the shape (batch, channels rounded up, space): the added channels hold zeros.
"""

from __future__ import annotations

from onnx import TypeProto

from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.access.coordinates import Resized
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Permute, Step, Window
from rfonnx.operators.access.sampling import taps
from rfonnx.operators.by_kind import nchwc
from rfonnx.operators.conv import convolution, convolution_macs, spell_conv
from rfonnx.operators.counting import counts, declare_free
from rfonnx.operators.layouts import channels_first, channels_last, convolve, fused_conv_shape
from rfonnx.operators.pool import global_pool, pool, spell_pool
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.spelling import spelling
from rfonnx.operators.table import declare


@shapes(*nchwc("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool"))
def blocked_pool_shape(call: ShapeCall) -> list[TypeProto]:
    """The pool of the same name."""
    return [convolve(call, call.node.op_type, (0,), last=False)]


@shapes(*nchwc("ReorderInput"))
def reorder_input_shape(call: ShapeCall) -> list[TypeProto]:
    """To whole blocks of channels: of 8, (1,3,8,8) or, with channels_last, (1,8,8,3) gives (1,8,8,8)."""
    shape = channels_first(call.shape(0)) if call.attr("channels_last", 0) else call.shape(0)
    if shape is None or len(shape) < 2:
        return []
    block = call.tensors.block
    channels = None if shape[1] is None else -(-shape[1] // block) * block
    return [tensor_type(call.elem(0), (shape[0], channels, *shape[2:]))]


@shapes(*nchwc("ReorderOutput"))
def reorder_output_shape(call: ShapeCall) -> list[TypeProto]:
    """From blocked channels, of which only `channels` are real: (1,16,8,8) and channels 9 gives (1,9,8,8)."""
    shape = call.shape(0)
    if shape is None or len(shape) < 2:
        return []
    plain = tensor_type(call.elem(0), (shape[0], int(call.attr("channels")), *shape[2:]))
    return [channels_last(plain) if call.attr("channels_last", 0) else plain]


@shapes(*nchwc("Upsample"))
def blocked_upsample_shape(call: ShapeCall) -> list[TypeProto]:
    """Whole scales per axis: (1,8,4,4) by 1,1,2,2 gives (1,8,8,8)."""
    shape, scales = call.shape(0), call.attr("scales")
    if shape is None or scales is None or len(scales) != len(shape):
        return []
    return [tensor_type(call.elem(0), tuple(None if n is None else n * s for n, s in zip(shape, scales, strict=True)))]


rule(*nchwc("MaxPool", "AveragePool"))(pool)


rule(*nchwc("GlobalMaxPool", "GlobalAveragePool"))(global_pool)


@rule(*nchwc("Conv"))
def conv_blocked(op: Op) -> Access:
    """Conv; the fourth input is added at the output's position. Exact."""
    return convolution(op, weight=1, scalars={2: True}, added=(3,), padded_channels=True)


@rule(*nchwc("ReorderInput"))
def reorder_input(op: Op) -> Access:
    """Channel c reads channel c; those that fill up the block read nothing. Exact."""
    rank, channels = len(op.shape(0)), op.out_shape()[1]
    to_first: tuple[Step, ...] = ()
    if op.attrs.get("channels_last", 0):
        to_first = (Permute((0, rank - 1, *range(1, rank - 1))),)
    return Access((Path(op.name(0), (*to_first, Window(1, channels, 1, 1, 1, 0))),))


@rule(*nchwc("ReorderOutput"))
def reorder_output(op: Op) -> Access:
    """Channel c reads channel c. Exact."""
    rank = len(op.shape(0))
    last = bool(op.attrs.get("channels_last", 0))
    channels = op.out_shape()[-1 if last else 1]
    steps: tuple[Step, ...] = (Window(1, channels, 1, 1, 1, 0),)
    if last:
        steps = (*steps, Permute((0, *range(2, rank), 1)))
    return Access((Path(op.name(0), steps),))


@rule(*nchwc("Upsample"))
def upsample(op: Op) -> Access:
    """Whole scales per axis, nearest (by rounding down) or linear. Exact."""
    shape, out = op.shape(0), op.out_shape()
    mode = str(op.attrs.get("mode", "nearest")).lower()
    transformation = str(op.attrs.get("coordinate_transformation_mode", "asymmetric")).lower()
    steps = []
    for axis, scale in enumerate(op.attrs["scales"]):
        if scale != 1:
            resized = Resized(
                length=shape[axis],
                out_length=out[axis],
                scale=float(scale),
                copied=False,
                extrapolated=False,
                roi=(0.0, 1.0),
                mode=mode,
                transformation=transformation,
                nearest_mode="floor",
                cubic_coeff_a=-0.75,
                antialias=False,
            )
            found = taps(resized)
            if found is None:
                raise Unproven(f"axis {axis} is too long for a table of its taps")
            steps.append(found.along(axis))
    return Access((Path(op.name(0), tuple(steps)),))


spelling(*nchwc("Conv"))(spell_conv)
spelling(*nchwc("MaxPool", "AveragePool"))(spell_pool)
shapes(*nchwc("Conv"))(fused_conv_shape)
counts(*nchwc("Conv"))(convolution_macs)
declare_free(*nchwc("AveragePool", "GlobalAveragePool", "GlobalMaxPool", "MaxPool"))
declare_free(*nchwc("ReorderInput", "ReorderOutput", "Upsample"))

declare(*nchwc("ReorderInput", "ReorderOutput", "Upsample"), manner=("regular",))
declare(*nchwc("Conv"), manner=("by channel",), stands_for="Conv")
for _pool in ("AveragePool", "GlobalAveragePool", "GlobalMaxPool", "MaxPool"):
    declare(*nchwc(_pool), manner=("order free", "pool"), stands_for=_pool)
