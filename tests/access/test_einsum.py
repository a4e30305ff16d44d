"""Einsum against the operator."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from access.probe import probe, probe_model, values
from rfonnx.analysis.lower import lower
from rfonnx.graph.nodes import Graph, Node


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 2)]),
        ("bij, bjk -> bki", [(2, 2, 3), (2, 3, 2)]),
        ("ij,jk", [(2, 3), (3, 2)]),
        ("ba", [(2, 3)]),
        ("i,j->ij", [(2,), (3,)]),
        ("ij->", [(2, 3)]),
        ("ij->j", [(2, 3)]),
        ("ii->i", [(3, 3)]),
        ("ii", [(3, 3)]),
        ("iji->j", [(2, 3, 2)]),
        ("...ii->...i", [(2, 3, 3)]),
        ("...ij,...jk->...ik", [(2, 1, 2, 2), (3, 2, 2)]),
        ("i...,i->...", [(3, 2), (3,)]),
        ("...->...", [(2, 3)]),
        ("a...b,bc->...ac", [(2, 3, 2), (2, 2)]),
        ("abc,cd,be->ade", [(2, 2, 2), (2, 2), (2, 2)]),
        ("Ab,bA->A", [(2, 3), (3, 2)]),
        ("iii->i", [(2, 2, 2)]),
    ],
)
def test_einsum(equation, shapes):
    probe("Einsum", {f"x{i}": values(*shape, seed=i) for i, shape in enumerate(shapes)}, equation=equation)


def test_einsum_with_too_many_operands_is_not_guessed():
    node = Node("Einsum", "", "", ("a", "b"), ("y",), {"equation": "ij->j"}, 12)
    shapes = {"a": (2, 3), "b": (2, 3), "y": (3,)}
    program = lower(Graph("m", ("a", "b"), ("y",), [node], shapes, {}, set(), lambda name: None))
    assert not program.tensors[0].exact
    assert "does not name 2 operands" in program.tensors[0].note


CAUSAL = np.where(np.tri(4, dtype=bool), 0, -np.inf).astype(np.float32)


@pytest.mark.parametrize(
    ("scores", "product"),
    [("bqd,bkd->bqk", "bqk,bkd->bqd"), ("bqd,bkd->bkq", "bkd,bkq->bdq"), ("bqd,bkd->qbk", "qbk,bkd->bqd")],
)
def test_masked_weights_leave_values_out(scores, product):
    """The mask lies along queries and keys wherever the equation puts them."""
    keys = scores[-3:].index("k")
    queries = scores[-3:].index("q")
    mask = CAUSAL.T if keys < queries else CAUSAL
    mask = np.expand_dims(mask, next(i for i in range(3) if i not in (keys, queries)))
    nodes = [
        helper.make_node("Einsum", ["x", "x"], ["s"], equation=scores),
        helper.make_node("Add", ["s", "m"], ["a"]),
        helper.make_node("Softmax", ["a"], ["w"], axis=keys),
        helper.make_node(
            "Einsum", ["w", "x"] if product.startswith(scores[-3:]) else ["x", "w"], ["y"], equation=product
        ),
    ]
    infos = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 4, 3])]
    infos.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, None))
    graph = helper.make_graph(nodes, "g", infos[:1], infos[1:], [numpy_helper.from_array(mask, "m")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    probe_model(model, {"x": values(2, 4, 3) / 2}, deltas=(0.25, -0.5))


def test_mask_by_multiplication():
    inputs = {"x": values(2, 4, 4), "m": np.tri(4, dtype=np.float32), "z": values(2, 4, 3, seed=1)}
    probe("Einsum", inputs, ["m"], equation="bqk,qk,bkd->bqd", weights="values")
