"""Spelling of operators that sample a grid. Attributes afterwards:

Resize (also for Upsample), all per axis of the input:
    `scales`: output/input as float32 values, computed as onnxruntime does; None when computed at run time
    `roi`: starts of all axes, then ends; None when needed but computed at run time
    `overlooked_axes`: resized axes, when the aspect ratio is to be kept and one of them is counted from the end: onnxruntime
    then overlooks that one
    `mode` ("nearest", "linear", "cubic"), `coordinate_transformation_mode`, `cubic_coeff_a`, `exclude_outside`, `antialias`,
    `extrapolation_value`; `nearest_mode`: as in ONNX, or "simple" for opset 10 and before, which leaves it open: floor when
    enlarging, ceil when shrinking, as onnxruntime does.
GridSample: `mode` ("linear", "nearest", "cubic"), `padding_mode`, `align_corners`. AffineGrid: `align_corners`,
`size` (None when not known). CenterCropPad: `axes`.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from rfonnx.errors import ModelError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spellings.registry import (
    constant_ints,
    float_attr,
    input_name,
    input_rank,
    int_attr,
    ints_attr,
    positive_axis,
    spelling,
    with_attrs,
    word_attr,
)

Number = TypeVar("Number", int, float)
MODES = {"nearest": "nearest", "linear": "linear", "bilinear": "linear", "trilinear": "linear", "cubic": "cubic"}
TRANSFORMATIONS = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_half_pixel_for_nn",
    "tf_crop_and_resize",
)
NEAREST_MODES = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
POLICIES = ("stretch", "not_larger", "not_smaller")
SAMPLERS = {"bilinear": "linear", "bicubic": "cubic", "linear": "linear", "cubic": "cubic", "nearest": "nearest"}


@spelling("Resize", "Upsample")
def resize(node: Node, graph: Graph) -> Node:
    """Upsample 1..9 and Resize 10 sample asymmetrically; from 11 the transformation is an attribute; from 18 there are `axes`."""
    modern = node.op_type == "Resize" and node.version >= 11
    attrs: dict[str, Any] = {
        "mode": MODES[word_attr(node, "mode", "nearest", MODES)],
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "simple",
        "cubic_coeff_a": float_attr(node, "cubic_coeff_a", -0.75),
        "exclude_outside": int_attr(node, "exclude_outside", 0),
        "antialias": int_attr(node, "antialias", 0),
        "extrapolation_value": float_attr(node, "extrapolation_value", 0.0),
        "keep_aspect_ratio_policy": word_attr(node, "keep_aspect_ratio_policy", "stretch", POLICIES),
    }
    if modern:
        attrs["coordinate_transformation_mode"] = word_attr(
            node, "coordinate_transformation_mode", "half_pixel", TRANSFORMATIONS
        )
        attrs["nearest_mode"] = word_attr(node, "nearest_mode", "round_prefer_floor", NEAREST_MODES)
    shape = graph.shapes.get(input_name(node, 0))
    axes = _axes(node, None if shape is None else len(shape))
    attrs["scales"] = _scales(node, graph, axes, modern)
    attrs["overlooked_axes"] = _overlooked(node, axes, attrs["keep_aspect_ratio_policy"])
    attrs["roi"] = _roi(node, graph, axes, attrs["coordinate_transformation_mode"])
    return Node("Resize", node.domain, node.name, node.inputs, node.outputs, attrs, node.version)


def _axes(node: Node, rank: int | None) -> list[int] | None:
    axes = ints_attr(node, "axes")
    if axes is None or rank is None:
        return axes
    return [positive_axis(node, axis, rank) for axis in axes]


def _overlooked(node: Node, axes: list[int] | None, policy: str) -> list[int]:
    """`AdjustOutputSizeAsPolicy` of onnxruntime's upsamplebase.h looks for axes as they stand in the file."""
    counted_from_the_end = any(axis < 0 for axis in ints_attr(node, "axes") or ())
    return list(axes or ()) if counted_from_the_end and policy != "stretch" else []


def _scales(node: Node, graph: Graph, axes: list[int] | None, modern: bool) -> list[float] | None:
    """One scale per axis, or None."""
    if not modern and not input_name(node, 1):
        return _old_attributes(node)
    index = 2 if modern else 1
    shape = graph.shapes.get(input_name(node, 0))
    scales = graph.value(input_name(node, index))
    if scales is not None and scales.size and scales.dtype.kind in "iuf":
        given = [float(v) for v in scales.reshape(-1).astype(np.float32)]
        return _spread(node, given, axes, 1.0, None if shape is None else len(shape))
    sizes = constant_ints(node, graph, 3) if modern else None
    if not sizes or shape is None:
        return None
    full = _spread(node, sizes, axes, -1, len(shape))
    picked = axes if axes is not None else range(len(shape))
    if any(shape[axis] is None for axis in picked):
        return None
    return _scales_from_sizes(
        full, [n or 0 for n in shape], list(picked), node.attrs.get("keep_aspect_ratio_policy", "stretch")
    )


def _old_attributes(node: Node) -> list[float] | None:
    """Upsample 7 has `scales`, Upsample 1 `height_scale` and `width_scale`."""
    if "height_scale" in node.attrs and "width_scale" in node.attrs:
        return [1.0, 1.0, *(float(np.float32(float_attr(node, n, 1.0))) for n in ("height_scale", "width_scale"))]
    scales = node.attrs.get("scales")
    if not isinstance(scales, list) or not all(isinstance(v, int | float) for v in scales):
        return None
    return [float(np.float32(v)) for v in scales]


def _spread(node: Node, given: list[Number], axes: list[int] | None, default: Number, rank: int | None) -> list[Number]:
    """Values for `axes` alone -> values for all axes."""
    if len(given) != (rank if axes is None else len(axes)) and not (axes is None and rank is None):
        raise ModelError(
            f"{node}: scales or sizes must have one value per resized axis, but {len(given)} came for"
            f" {'all axes' if axes is None else f'axes {axes}'} of a tensor of {rank} axes",
            "check the file with onnx.checker",
        )
    if axes is None or rank is None:
        return given
    full = [default] * rank
    for axis, value in zip(axes, given, strict=True):
        full[axis] = value
    return full


def _scales_from_sizes(sizes: list[int], shape: list[int], axes: list[int], policy: str) -> list[float]:
    """float32 division, and one common scale where the aspect ratio is kept (onnxruntime's upsamplebase.h)."""
    scales = [1.0] * len(shape)
    for axis in axes:
        scales[axis] = float(np.float32(sizes[axis]) / np.float32(shape[axis])) if shape[axis] else 1.0
    if policy == "stretch" or not axes:
        return scales
    common = (min if policy == "not_larger" else max)(scales[axis] for axis in axes)
    return [common if axis in axes else 1.0 for axis in range(len(shape))]


def _roi(node: Node, graph: Graph, axes: list[int] | None, transformation: str) -> list[float] | None:
    rank = input_rank(node, graph, 0)
    if rank is None:
        return None
    if transformation != "tf_crop_and_resize":
        return [0.0] * rank + [1.0] * rank
    roi = graph.value(input_name(node, 1))
    if roi is None or roi.dtype.kind not in "iuf":
        return None
    values = [float(v) for v in roi.reshape(-1).astype(np.float32)]
    half = len(values) // 2
    if not all(math.isfinite(v) for v in values) or len(values) % 2:
        raise ModelError(
            f"{node}: roi must hold finite starts and ends, but is {values}", "check the exporter's crop box"
        )
    return _spread(node, values[:half], axes, 0.0, rank) + _spread(node, values[half:], axes, 1.0, rank)


@spelling("GridSample")
def grid_sample(node: Node, graph: Graph) -> Node:
    """Opset 16 says bilinear and bicubic, 20 linear and cubic."""
    return with_attrs(
        node,
        mode=SAMPLERS[word_attr(node, "mode", "linear", SAMPLERS)],
        padding_mode=word_attr(node, "padding_mode", "zeros", ("zeros", "border", "reflection")),
        align_corners=int_attr(node, "align_corners", 0),
    )


@spelling("AffineGrid")
def affine_grid(node: Node, graph: Graph) -> Node:
    """size is an input."""
    return with_attrs(node, align_corners=int_attr(node, "align_corners", 0), size=constant_ints(node, graph, 1))


@spelling("CenterCropPad")
def center_crop_pad(node: Node, graph: Graph) -> Node:
    """axes default to all."""
    axes, rank = ints_attr(node, "axes"), input_rank(node, graph, 0)
    if rank is not None:
        axes = list(range(rank)) if axes is None else [positive_axis(node, axis, rank) for axis in axes]
    return with_attrs(node, axes=axes)
