"""Access of operators that only move elements."""

from __future__ import annotations

import itertools
import math

import numpy as np

from rfonnx.operators.access.blocked import split_or_joined
from rfonnx.operators.access.indexing import MAX_TABLE, control_paths, crop
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Permute, Reduce, Reshape, Select, Spread, Step

MAX_TAPS = 128
"""Most taps of a Col2Im block that are followed one by one."""


@rule("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(op: Op) -> Access:
    """The same elements in row-major order, or in that of their blocks of channels. Exact."""
    return Access((Path(op.name(0), split_or_joined(op) or (Reshape(op.out_shape()),)),))


@rule("Transpose")
def transpose(op: Op) -> Access:
    """Output axis i is input axis perm[i]. Exact."""
    return Access((Path(op.name(0), (Permute(tuple(op.attrs["perm"])),)),))


@rule("Expand")
def expand(op: Op) -> Access:
    """Broadcasts axes of length 1. Exact."""
    return Access((Path(op.name(0)),))


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
