"""Access of operators that sample a grid: Resize (and Upsample), GridSample, AffineGrid, CenterCropPad."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.operators.access.coordinates import Resized
from rfonnx.operators.access.grid import grid_taps
from rfonnx.operators.access.indexing import MAX_TABLE, control_paths, crop, pick, pick_rows
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Step
from rfonnx.operators.access.sampling import IN_DOUBT, leaves_residue, taps


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
        pairs = zip(op.out_shape(), op.shape(0), strict=True)
        return [float(np.float32(m) / np.float32(n)) if n else 1.0 for m, n in pairs]
    return scales


def _axis_step(op: Op, axis: int, scales: list[float], roi: tuple[float, float]) -> tuple[Step | None, str]:
    """Step along one axis, None where nothing changes, and why it is not exact, or ""."""
    shape, out, attrs, scale = op.shape(0), op.out_shape(), op.attrs, scales[axis]
    n, m = shape[axis], out[axis]
    if axis in attrs["overlooked_axes"]:
        return Reduce((axis,)), OVERLOOKED
    channels_last = len(shape) == 4 and scales[1] != 1
    cropped = attrs["coordinate_transformation_mode"] == "tf_crop_and_resize"
    antialias = bool(attrs["antialias"]) and attrs["mode"] != "nearest"
    # onnxruntime has one kernel for both: it leaves axes that keep their length alone
    filtered = antialias or (channels_last and attrs["mode"] == "cubic")
    misplaced = cropped and filtered and channels_last
    # cubic kernels run over both axes of an image together, also where one of them keeps its length
    image = (1, 2) if channels_last else (len(shape) - 2, len(shape) - 1)
    blurred = axis in image and leaves_residue(attrs["mode"], attrs["cubic_coeff_a"])
    if n == m and scale == 1 and (not cropped or roi == (0.0, 1.0)) and not blurred:
        return None, ""
    if not (math.isfinite(scale) and scale > 0) or n == 0:
        raise Unproven(f"scale {scale} of an axis of length {n} cannot give length {m}")
    found = None
    if m <= MAX_TABLE:
        found = taps(
            Resized(
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
        )
    if found is None:
        return Reduce((axis,)), f"axis {axis} is too long for a table of its taps"
    step = Select(axis, found.first, found.last, 1, found.period, found.shift, found.free_first, found.free_last)
    return step, found.doubt or (EXTRAPOLATED_ELSEWHERE if misplaced else "")


OVERLOOKED = "onnxruntime keeps no aspect ratio along axes that are counted from the end: any position may be read"

EXTRAPOLATED_ELSEWHERE = "onnxruntime writes the extrapolation value in other places where channels are last"


@rule("CenterCropPad")
def center_crop_pad(op: Op) -> Access:
    """Output o reads `o + (n-m)//2` when cropping n to m, `o - (m-n)//2` when padding. Exact."""
    shape, out = op.shape(0), op.out_shape()
    steps = [
        crop(axis, (n - m) // 2 if n > m else -((m - n) // 2), m)
        for axis, (n, m) in enumerate(zip(shape, out, strict=True))
        if n != m
    ]
    return Access((Path(op.name(0), tuple(steps)),))


@rule("GridSample")
def grid_sample(op: Op) -> Access:
    """Reads the grid at its own position, and any pixel that it may name; the named ones, where the grid is known."""
    axes = tuple(range(2, len(op.shape(0))))
    grid = op.shape(1)
    known = op.value(1)
    if known is not None and known.size and math.prod(grid[:-1]) <= MAX_TABLE:
        found = _on_known_grid(op, known)
        if found is not None:
            return found
    coordinates = (Reduce((len(grid) - 1,)), Reshape((grid[0], 1, *grid[1:-1])))
    paths = [Path(op.name(0), (Reduce(axes),))] if op.reads(0) else []
    paths += [Path(op.name(1), coordinates)] if op.reads(1) else []
    return Access(tuple(paths), not op.reads(0), "where the image is sampled is data" if op.reads(0) else "")


def _on_known_grid(op: Op, grid: np.ndarray) -> Access | None:
    """One path per tap, through all pixels in a row; None for what is not followed."""
    shape, out, attrs = op.shape(0), op.out_shape(), op.attrs
    found = grid_taps(grid, shape[2:], attrs["mode"], attrs["padding_mode"], bool(attrs["align_corners"]))
    if found is None:
        return None
    taps, sure = found
    batch, channels, pixels = shape[0], shape[1], math.prod(shape[2:])
    paths = []
    for tap in taps:
        rows = tap.reshape(batch, -1)
        in_rows = Reshape((batch, channels, pixels))
        if (rows == rows[:1]).all():
            steps: tuple[Step, ...] = (in_rows, pick(2, rows[0]))
        else:
            steps = (in_rows, *pick_rows((batch, channels, pixels), 0, 2, rows))
        paths.append(Path(op.name(0), (*steps, Reshape(out))))
    return Access(tuple(paths), sure, "" if sure else IN_DOUBT)


@rule("AffineGrid")
def affine_grid(op: Op) -> Access:
    """Coordinate k of output (n, ...) is theta[n, k, :] times constants. Exact, but where a constant is zero."""
    out = op.out_shape()
    spatial = out[1:-1]
    path = Path(op.name(0), (Reduce((2,)), Reshape((out[0], *(1 for _ in spatial), out[-1]))))
    odd = any(n % 2 for n in spatial)
    note = "a coefficient is counted also in the middle, where it is multiplied by zero" if odd else ""
    return Access((path, *control_paths(op, (1,))), not odd, note)
