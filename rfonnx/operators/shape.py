"""Operators that only move elements. Spelling:

Transpose: `perm`. Flatten: `axis`. Squeeze, Unsqueeze: `axes` (of the longer shape). Tile: `repeats`, one per axis.
DepthToSpace: `blocksize`, `mode` ("DCR", "CRD"). SpaceToDepth: `blocksize`, `mode`.
Col2Im: `image_shape`, `block_shape`, `strides`, `dilations`, `pads`.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from onnx import TypeProto

from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.access.blocked import split_or_joined
from rfonnx.operators.access.indexing import MAX_TABLE, control_paths, crop
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Permute, Reduce, Reshape, Select, Spread, Step
from rfonnx.operators.access.shared import first_alone
from rfonnx.operators.row import Unknown
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare, microsoft, named


@spelling("Transpose")
def spell_transpose(call: SpellCall) -> Node:
    """perm defaults to the axes reversed."""
    perm, rank = call.ints_attr("perm"), call.rank(0)
    if perm is None:
        return call.with_attrs(perm=None if rank is None else list(range(rank))[::-1])
    return call.node if rank is None else call.with_attrs(perm=[call.positive_axis(axis, rank) for axis in perm])


@spelling("Flatten")
def spell_flatten(call: SpellCall) -> Node:
    """axis defaults to 1, and may equal the rank."""
    axis, rank = call.int_attr("axis", 1), call.rank(0)
    return call.with_attrs(axis=axis + rank if axis < 0 and rank is not None else axis)


@spelling("Squeeze")
def spell_squeeze(call: SpellCall) -> Node:
    """axes: an attribute up to opset 12, an input later; every axis of length 1 when left out."""
    shape = call.shape(0)
    given, axes = _axes(call)
    if not given:
        known = shape is not None and None not in shape
        return call.with_attrs(axes=[i for i, n in enumerate(shape or ()) if n == 1] if known else None)
    if axes is not None and shape is not None:
        axes = call.positive_axes(axes, len(shape))
    return call.with_attrs(axes=axes)


@spelling("Unsqueeze")
def spell_unsqueeze(call: SpellCall) -> Node:
    """axes: an attribute up to opset 12, an input later; they count axes of the output."""
    rank = call.rank(0)
    _, axes = _axes(call)
    if axes is not None and rank is not None:
        axes = call.positive_axes(axes, rank + len(axes))
    return call.with_attrs(axes=axes)


def _axes(call: SpellCall) -> tuple[bool, list[int] | None]:
    """Whether axes are given at all, and their value when it is known."""
    if call.node.version >= 13:
        return bool(call.name(1)), call.constant_ints(1)
    axes = call.ints_attr("axes")
    return axes is not None, axes


@spelling("Tile")
def spell_tile(call: SpellCall) -> Node:
    """Opset 1 repeats one axis (inputs tiles, axis); later `repeats` has one entry per axis."""
    repeats = call.constant_ints(1)
    if call.node.version < 6 and repeats is not None:
        rank, axis = call.rank(0), call.constant_int(2)
        if rank is None or axis is None:
            return call.with_attrs(repeats=None)
        along = call.positive_axis(axis, rank)
        repeats = [repeats[0] if i == along else 1 for i in range(rank)]
    return call.with_attrs(repeats=repeats)


@spelling("DepthToSpace", "SpaceToDepth")
def spell_depth_to_space(call: SpellCall) -> Node:
    """mode came with opset 11 to DepthToSpace; before, and for SpaceToDepth, it is "DCR"."""
    return call.with_attrs(blocksize=call.int_attr("blocksize", 1), mode=call.word_attr("mode", "DCR", ("DCR", "CRD")))


@spelling("Col2Im")
def spell_col2im(call: SpellCall) -> Node:
    """image_shape and block_shape are inputs; None when computed at run time."""
    image, block = call.constant_ints(1), call.constant_ints(2)
    rank = len(image or block or ())
    return call.with_attrs(
        image_shape=image,
        block_shape=block,
        strides=call.ints_attr("strides") or [1] * rank,
        dilations=call.ints_attr("dilations") or [1] * rank,
        pads=call.ints_attr("pads") or [0] * 2 * rank,
    )


@shapes(*microsoft("ExpandDims"))
def expand_dims_shape(call: ShapeCall) -> list[TypeProto]:
    """x (2,3) at axis -1 gives (2,3,1)."""
    shape, axis = call.shape(0), call.value(1)
    if shape is None or axis is None:
        return []
    at = int(axis.reshape(-1)[0])
    at = at + len(shape) + 1 if at < 0 else at
    return [tensor_type(call.elem(0), (*shape[:at], 1, *shape[at:]))]


@shapes("SpaceToDepth")
def space_to_depth_shape(call: ShapeCall) -> list[TypeProto]:
    """x (1,3,4,6) in blocks of 2 gives (1,12,2,3); rows that are no whole blocks are an error, which onnx does not see."""
    shape, b = call.shape(0), call.attr("blocksize", 1)
    if shape is None or any(n is not None and n % b for n in shape[2:]):
        return []
    n, c, *space = shape
    return [tensor_type(call.elem(0), (n, c and c * b * b, *(m and m // b for m in space)))]


declare("SpaceToDepth", shapes_when={"blocksize": None})

MAX_TAPS = 128
"""Most taps of a Col2Im block that are followed one by one."""


@rule("Reshape", "Flatten", "Squeeze", "Unsqueeze", "com.microsoft.ExpandDims")
def reshape(op: Op) -> Access:
    """The same elements in row-major order, or in that of their blocks of channels. Exact."""
    return Access((Path(op.name(0), split_or_joined(op) or (Reshape(op.out_shape()),)),))


@rule("Transpose")
def transpose(op: Op) -> Access:
    """Output axis i is input axis perm[i]. Exact."""
    return Access((Path(op.name(0), (Permute(tuple(op.attrs["perm"])),)),))


rule("Expand")(first_alone)


@rule("Tile")
def tile(op: Op) -> Access:
    """Output o reads `o % n`. Exact. Tile by 2 of 3: 0,1,2,0,1,2."""
    shape, out = op.shape(0), op.out_shape()
    steps: list[Step] = []
    for axis, (n, m) in enumerate(zip(shape, out, strict=True)):
        if n == m or n == 1:
            continue
        if m > MAX_TABLE:
            raise Unproven(f"axis {axis} is too long for a table of its positions")
        index = np.arange(m, dtype=np.int64) % max(n, 1)
        steps.append(Select(axis, index, index, 1, n, 0) if m else crop(axis, 0, 0))
    return Access((Path(op.name(0), tuple(steps)),))


@rule("DepthToSpace")
def depth_to_space(op: Op) -> Access:
    """Blocks of channels become blocks of positions. Exact. Blocksize 2: output (c, 2h+i, 2w+j) reads one channel at (h, w)."""
    n, c, h, w = op.shape(0)
    b = op.attrs["blocksize"]
    if op.attrs["mode"] == "CRD":
        parts, perm = (n, c // b**2, b, b, h, w), (0, 1, 4, 2, 5, 3)
    else:
        parts, perm = (n, b, b, c // b**2, h, w), (0, 3, 4, 1, 5, 2)
    return Access((Path(op.name(0), (Reshape(parts), Permute(perm), Reshape(op.out_shape()))),))


@rule("SpaceToDepth")
def space_to_depth(op: Op) -> Access:
    """Blocks of positions become blocks of channels: the inverse of DepthToSpace. Exact."""
    n, c, h, w = op.shape(0)
    b = op.attrs["blocksize"]
    perm = (0, 1, 3, 5, 2, 4) if op.attrs["mode"] == "CRD" else (0, 3, 5, 1, 2, 4)
    steps = (Reshape((n, c, h // b, b, w // b, b)), Permute(perm), Reshape(op.out_shape()))
    return Access((Path(op.name(0), steps),))


@rule("Size", "Shape")
def measure(op: Op) -> Access:
    """Reads no value, only the shape. Exact."""
    return Access(())


@rule("Col2Im")
def col2im(op: Op) -> Access:
    """Sums overlapping blocks: per tap t, output i reads every block l with `i = l*stride - pad + t*dilation`.

    Exact, one path per tap; with more than MAX_TAPS taps the block axis is read whole.
    """
    image, block = op.attrs["image_shape"], op.attrs["block_shape"]
    if image is None or block is None:
        raise Unproven("image_shape or block_shape is computed at run time")
    strides, dilations, pads = op.attrs["strides"], op.attrs["dilations"], op.attrs["pads"]
    rank, taps = len(block), math.prod(block)
    n, rows, _ = op.shape(0)
    channels = rows // taps
    blocks = tuple(
        (image[i] + pads[i] + pads[rank + i] - dilations[i] * (block[i] - 1) - 1) // strides[i] + 1 for i in range(rank)
    )
    split = Reshape((n, channels, taps, *blocks))
    paths = []
    if taps <= MAX_TAPS:
        for number, tap in enumerate(itertools.product(*(range(k) for k in block))):
            spreads = [Spread(2 + i, image[i], 1, strides[i], 1, pads[i] - tap[i] * dilations[i]) for i in range(rank)]
            paths.append(Path(op.name(0), (split, crop(2, number, 1), Reshape((n, channels, *blocks)), *spreads)))
    else:
        spreads = [Spread(2 + i, image[i], block[i], strides[i], dilations[i], pads[i]) for i in range(rank)]
        paths.append(Path(op.name(0), (split, Reduce((2,)), Reshape((n, channels, *blocks)), *spreads)))
    exact = taps <= MAX_TAPS
    return Access(
        (*paths, *control_paths(op, (1, 2))), exact, "" if exact else f"a block has {taps} taps, all are counted"
    )


declare("Shape", "Size", evaluation="fast", macs=0, manner=(), shape_only=True)
declare("com.microsoft.ExpandDims", macs=0, manner=())
declare("com.microsoft.ExpandDims", family="movement")
declare(
    *named("Col2Im DepthToSpace Expand Flatten Reshape SpaceToDepth Squeeze Tile Transpose Unsqueeze"),
    macs=0,
    manner=("regular",),
    moves=True,
)
declare(*named("Expand Flatten Reshape Squeeze Tile Transpose Unsqueeze"), evaluation="fast")
declare(*named("Expand Flatten Reshape Squeeze Transpose Unsqueeze"), moves_values=True, takes_along=True)
declare("Expand", "Reshape", "Squeeze", "Unsqueeze", placed=True)
declare("Flatten", "Reshape", "Squeeze", "Unsqueeze", keeps="order")
declare("DepthToSpace", "SpaceToDepth", "Transpose", keeps="elements")
declare("Squeeze", "Unsqueeze", inferred_since=11)
declare("DepthToSpace", maps=True)
declare("Expand", "Reshape", shaped_by=1)
declare("Col2Im", border=Unknown("blocks that lie over each other are added up"))
