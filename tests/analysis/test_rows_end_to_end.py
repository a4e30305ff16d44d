"""The rows of a batch, laid end to end for a dense layer and cut apart again, go on beyond their ends as they did before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

import rfonnx

T = 12
KERNELS = (2, 5)


def net() -> onnx.ModelProto:
    """Convolutions of several lengths, each with a dense layer behind it, filled up with zeros and joined: a word segmenter's."""
    random = np.random.default_rng(0)
    weights, nodes = {}, []
    for k in KERNELS:
        left = T - k + 1
        weights |= {f"k{k}": random.normal(size=(3, 2, k)).astype("f"), f"d{k}": random.normal(size=(3, 4)).astype("f")}
        weights |= {f"cut{k}": np.int64([2, left, 4]), f"fill{k}": np.int64([0, 0, 0, 0, T - left, 0])}
        nodes += [
            helper.make_node("Conv", ["x", f"k{k}"], [f"c{k}"]),
            helper.make_node("Transpose", [f"c{k}"], [f"t{k}"], perm=[0, 2, 1]),
            helper.make_node("Reshape", [f"t{k}", "flat"], [f"r{k}"]),
            helper.make_node("MatMul", [f"r{k}", f"d{k}"], [f"m{k}"]),
            helper.make_node("Reshape", [f"m{k}", f"cut{k}"], [f"u{k}"]),
            helper.make_node("Pad", [f"u{k}", f"fill{k}"], [f"p{k}"]),
        ]
    weights["flat"] = np.int64([-1, 3])
    nodes.append(helper.make_node("Add", [f"p{k}" for k in KERNELS], ["y"]))
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [2, 2, T])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [2, T, 4])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_the_field_is_the_longest_window(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    onnx.save(net(), path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    x = np.random.default_rng(1).normal(size=(2, 2, T)).astype("f")
    truth = np.zeros((T, T), bool)
    for at in range(T):
        moved = x.copy()
        moved[..., at] += 1
        truth[:, at] = (session.run(None, {"x": moved})[0] != session.run(None, {"x": x})[0]).any(axis=(0, 2))
    analysis = rfonnx.analyze(path)
    lo, hi = (np.broadcast_to(end, (2, T, 4))[0, :, 0] for end in analysis.intervals("y", "x", 2))
    inside = np.arange(T)
    assert (truth == ((lo[:, None] <= inside) & (inside <= hi[:, None]))).all()
    field = analysis.tensors["y"].fields["x", 2]
    assert field.size == max(KERNELS) == truth.sum(1).max()
    assert (field.stride, field.tensor_axis) == (1, 1)
    assert "misaligned" not in {step.cause for step in analysis.explain("y", "x", 2)}
    assert not any(step.misaligned for step in analysis.explain("y", "x", 2))


def test_rows_with_a_column_of_zeros_are_laid_end_to_end() -> None:
    """As relative positions are made absolute: what the column sees is nothing, and no place that a rule could be read off."""
    side, random = 4, np.random.default_rng(0)
    weights = {
        "k": random.normal(size=(2, 2, 3, 3)).astype("f"),
        "d": random.normal(size=(2, 7)).astype("f"),
        "tokens": np.int64([1, 2, side * side]),
        "map": np.int64([1, side, side, 2]),
        "rows": np.int64([side, side, 7]),
        "column": np.int64([0, 0, 0, 0, 0, 1]),
    }
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Reshape", ["c", "tokens"], ["s"]),
        helper.make_node("Transpose", ["s"], ["t"], perm=[0, 2, 1]),
        helper.make_node("Reshape", ["t", "map"], ["u"]),
        helper.make_node("MatMul", ["u", "d"], ["m"]),
        helper.make_node("Reshape", ["m", "rows"], ["r"]),
        helper.make_node("Pad", ["r", "column"], ["p"]),
        helper.make_node("Flatten", ["p"], ["y"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 2, side, side])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [side, 8 * side])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    analysis = rfonnx.analyze(model)
    at = np.arange(side)
    for axis, own in ((2, at[:, None, None]), (3, at[None, :, None])):
        lo, hi = (
            np.broadcast_to(end, (side, 8 * side)).reshape(side, side, 8) for end in analysis.intervals("y", "x", axis)
        )
        assert (lo[..., :7] == np.maximum(own - 1, 0)).all()
        assert (hi[..., :7] == np.minimum(own + 1, side - 1)).all()
        assert (hi[..., 7] < lo[..., 7]).all()
