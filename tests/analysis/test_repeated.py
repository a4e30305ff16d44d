"""Nodes that differ in names alone are lowered once, and values that cannot be certain are not followed: the program is the one
of asking each node and of following all values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from rfonnx.analysis import lower as lowering
from rfonnx.analysis.repeated import Repeated
from rfonnx.graph.nodes import Graph
from rfonnx.model.reading.load import load
from rfonnx.operators.access.op import Known

MODELS = sorted((Path(__file__).parents[2] / "models").glob("*.onnx"))
SHAPE = (2, 1, 3, 3)
CONSTANTS = {
    "zeros": np.zeros(SHAPE, np.float32),
    "ones": np.ones(SHAPE, np.float32),
    "mask": np.tri(3, dtype=np.float32)[None, None],
    "hide": np.where(np.tri(3) > 0, 0, -np.inf).astype(np.float32)[None, None],
    "scale": np.full(SHAPE, 0.5, np.float32),
    "partly": np.tile(np.float32([0.5, 0, -2]), (1, 1, 3, 1)),
    "far": np.tile(np.float32([0.5, 3e9, -2]), (1, 1, 3, 1)),
    "kernel": np.ones((1, 1, 3, 3), np.float32),
}
UNARY = ("Relu", "Sigmoid", "Exp", "Neg", "Identity")
BINARY = ("Add", "Sub", "Mul", "Div", "Min", "Max")


def net(seed: int) -> onnx.ModelProto:
    """Sixteen nodes of few kinds on tensors of one shape, so that many differ in names alone, between constants that hide."""
    rng = np.random.default_rng(seed)
    made, names = [], ["x", "y"]
    for number in range(16):
        kind = rng.choice([*UNARY, *BINARY, *BINARY, "Conv", "Softmax", "MatMul", "MaxPool"])
        first, second = rng.choice(names), rng.choice([*names, *names, *list(CONSTANTS)[:-1]])
        pads = {"pads": [1, 1, 1, 1]} if kind in ("Conv", "MaxPool") else {}
        kernel = {"kernel_shape": [3, 3]} if kind == "MaxPool" else {}
        inputs = [first, second] if kind in (*BINARY, "MatMul") else [first]
        inputs += ["kernel"] if kind == "Conv" else []
        made.append(helper.make_node(kind, inputs, [f"t{number}"], **pads, **kernel))
        names.append(f"t{number}")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in ("x", "y", names[-1])]
    stored = [numpy_helper.from_array(value, name) for name, value in CONSTANTS.items()]
    graph = helper.make_graph(made, "net", ends[:2], ends[2:], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def said(graph: Graph) -> list[object]:
    """The program of a graph, its tables as lists."""
    return [
        tensor._replace(
            paths=tuple(
                (
                    source,
                    *[
                        (type(step), [np.asarray(value).tolist() for value in step if value is not None])
                        for step in steps
                    ],
                )
                for source, steps in tensor.paths
            )
        )
        for tensor in lowering.lower(graph).tensors
    ]


def each_by_itself(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    with monkeypatch.context() as patch:
        patch.setattr(Repeated, "key", lambda self, node: None)
        patch.setattr(lowering, "note_uncertain", lambda node, graph, known: None)
        patch.setattr(lowering, "Known", lambda uncertain, weights: Known(weights=weights))
        return said(graph)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_models_of_files(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = load(path)
    assert said(graph) == each_by_itself(graph, monkeypatch)


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_nodes_alike_between_masks(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(first, first + 20):
        graph = load(net(seed).SerializeToString())
        assert said(graph) == each_by_itself(graph, monkeypatch), seed


def test_few_rules_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    ask = lowering.node_accesses
    monkeypatch.setattr(lowering, "node_accesses", lambda node, *rest: asked.append(node.kind) or ask(node, *rest))
    x = "x"
    made = []
    for number in range(5):
        made += [
            helper.make_node("Conv", [x, "kernel"], [f"c{number}"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [f"c{number}"], [f"r{number}"]),
            helper.make_node("Add", [x, f"r{number}"], [f"a{number}"]),
        ]
        x = f"a{number}"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in ("x", x)]
    kernel = numpy_helper.from_array(CONSTANTS["kernel"], "kernel")
    graph = helper.make_graph(made, "chain", ends[:1], ends[1:], [kernel])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    lowering.lower(load(model.SerializeToString()))
    assert sorted(asked) == ["Add", "Conv", "Relu"]


def test_what_goes_position_by_position_is_asked_for_once_whatever_the_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    ask = lowering.node_accesses
    monkeypatch.setattr(lowering, "node_accesses", lambda node, *rest: asked.append(node.kind) or ask(node, *rest))
    model = onnx.parser.parse_model("""<ir_version: 8, opset_import: ["" : 17]> g (float[1,2,8,8] x) => (float y) {
        a = Relu(x) b = MaxPool<kernel_shape=[2,2], strides=[2,2]>(a) c = Relu(b) d = Add(a, x) e = Add(b, c)
        f = ReduceMax<axes=[2,3]>(x) h = Add(x, f) k = Add(e, f) y = Concat<axis=2>(d, h) }""")
    model.graph.output[0].type.tensor_type.ClearField("shape")
    graph = load(model)
    lowering.lower(graph)
    assert sorted(asked) == ["Add", "Add", "Add", "Concat", "MaxPool", "ReduceMax", "Relu"]
    assert said(graph) == each_by_itself(graph, monkeypatch)
