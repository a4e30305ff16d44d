"""Nodes that differ in names alone are spelt once; those whose spelling looks at values only where they read the same ones."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from rfonnx.graph.nodes import Graph
from rfonnx.model.reading.load import load


def chain(
    kinds: list[tuple[str, str]], constants: dict[str, np.ndarray], shape: list[int], **attrs: list[int]
) -> Graph:
    """Nodes of one operand after the other, each with one of the constants."""
    made = [
        helper.make_node(kind, ["x" if i == 0 else f"t{i - 1}", constant], [f"t{i}"], **attrs)
        for i, (kind, constant) in enumerate(kinds)
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info(f"t{len(kinds) - 1}", TensorProto.FLOAT, None)
    stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(made, "chain", [x], [y], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return load(model.SerializeToString())


def test_weights_of_one_shape_are_spelt_once() -> None:
    weights = {name: np.full((2, 2, 3, 3), value, np.float32) for name, value in (("a", 1), ("b", 2))}
    graph = chain([("Conv", "a"), ("Conv", "b"), ("Conv", "a")], weights, [1, 2, 8, 8], pads=[1, 1, 1, 1])
    first, *others = (node.attrs for node in graph.nodes)
    assert first["strides"] == [1, 1]
    assert all(attrs is first for attrs in others)


def test_weights_of_another_shape_are_not() -> None:
    weights = {"a": np.ones((2, 2, 3, 3), np.float32), "b": np.ones((2, 2, 1, 1), np.float32)}
    graph = chain([("Conv", "a"), ("Conv", "b")], weights, [1, 2, 8, 8])
    assert [node.attrs["kernel_shape"] for node in graph.nodes] == [[3, 3], [1, 1]]


def test_where_values_count_each_is_looked_at() -> None:
    sums = {"rows": np.array([0]), "columns": np.array([1]), "again": np.array([0])}
    graph = chain([("ReduceSum", name) for name in sums], sums, [2, 2], keepdims=1)
    assert [node.attrs["axes"] for node in graph.nodes] == [[0], [1], [0]]
    same = {"last": np.array([1]), "first": np.array([0])}
    graph = chain([("Unsqueeze", "last"), ("Squeeze", "last"), ("Unsqueeze", "first")], same, [2, 2])
    assert [node.attrs["axes"] for node in graph.nodes] == [[1], [1], [0]]
