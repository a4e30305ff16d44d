"""Layers that are said to add no context: what is before them depends on both ends of the axis, as onnxruntime shows."""

from __future__ import annotations

import itertools

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

import rfonnx
import small_nets
from advice.nets import Net, random_net, reaching

SEEDS = range(24)


def windows(net: Net) -> list[onnx.NodeProto]:
    """Convolutions and pools that read more than one position."""
    weights = {one.name: one.dims for one in net.model.graph.initializer}
    return [
        node
        for node in net.model.graph.node
        if node.op_type == "AveragePool" or (node.op_type == "Conv" and weights[node.input[1]][-1] > 1)
    ]


def test_every_layer_that_is_named_and_none_that_is_not() -> None:
    met = set()
    for seed in SEEDS:
        net = random_net(seed)
        advice = rfonnx.analyze(net.model).advice
        found = {one.tensor: one for one in advice.idle}
        for node in windows(net):
            before = node.input[0]
            if before == "x":
                continue  # each position of an input sees itself alone
            sees = reaching(net.model, before)
            one = found.pop(node.output[0], None)
            assert (one is not None) == sees[len(sees) // 2], seed  # the middle position
            if one is not None:
                assert (one.reads, one.whole, one.positions) == (before, sees.sum(), len(sees)), seed
                assert one.state == ("nothing" if sees.all() else "borders")
                met.add(one.state)
        assert not found  # nothing else is named
    assert met == {"nothing", "borders"}


def test_the_shortest_way_is_the_least_of_all_choices_of_branches() -> None:
    tried = 0
    for seed in SEEDS:
        net = random_net(seed)
        idle = rfonnx.analyze(net.model).advice.idle
        if not idle or not 0 < len(net.joins) <= 4:
            continue
        least: dict[str, int] = {}
        for choice in itertools.product((0, 1), repeat=len(net.joins)):
            cut = onnx.ModelProto()
            cut.CopyFrom(net.model)
            for node, (name, operands), side in zip(
                (node for node in cut.graph.node if node.op_type == "Add"), net.joins.items(), choice, strict=True
            ):
                assert node.output[0] == name
                node.op_type = "Identity"
                node.input[:] = [operands[side]]
            tensors = rfonnx.analyze(cut).tensors
            for one in idle:
                if one.reads in tensors:
                    size = tensors[one.reads].fields["x", 2].size
                    least[one.reads] = min(least.get(one.reads, size), size)
        assert {one.reads: one.shortest for one in idle} == least, seed
        tried += 1
    assert tried >= 5


def test_channels_that_are_taken_out_of_a_concat_see_no_less_than_nothing() -> None:
    """As in MixNet: kernels of 3 and 9 side by side, the shorter half taken out, twice."""
    nodes = []
    last = "x"
    for block in "ab":
        kernels = [helper.make_node("Conv", [last, f"w{k}"], [block + k], pads=[int(k) // 2] * 2) for k in "39"]
        joined = helper.make_node("Concat", [block + "3", block + "9"], [block + "both"], axis=1)
        nodes += [*kernels, joined, helper.make_node("Split", [block + "both"], [block + "s", block + "l"], axis=1)]
        last = block + "s"
    nodes.append(helper.make_node("Conv", [last, "w3"], ["y"], pads=[1, 1]))
    weights = {f"w{k}": np.ones((1, 1, int(k)), "f") for k in "39"}
    model = small_nets.model(nodes, {"x": (1, 1, 5)}, {"y": (1, 1, 5)}, weights)
    (one,) = [one for one in rfonnx.analyze(model).advice.idle if one.tensor == "y"]
    assert (one.reads, one.before, one.shortest) == ("bs", 5, 5)


GATED = {
    "multiplied in": [helper.make_node("Mul", ["b", "s"], ["c"])],
    "added": [helper.make_node("Add", ["b", "s"], ["c"])],
    "beside": [helper.make_node("Identity", ["b"], ["c"])],
}


def gated(how: str, length: int = 12) -> onnx.ModelProto:
    """Two convolutions, a gate over all that they see, and two more; the gate is an output too."""
    conv = {"kernel_shape": [3], "pads": [1, 1]}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], **conv),
        helper.make_node("Conv", ["a", "w"], ["b"], **conv),
        helper.make_node("GlobalAveragePool", ["b"], ["g"]),
        helper.make_node("Sigmoid", ["g"], ["s"]),
        *GATED[how],
        helper.make_node("Conv", ["c", "w"], ["d"], **conv),
        helper.make_node("Conv", ["d", "w"], ["y"], **conv),
    ]
    weights = {"w": np.full((2, 2, 3), 0.2, "f")}
    return small_nets.model(nodes, {"x": (1, 2, length)}, {"y": (1, 2, length), "s": (1, 2, 1)}, weights)


@pytest.mark.parametrize("how", GATED)
def test_a_gate_counts_where_it_comes_back_in_and_is_told(how: str) -> None:
    model = gated(how)
    analysis = rfonnx.analyze(model)
    advice = analysis.advice
    told = [(one.tensor, one.size) for one in advice.gates]
    assert told == ([] if how == "beside" else [("c", 5)])
    assert not advice.idle  # by windows alone nothing sees from border to border
    assert analysis.local.tensors["y"].fields["x", 2].size == 9
    # What a position behind the gate depends on: zeros multiply the gate away, so the input is one that it is not.
    copy = small_nets.model(model.graph.node, {"x": (1, 2, 12)}, {"c": (1, 2, 12)}, {"w": np.full((2, 2, 3), 0.2, "f")})
    session = onnxruntime.InferenceSession(copy.SerializeToString(), providers=["CPUExecutionProvider"])
    before = np.ones((1, 2, 12), "f")
    after = before.copy()
    after[..., 0] = 5
    differ = (session.run(["c"], {"x": before})[0] != session.run(["c"], {"x": after})[0]).any(axis=(0, 1))
    assert differ.all() == (how != "beside")


def test_layers_behind_a_gate_are_judged_by_windows_alone() -> None:
    """As if the gate were a constant."""
    for length in (4, 6, 7, 9):
        model = gated("multiplied in", length)
        without = onnx.ModelProto()
        without.CopyFrom(model)
        for node in without.graph.node:
            if node.op_type == "Mul":
                node.input[1] = "half"
        without.graph.initializer.append(onnx.numpy_helper.from_array(np.full((1, 2, 1), 0.5, "f"), "half"))
        one, other = (rfonnx.analyze(net).advice.idle for net in (model, without))
        assert one == other
        assert bool(one) == (length <= 7)


def test_what_is_known_as_at_most_proves_nothing() -> None:
    """Where leaves one of two operands at each place, and shows both: the wide one may not be read at all."""
    nodes = [
        helper.make_node("Conv", ["x", "wide"], ["a"], pads=[8, 8]),
        helper.make_node("Where", ["here", "a", "x"], ["b"]),
        helper.make_node("Conv", ["b", "w"], ["y"], pads=[1, 1]),
    ]
    here = np.zeros((1, 2, 9), bool)
    here[0, 0, 0] = here[0, 1, 8] = True
    weights = {"w": np.ones((2, 2, 3), "f"), "wide": np.ones((2, 2, 17), "f"), "here": here}
    model = small_nets.model(nodes, {"x": (1, 2, 9)}, {"y": (1, 2, 9)}, weights)
    (one,) = rfonnx.analyze(model).advice.idle
    assert (one.tensor, one.reads, one.state, one.whole) == ("y", "b", "unknown", 9)
    assert reaching(model, "b").tolist() == [True, *[False] * 7, True]  # and indeed seven of them do not


def test_several_axes_are_judged_one_by_one() -> None:
    """A strip: rows are seen whole long before columns."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["a", "w"], ["b"], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["b", "w"], ["y"], pads=[1, 1, 1, 1]),
    ]
    weights = {"w": np.ones((1, 1, 3, 3), "f")}
    model = small_nets.model(nodes, {"x": (1, 1, 3, 40)}, {"y": (1, 1, 3, 40)}, weights)
    found = [(one.tensor, one.axis, one.state, one.whole) for one in rfonnx.analyze(model).advice.idle]
    assert found == [("b", 2, "borders", 1), ("y", 2, "nothing", 3)]
