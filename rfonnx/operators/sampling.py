"""Operators that sample a tensor at places that another one holds: GridSample with AffineGrid, and regions of interest.

Spelling: GridSample: `mode` ("linear", "nearest", "cubic"), `padding_mode`, `align_corners`. AffineGrid: `align_corners`, `size`
(None when not known). RoiAlign: defaults filled in.
"""

from __future__ import annotations

import math
from math import prod

import numpy as np
from onnx import TypeProto

from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.access.grid import grid_taps
from rfonnx.operators.access.indexing import MAX_TABLE, control_paths, pick, pick_rows
from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Step
from rfonnx.operators.access.sampling import IN_DOUBT
from rfonnx.operators.access.shared import by_data
from rfonnx.operators.counting import CountCall, counts
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare, microsoft, named

SAMPLERS = {"bilinear": "linear", "bicubic": "cubic", "linear": "linear", "cubic": "cubic", "nearest": "nearest"}


@spelling("GridSample", "com.microsoft.GridSample")
def spell_grid_sample(call: SpellCall) -> Node:
    """Opset 16 says bilinear and bicubic, 20 linear and cubic."""
    return call.with_attrs(
        mode=SAMPLERS[call.word_attr("mode", "linear", SAMPLERS)],
        padding_mode=call.word_attr("padding_mode", "zeros", ("zeros", "border", "reflection")),
        align_corners=call.int_attr("align_corners", 0),
    )


@spelling("AffineGrid")
def spell_affine_grid(call: SpellCall) -> Node:
    """size is an input."""
    return call.with_attrs(align_corners=call.int_attr("align_corners", 0), size=call.constant_ints(1))


@spelling("RoiAlign")
def spell_roi_align(call: SpellCall) -> Node:
    """Coordinates were not shifted by half a pixel before opset 16."""
    default = "half_pixel" if call.node.version >= 16 else "output_half_pixel"
    return call.with_attrs(
        coordinate_transformation_mode=call.node.attrs.get("coordinate_transformation_mode", default),
        mode=call.node.attrs.get("mode", "avg"),
        output_height=call.int_attr("output_height", 1),
        output_width=call.int_attr("output_width", 1),
        sampling_ratio=call.int_attr("sampling_ratio", 0),
        spatial_scale=call.float_attr("spatial_scale", 1.0),
    )


@shapes(*microsoft("GridSample"))
def grid_sample_shape(call: ShapeCall) -> list[TypeProto]:
    """x (N,C,H,W) at a grid (N,P,Q,2) gives (N,C,P,Q)."""
    shape, grid = call.shape(0), call.shape(1)
    if shape is None or grid is None:
        return []
    return [tensor_type(call.elem(0), (*shape[:2], *grid[1:-1]))]


@rule("MaxRoiPool", "RoiAlign")
def roi_pool(op: Op) -> Access:
    """y[r,c] may read all of x[:,c], and reads the box r (and, in RoiAlign, its batch index). A superset: boxes are data."""
    rank = len(op.shape(0))
    space = tuple(range(2, rank))
    paths = [Path(op.name(0), (Reduce((0, *space)),))]
    if op.reads(1):
        paths.append(Path(op.name(1), (Reduce((1,)), Reshape((op.shape(1)[0], *(1,) * (rank - 1))))))
    if op.reads(2):
        paths.append(Path(op.name(2), (Reshape((op.shape(2)[0], *(1,) * (rank - 1))),)))
    return Access(tuple(paths), exact=False, note=f"{op.node.kind} reads where its boxes say: any position in space")


@rule("GridSample", "com.microsoft.GridSample")
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
    return by_data(op, (Reduce(axes),), coordinates, "where the image is sampled is data")


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


@counts("AffineGrid")
def affine_grid_macs(call: CountCall) -> int:
    """Every coordinate is a row of theta (batch, axes, axes + 1) times a position."""
    return prod(call.out()) * call.shape(0)[-1]


declare("GridSample", "com.microsoft.GridSample", "MaxRoiPool", "RoiAlign", macs=0)

declare(*named("AffineGrid GridSample MaxRoiPool RoiAlign"), "com.microsoft.GridSample", manner=())
declare(*named("AffineGrid GridSample MaxRoiPool RoiAlign"), "com.microsoft.GridSample", family="resampling")
