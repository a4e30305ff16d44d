"""Resize and Upsample; their shapes are in `resize_shape`. Spelling, all per axis of the input:

- `scales`: output/input as float32 values, computed as onnxruntime does; None when computed at run time
- `roi`: starts of all axes, then ends; None when needed but computed at run time
- `overlooked_axes`: resized axes, when the aspect ratio is to be kept and one of them is counted from the end: onnxruntime
  then overlooks that one
- `mode` ("nearest", "linear", "cubic"), `coordinate_transformation_mode`, `cubic_coeff_a`, `exclude_outside`, `antialias`,
  `extrapolation_value`; `nearest_mode`: as in ONNX, or "simple" for opset 10 and before, which leaves it open: floor when
  enlarging, ceil when shrinking, as onnxruntime does.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from rfonnx.errors import ModelError, malformed
from rfonnx.graph.nodes import Node
from rfonnx.operators.access.coordinates import Resized
from rfonnx.operators.access.indexing import MAX_TABLE, control_paths, crop
from rfonnx.operators.access.long_sampling import long_taps
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Step
from rfonnx.operators.access.sampling import leaves_residue, taps
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare

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
def spell_resize(call: SpellCall) -> Node:
    """Upsample 1..9 and Resize 10 sample asymmetrically; from 11 the transformation is an attribute; from 18 there are `axes`."""
    modern = call.node.op_type == "Resize" and call.node.version >= 11
    attrs: dict[str, Any] = {
        "mode": MODES[call.word_attr("mode", "nearest", MODES)],
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "simple",
        "cubic_coeff_a": call.float_attr("cubic_coeff_a", -0.75),
        "exclude_outside": call.int_attr("exclude_outside", 0),
        "antialias": call.int_attr("antialias", 0),
        "extrapolation_value": call.float_attr("extrapolation_value", 0.0),
        "keep_aspect_ratio_policy": call.word_attr("keep_aspect_ratio_policy", "stretch", POLICIES),
    }
    if modern:
        attrs["coordinate_transformation_mode"] = call.word_attr(
            "coordinate_transformation_mode", "half_pixel", TRANSFORMATIONS
        )
        attrs["nearest_mode"] = call.word_attr("nearest_mode", "round_prefer_floor", NEAREST_MODES)
    axes = _axes(call, call.rank(0))
    attrs["scales"] = _spelled_scales(call, axes, modern)
    attrs["overlooked_axes"] = _overlooked(call, axes, attrs["keep_aspect_ratio_policy"])
    attrs["roi"] = _roi(call, axes, attrs["coordinate_transformation_mode"])
    return call.node.called("Resize", attrs)


def _axes(call: SpellCall, rank: int | None) -> list[int] | None:
    axes = call.ints_attr("axes")
    if axes is None or rank is None:
        return axes
    return [call.positive_axis(axis, rank) for axis in axes]


def _overlooked(call: SpellCall, axes: list[int] | None, policy: str) -> list[int]:
    """`AdjustOutputSizeAsPolicy` of onnxruntime's upsamplebase.h looks for axes as they stand in the file."""
    counted_from_the_end = any(axis < 0 for axis in call.ints_attr("axes") or ())
    return list(axes or ()) if counted_from_the_end and policy != "stretch" else []


def _spelled_scales(call: SpellCall, axes: list[int] | None, modern: bool) -> list[float] | None:
    """One scale per axis, or None."""
    if not modern and not call.name(1):
        return _old_attributes(call)
    scales = call.value(2 if modern else 1)
    if scales is not None and scales.size and scales.dtype.kind in "iuf":
        return _spread(call, [float(v) for v in scales.reshape(-1).astype(np.float32)], axes, 1.0, call.rank(0))
    return _scales_from_sizes(call, axes) if modern else None


def _old_attributes(call: SpellCall) -> list[float] | None:
    """Upsample 7 has `scales`, Upsample 1 `height_scale` and `width_scale`."""
    if "height_scale" in call.node.attrs and "width_scale" in call.node.attrs:
        return [1.0, 1.0, *(float(np.float32(call.float_attr(n, 1.0))) for n in ("height_scale", "width_scale"))]
    scales = call.node.attrs.get("scales")
    if not isinstance(scales, list) or not all(isinstance(v, int | float) for v in scales):
        return None
    return [float(np.float32(v)) for v in scales]


def _spread(
    call: SpellCall, given: list[Number], axes: list[int] | None, default: Number, rank: int | None
) -> list[Number]:
    """Values for `axes` alone -> values for all axes."""
    if len(given) != (rank if axes is None else len(axes)) and not (axes is None and rank is None):
        raise malformed(
            f"{call.node}: scales or sizes must have one value per resized axis, but {len(given)} came for"
            f" {'all axes' if axes is None else f'axes {axes}'} of a tensor of {rank} axes"
        )
    if axes is None or rank is None:
        return given
    full = [default] * rank
    for axis, value in zip(axes, given, strict=True):
        full[axis] = value
    return full


def length_ratio(out: int, length: int) -> float:
    """Output/input in float32, as onnxruntime divides; 1 along an axis without positions."""
    return float(np.float32(out) / np.float32(length)) if length else 1.0


def _scales_from_sizes(call: SpellCall, axes: list[int] | None) -> list[float] | None:
    """One scale per axis, and one common scale where the aspect ratio is kept (onnxruntime's upsamplebase.h)."""
    shape, given = call.shape(0), call.constant_ints(3)
    if not given or shape is None:
        return None
    sizes = _spread(call, given, axes, -1, len(shape))
    scales = [1.0] * len(shape)
    resized = list(range(len(shape))) if axes is None else axes
    for axis in resized:
        length = shape[axis]
        if length is None:
            return None
        scales[axis] = length_ratio(sizes[axis], length)
    policy = call.node.attrs.get("keep_aspect_ratio_policy", "stretch")
    if policy == "stretch" or not resized:
        return scales
    common = (min if policy == "not_larger" else max)(scales[axis] for axis in resized)
    return [common if axis in resized else 1.0 for axis in range(len(shape))]


def _roi(call: SpellCall, axes: list[int] | None, transformation: str) -> list[float] | None:
    rank = call.rank(0)
    if rank is None:
        return None
    if transformation != "tf_crop_and_resize":
        return [0.0] * rank + [1.0] * rank
    roi = call.value(1)
    if roi is None or roi.dtype.kind not in "iuf":
        return None
    values = [float(v) for v in roi.reshape(-1).astype(np.float32)]
    half = len(values) // 2
    if not all(math.isfinite(v) for v in values) or len(values) % 2:
        raise ModelError(
            f"{call.node}: roi must hold finite starts and ends, but is {values}", "check the exporter's crop box"
        )
    return _spread(call, values[:half], axes, 0.0, rank) + _spread(call, values[half:], axes, 1.0, rank)


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
        return [length_ratio(m, n) for m, n in zip(op.out_shape(), op.shape(0), strict=True)]
    return scales


def _axis_step(op: Op, axis: int, scales: list[float], roi: tuple[float, float]) -> tuple[Step | None, str]:
    """Step along one axis, None where nothing changes, and why it is not exact, or ""."""
    n, m, scale = op.shape(0)[axis], op.out_shape()[axis], scales[axis]
    if axis in op.attrs["overlooked_axes"]:
        return Reduce((axis,)), OVERLOOKED
    channels_last = len(op.shape(0)) == 4 and scales[1] != 1
    cropped = op.attrs["coordinate_transformation_mode"] == "tf_crop_and_resize"
    same = n == m and scale == 1 and (not cropped or roi == (0.0, 1.0))
    if same and not _blurred(op, axis, channels_last):
        return None, ""
    if not 0 < scale < math.inf or n == 0:
        raise Unproven(f"scale {scale} of an axis of length {n} cannot give length {m}")
    resized = _resized(op, axis, scale, roi, channels_last)
    found = long_taps(resized) or (taps(resized) if m <= MAX_TABLE else None)
    if found is None:
        return Reduce((axis,)), f"axis {axis} is too long for a table of its taps"
    step, doubt = found
    misplaced = cropped and not resized.extrapolated
    return step, doubt or (EXTRAPOLATED_ELSEWHERE if misplaced else "")


def _resized(op: Op, axis: int, scale: float, roi: tuple[float, float], channels_last: bool) -> Resized:
    """How onnxruntime resizes an axis."""
    shape, out, attrs = op.shape(0), op.out_shape(), op.attrs
    antialias = bool(attrs["antialias"]) and attrs["mode"] != "nearest"
    # onnxruntime has one kernel for both: it leaves axes that keep their length alone
    filtered = antialias or (channels_last and attrs["mode"] == "cubic")
    cropped = attrs["coordinate_transformation_mode"] == "tf_crop_and_resize"
    return Resized(
        axis=axis,
        length=shape[axis],
        out_length=out[axis],
        scale=scale,
        copied=shape == out or (filtered and shape[axis] == out[axis]),
        extrapolated=cropped and not (filtered and channels_last),
        roi=roi,
        mode=attrs["mode"],
        transformation=attrs["coordinate_transformation_mode"],
        nearest_mode=attrs["nearest_mode"],
        cubic_coeff_a=attrs["cubic_coeff_a"],
        antialias=antialias,
    )


def _blurred(op: Op, axis: int, channels_last: bool) -> bool:
    """Cubic kernels run over both axes of an image together, also where one of them keeps its length."""
    rank = len(op.shape(0))
    image = (1, 2) if channels_last else (rank - 2, rank - 1)
    return axis in image and leaves_residue(op.attrs["mode"], op.attrs["cubic_coeff_a"])


OVERLOOKED = "onnxruntime keeps no aspect ratio along axes that are counted from the end: any position may be read"


EXTRAPOLATED_ELSEWHERE = "onnxruntime writes the extrapolation value in other places where channels are last"


declare("Resize", macs=0, manner=("regular",), maps=True, placed=True, shape_floats=(1, 2))
declare("Upsample", macs=0, manner=("regular",), placed=True, shape_floats=(1,))
declare("Resize", "Upsample", family="resampling")
declare("Resize", "Upsample", switched_off="scale")
