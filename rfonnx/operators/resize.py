"""Resize and Upsample. Spelling, all per axis of the input:

- `scales`: output/input as float32 values, computed as onnxruntime does; None when computed at run time
- `roi`: starts of all axes, then ends; None when needed but computed at run time
- `overlooked_axes`: resized axes, when the aspect ratio is to be kept and one of them is counted from the end: onnxruntime
  then overlooks that one
- `mode` ("nearest", "linear", "cubic"), `coordinate_transformation_mode`, `cubic_coeff_a`, `exclude_outside`, `antialias`,
  `extrapolation_value`; `nearest_mode`: as in ONNX, or "simple" for opset 10 and before, which leaves it open: floor when
  enlarging, ceil when shrinking, as onnxruntime does.

Over 300 lines, for both operators are one: spelling, shapes and reads each follow onnxruntime's arithmetic of the same scales.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
from onnx import TypeProto

from rfonnx.errors import ModelError, malformed
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.access.coordinates import Resized
from rfonnx.operators.access.indexing import MAX_TABLE, control_paths, crop
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Step
from rfonnx.operators.access.sampling import leaves_residue, taps
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.spelling import (
    constant_ints,
    float_attr,
    input_name,
    input_rank,
    int_attr,
    ints_attr,
    positive_axis,
    spelling,
    word_attr,
)
from rfonnx.operators.table import declare
from rfonnx.results.fields import Shape

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


@spelling("Resize", "Upsample")
def spell_resize(node: Node, graph: Graph) -> Node:
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
    attrs["scales"] = _spelled_scales(node, graph, axes, modern)
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


def _spelled_scales(node: Node, graph: Graph, axes: list[int] | None, modern: bool) -> list[float] | None:
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
        raise malformed(
            f"{node}: scales or sizes must have one value per resized axis, but {len(given)} came for"
            f" {'all axes' if axes is None else f'axes {axes}'} of a tensor of {rank} axes"
        )
    if axes is None or rank is None:
        return given
    full = [default] * rank
    for axis, value in zip(axes, given, strict=True):
        full[axis] = value
    return full


def _scale(out: int, length: int) -> float:
    """Output/input in float32, as onnxruntime divides; 1 along an axis without positions."""
    return float(np.float32(out) / np.float32(length)) if length else 1.0


def _scales_from_sizes(sizes: list[int], shape: list[int], axes: list[int], policy: str) -> list[float]:
    """One scale per axis, and one common scale where the aspect ratio is kept (onnxruntime's upsamplebase.h)."""
    scales = [1.0] * len(shape)
    for axis in axes:
        scales[axis] = _scale(sizes[axis], shape[axis])
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


@shapes("Resize", "Upsample")
def resize_shape(call: ShapeCall) -> list[TypeProto]:
    """By scales: the product in float32, cut off (onnxruntime's `UpsampleBase::ComputeOutputShape`). 10 at 0.7 gives 7, though
    the float32 number nearest to 0.7 lies below it, and onnx says 6."""
    shape = call.shape(0)
    if shape is None:
        return []
    modern = call.node.op_type == "Resize" and call.node.version >= 11
    raw = call.attr("axes")
    axes = list(range(len(shape))) if raw is None else [axis + len(shape) if axis < 0 else axis for axis in raw]
    scales = _scales_to_shape(call, modern)
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


def _scales_to_shape(call: ShapeCall, modern: bool) -> np.ndarray | None:
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
    scales = [_scale(wanted[axis], n or 0) for axis, n in lengths.items()]
    for axis, n in lengths.items():
        common = np.float32(min(scales) if policy == "not_larger" else max(scales))
        out[axis] = math.floor(float(common * np.float32(n or 0)) + 0.5)
    return out


@rule("Resize", "Upsample")
def resize(op: Op) -> Access:
    """Reads the taps whose weight is not zero, per axis. Exact, but where rounding is in doubt.

    Nearest x2 of 3: 0,0,1,1,2,2. Linear half_pixel x2 of 3: 0, 0..1, 0..1, 1..2, 1..2, 2.
    """
    shape, out = op.shape(0), op.out_shape()
    scales, roi = _scales(op), op.attrs["roi"]
    if scales is None or roi is None:
        raise Unproven("scales or crop box are computed at run time")
    if len(scales) != len(shape) or len(out) != len(shape):
        raise Unproven("the number of scales is not the number of axes")
    steps: list[Step] = []
    notes: list[str] = []
    if 0 not in out:
        for axis in range(len(shape)):
            step, note = _axis_step(op, axis, scales, (roi[axis], roi[len(shape) + axis]))
            steps += [step] if step else []
            notes += [note] if note else []
    else:
        steps = [Reshape(out)] if 0 in shape else [crop(axis, 0, 0) for axis, n in enumerate(out) if n == 0]
    control = control_paths(op, range(1, len(op.node.inputs)))
    notes += ["sizes are computed at run time"] if control else []
    return Access((Path(op.name(0), tuple(steps)), *control), not notes, "; ".join(dict.fromkeys(notes)))


def _scales(op: Op) -> list[float] | None:
    """The constant scales, or those that a stretch to sizes known from the shapes must have."""
    scales: list[float] | None = op.attrs["scales"]
    stretched = op.node.version >= 11 and op.name(3) and op.attrs["keep_aspect_ratio_policy"] == "stretch"
    if scales is None and stretched:
        return [_scale(m, n) for m, n in zip(op.out_shape(), op.shape(0), strict=True)]
    return scales


def _axis_step(op: Op, axis: int, scales: list[float], roi: tuple[float, float]) -> tuple[Step | None, str]:
    """Step along one axis, None where nothing changes, and why it is not exact, or ""."""
    shape, out, attrs, scale = op.shape(0), op.out_shape(), op.attrs, scales[axis]
    n, m = shape[axis], out[axis]
    if axis in attrs["overlooked_axes"]:
        return Reduce((axis,)), OVERLOOKED
    channels_last = len(shape) == 4 and scales[1] != 1
    cropped = attrs["coordinate_transformation_mode"] == "tf_crop_and_resize"
    if n == m and scale == 1 and (not cropped or roi == (0.0, 1.0)) and not _blurred(op, axis, channels_last):
        return None, ""
    if not (math.isfinite(scale) and scale > 0) or n == 0:
        raise Unproven(f"scale {scale} of an axis of length {n} cannot give length {m}")
    antialias = bool(attrs["antialias"]) and attrs["mode"] != "nearest"
    # onnxruntime has one kernel for both: it leaves axes that keep their length alone
    filtered = antialias or (channels_last and attrs["mode"] == "cubic")
    misplaced = cropped and filtered and channels_last
    resized = Resized(
        length=n,
        out_length=m,
        scale=scale,
        copied=shape == out or (filtered and n == m),
        extrapolated=cropped and not misplaced,
        roi=roi,
        mode=attrs["mode"],
        transformation=attrs["coordinate_transformation_mode"],
        nearest_mode=attrs["nearest_mode"],
        cubic_coeff_a=attrs["cubic_coeff_a"],
        antialias=antialias,
    )
    found = taps(resized) if m <= MAX_TABLE else None
    if found is None:
        return Reduce((axis,)), f"axis {axis} is too long for a table of its taps"
    return found.along(axis), found.doubt or (EXTRAPOLATED_ELSEWHERE if misplaced else "")


def _blurred(op: Op, axis: int, channels_last: bool) -> bool:
    """Cubic kernels run over both axes of an image together, also where one of them keeps its length."""
    rank = len(op.shape(0))
    image = (1, 2) if channels_last else (rank - 2, rank - 1)
    return axis in image and leaves_residue(op.attrs["mode"], op.attrs["cubic_coeff_a"])


OVERLOOKED = "onnxruntime keeps no aspect ratio along axes that are counted from the end: any position may be read"


EXTRAPOLATED_ELSEWHERE = "onnxruntime writes the extrapolation value in other places where channels are last"


declare("Resize", macs=0, manner=("regular",), maps=True, placed=True, shape_floats=(1, 2))
declare("Upsample", macs=0, manner=("regular",), placed=True, shape_floats=(1,))
