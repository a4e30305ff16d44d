"""Nodes that read frame o for frame o: they stay as they are; operands wait for the latest one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rfonnx.gradients.values import Value
from rfonnx.operators.families import family
from rfonnx.operators.row import Unknown
from rfonnx.streaming.bending import straight
from rfonnx.streaming.call import Call, same
from rfonnx.streaming.flow import Flow, Stored
from rfonnx.streaming.rules.history import through
from rfonnx.streaming.rules.tables import Rows, by_position
from rfonnx.streaming.still import ELSEWHERE


def copied(call: Call) -> list[Flow | None]:
    """The node on chunks.

    Delay: that of the latest operand; operands that come earlier wait. What stands outside is known where values are but moved,
    or are 0 and stay so.
    """
    _refuse_places(call)
    flows = {name: call.flows[name] for name in dict.fromkeys(call.node.inputs) if name in call.flows}
    if len({(flow.bend, flow.delay) for flow in flows.values()}) > 1 or call.still:
        flows = {name: straight(call.writer, flow) for name, flow in flows.items()}
    first, led = next(iter(flows.values())), None
    known = _outside(call, first) if len(flows) == 1 else _of_all(call, flows)
    if len(flows) == 1 and first.bend is None and first.delay < 0 and (first.led or known is None):
        led = through(call, first)
    early = known is None and all(flow.delay < 0 and not flow.bend for flow in flows.values())
    waits = led is None and early and not _zeros(call, first)
    if led is None:
        flows = {name: call.writer.settled(flow) if waits or flow.led else flow for name, flow in flows.items()}
    first = next(iter(flows.values()))
    for name, flow in flows.items():
        if (flow.frames, flow.length(call.source.length)) != (first.frames, first.length(call.source.length)):
            raise call.refuse(f"joins tensors of different rates ('{name}' has another than the first)")
    lengths = {flow.length for flow in flows.values()}
    if len(lengths) > 1:  # a single frame of one would be joined with every frame of the other
        for length in lengths:
            call.writer.lengths.at_least(length, 2)
    latest = max(flow.delay for flow in flows.values())
    flows = {name: call.writer.later(flow, latest) for name, flow in flows.items()}
    inputs = [
        "" if not name else flows[name].value.name if name in flows else _still(call, index, first.frames, latest)
        for index, name in enumerate(call.node.inputs)
    ]
    axes = call.node.attrs.get("axes") if call.row.keeps == "order" and len(inputs) == 1 else None
    if axes and not any(
        a.name == "axes" for a in call.proto.attribute
    ):  # all of length 1: a chunk may have one more, or the whole
        inputs.append(call.writer.emit.ints(axes).name)
        call.writer.lengths.at_least(first.length, 2)
    wanted = [name for name in call.node.outputs if name in call.readings]
    values = {name: call.new(name) for name in wanted}
    spare = {name: call.writer.named(call.proto, 9) for name in call.node.outputs if name and name not in values}
    call.writer.copy(
        call.proto, inputs, [values[name].name if name in values else spare.get(name, "") for name in call.node.outputs]
    )
    call.writer.emit.nodes[-1].name = values[wanted[0]].name
    ends = (None, (known or (None, None))[1]) if led else known or (None, None)
    made: list[Flow | None] = []
    for name in call.node.outputs:
        if name not in values:
            made.append(None)
            continue
        axis = next(iter(call.readings[name].values()))[0]
        shape = call.shape(name, axis, first.frames)
        stored = None if first.bend else _stored(call, next(iter(flows.values())))
        made.append(Flow(values[name], shape, axis, latest, first.length, *ends, stored, first.bend, led))
    return made


def _refuse_places(call: Call) -> None:
    """What goes to places that indices say, or comes from such: indices without frames are those of the whole. So are those
    that a pool gives, whichever axis the frames are."""
    row, rank = call.row, len(call.source.graph.shapes[call.output] or ())
    if isinstance(row.border, Unknown) and call.axis in call.node.attrs.get("axes", ()):
        raise call.refuse("crops or pads the streamed axis to a size in numbers")
    if row.border == "lowest" and len(call.readings) > 1:
        raise call.refuse("gives positions in the whole (Indices)")
    turns = family(call.node.kind) == "attention"
    if not turns and (not row.moves or "regular" in row.manner):
        return
    for index in row.indexed:
        name = call.node.inputs[index] if index < len(call.node.inputs) else ""
        beside = len(call.source.graph.shapes.get(name) or ()) == rank > 1
        if name and name not in call.flows and (turns or beside or len(call.node.inputs) > 2):
            raise call.refuse(f"has indices '{name}' that do not come with the frames")


def _zeros(call: Call, flow: Flow) -> bool:
    """Whether it quantises zeros with a zero point that is computed: what stands in front is told by them."""
    quantises = call.row.hands_on and call.row.zero_point is not None and "int" not in flow.value.dtype
    return quantises and flow.before == 0.0 and call.zero_point() is None


def _stored(call: Call, flow: Flow) -> Stored | None:
    """What a node makes real that does nothing else."""
    if not call.row.hands_on or call.row.zero_point is None:
        return None
    zero, node = call.zero_point(), call.writer.emit.nodes[-1]
    if "int" not in flow.value.dtype:
        return Stored(flow, 0.0, node, None) if zero is None else None
    return None if zero is None else Stored(flow, zero, node)


def _outside(call: Call, flow: Flow) -> tuple[float | None, float | None] | None:
    """What stands behind the operator in frames before the first and after the last, where it is the same everywhere; None: it is
    not known."""
    ends = flow.before, flow.after
    if call.row.keeps:
        return ends
    if call.row.keeps_zero and len(call.node.inputs) == 1:
        return ends if set(ends) <= {0.0, None} else None
    if not call.row.hands_on or call.row.zero_point is None:
        return None
    zero = call.zero_point()
    numbers = (zero, 0.0) if "int" in flow.value.dtype else (0.0, zero)
    before, after = (None if end is None or end != numbers[0] else numbers[1] for end in ends)
    return None if before is None and flow.delay < 0 else (before, after)


def _of_all(call: Call, flows: Mapping[str, Flow]) -> tuple[float | None, float | None] | None:
    """The same of operands that lie beside each other and hold the same number outside."""
    before, *others = {flow.before for flow in flows.values()}
    if "joined" not in call.row.manner or others or before is None or set(call.node.inputs) != set(flows):
        return None
    after, *others = {flow.after for flow in flows.values()}
    return before, None if others else after


def _still(call: Call, index: int, frames: int, delay: int) -> str:
    """The name of an operand without frames; as long as a chunk, where it is as long as the streamed axis."""
    name = call.node.inputs[index]
    if name not in call.source.graph.constants:
        return name
    if index == call.row.shaped_by:
        return call.writer.emit.ints(call.shape(call.output, call.axis, frames)).name
    shrunk = _shrunk(call, index, frames, delay)
    value = shrunk if shrunk is not None else call.constant(index)
    assert value is not None
    return value.name


def _shrunk(call: Call, index: int, frames: int, delay: int) -> Value | None:
    """A constant that is as long as the streamed axis. In an operand that lines up with the output: one frame of it, where it is
    the same all along; else those of the chunk. In others: as many as a chunk has. None: it is no such constant.

    Raises:
        Refused: it is as long, and neither the same nor told by the position.
    """
    name, row = call.node.inputs[index], call.row
    if name in call.still:
        place = call.still[name]
        if place == ELSEWHERE:
            raise call.refuse(f"compares frames with the places of a constant '{name}'")
        first_state = row.recurrent is not None and index in row.recurrent.states
        found = [value for value in call.source.values(name) if value is not None]
        if len(found) < len(call.source.views):
            raise call.refuse(f"has a constant '{name}' along the streamed axis that is too large to be looked at")
        first = np.take(found[0], [0], place)
        if not all(same(np.broadcast_to(first, value.shape), value) for value in found):
            if not first_state:
                return by_position(call, name, place, Rows(frames, -delay, frames, call.flow.length))
            raise call.refuse(f"has a first state '{name}' that differs from frame to frame")
        return call.writer.emit.constant(np.repeat(first, frames, place) if first_state else first)
    if name in call.source.stored:
        return None
    return _by_length(call, name, frames)


def _by_length(call: Call, name: str, frames: int) -> Value | None:
    """A constant that is longer where the streamed axis is, such as the first state of a layer whose batch is time."""
    found = call.source.values(name)
    lengths = [call.flow.length(length) for length in call.source.views]
    if any(value is None for value in found) or len({value.shape for value in found if value is not None}) == 1:
        return None
    first = found[0]
    assert first is not None
    for place in range(first.ndim):
        if [value.shape[place] for value in found if value is not None] == lengths:
            one = np.take(first, [0], place)
            if all(value is not None and same(np.broadcast_to(one, value.shape), value) for value in found):
                return call.writer.emit.constant(np.repeat(one, frames, place))
    return None
