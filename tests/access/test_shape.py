"""Operators that only move elements, against the operators themselves."""

import numpy as np
import pytest

from access.probe import probe, values
from rfonnx.operators.access.primitives import Reduce


def ints(*given):
    return np.array(given, np.int64)


@pytest.mark.parametrize("perm", [None, [0, 2, 1], [2, 0, 1]])
def test_transpose(perm):
    probe("Transpose", {"x": values(2, 3, 2)}, **({} if perm is None else {"perm": perm}))


@pytest.mark.parametrize("shape", [(6, 2), (2, -1), (0, 6), (12,)])
def test_reshape(shape):
    probe("Reshape", {"x": values(2, 3, 2), "s": ints(*shape)}, constants=["s"])


@pytest.mark.parametrize("axis", [0, 1, 3, -1])
def test_flatten(axis):
    probe("Flatten", {"x": values(2, 2, 3)}, axis=axis)


@pytest.mark.parametrize("axes", [None, [0], [-1, 0]])
@pytest.mark.parametrize("opset", [11, 13])
def test_squeeze(axes, opset):
    inputs = {"x": values(1, 3, 1)}
    if axes is None:
        probe("Squeeze", inputs, opset=opset)
    elif opset < 13:
        probe("Squeeze", inputs, opset=opset, axes=axes)
    else:
        probe("Squeeze", {**inputs, "axes": ints(*axes)}, constants=["axes"], opset=opset)


@pytest.mark.parametrize("opset", [11, 13])
def test_unsqueeze(opset):
    inputs = {"x": values(2, 3)}
    if opset < 13:
        probe("Unsqueeze", inputs, opset=opset, axes=[0, -1])
    else:
        probe("Unsqueeze", {**inputs, "axes": ints(0, -1)}, constants=["axes"], opset=opset)


def test_expand():
    probe("Expand", {"x": values(3, 1), "s": ints(2, 1, 4)}, constants=["s"])


@pytest.mark.parametrize(("shape", "repeats"), [((3, 2), (2, 1)), ((1, 3), (4, 2)), ((2,), (3,))])
def test_tile(shape, repeats):
    probe("Tile", {"x": values(*shape), "r": ints(*repeats)}, constants=["r"])


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_depth_to_space(mode):
    probe("DepthToSpace", {"x": values(1, 8, 2, 3)}, blocksize=2, mode=mode)


def test_depth_to_space_of_old_opset():
    probe("DepthToSpace", {"x": values(1, 4, 2, 2)}, blocksize=2, opset=10)


def test_space_to_depth():
    probe("SpaceToDepth", {"x": values(1, 2, 4, 6)}, blocksize=2)


COL2IM = {
    "overlapping": ((5, 5), (3, 3), {}),
    "strided": ((5, 4), (2, 2), {"strides": [2, 1]}),
    "dilated and padded": ((4, 4), (2, 2), {"dilations": [2, 1], "pads": [1, 0, 1, 1]}),
}


@pytest.mark.parametrize("case", COL2IM)
def test_col2im(case):
    image, block, attrs = COL2IM[case]
    strides, dilations = attrs.get("strides", [1, 1]), attrs.get("dilations", [1, 1])
    pads = attrs.get("pads", [0] * 4)
    blocks = [(image[i] + pads[i] + pads[2 + i] - dilations[i] * (block[i] - 1) - 1) // strides[i] + 1 for i in (0, 1)]
    x = values(1, 2 * block[0] * block[1], blocks[0] * blocks[1])
    inputs = {"x": x, "image": ints(*image), "block": ints(*block)}
    probe("Col2Im", inputs, constants=["image", "block"], trials=1, deltas=(0.75,), **attrs)


def test_col2im_with_a_large_block_counts_all_its_taps():
    inputs = {"x": values(1, 144, 2), "image": ints(13, 12), "block": ints(12, 12)}
    program = probe("Col2Im", inputs, constants=["image", "block"], exact=False, trials=1, deltas=(0.75,))
    assert any(isinstance(step, Reduce) for _, steps in program.tensors[0].paths for step in steps)
