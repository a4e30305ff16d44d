"""Scans: a body that is run for each frame, and what it carries from one to the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, helper

from rfonnx.gradients.values import Value
from rfonnx.graph.order import graph_of
from rfonnx.operators.control import swept_axes
from rfonnx.streaming.call import Call, same
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.rules.carried import first_state, named
from rfonnx.streaming.rules.copied import copied
from rfonnx.streaming.writer import chosen


def scanned(call: Call) -> list[Flow | None]:
    """The scan of a chunk, which begins with what the one before left.

    Frames before 0 must not move what is carried, nor those behind the last one where it is wanted at the end: the body is told
    which frames there are, and carries what it had at others. A scan along another axis does the same to every frame.
    """
    node, writer = call.node, call.writer
    count = int(node.attrs["num_scan_inputs"])
    carried, swept = node.inputs[:-count], node.inputs[-count:]
    along = [axis for _, axis in swept_axes(node, call.source.graph.shapes)]
    if not any(name in call.flows and call.flows[name].axis == axis for name, axis in zip(swept, along, strict=True)):
        call.capture()
        flowing = copied(call)
        scan = next(node for node in reversed(writer.emit.nodes) if node.op_type == call.node.op_type)
        _forget_shapes(graph_of(scan, "body"))
        return flowing
    flows = _together(call, carried, swept, along)
    first = next(iter(flows.values()))
    finals = [name for name in node.outputs[: len(carried)] if name in call.readings]
    call.capture()
    body, inputs = GraphProto(), list[str]()
    body.CopyFrom(graph_of(call.proto, "body") or GraphProto())
    _forget_shapes(body)
    states = []
    for index, output in enumerate(node.outputs[: len(carried)]):
        shape = tuple(n or 0 for n in call.source.graph.shapes[carried[index]] or ())
        state, value = first_state(call, index, output, shape)
        states.append(state)
        inputs.append(value.name)
    for index, name in enumerate(swept):
        inputs.append(
            flows[name].value.name if name in flows else _still(call, len(carried) + index, along[index], first)
        )
    if first.delay > 0 or finals:
        inputs.append(writer.inside(first, start=first.delay > 0, end=bool(finals)).name)
        along.append(0)
        _hold(call, body, len(carried))
    made = _written(call, body, inputs, along)
    for state, value, output in zip(states, made, node.outputs, strict=False):
        state.following = named(call, value, output) if output in finals else value
    if finals:
        writer.lengths.close(first)
    framed = [
        call.made(value, first.frames, first.delay, first.length, output) if output in call.readings else None
        for value, output in zip(made[len(carried) :], node.outputs[len(carried) :], strict=True)
    ]
    return [*([None] * len(carried)), *framed]


def _together(call: Call, carried: Sequence[str], swept: Sequence[str], along: Sequence[int]) -> dict[str, Flow]:
    """The operands with frames, which wait for the latest one.

    Raises:
        Refused: the scan goes along frames of one operand, and along another axis of the next; or a first state has frames.
    """
    writer = call.writer
    crossed = [name for name in carried if name in call.flows]
    crossed += [n for n, axis in zip(swept, along, strict=True) if n in call.flows and call.flows[n].axis != axis]
    if crossed:
        raise call.refuse(f"goes along frames, and across those of '{crossed[0]}'")
    flows = {name: writer.settled(call.flows[name]) for name in swept if name in call.flows}
    first = next(iter(flows.values()))
    for name, flow in flows.items():
        if (flow.frames, flow.length) != (first.frames, first.length):
            raise call.refuse(f"goes through tensors of different lengths ('{name}' has another than the first)")
    latest = max(flow.delay for flow in flows.values())
    return {name: writer.later(flow, latest) for name, flow in flows.items()}


def _still(call: Call, index: int, axis: int, flow: Flow) -> str:
    """A scanned operand without frames, which is the same in every round: as many of it as a chunk has."""
    name, views = call.node.inputs[index], call.source.views
    if name not in call.source.graph.constants:
        raise call.refuse(f"goes through '{name}', which has no frames")
    values = call.source.values(name)
    if any(value is None for value in values):
        raise call.refuse(f"goes through a constant '{name}' that is too large to be looked at")
    one = np.take(np.asarray(values[0]), [0], axis)
    for value, length in zip(values, views, strict=True):
        whole = np.asarray(value)
        if whole.shape[axis] != flow.length(length) or not same(np.broadcast_to(one, whole.shape), whole):
            raise call.refuse(
                f"goes through a constant '{name}' that differs from frame to frame (a table by position, a mask)"
            )
    return call.writer.emit.constant(np.repeat(one, flow.frames, axis)).name


def _forget_shapes(body: GraphProto | None) -> None:
    """What a body says of shapes is of the whole."""
    if body is not None:
        del body.value_info[:]
        for entry in (*body.input, *body.output):
            entry.type.tensor_type.ClearField("shape")


def _hold(call: Call, body: GraphProto, count: int) -> None:
    """One more scanned input, whether there is a frame: where there is none, the body carries what it had."""
    emit = call.writer.emit.inner()
    there = Value(emit, emit.unique("there"), "bool")
    body.input.append(helper.make_tensor_value_info(there.name, TensorProto.BOOL, []))
    for index, (before, after) in enumerate(zip(body.input[:count], body.output[:count], strict=True)):
        dtype = call.source.graph.dtypes[call.node.inputs[index]]
        after.name = chosen(emit, there, Value(emit, after.name, dtype), Value(emit, before.name, dtype)).name
    body.node.extend(emit.nodes)


def _written(call: Call, body: GraphProto, inputs: Sequence[str], along: Sequence[int]) -> list[Value]:
    """The node with another body and other operands; its outputs."""
    emit, node = call.writer.emit, call.node
    made = []
    for number, name in enumerate(node.outputs):
        dtype = call.source.graph.dtypes[name or node.inputs[number]]
        made.append(Value(emit, call.writer.named(call.proto, number), dtype))
    call.writer.copy(call.proto, inputs, [value.name for value in made])
    scan: NodeProto = emit.nodes[-1]
    kept = [a for a in scan.attribute if a.name not in ("body", "num_scan_inputs", *LISTS)]
    del scan.attribute[:]
    scan.attribute.extend(kept)
    rounds = {"scan_input_axes": list(along), "scan_input_directions": [0] * len(along)}
    for key, value in {"body": body, "num_scan_inputs": len(along), **rounds}.items():
        scan.attribute.append(helper.make_attribute(key, value))
    scan.name = made[0].name
    return made


LISTS = ("scan_input_axes", "scan_input_directions")
