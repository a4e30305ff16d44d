"""Lengths that onnxruntime calculates otherwise than onnx's inference: Resize by scales, and pools that pad SAME or round up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from onnx import TensorProto, TypeProto

from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.shapes.registry import Call, shapes
from rfonnx.results.fields import Shape

Lengths = Sequence["int | None"]


@shapes("Resize", "Upsample")
def resize(call: Call) -> list[TypeProto]:
    """By scales: the product in float32, cut off (onnxruntime's `UpsampleBase::ComputeOutputShape`). 10 at 0.7 gives 7, though
    the float32 number nearest to 0.7 lies below it, and onnx says 6."""
    shape = call.shape(0)
    if shape is None:
        return []
    modern = call.node.op_type == "Resize" and call.node.version >= 11
    raw = call.attr("axes")
    axes = list(range(len(shape))) if raw is None else [axis + len(shape) if axis < 0 else axis for axis in raw]
    scales = _scales(call, modern)
    sizes = call.value(3) if modern else None
    out: list[int | None] = list(shape)
    if scales is not None and scales.size:
        for axis, scale in zip(axes, scales.reshape(-1).astype(np.float32), strict=True):
            n = shape[axis]
            out[axis] = None if n is None else int(scale * np.float32(n))
    elif sizes is not None and sizes.size:
        wanted = dict(zip(axes, sizes.reshape(-1).tolist(), strict=True))
        policy = call.attr("keep_aspect_ratio_policy", "stretch")
        out = [wanted.get(axis, n) for axis, n in enumerate(shape)]
        if policy != "stretch":
            # axes counted from the end are overlooked: there the runtime copies its input
            kept = wanted if raw is None else {axis: wanted[axis] for axis in raw if axis >= 0}
            out = _in_proportion(shape, kept, policy)
    else:
        for axis in axes:
            out[axis] = None
    return [tensor_type(call.elem(0), tuple(out))]


def _scales(call: Call, modern: bool) -> np.ndarray | None:
    """One scale per resized axis, or None: an input, or up to opset 8 attributes."""
    if modern or call.has(1):
        return call.value(2 if modern else 1)
    height, width = call.attr("height_scale"), call.attr("width_scale")
    given = call.attr("scales") if height is None or width is None else [1.0, 1.0, height, width]
    return None if given is None else np.array(given, np.float32)


def _in_proportion(shape: Shape, wanted: dict[int, int], policy: str) -> list[int | None]:
    """Lengths by the one scale that fits the policy, rounded; float32 as in onnxruntime's `AdjustOutputSizeAsPolicy`."""
    out = list(shape or ())
    lengths = {axis: out[axis] for axis in wanted}
    if None in lengths.values():
        return [None if axis in wanted else n for axis, n in enumerate(out)]
    pairs = [(wanted[axis], n or 0) for axis, n in lengths.items()]
    scales = [np.float32(m) / np.float32(n) if n else np.float32(1) for m, n in pairs]
    for axis, n in lengths.items():
        common = min(scales) if policy == "not_larger" else max(scales)
        out[axis] = math.floor(float(common * np.float32(n or 0)) + 0.5)
    return out


@shapes("MaxPool", "AveragePool", "LpPool")
def pool(call: Call) -> list[TypeProto]:
    """x (1,1,4) under k2 dilation 2 and SAME gives (1,1,3) in onnxruntime, whose SAME padding overlooks dilation; onnx says 4."""
    shape, kernel = call.shape(0), call.attr("kernel_shape")
    if shape is None or kernel is None or len(shape) != len(kernel) + 2:
        return []
    made = (*shape[:2], *pooled(call, shape[2:], kernel))
    return [tensor_type(call.elem(0), made), tensor_type(TensorProto.INT64, made)]


def pooled(call: Call, lengths: Lengths, kernel: Sequence[int]) -> list[int | None]:
    """Lengths after a pool, as in onnxruntime's `PoolAttributes::ComputeSizePadDilations`; for any pool's attributes."""
    ones = [1] * len(kernel)
    strides, dilations = call.attr("strides") or ones, call.attr("dilations") or ones
    pads = call.attr("pads") or [0] * (2 * len(kernel))
    auto_pad, up = call.attr("auto_pad", "NOTSET"), bool(call.attr("ceil_mode", 0))
    out: list[int | None] = []
    ends = zip(lengths, kernel, strides, dilations, pads[: len(kernel)], pads[len(kernel) :], strict=True)
    for n, k, stride, dilation, begin, end in ends:
        if n is None:
            out.append(None)
            continue
        total = begin + end
        if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
            total = (-(-n // stride) - 1) * stride + k - n
            begin = (total + (auto_pad == "SAME_LOWER")) // 2
        elif auto_pad == "VALID":
            begin = total = 0
        room = n + total - dilation * (k - 1) - 1
        count = (-(-room // stride) if up or room < 0 else room // stride) + 1  # C++ rounds towards zero
        if up and (count - 1) * stride >= n + begin:  # the last window would begin behind the input
            count -= 1
        out.append(max(count, 0))
    return out
