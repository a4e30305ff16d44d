"""What single positions read along axes that no memory holds, against arrays of all positions on short axes, and by shifts."""

from __future__ import annotations

import itertools
import random

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx
from rfonnx.report.explanation.chains import Question, explanation
from rfonnx.report.explanation.json import explain_json
from rfonnx.report.explanation.people import explain_document
from rfonnx.report.explanation.plot import explain_png
from rfonnx.report.explanation.reads_chart import reads_charts
from rfonnx.results.reads import Extent, Patch, Reads
from rfonnx.results.sides import Side, Span


def drawn_side(rng: random.Random, length: int) -> Side:
    """Up to three spans of an axis."""
    edges = sorted(rng.sample(range(length + 1), rng.choice([2, 4, 6])))
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return tuple(Span(first, end - first, rng.randint(1, end - first)) for first, end in pairs)


def value_at(patch: Patch, position: tuple[int, ...]) -> float:
    """By the definition of a span."""
    slots = []
    for side, at in zip(patch.sides, position, strict=True):
        offset = 0
        for span in side:
            if span.first <= at < span.first + span.length:
                slots.append(offset + (at - span.first) % span.period)
            offset += span.period
    return float(patch.values[tuple(slots)]) if len(slots) == len(position) else 0.0


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("kind", [np.bool_, np.float64])
def test_patches_say_what_arrays_say(seed: int, kind: type[np.bool_ | np.float64]) -> None:
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    shape = tuple(rng.randint(6, 9) for _ in range(rng.randint(1, 3)))
    patches = []
    for _ in range(rng.randint(0, 3)):
        sides = tuple(drawn_side(rng, length) for length in shape)
        values = numbers.integers(0, 2, [sum(span.period for span in side) for side in sides]).astype(kind)
        patches.append(Patch(sides, values))
    whole = np.zeros(shape)
    for position in np.ndindex(shape):
        whole[position] = sum(value_at(patch, position) for patch in patches)
    dense = whole > 0 if kind is np.bool_ else whole
    reads = Reads(shape, tuple(patches))
    axes = tuple(sorted(rng.sample(range(len(shape)), rng.randint(0, len(shape)))))
    others = tuple(axis for axis in range(len(shape)) if axis not in axes)
    wanted = dense.any(others) if kind is np.bool_ else dense.sum(others)
    grid = reads.along(axes)
    assert np.array_equal(grid.table(), wanted)
    assert grid.total() == wanted.sum()
    edges = [np.unique(numbers.integers(0, length + 1, 3)) for length in grid.shape]
    counted = grid.counts(edges)
    for cell in itertools.product(*(range(len(one) - 1) for one in edges)):
        part = tuple(slice(one[k], one[k + 1]) for one, k in zip(edges, cell, strict=True))
        assert counted[cell] == (wanted[part] != 0).sum()
    for place, axis in enumerate(axes):
        used = np.flatnonzero(np.moveaxis(wanted, place, 0).reshape(shape[axis], -1).any(1))
        extent = Extent(int(used[0]), int(used[-1]), len(used)) if used.size else None
        assert grid.extent(place) == extent
        for middle in (-3.0, 2.5, 4.0, 40.0):
            near = int(used[np.abs(used - middle).argmin()]) if used.size else None
            assert grid.nearest(place, middle) == near
        assert np.array_equal(grid.cut(place, 3).table(), wanted.take(3, place))


def net(
    *nodes: tuple[str, list[str | list[int] | tuple[int, ...]], dict[str, object]], shape: tuple[int | str, ...]
) -> onnx.ModelProto:
    """Nodes one after the other: "" is what the one before gives, a list is stored, a tuple is the shape of weights of 1."""
    made, stored, last = [], [], "x"
    for number, (kind, operands, attributes) in enumerate(nodes):
        names = []
        for operand in operands:
            if isinstance(operand, str):
                names.append(operand or last)
                continue
            value = np.array(operand, np.int64) if isinstance(operand, list) else np.ones(operand, np.float32)
            stored.append(numpy_helper.from_array(value, f"stored{len(stored)}"))
            names.append(stored[-1].name)
        last = f"t{number}"
        made.append(helper.make_node(kind, names, [last], **attributes))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info(last, TensorProto.FLOAT, None)
    graph = helper.make_graph(made, "net", [x], [y], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


LOCAL = {
    "dilated": net(
        ("Conv", ["", (1, 1, 3)], {"dilations": [3], "pads": [6, 0]}),
        ("Conv", ["", (1, 1, 3)], {"dilations": [5], "pads": [5, 5]}),
        ("Add", ["", "t0"], {}),
        shape=(1, 1, "n"),
    ),
    "codec": net(
        ("Conv", ["", (2, 1, 7)], {"pads": [3, 3]}),
        ("Conv", ["", (2, 2, 8)], {"strides": [4], "pads": [2, 2]}),
        ("ConvTranspose", ["", (2, 1, 8)], {"strides": [4], "pads": [2, 2]}),
        shape=(1, 1, "n"),
    ),
    "reflected": net(
        ("Pad", ["", [0, 0, 5, 0, 0, 3]], {"mode": "reflect"}),
        ("Conv", ["", (1, 1, 9)], {"dilations": [2], "pads": [4, 4]}),
        shape=(1, 1, "n"),
    ),
    "frames": net(
        ("Reshape", ["", [1, -1, 8]], {}),
        ("Transpose", [""], {"perm": [0, 2, 1]}),
        ("Conv", ["", (4, 8, 3)], {"pads": [1, 1]}),
        shape=(1, "n"),
    ),
    "image": net(
        ("Conv", ["", (2, 1, 3, 3)], {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
        ("Conv", ["", (2, 2, 3, 3)], {"dilations": [2, 2], "pads": [2, 2, 2, 2]}),
        shape=(1, 1, "n", "n"),
    ),
}


def moved(reads: Reads, along: int) -> list[set[int]]:
    """Positions along each axis from the first one on of that axis, which are few."""
    found = []
    for axis in range(along, len(reads.shape)):
        grid = reads.along((axis,))
        extent = grid.extent(0)
        assert extent is not None
        found.append(set(np.flatnonzero(grid.part([(extent.first, extent.last)])).tolist()))
    return found


@pytest.mark.parametrize("name", LOCAL)
def test_the_middle_of_a_long_axis_reads_what_that_of_a_short_one_does(name: str) -> None:
    """Shifts of whole periods; the short one is held against arrays of all positions elsewhere (`support`)."""
    seen = []
    for n in (4096, 2**38, 2**30) if name != "image" else (1024, 2**17 - 2**10):
        analysis = rfonnx.analyze(LOCAL[name], shapes={"n": n})
        tensor = analysis.outputs[0]
        shape = analysis.tensors[tensor].shape
        assert shape is not None
        position = [(length or 0) // 2 for length in shape]
        seen.append(moved(analysis.reads(tensor, position, "x"), 1))
        told = explanation(analysis, tensor, Question())
        box = (analysis.box(tensor, position) or {})["x"]
        extents = {extent.axis: (extent.first, extent.last) for extent in told.reads[0].extents}
        if analysis.tensors[tensor].exact:
            assert all(box[axis] == found for axis, found in extents.items())
    assert all(one == seen[0] for one in seen)


@pytest.mark.parametrize("name", LOCAL)
def test_boxes_are_the_array(name: str) -> None:
    analysis = rfonnx.analyze(LOCAL[name], shapes={"n": 64})
    tensor = analysis.outputs[0]
    shape = tuple(length or 0 for length in analysis.tensors[tensor].shape or ())
    for position in itertools.product(*({0, length // 3, length - 1} for length in shape)):
        reads = analysis.reads(tensor, position, "x")
        every = tuple(range(len(reads.shape)))
        assert np.array_equal(reads.along(every).table(), analysis.support(tensor, position, "x"))
        shares = analysis.shares(tensor, position, "x").along(every).table()
        assert np.allclose(shares / shares.sum(), analysis.paths(tensor, position, "x"), rtol=1e-9)


def test_an_explanation_of_a_long_axis_is_written_and_drawn() -> None:
    analysis = rfonnx.analyze(LOCAL["dilated"], shapes={"n": 2**40})
    told = explanation(analysis, "t2", Question(axes=(2,)))
    [extent] = told.reads[0].extents
    middle = 2**39
    assert (extent.first, extent.last) == (middle - 11, middle + 5)
    [section] = [one for one in explain_document(told, every=True).parts if getattr(one, "picture", False)]
    assert section.lines
    assert "".join(explain_json(told))
    assert reads_charts(told).count("<svg") == 2
    assert explain_png(told, every=True).startswith(b"\x89PNG")
