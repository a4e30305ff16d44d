"""Inputs of the model that are optional tensors: they have axes as others do, and may be left out."""

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from rfonnx import analyze
from rfonnx.errors import ShapeError
from rfonnx.model.reading.load import load


def tensor(*dims):
    return helper.make_tensor_type_proto(TensorProto.FLOAT, list(dims))


def net(nodes, opset=18, dims=(1, 2, "T")):
    """An optional x, and z that is not; y comes out."""
    inputs = [
        helper.make_value_info("x", helper.make_optional_type_proto(tensor(*dims))),
        helper.make_value_info("z", tensor(1, 2, "T")),
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "optional", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def branch(*nodes):
    made = helper.make_value_info(nodes[-1].output[0], tensor(1, 2, None))
    return helper.make_graph(list(nodes), "branch", [], [made])


GET = helper.make_node("OptionalGetElement", ["x"], ["g"])
POOL = helper.make_node("AveragePool", ["g"], ["p"], kernel_shape=[3], pads=[1, 1])
BY_PRESENCE = [
    helper.make_node("OptionalHasElement", ["x"], ["h"]),
    helper.make_node(
        "If",
        ["h"],
        ["y"],
        then_branch=branch(GET, POOL),
        else_branch=branch(helper.make_node("AveragePool", ["z"], ["q"], kernel_shape=[5], pads=[2, 2])),
    ),
]


def changed(model, feeds, name, position):
    """Positions of y along its last axis that change with one element of an input."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    before = session.run(None, feeds)[0]
    moved = feeds[name].copy()
    moved[0, 0, position] += 10
    return np.flatnonzero((session.run(None, {**feeds, name: moved})[0] != before).any(axis=(0, 1)))


@pytest.mark.parametrize("opset", [15, 18])
def test_an_optional_tensor_has_axes(opset):
    model = net([GET, POOL, helper.make_node("Add", ["p", "z"], ["y"])], opset)
    found = analyze(model, {"T": 9})
    assert found.tensors["y"].fields["x", 2].size == 3
    assert found.tensors["y"].exact
    feeds = {name: np.zeros((1, 2, 9), np.float32) for name in "xz"}
    lo, hi = (np.broadcast_to(end, (1, 2, 9))[0, 0] for end in found.intervals("y", "x", 2))
    for position in range(9):
        assert (
            changed(model, feeds, "x", position).tolist()
            == np.flatnonzero((lo <= position) & (position <= hi)).tolist()
        )


@pytest.mark.parametrize("opset", [15, 18])
def test_whether_it_is_given_is_not_known(opset):
    """Both branches count."""
    found = analyze(net(BY_PRESENCE, opset), {"T": 9})
    assert found.tensors["y"].fields["x", 2].size == 3
    assert found.tensors["y"].fields["z", 2].size == 5


def test_lengths_of_optional_inputs_are_bound_like_others():
    model = net([GET, helper.make_node("Identity", ["g"], ["y"])], dims=(1, 2, "S"))
    assert load(model, {"x": (1, 2, 7), "T": 3}).shapes["y"] == (1, 2, 7)
    assert load(model, {"S": 5, "T": 3}).declared["x"] == (1, 2, "S")
    with pytest.raises(ShapeError, match=r"'x'.*S"):
        load(model, {"T": 3})
