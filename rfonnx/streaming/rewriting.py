"""The streaming model of one chunk length, from the layout of the offline one."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onnx import ModelProto, TensorProto, helper

from rfonnx.analysis.bisection import last_that
from rfonnx.errors import QueryError
from rfonnx.gradients.values import Value
from rfonnx.graph.order import reads
from rfonnx.graph.tensors import ELEMENT_TYPES
from rfonnx.results.plain import counted
from rfonnx.results.streaming import ENDLESS, Length, Manifest, StreamedInput, StreamedOutput
from rfonnx.streaming.bending import Seen, straight
from rfonnx.streaming.branches import Middle
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow, Twin
from rfonnx.streaming.model import Source, with_frames
from rfonnx.streaming.placed import Layout
from rfonnx.streaming.rules.choice import BEND, BY_POSITION, LED, rule_of
from rfonnx.streaming.rules.farther import until_it_ends
from rfonnx.streaming.rules.how_many import OPEN
from rfonnx.streaming.rules.windowed import windowed
from rfonnx.streaming.waits import Wait
from rfonnx.streaming.writer import Writer

GIVEN = (
    "the host gives statistics of all frames: with those of other frames the stream is not what the file makes of these"
)


@dataclass(frozen=True)
class Streamed:
    """A streaming model.

    Attributes:
        model: plain operators; states are inputs and outputs.
        manifest: how it is run; `sees` and the least delays are not worked out yet.
        masks: selections in it.
        twins: its tensors that stand for offline ones.
        waits: why it may be later than the least delay.
        middle: what is known where every frame is there.
    """

    model: ModelProto
    manifest: Manifest
    masks: int
    twins: tuple[Twin, ...]
    waits: tuple[Wait, ...]
    middle: Middle


def build(source: Source, layout: Layout, chunk: int) -> Streamed:
    """Write the streaming model.

    Args:
        source, layout: of the offline model.
        chunk: frames of the input that come at a time.

    Raises:
        QueryError: the chunk is no multiple of the unit.
        Refused: there is no rule for what a node does along the streamed axis.
    """
    chunk = _whole(chunk, source.model.label)
    if chunk < 1 or chunk % layout.unit:
        nearest = max(1, (2 * chunk + layout.unit) // (2 * layout.unit)) * layout.unit
        raise QueryError(
            f"{source.model.label}: a chunk of {chunk} frames is no multiple of {layout.unit}, and tensors of lower rates "
            "would get parts of frames",
            f"the nearest that there is has {counted(nearest, 'frame')}",
        )
    graph = source.graph
    taken = {*graph.shapes, *source.stored, *graph.constants, *(name for node in graph.nodes for name in node.outputs)}
    writer = Writer(graph.opsets[""], taken, chunk)
    shapes = with_frames(source.shapes, source.streamed, chunk)
    flows = {
        name: Flow(Value(writer.emit, name, graph.dtypes[name]), shapes[name], axis, 0, Length(), after=0.0)
        for name, axis in source.streamed.items()
    }
    for name in flows:
        writer.stands(name, flows[name])
    waiting: dict[str, Call] = {}
    told = Seen(writer, flows, Writer.told)
    led = Seen(writer, flows, Writer.told_or_led)
    views = {(False, True): told, (True, True): led}
    views |= {(takes, False): Seen(writer, view, straight) for (takes, _), view in views.items()}
    for placed in layout.placed:
        writer.emit.scope = placed.node.name or placed.node.outputs[0]
        rule = None if placed.planes or not placed.readings else rule_of(placed)
        seen = flows if rule is windowed else views[rule in LED, rule in BEND]
        call = Call(placed, source, writer, seen, waiting)
        if placed.planes:
            waiting.update(dict.fromkeys(placed.planes, call))
            continue
        if rule is None:
            _stay(call)
            continue
        if placed.still and rule not in BY_POSITION:
            raise call.refuse(f"has a constant '{min(placed.still)}' with something for each frame")
        made = rule(call)
        for name, flow in zip(placed.readings if len(made) == 1 else placed.node.outputs, made, strict=True):
            if flow is not None:
                _check(call, name, flow)
                if name == call.output:
                    until_it_ends(call, flow.length)
                flows[name] = flow
                if flow.bend is None:
                    writer.stands(name, flow)
    outputs = [_output(writer, name, flows[name]) for name in graph.outputs if name in flows]
    writer.finish()
    _tidied(writer, graph.outputs)
    manifest = _manifest(source, layout, writer, flows, outputs)
    return Streamed(
        _model(source, writer, manifest, flows),
        manifest,
        writer.masks,
        tuple(writer.twins.values()),
        tuple(writer.waits),
        writer.middle(),
    )


def _whole(chunk: Any, label: str) -> int:
    """The length of chunks, of whatever type."""
    if isinstance(chunk, bool) or not isinstance(chunk, numbers.Integral):
        raise QueryError(f"{label}: a chunk of {chunk!r} frames", "give a whole number of them")
    return int(chunk)


def _tidied(writer: Writer, outputs: Sequence[str]) -> None:
    """Without nodes that nobody reads: what has just been made real is made so again behind a cache."""
    wanted = {*outputs, *(state.following.name for state in writer.states if state.following is not None)}
    kept = []
    for node in reversed(writer.emit.nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(reads(node))
    writer.emit.nodes[:] = reversed(kept)
    writer.twins = {key: twin for key, twin in writer.twins.items() if key[0] in wanted}


def _stay(call: Call) -> None:
    """A node without frames is run as it is, every time."""
    call.capture()
    inputs = []
    for index, name in enumerate(call.node.inputs):
        value = call.constant(index) if name in call.source.graph.constants else None
        inputs.append(name if value is None else value.name)
    call.writer.copy(call.proto, inputs, call.node.outputs)


def _check(call: Call, name: str, flow: Flow) -> None:
    """The length by the formula against that by shape inference, wherever the model was looked at."""
    for length, view in call.source.views.items():
        shape = view.graph.shapes[name]
        seen = None if shape is None else shape[flow.axis]
        if flow.length(length) != seen:
            raise call.refuse(
                f"makes {seen} frames of {length} of the input, where {flow.length(length)} would go on evenly",
                OPEN,
            )


def _output(writer: Writer, name: str, flow: Flow) -> StreamedOutput:
    flow = writer.settled(straight(writer, flow))
    writer.emit.nodes.append(helper.make_node("Identity", [flow.value.name], [name], f"{writer.emit.unique('output')}"))
    held = writer.slack(flow)
    if held:
        writer.waits[Wait.CROPPED] = None
    return StreamedOutput(name, flow.axis, flow.frames, flow.delay, None, held, flow.length)


def _manifest(
    source: Source, layout: Layout, writer: Writer, flows: dict[str, Flow], outputs: list[StreamedOutput]
) -> Manifest:
    first, *beside = (
        StreamedInput(name, axis, flows[name].shape, flows[name].value.dtype) for name, axis in source.streamed.items()
    )
    least = {flow.length: 1 for flow in flows.values()} | writer.lengths.fewest
    longest = source.length
    shortest = next((n for n in range(1, longest) if all(length(n) >= least[length] for length in least)), longest)
    others = tuple(name for name in source.graph.inputs if name not in source.streamed)
    read = {name for node in writer.emit.nodes for name in reads(node)}
    states = tuple(writer.described())
    beside_others = {*(state.input for state in states), *(one.told.input for one in source.statistics)}
    others = tuple(name for name in others if name not in beside_others)
    return Manifest(
        model=source.model.name,
        sha256=source.sha256,
        input=first.name,
        axis=first.axis,
        chunk=writer.chunk,
        unit=layout.unit,
        shape=first.shape,
        dtype=first.dtype,
        others=tuple(name for name in others if name in read),
        outputs=tuple(outputs),
        states=states,
        ends_input=writer.lengths.value.name if writer.lengths.ends else "",
        ends=tuple(writer.lengths.ends),
        shortest=shortest,
        sees=0,
        fixed=source.length if source.fixed else 0,
        assumptions=(*source.assumptions, *([GIVEN] if source.statistics else [])),
        beside=tuple(beside),
        finals=tuple(name for name in source.graph.outputs if name not in flows),
        closings=tuple(writer.lengths.closings),
        cache=source.cache,
        unchanged=_most({flows[name].length: source.cache for name in source.narrowed}),
        longest=_most(writer.lengths.longest),
        differs=source.differs,
        statistics=tuple(one.told for one in source.statistics if one.told.input in read),
    )


def _most(limits: Mapping[Length, int]) -> int:
    """The most frames of the input of which no tensor has more than its limit; 0: there is no limit."""

    def fits(n: int) -> bool:
        return all(length(n) <= most for length, most in limits.items())

    return 0 if fits(ENDLESS) else last_that(fits, 0, ENDLESS)


def _model(source: Source, writer: Writer, manifest: Manifest, flows: dict[str, Flow]) -> ModelProto:
    """All that the nodes read, and nothing else."""
    read = {name for node in writer.emit.nodes for name in reads(node)}
    graph, info = source.graph, helper.make_tensor_value_info
    inputs = [info(one.name, ELEMENT_TYPES[one.dtype], one.shape) for one in manifest.inputs]
    inputs += [info(name, ELEMENT_TYPES[graph.dtypes[name]], list(source.shapes[name])) for name in manifest.others]
    inputs += [info(one.input, ELEMENT_TYPES[one.dtype], one.shape) for one in manifest.statistics]
    inputs += [info(state.input, ELEMENT_TYPES[state.dtype], state.shape) for state in manifest.states]
    if manifest.ends_input:
        inputs.append(info(manifest.ends_input, TensorProto.INT64, [len(manifest.ends)]))
    outputs = [
        info(one.name, ELEMENT_TYPES[graph.dtypes[one.name]], list(flows[one.name].shape)) for one in manifest.outputs
    ]
    outputs += [info(name, ELEMENT_TYPES[graph.dtypes[name]], graph.shapes[name]) for name in manifest.finals]
    outputs += [
        info(state.output, ELEMENT_TYPES[state.dtype], state.shape)
        for state in manifest.states
        if state.output not in manifest.finals
    ]
    stored = [tensor for name, tensor in source.stored.items() if name in read]
    constants = [tensor for tensor in writer.emit.constants if tensor.name in read]
    made = helper.make_graph(writer.emit.nodes, source.proto.graph.name, inputs, outputs, [*stored, *constants])
    opsets = [helper.make_opsetid(entry.domain, entry.version) for entry in source.proto.opset_import]
    return helper.make_model(made, opset_imports=opsets, ir_version=source.proto.ir_version, producer_name="rfonnx")
