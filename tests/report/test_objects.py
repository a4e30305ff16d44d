"""Whether objects of a size are seen, against all positions and all places of an object, one by one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

import rfonnx
from rfonnx.errors import QueryError
from rfonnx.report.fields.object_lines import object_lines
from rfonnx.report.fields.object_panel import objects_panel
from rfonnx.report.fields.view import pick_axes
from rfonnx.results.objects import largest, sees
from small_nets import model as net

X = {"x": (1, 2, 13, 11)}


def conv(source: str, target: str, weight: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node("Conv", [source, weight], [target], **attributes)


def made(nodes: Sequence[onnx.NodeProto], output: str = "y") -> onnx.ModelProto:
    weights = {"w3": np.ones((2, 2, 3, 3), "f"), "w1": np.ones((2, 2, 1, 1), "f"), "w35": np.ones((2, 2, 3, 5), "f")}
    return net(nodes, X, {output: (1, None, None, None)}, weights)


def transposed(stride: int) -> list[onnx.NodeProto]:
    return [
        helper.make_node("ConvTranspose", ["x", "w3"], ["up"], strides=[stride, 1]),
        helper.make_node("MaxPool", ["up"], ["y"], kernel_shape=[2, 2], strides=[3, 2]),
    ]


NETS = {
    "same": [conv("x", "a", "w3", pads=[1, 1, 1, 1]), conv("a", "y", "w35", pads=[1, 2, 1, 2])],
    "valid": [conv("x", "a", "w3"), conv("a", "y", "w3")],
    "a stride that leaves gaps": [conv("x", "y", "w1", strides=[2, 1])],
    "a stride that leaves the end": [conv("x", "y", "w3", strides=[2, 4])],
    "dilated": [conv("x", "y", "w3", dilations=[3, 2], pads=[3, 2, 3, 2])],
    "upsampled": transposed(2),
    "far upsampled": transposed(4),
    "channels that look elsewhere": [
        conv("x", "a", "w35", pads=[0, 4, 2, 0]),
        conv("x", "b", "w35", pads=[2, 0, 0, 4]),
        conv("x", "c", "w3", pads=[1, 1, 1, 1]),
        helper.make_node("Concat", ["a", "b", "c"], ["y"], axis=1),
    ],
    "tokens": [
        conv("x", "a", "w3", strides=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["a"], ["b"], axis=2),
        helper.make_node("Transpose", ["b"], ["y"], perm=[1, 0]),
    ],
    "global": [conv("x", "a", "w3"), helper.make_node("GlobalAveragePool", ["a"], ["y"])],
    "transposed": [
        helper.make_node("Transpose", ["x"], ["a"], perm=[0, 1, 3, 2]),
        helper.make_node("MaxPool", ["a"], ["y"], kernel_shape=[4, 7], strides=[2, 2], ceil_mode=1),
    ],
}

UNSEEN = {"a stride that leaves gaps", "a stride that leaves the end"}
"""Some positions of the input are seen by nobody."""


def one_by_one(analysis: rfonnx.Analysis, tensor: str, axes: Sequence[int], size: Sequence[int]) -> bool:
    """Every place of the object is inside the box of some position."""
    shape = analysis.tensors[tensor].shape
    assert shape is not None
    pairs = [analysis.intervals(tensor, "x", axis) for axis in axes]
    boxes = [(np.broadcast_to(lo, shape).reshape(-1), np.broadcast_to(hi, shape).reshape(-1)) for lo, hi in pairs]
    lengths = [(analysis.input_shapes["x"] or ())[axis] or 0 for axis in axes]
    places = itertools.product(*(range(length - n + 1) for length, n in zip(lengths, size, strict=True)))
    lo, hi = (np.stack(part) for part in zip(*boxes, strict=True))  # (axes, positions)
    inside = [
        bool(((lo <= (at := np.array(place)[:, None])) & (at + np.array(size)[:, None] - 1 <= hi)).all(axis=0).any())
        for place in places
    ]
    return bool(inside) and all(inside)


def within(size: Sequence[int], largest: Sequence[int]) -> bool:
    return all(n <= m for n, m in zip(size, largest, strict=True))


@pytest.mark.parametrize("name", NETS)
def test_as_all_places_one_by_one(name: str) -> None:
    analysis = rfonnx.analyze(made(NETS[name]))
    answers = set()
    for tensor in analysis.tensors:
        found = largest(analysis, tensor, "x", (2, 3))
        assert found is not None
        for size in itertools.product((1, 2, 3, 5, 8, 13), (1, 2, 4, 6, 11)):
            truth = one_by_one(analysis, tensor, (2, 3), size)
            assert sees(analysis, tensor, "x", (2, 3), size) is truth, (tensor, size)
            held = any(within(size, one) for one in found.held)
            assert held <= truth <= within(size, found.most)
            answers.add(truth)
    assert answers == ({False} if name in UNSEEN else {True, False})
    assert sees(analysis, "y", "x", (2, 3), (14, 1)) is False  # longer than the input


def test_one_axis_alone() -> None:
    analysis = rfonnx.analyze(made(NETS["channels that look elsewhere"]))
    for axis, n in itertools.product((2, 3), range(1, 14)):
        if n <= X["x"][axis]:
            assert sees(analysis, "y", "x", (axis,), (n,)) is one_by_one(analysis, "y", (axis,), (n,))


def test_the_report_names_the_first_layer(models: Path) -> None:
    analysis = rfonnx.analyze(models / "unet.onnx")
    axes = pick_axes(analysis, "spatial")
    lines = ["".join(line) for line in object_lines(analysis, axes, (180,))]
    layers = list(analysis.tensors)
    holds = [sees(analysis, layer, "x", (2, 3), (180, 180)) for layer in layers]
    first = layers[holds.index(True)]
    assert lines[0] == "mask: wherever an object of 180x180 lies in x, the field of a position holds it"
    assert lines[1].startswith(f"{first} (Conv) is the first layer that has fields that hold")
    sizes = [largest(analysis, layer, "x", (2, 3)) for layer in layers]
    assert [any(min(held) >= 180 for held in one.held) for one in sizes if one] == holds
    lines = ["".join(line) for line in object_lines(analysis, axes, (190, 30))]
    assert lines == [
        "mask: no position's field holds an object of 190x30 at some places of x",
        "no layer is known to have fields that hold an object of 190x30 wherever it lies in x",
    ]


@pytest.mark.parametrize(("size", "message"), [((0,), "has no size"), ((1, 2, 3), "axes 2, 3 are shown")])
def test_what_is_no_object_is_refused(models: Path, size: tuple[int, ...], message: str) -> None:
    analysis = rfonnx.analyze(models / "seed.onnx")
    with pytest.raises(QueryError, match=message):
        list(object_lines(analysis, pick_axes(analysis, "spatial"), size))


def test_what_may_be_read_may_hold(models: Path) -> None:
    nodes = [
        helper.make_node("GridSample", ["x", "grid"], ["y"]),
    ]
    grid = {"x": (1, 2, 13, 11), "grid": (1, 3, 3, 2)}
    analysis = rfonnx.analyze(net(nodes, grid, {"y": (1, 2, 3, 3)}))
    lines = ["".join(line) for line in object_lines(analysis, {"x": (2, 3)}, (9,))]
    assert lines[0] == "y: wherever an object of 9x9 lies in x, the field of a position may hold it"
    assert "may have fields that hold" in lines[1]
    panel = objects_panel(analysis, "x", (2, 3))
    assert panel is not None
    assert panel["atMost"] == [0]
