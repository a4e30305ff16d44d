"""Subgraphs, functions, sequences and optionals, and operators whose results have shapes that depend on data."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper

from fuzz.builder import Builder, NoFit, Tensor
from fuzz.proposals.registry import PROPOSALS, frequent, proposal

DEEPEST = 2


def fill(net: Builder, steps: int) -> None:
    """Add some proposals; those that do not fit are left out."""
    for _ in range(steps):
        mark = net.mark()
        try:
            net.choice(PROPOSALS)(net)
        except NoFit:
            net.back_to(mark)


def newest(net: Builder, like: np.ndarray | None = None) -> Tensor:
    """The body's last varying tensor; `like`: of this shape and type."""
    fit = [t for t in net.tensors.values() if t.varies and isinstance(t.value, np.ndarray)]
    if like is not None:
        fit = [t for t in fit if t.shape == like.shape and t.value.dtype == like.dtype]
    if not fit:
        raise NoFit
    return fit[-1]


def output_of(body: Builder, tensor: Tensor) -> str:
    """A body's outputs are made by its own nodes."""
    return body.add("Identity", tensor.name)


@frequent
def branch(net: Builder) -> None:
    """If on a constant, on a computed value, or on an input."""
    if net.depth >= DEEPEST or net.function:
        raise NoFit
    x = net.pick()
    if net.chance(0.3):
        decision = net.constant(np.array(net.chance()))
    elif net.opset >= 13:
        total = net.add("ReduceSum", x.name, keepdims=0)
        decision = net.add("Greater", [total, net.constant(np.float32(0))])
    else:
        raise NoFit
    bodies, captured = [], set[str]()
    for _ in range(2):
        body = net.body({})
        local = body.add("Identity", x.name)
        fill(body, net.integer(1, 2))
        result = newest(body, None if net.chance(0.2) else x.value)
        output = output_of(body, result) if result.name != local or net.chance() else local
        bodies.append(body.graph("branch", [], [output]))
        captured |= set(body.captured())
    net.add("If", decision, captured=sorted(captured), then_branch=bodies[0], else_branch=bodies[1])


@frequent
def loop(net: Builder) -> None:
    """A few rounds, known or computed, that may end early and may collect something."""
    if net.depth >= DEEPEST or net.function:
        raise NoFit
    x = net.pick()
    body = net.body(
        {"i": np.array(0), "go": np.array(True), "state": x.value}
        if not net.depth
        else {"j": np.array(0), "on": np.array(True), "kept": x.value}
    )
    number, going, state = body.tensors
    fill(body, net.integer(1, 3))
    after = output_of(body, newest(body, x.value))
    scanned = output_of(body, newest(body)) if net.chance() else None
    more = body.add("Identity", going)
    if net.chance(0.2) and net.opset >= 13:
        total = body.add("ReduceSum", state, keepdims=0)
        more = body.add("Greater", [total, body.constant(np.float32(-1))])
    graph = body.graph("loop", [number, going, state], [more, after, *([scanned] if scanned else [])])
    rounds = net.constant(np.array(net.integer(0, 3)))
    if net.chance(0.2):
        chosen = net.pick(kind="i")
        rounds = net.add(
            "Reshape",
            [
                net.add("Gather", [net.add("Reshape", [chosen.name, net.ints(-1)]), net.constant(np.array([0]))]),
                net.ints(),
            ],
        )
    start = net.constant(np.array(True)) if net.chance() else ""
    net.add_many("Loop", [rounds, start, x.name], 2 if scanned else 1, captured=body.captured(), body=graph)


@frequent
def scan(net: Builder) -> None:
    if net.depth >= DEEPEST or net.function:
        raise NoFit
    x = net.pick(least=1)
    axis = net.integer(0, x.rank - 1)
    if not x.shape[axis]:
        raise NoFit
    part = x.value.take(0, axis)
    stateful = net.chance(0.7)
    start = (
        net.floats(*part.shape)
        if net.chance(0.6)
        else net.add("Gather", [x.name, net.constant(np.array(0))], axis=axis)
    )
    body = net.body({"s": part, "e": part} if stateful else {"e": part})
    fill(body, net.integer(1, 3))
    outputs = []
    if stateful:
        joined = body.add("Add", ["s", newest(body, part).name])
        outputs.append(output_of(body, body.tensors[joined]))
    outputs.append(output_of(body, newest(body)))
    graph = body.graph("scan", list(body.tensors)[: 1 + stateful], outputs)
    settings: dict[str, Any] = {
        "num_scan_inputs": 1,
        "scan_input_axes": [axis - x.rank if net.chance(0.3) and net.opset >= 11 else axis],
    }
    settings["scan_input_directions"] = [net.integer(0, 1)]
    settings["scan_output_directions"] = [net.integer(0, 1)]
    if net.chance(0.3):
        settings["scan_output_axes"] = [net.integer(0, body.tensors[outputs[-1]].rank)]
    net.add_many(
        "Scan",
        [start, x.name] if stateful else [x.name],
        1 + stateful,
        captured=body.captured(),
        body=graph,
        **settings,
    )


@proposal
def function(net: Builder) -> None:
    """A model-local function, called once or twice, sometimes with an attribute that its body refers to."""
    if net.depth or net.function:
        raise NoFit
    x = net.pick(least=1)
    body = net.body({"a": x.value}, function=True)
    attributes = {}
    if net.chance(0.3):
        y = body.add("Softmax", "a", axis=x.rank - 1)
        reference = body.nodes[-1].attribute[0]
        reference.Clear()
        reference.name, reference.ref_attr_name, reference.type = "axis", "along", onnx.AttributeProto.INT
        attributes["along"] = net.integer(0, x.rank - 1) if net.opset >= 13 else x.rank - 1
        output = y
    else:
        fill(body, net.integer(1, 3))
        output = output_of(body, newest(body, x.value if net.chance() else None))
    name = f"F{len(net.functions)}"
    net.functions.append(
        helper.make_function("local", name, ["a"], [output], body.nodes, body.opsets(), attributes=list(attributes))
    )
    y = net.add(name, x.name, domain="local", **attributes)
    if net.chance(0.3) and net.tensors[y].shape == x.shape:
        net.add(name, y, domain="local", **attributes)


@proposal
def sequence(net: Builder) -> None:
    """Taken apart, and put together again in another way."""
    x = net.pick(least=1)
    if net.opset < 11 or net.function:
        raise NoFit
    axis = net.integer(0, x.rank - 1)
    if not x.shape[axis]:
        raise NoFit
    if net.chance(0.6):
        size = net.constant(np.array(net.integer(1, 2)))
        parts = net.add("SplitToSequence", [x.name, size] if net.chance(0.7) else [x.name], axis=axis)
    else:
        parts = net.add("SequenceConstruct", [x.name] * net.integer(1, 2))
    count = len(net.tensors[parts].value)
    if net.chance(0.2):
        parts = net.add("SequenceErase", [parts, net.constant(np.array(net.integer(-1, count - 1)))])
        count -= 1
    if net.chance(0.2) and count:
        first = net.add("SequenceAt", [parts, net.constant(np.array(0))])
        parts = net.add(
            "SequenceInsert", [parts, first] + ([net.constant(np.array(net.integer(0, count)))] if net.chance() else [])
        )
    if net.chance():
        net.add("SequenceAt", [parts, net.constant(np.array(net.integer(-count, count - 1) if count else 0))])
    else:
        net.add("ConcatFromSequence", parts, axis=axis, new_axis=net.choice([None, 0, 1]))


@proposal
def positions_of(net: Builder) -> None:
    """How many there are depends on the data."""
    x = net.pick(least=1)
    match net.integer(0, 2):
        case 0:
            net.add("NonZero", net.add("Relu", x.name))
        case 1:
            net.add_many(
                "Unique", net.add("Round", x.name), net.integer(1, 2), axis=net.axis(x) if net.chance() else None
            )
        case _:
            flags = net.add("Greater", [net.add("Reshape", [x.name, net.ints(-1)]), net.constant(np.float32(0))])
            net.add("Compress", [net.pick(least=1).name, flags])


@frequent
def length_from_data(net: Builder) -> None:
    """Shapes, ends and places that come from an input."""
    x, index = net.pick(least=1), net.pick(kind="i")
    one = net.add(
        "Reshape",
        [net.add("Gather", [net.add("Reshape", [index.name, net.ints(-1)]), net.constant(np.array([0]))]), net.ints(1)],
    )
    match net.integer(0, 3):
        case 0:
            net.add("Expand", [x.name, net.add("Add", [net.add("Abs", one), net.ints(1)])])
        case 1 if net.opset >= 10:
            net.add("Slice", [x.name, one, net.ints(net.integer(1, 4)), net.ints(net.axis(x))])
        case 2:
            net.add(
                "Range", [net.constant(np.array(0)), net.add("Reshape", [one, net.ints()]), net.constant(np.array(1))]
            )
        case _:
            net.add("ConstantOfShape", net.add("Abs", one))


@proposal
def optional(net: Builder) -> None:
    x = net.pick()
    if net.opset < 18 or net.function:
        raise NoFit
    net.add("OptionalGetElement", x.name)
