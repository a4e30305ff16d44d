"""Scans and Loops along frames, behind what looks ahead and not; If, Loop and Scan beside time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import rfonnx
from streaming.holding import right
from streaming.nets import Net

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
Body = list[onnx.NodeProto]
State = tuple[str, int, list[int], str, str]
"""Name in the body, type, shape, name of what it becomes, and first value."""


def info(name: str, kind: int, shape: list[int] | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def cell(net: Net) -> tuple[Body, list[State]]:
    """A recurrence of 2 features: from s and xi, s2 and y."""
    made = [
        helper.make_node("MatMul", ["s", net.numbers(2, 2)], ["sw"]),
        helper.make_node("Add", ["sw", "xi"], ["a"]),
        helper.make_node("Tanh", ["a"], ["s2"]),
        helper.make_node("Mul", ["s2", "xi"], ["y"]),
    ]
    return made, [("s", FLOAT, [1, 2], "s2", net.numbers(1, 2))]


def counted(net: Net, body: Body, states: list[State], result: str = "y") -> str:
    """A second state, which counts rounds, is read: frames before the first must not move it."""
    one, zero = net.constant(np.array(1, np.int64)), net.constant(np.array(0, np.int64))
    body += [
        helper.make_node("Add", ["k", one], ["k2"]),
        helper.make_node("Cast", ["k"], ["kf"], to=FLOAT),
        helper.make_node("Sin", ["kf"], ["ks"]),
        helper.make_node("Add", [result, "ks"], ["yk"]),
    ]
    states.append(("k", INT64, [], "k2", zero))
    return "yk"


def ahead(net: Net, looks: bool) -> str:
    """(frames, 1, 2): of a convolution that looks ahead, or not."""
    return net.add("Transpose", net.conv("x", 2, 2, [3], pads=[1, 1]) if looks else "x", perm=[2, 0, 1])


def behind(net: Net, y: str) -> str:
    return net.conv(net.add("Transpose", y, perm=[1, 2, 0]), 2, 1, [3], pads=[1, 1])


def scan(net: Net, x: str, body: Body, states: list[State], result: str, **attrs: Any) -> list[str]:
    inputs = [info(name, kind, shape) for name, kind, shape, _, _ in states] + [info("xi", FLOAT, [1, 2])]
    outputs = [info(name, kind, shape) for _, kind, shape, name, _ in states] + [info(result, FLOAT, [1, 2])]
    names = [f"last{n}" for n in range(len(states))] + ["y_all"]
    graph = helper.make_graph(body, "body", inputs, outputs)
    first = [state[-1] for state in states]
    net.nodes.append(helper.make_node("Scan", [*first, x], names, "scan", body=graph, num_scan_inputs=1, **attrs))
    return names


def scan_net(looks: bool, last: bool = False, second: bool = False) -> onnx.ModelProto:
    net = Net()
    x = ahead(net, looks)
    body, states = cell(net)
    result = counted(net, body, states) if second else "y"
    names = scan(net, x, body, states, result)
    model = net.model([1, 2, "t"], behind(net, "y_all"), *(names[:-1] if last else []))
    for entry in model.graph.output[2:]:
        entry.type.tensor_type.elem_type = INT64
    return model


@pytest.mark.parametrize("looks", [False, True])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("second", [False, True])
def test_a_scan_is_streamed(looks: bool, last: bool, second: bool) -> None:
    plan = rfonnx.stream(scan_net(looks, last, second), "x", 2, 4)
    assert list(plan.delay.values()) == [1 + looks]
    assert [one.least for one in plan.manifest.outputs] == [1 + looks]
    assert plan.manifest.finals == (("last0", "last1")[: 1 + second] if last else ())
    assert right(plan)


def test_states_of_other_types() -> None:
    """Such as onnxruntime has no `Where` for."""
    net = Net()
    x = ahead(net, looks=True)
    body, states = cell(net)
    two = net.constant(np.array(2, np.int16))
    body += [
        helper.make_node("Not", ["odd"], ["odd2"]),
        helper.make_node("Where", ["odd", "y", "xi"], ["z"]),
        helper.make_node("Cast", ["q"], ["wide"], to=INT64),
        helper.make_node("Add", ["wide", net.constant(np.array(3, np.int64))], ["sum"]),
        helper.make_node("Cast", ["sum"], ["q2"], to=TensorProto.INT16),
        helper.make_node("Cast", ["q"], ["number"], to=FLOAT),
        helper.make_node("Mul", ["z", "number"], ["zq"]),
    ]
    states += [("odd", BOOL, [], "odd2", net.constant(np.array(True))), ("q", TensorProto.INT16, [], "q2", two)]
    scan(net, x, body, states, "zq")
    assert right(rfonnx.stream(net.model([1, 2, "t"], behind(net, "y_all")), "x", 2, 3))


def test_a_first_state_that_is_an_input_stays_the_models_own() -> None:
    net = Net()
    x = ahead(net, looks=True)
    body, states = cell(net)
    names = scan(net, x, body, [(*states[0][:-1], "h")], "y")
    plan = rfonnx.stream(net.model([1, 2, "t"], *names, h=[1, 2]), "x", 2, 3)
    assert [(state.input, state.output) for state in plan.states if state.initial is None] == [("h", "last0")]
    assert right(plan)


def test_a_scan_along_the_last_axis() -> None:
    net = Net()
    body, states = cell(net)
    scan(net, net.conv("x", 2, 2, [3], pads=[1, 1]), body, states, "y", scan_input_axes=[-1], scan_output_axes=[-1])
    plan = rfonnx.stream(net.model([1, 2, "t"], net.add("Neg", "y_all")), "x", 2)
    assert list(plan.delay.values()) == [1]
    assert right(plan)


def test_a_scan_across_frames_does_the_same_to_each() -> None:
    """Along channels: its states have frames."""
    net = Net()
    first = net.add("ConstantOfShape", net.add("Slice", net.add("Shape", "x"), net.ints(2), net.ints(3)))
    body = [
        helper.make_node("Add", ["s", "xi"], ["a"]),
        helper.make_node("Tanh", ["a"], ["s2"]),
        helper.make_node("Neg", ["a"], ["y"]),
    ]
    inputs, outputs = ([info(name, FLOAT, None) for name in names] for names in (("s", "xi"), ("s2", "y")))
    graph = helper.make_graph(body, "body", inputs, outputs)
    x = net.add("Squeeze", net.conv("x", 3, 3, [3], pads=[1, 1]), net.ints(0))
    net.nodes.append(helper.make_node("Scan", [first, x], ["last", "y_all"], "scan", body=graph, num_scan_inputs=1))
    plan = rfonnx.stream(net.model([1, 3, "t"], "last", "y_all"), "x", 2)
    assert list(plan.delay.values()) == [1, 1]
    assert not plan.manifest.finals
    assert right(plan)


def loop_net(style: str, frames: int | str = "t", last: bool = False) -> onnx.ModelProto:
    """As exporters write one: `x[i]` by the Loop's own count or one that is carried, as many rounds as x has frames."""
    net = Net()
    x = ahead(net, looks=True)
    rounds = net.add("Gather", net.add("Shape", x), net.constant(np.array(0, np.int64)))
    body, states = cell(net)
    result, index = "y", "i"
    if style == "carried count":
        counted(net, body, states)
        index = "k"
    elif style == "count is read":
        body += [helper.make_node("Cast", ["i"], ["if"], to=FLOAT), helper.make_node("Add", ["y", "if"], ["yi"])]
        result = "yi"
    elif style == "weights are carried":
        body += [
            helper.make_node("Identity", ["weights"], ["same"]),
            helper.make_node("MatMul", ["y", "weights"], ["yw"]),
        ]
        states.append(("weights", FLOAT, [2, 2], "same", net.numbers(2, 2)))
        result = "yw"
    taken = helper.make_node("Gather", [x, index], ["xi"], axis=0)
    if style == "list of one":
        axis = net.ints(0)
        body = [helper.make_node("Squeeze", ["one", axis], ["xi"]), *body]
        taken = helper.make_node("Gather", [x, "ii"], ["one"], axis=0)
        body.insert(0, helper.make_node("Unsqueeze", ["i", axis], ["ii"]))
        body.insert(1, taken)
    else:
        body = [taken, *body]
    if style == "condition":
        one = net.constant(np.array(1, np.int64))
        body += [helper.make_node("Add", ["i", one], ["next"]), helper.make_node("Less", ["next", rounds], ["go"])]
        rounds = ""
    else:
        body.append(helper.make_node("Identity", ["going"], ["go"]))
    inputs = [info("i", INT64, []), info("going", BOOL, []), *(info(*state[:3]) for state in states)]
    outputs = [info("go", BOOL, []), *(info(s[3], s[1], s[2]) for s in states), info(result, FLOAT, [1, 2])]
    names = [f"last{n}" for n in range(len(states))] + ["y_all"]
    first = [rounds, net.constant(np.array(True)), *(state[-1] for state in states)]
    graph = helper.make_graph(body, "body", inputs, outputs)
    net.nodes.append(helper.make_node("Loop", first, names, "loop", body=graph))
    return net.model([1, 2, frames], behind(net, "y_all"), *(["last0"] if last else []))


STYLES = ["own count", "carried count", "list of one", "count is read", "weights are carried", "condition"]


@pytest.mark.parametrize("style", STYLES)
def test_a_loop_that_goes_through_frames_is_a_scan(style: str) -> None:
    plan = rfonnx.stream(loop_net(style, last=True), "x", 2, 4)
    assert list(plan.delay.values()) == [2]
    assert [one.least for one in plan.manifest.outputs] == [2]
    assert plan.manifest.finals == ("last0",)
    assert all("2, 2" not in str(state.shape) for state in plan.states if "Scan" in state.meaning)  # no weights
    assert right(plan)


def test_a_loop_of_a_fixed_number_of_rounds_holds_for_that_length() -> None:
    """As tf2onnx writes it: the number stands in the file."""
    model = loop_net("own count", 24)
    number = onnx.numpy_helper.from_array(np.array(24, np.int64), "rounds")
    model.graph.initializer.append(number)
    next(node for node in model.graph.node if node.op_type == "Loop").input[0] = "rounds"
    plan = rfonnx.stream(model, "x", 2, 5)
    assert plan.manifest.fixed == 24
    assert plan.assumptions
    assert right(plan)
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "t"
    with pytest.raises(rfonnx.RfonnxError, match="reads frames inside a branch or a loop that is not written out"):
        rfonnx.stream(model, "x", 2)


def test_what_a_scan_counts_may_be_joined_with_frames() -> None:
    """A stacked output that no frame's value goes into: a table by position."""
    net = Net()
    x = ahead(net, looks=True)
    one, zero = net.constant(np.array([[1.0]], np.float32)), net.numbers(1, 1)
    body = [helper.make_node("Add", ["s", one], ["s2"]), helper.make_node("Sin", ["s2"], ["y"])]
    inputs = [info("s", FLOAT, [1, 1]), info("xi", FLOAT, [1, 2])]
    graph = helper.make_graph(body, "body", inputs, [info("s2", FLOAT, [1, 1]), info("y", FLOAT, [1, 1])])
    net.nodes.append(helper.make_node("Scan", [zero, x], ["last", "y_all"], "scan", body=graph, num_scan_inputs=1))
    plan = rfonnx.stream(net.model([1, 2, "t"], net.add("Add", x, "y_all"), "last"), "x", 2, 4)
    assert plan.manifest.finals == ("last",)
    assert right(plan)


def reversed_in(net: Net) -> list[str]:
    return scan(net, ahead(net, looks=False), *cell(net), "y", scan_input_directions=[1])


def reversed_out(net: Net) -> list[str]:
    return scan(net, ahead(net, looks=False), *cell(net), "y", scan_output_directions=[1])


def table(net: Net) -> list[str]:
    """A second scanned operand that is a table by position."""
    body, states = cell(net)
    body.append(helper.make_node("Add", ["y", "row"], ["z"]))
    inputs = [info("s", FLOAT, [1, 2]), info("xi", FLOAT, [1, 2]), info("row", FLOAT, [2])]
    graph = helper.make_graph(body, "body", inputs, [info("s2", FLOAT, [1, 2]), info("z", FLOAT, [1, 2])])
    operands = [states[0][-1], ahead(net, looks=False), net.numbers(96, 2)]
    net.nodes.append(helper.make_node("Scan", operands, ["last", "y_all"], "scan", body=graph, num_scan_inputs=2))
    return ["last", "y_all"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (reversed_in, r"\(Scan\) .*reads other positions of the streamed axis than those near its own"),
        (reversed_out, r"\(Scan\) .*reads other positions|goes through the streamed axis backwards"),
        (table, r"\(Scan\) .*goes through a constant 'w\d+' that differs from frame to frame"),
    ],
)
def test_what_a_scan_may_not_do(make: Callable[[Net], list[str]], said: str) -> None:
    net = Net()
    with pytest.raises(rfonnx.RfonnxError, match=said):
        rfonnx.stream(net.model([1, 2, 96], net.add("Neg", make(net)[-1])), "x", 2)


def beside(kind: str) -> onnx.ModelProto:
    """A gain that is made by control flow of an input that is not streamed; what it captures is worked out from constants."""
    net = Net()
    inner = net.add("Add", net.numbers(2, 1), net.constant(np.array([[1.0], [2.0]], np.float32)))
    condition = net.add("Greater", "gain", net.constant(np.array(0.0, np.float32)))
    if kind == "If":
        sides = [
            helper.make_graph([helper.make_node(op, [inner, "gain"], [op])], op, [], [info(op, FLOAT, [2, 1])])
            for op in ("Mul", "Sub")
        ]
        net.nodes.append(
            helper.make_node("If", [condition], ["made"], "if", then_branch=sides[0], else_branch=sides[1])
        )
    else:
        body = [
            helper.make_node("Add", ["s", inner], ["s2"]),
            helper.make_node("Less", ["i", net.constant(np.array(2, np.int64))], ["go"]),
        ]
        inputs = [info("i", INT64, []), info("c", BOOL, []), info("s", FLOAT, [2, 1])]
        graph = helper.make_graph(body, "body", inputs, [info("go", BOOL, []), info("s2", FLOAT, [2, 1])])
        net.nodes.append(helper.make_node("Loop", ["", condition, inner], ["made"], "loop", body=graph))
    model = net.model([1, 2, "t"], net.add("Mul", net.conv("x", 2, 2, [3], pads=[1, 1]), "made"))
    model.graph.input.append(info("gain", FLOAT, []))
    return model


@pytest.mark.parametrize("kind", ["If", "Loop"])
def test_control_flow_beside_time_stays(kind: str) -> None:
    plan = rfonnx.stream(beside(kind), "x", 2, 3)
    assert plan.manifest.others == ("gain",)
    assert right(plan)


def test_a_branch_with_frames_is_written_out_where_what_decides_it_is_bound() -> None:
    """As models that take the rate of their sound as an input."""
    net = Net()
    sides = [
        helper.make_graph([helper.make_node(op, ["x"], [op])], op, [], [info(op, FLOAT, None)]) for op in ("Neg", "Exp")
    ]
    condition = net.add("Equal", "rate", net.constant(np.array(16000, np.int64)))
    net.nodes.append(helper.make_node("If", [condition], ["made"], "if", then_branch=sides[0], else_branch=sides[1]))
    model = net.model([1, 2, "t"], net.conv("made", 2, 2, [3], pads=[1, 1]))
    model.graph.input.append(info("rate", INT64, []))
    with pytest.raises(rfonnx.RfonnxError, match=r"\(If\) .*reads frames inside a branch .*--value NAME=VALUE"):
        rfonnx.stream(model, "x", 2)
    plan = rfonnx.stream(model, "x", 2, values={"rate": 16000})
    assert list(plan.delay.values()) == [1]
    assert right(plan)
