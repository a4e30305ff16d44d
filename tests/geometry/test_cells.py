"""Cells, held against the boxes of single positions on nets of all kinds."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import rfonnx
from rfonnx.errors import QueryError

MODELS = Path(__file__).parents[2] / "models"
NAMES = ("conv3d", "dilated", "inception", "se", "seed", "superres", "unet", "vit", "wavenet")


@pytest.mark.parametrize("name", NAMES)
def test_lines_and_cells_are_those_of_single_positions(name: str) -> None:
    analysis = rfonnx.analyze(MODELS / f"{name}.onnx")
    rng = np.random.default_rng(0)
    tensors = list(analysis.tensors)
    for tensor in [*tensors[:: max(1, len(tensors) // 6)], tensors[-1]]:
        shape = analysis.tensors[tensor].shape or ()
        for given in analysis.inputs:
            try:
                lies = analysis.geometry(tensor, given)
            except QueryError:
                continue
            for position in [tuple(int(rng.integers(n)) for n in shape) for _ in range(4)]:
                clipped, free = (analysis.box(tensor, position, clip) for clip in (True, False))
                found = {one.axis: one for one in analysis.locate(tensor, position, given)}
                if clipped is not None and given in clipped:
                    assert [(one.first, one.last) for one in found.values()] == list(clipped[given])
                if not free:  # a class token sees no pixel
                    assert all(one.last < one.first and not one.size for one in found.values())
                    continue
                for axis, one in found.items():
                    lo, hi = (free or {})[given][axis]
                    assert (one.center, one.size) == (Fraction(lo + hi, 2), hi - lo + 1)
                for one in lies.axes:
                    if not one.varies:
                        lo, hi = (free or {})[given][one.axis]
                        cell = position[one.tensor_axis]
                        assert one.center(cell) == Fraction(lo + hi, 2)
                        assert one.sizes[cell % len(one.sizes)] == hi - lo + 1
                        assert abs(one.stride * cell + one.offset - one.center(cell)) <= one.deviation


def test_a_cell_without_channels_is_all_of_them_together() -> None:
    """The channels of this net are branches that see other places."""
    analysis = rfonnx.analyze(MODELS / "inception.onnx")
    tensor = next(name for name, one in analysis.tensors.items() if one.op_type == "Concat")
    lies = analysis.geometry(tensor)
    channels, rows, columns = lies.shape[1:]
    assert any(one.varies for one in lies.axes)
    for cell in product((0, rows // 2), (1, columns - 1)):
        boxes = [analysis.box(tensor, (0, channel, *cell)) for channel in range(channels)]
        for one in analysis.locate(tensor, cell):
            ends = [box["x"][one.axis] for box in boxes if box is not None]
            assert (one.first, one.last) == (min(lo for lo, _ in ends), max(hi for _, hi in ends))


@pytest.mark.parametrize(
    ("tensor", "cell", "said"),
    [
        ("layer1.0.conv1", (1,), "for axes 2, 3 alone"),
        ("layer1.0.conv1", (1, 999), "no cell 999"),
        ("x", (1, 1), "is an input"),
        ("none", (1, 1), "no tensor 'none'"),
    ],
)
def test_what_is_not_there_is_said(tensor: str, cell: tuple[int, ...], said: str) -> None:
    analysis = rfonnx.analyze(MODELS / "resnet18.onnx")
    with pytest.raises(QueryError, match=said):
        analysis.locate(tensor, cell)
