"""Shapes of Resize and Upsample, by scales or by sizes: onnxruntime's arithmetic, where onnx's differs."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from onnx import TypeProto

from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.resize import length_ratio
from rfonnx.operators.shaping import ShapeCall, shapes

Lengths = tuple[int | None, ...]


@shapes("Resize", "Upsample")
def resize_shape(call: ShapeCall) -> list[TypeProto]:
    """By scales: the product in float32, cut off (onnxruntime's `UpsampleBase::ComputeOutputShape`). 10 at 0.7 gives 7, though
    the float32 number nearest to 0.7 lies below it, and onnx says 6."""
    shape = call.shape(0)
    if shape is None:
        return []
    modern = call.node.op_type == "Resize" and call.node.version >= 11
    axes = [axis + len(shape) if axis < 0 else axis for axis in call.attr("axes", range(len(shape)))]
    scales, sizes = _scales(call, modern), call.value(3) if modern else None
    if scales is not None and scales.size:
        factors = dict(zip(axes, scales.reshape(-1).astype(np.float32), strict=True))
        lengths = [
            n if n is None or axis not in factors else int(factors[axis] * np.float32(n))
            for axis, n in enumerate(shape)
        ]
    elif sizes is not None and sizes.size:
        lengths = _sized(call, shape, dict(zip(axes, sizes.reshape(-1).tolist(), strict=True)))
    else:
        lengths = [None if axis in axes else n for axis, n in enumerate(shape)]
    return [tensor_type(call.elem(0), tuple(lengths))]


def _scales(call: ShapeCall, modern: bool) -> np.ndarray | None:
    """One scale per resized axis, or None: an input, or up to opset 8 attributes."""
    if modern or call.has(1):
        return call.value(2 if modern else 1)
    height, width = call.attr("height_scale"), call.attr("width_scale")
    given = call.attr("scales") if height is None or width is None else [1.0, 1.0, height, width]
    return None if given is None else np.array(given, np.float32)


def _sized(call: ShapeCall, shape: Lengths, wanted: Mapping[int, int]) -> list[int | None]:
    """The lengths that are wanted; to keep the aspect ratio, those by the one scale that fits the policy, rounded: float32 as in
    onnxruntime's `AdjustOutputSizeAsPolicy`."""
    policy, axes = call.attr("keep_aspect_ratio_policy", "stretch"), call.attr("axes")
    if policy == "stretch":
        return [wanted.get(axis, n) for axis, n in enumerate(shape)]
    if axes is not None:  # those counted from the end are overlooked: there the runtime copies its input
        wanted = {axis: wanted[axis] for axis in axes if axis >= 0}
    out = list(shape)
    lengths = {axis: out[axis] for axis in wanted}
    if None in lengths.values():
        return [None if axis in wanted else n for axis, n in enumerate(out)]
    scales = [length_ratio(wanted[axis], n or 0) for axis, n in lengths.items()]
    for axis, n in lengths.items():
        common = np.float32(min(scales) if policy == "not_larger" else max(scales))
        out[axis] = math.floor(float(common * np.float32(n or 0)) + 0.5)
    return out
