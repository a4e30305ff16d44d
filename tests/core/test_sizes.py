"""The largest and the smallest size of a field, against all positions one by one; and where there are too many to look at."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import rfonnx
from core.drawn import drawn
from core.hulls import run
from core.seeds import run_seeds
from rfonnx import _core
from rfonnx.analysis.lower import Program
from rfonnx.operators.access.primitives import Reshape, Window
from rfonnx.results.landmarks import Int64

MEETING = [((0, 1), (1, 2)), ((0, 1), (1, 2), (0, 2)), ((0, 2), (1,)), ((0, 1, 2), (1, 2)), ((0,), (1,), (2,))]
"""Axes of a tensor that terms walk: in a chain, in a circle, side by side, one within another."""


def check(program: Program) -> None:
    """Sizes of every tensor, axes kept as runs from 3 positions on, or as tables."""
    for runs_from in (3, 2**62):
        result = run(program, runs_from=runs_from)
        said = result.summaries()
        assert said["sized"].all()
        for row in range(len(program.inputs) + len(program.tensors)):
            for column in range(len(result.axes)):
                lo, hi = result.intervals(row, column, False)
                expected = _sizes(lo, hi)
                place = row * len(result.axes) + column
                assert (said["size"][place], said["size_min"][place]) == expected, (runs_from, row, column)


def _sizes(lo: Int64, hi: Int64) -> tuple[int, int]:
    sizes = (hi - lo + 1)[lo <= hi]
    return (int(sizes.max()), int(sizes.min())) if sizes.size else (0, 0)


@pytest.mark.parametrize("seed", range(150))
def test_drawn_programs(seed: int) -> None:
    check(drawn(seed))


@pytest.mark.parametrize("walked", MEETING)
@pytest.mark.parametrize("runs_from", [3, 2**62])
@pytest.mark.parametrize("seed", range(6))
def test_terms_that_meet(walked: tuple[tuple[int, ...], ...], runs_from: int, seed: int) -> None:
    """Each term walks some axes of the sum; what it sees there is a window over shuffled rows, of which some see nothing."""
    rng, shape = np.random.default_rng(seed), (5, 6, 4)
    tensors = []
    for axes in walked:
        side = [shape[axis] if axis in axes else 1 for axis in range(3)]
        count = int(np.prod(side))
        stride, pad = int(rng.integers(1, 4)), int(rng.integers(0, 40))
        window = Window(0, count, int(rng.integers(1, 9)), stride, 1, pad)
        tensors.append((f"t{len(tensors)}", tuple(side), [(0, (window, Reshape(tuple(side))))], True))
    paths = [(1 + k, ()) for k in range(len(tensors))]
    result = _core.run([("x", (60,))], [*tensors, ("sum", shape, paths, True)], runs_from=runs_from)
    said = result.summaries()
    assert (said["size"][-1], said["size_min"][-1]) == _sizes(*result.intervals(len(tensors) + 1, 0, False))
    assert said["sized"].all()


def chunked(chunks: int) -> onnx.ModelProto:
    """Scores of attention within chunks of 64 frames, of 160 samples each."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["frames"], strides=[160]),
        helper.make_node("Transpose", ["frames"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("Reshape", ["turned", "shape"], ["chunks"]),
        helper.make_node("Transpose", ["chunks"], ["keys"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["chunks", "keys"], ["scores"]),
    ]
    stored = [
        onnx.numpy_helper.from_array(np.ones((2, 1, 160), np.float32), "w"),
        onnx.numpy_helper.from_array(np.array([-1, 64, 2]), "shape"),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, chunks * 64 * 160])
    y = helper.make_tensor_value_info("scores", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "chunked", [x], [y], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.mark.parametrize("chunks", [2, 300, 2000])
def test_attention_within_chunks_sees_a_chunk(chunks: int) -> None:
    """However many chunks there are: pairs of positions within one, never of different ones."""
    tensor = rfonnx.analyze(chunked(chunks)).tensors["scores"]
    assert tensor.exact
    assert (tensor.fields["x", 2].size, tensor.fields["x", 2].size_min) == (64 * 160, 160)


def test_what_is_not_looked_at_is_told() -> None:
    """Three terms in a circle of long axes: more combinations than are looked at."""
    n = 180
    nodes = [
        helper.make_node("Reshape", ["x", f"shape{k}"], [f"x{k}"]) for k in range(3)
    ] + [helper.make_node("Sum", ["x0", "x1", "x2"], ["y"])]  # fmt: skip
    sides = [(n, n, 1), (1, n, n), (n, 1, n)]
    stored = [onnx.numpy_helper.from_array(np.array(side), f"shape{k}") for k, side in enumerate(sides)]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [n * n])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [n, n, n])
    graph = helper.make_graph(nodes, "circle", [x], [y], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    analysis = rfonnx.analyze(model)
    tensor = analysis.tensors["y"]
    assert not tensor.exact
    assert any("its sizes lie between" in note for note in tensor.notes)
    assert any("'y'" in line and "its sizes lie between" in line for line in analysis.warnings)
    a, b, c = np.meshgrid(*[np.arange(n)] * 3, indexing="ij", sparse=True)
    seen = (n * a + b, n * b + c, n * a + c)
    lo, hi = np.minimum(np.minimum(seen[0], seen[1]), seen[2]), np.maximum(np.maximum(seen[0], seen[1]), seen[2])
    largest, smallest = _sizes(lo, hi)
    assert tensor.fields["x", 0].size >= largest
    assert tensor.fields["x", 0].size_min <= smallest


if __name__ == "__main__":
    run_seeds(lambda seed: check(drawn(seed)), "test_sizes")
