"""Which tensors have frames, along which axis and at what rate; what every node reads of them; and the first that blocks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from onnx import NodeProto

from rfonnx.analysis.lower import Program
from rfonnx.graph.nodes import Node
from rfonnx.graph.text import quote
from rfonnx.operators.table import operator
from rfonnx.streaming.model import Source
from rfonnx.streaming.readings import Blocked, Ends, Found, Moves, Reading, Slides, Spreads, read
from rfonnx.streaming.refusal import Refused, refused

Readings = Mapping[str, Mapping[str, tuple[int, Reading]]]


@dataclass(frozen=True, slots=True)
class Placed:
    """A node, and by output that has frames, by operand: the output's axis, and what it reads; among them what a recurrence holds
    at its end, which has none (`Ends`). There are none: the node stays."""

    node: Node
    proto: NodeProto
    readings: Readings


@dataclass
class Layout:
    """The nodes in order, and their tensors.

    Attributes:
        axes: the axis of frames by tensor.
        rates: frames per frame of the input, by tensor.
        finals: tensors without frames that are right when the last frame has come: the last states of recurrences, and what is
            made of them.
        unit: chunks have to be multiples of it, so that all tensors have whole frames.
    """

    placed: list[Placed] = field(default_factory=list)
    axes: dict[str, int] = field(default_factory=dict)
    rates: dict[str, Fraction] = field(default_factory=dict)
    finals: set[str] = field(default_factory=set)
    unit: int = 1

    def note(self, rate: Fraction) -> None:
        """A chunk has whole numbers of frames at this rate."""
        self.unit = math.lcm(self.unit, rate.denominator)


def lay_out(source: Source) -> Layout:
    """Follow the streamed axis through the graph.

    Raises:
        Refused: a node that an output needs reads the axis in a way that cannot be streamed.
    """
    layout = Layout(axes=dict(source.streamed), rates=dict.fromkeys(source.streamed, Fraction(1)))
    blocked: dict[str, Refused] = {}
    programs = [view.program for view in source.views.values()]
    tensors, names = [_by_node(program) for program in programs], [_names(program) for program in programs]
    for index, node in enumerate(source.graph.nodes):
        if operator(node.kind).draws:
            raise refused(node, "draws at random in every run")
        outputs = [name for name in node.outputs if name and name not in source.graph.constants]
        if not outputs:
            continue
        for name in (*node.inputs, *node.attrs.get("captures", ())):
            if name in blocked:
                raise blocked[name]
        if any(name in layout.axes for name in node.attrs.get("captures", ())):
            raise refused(node, "reads frames inside a branch or a loop that is not written out")
        late = {name for name in (*node.inputs, *node.attrs.get("captures", ())) if name in layout.finals}
        if late and any(name in layout.axes for name in node.inputs):
            blocked.update(dict.fromkeys(outputs, refused(node, JOINED, min(late))))
            continue
        if late:
            layout.finals.update(outputs)
        proto = source.nodes[next(name for name in node.outputs if name)]
        readings: dict[str, dict[str, tuple[int, Reading]]] = {}
        if any(name in layout.axes for name in node.inputs):
            views = [
                read(program, own.get(index, ()), layout.axes, named)
                for program, own, named in zip(programs, tensors, names, strict=True)
            ]
            for name in outputs:
                found = _agreed([view.get(name, {}) for view in views])
                answer = _placed(node, name, found, layout)
                if isinstance(answer, Refused):
                    blocked[name] = answer
                elif answer and (source.readers[name] or not _ends(answer)):
                    readings[name] = answer
                    _enter(layout, name, answer)
        layout.placed.append(Placed(node, proto, readings))
    for name in source.graph.outputs:
        if name in blocked:
            raise blocked[name]
        if name not in layout.axes and name not in layout.finals:
            raise Refused(
                f"{source.model.label}: output {quote(name)} has no frames: it does not depend on axis {source.axis} of "
                f"{quote(source.input)}",
                "leave it out: name the others with --until",
            )
    return layout


def _names(program: Program) -> list[str]:
    return [name for name, _ in program.inputs] + [tensor.name for tensor in program.tensors]


def _by_node(program: Program) -> dict[int, list[int]]:
    """Indices of the tensors that each node makes."""
    found: dict[int, list[int]] = {}
    for index, tensor in enumerate(program.tensors):
        found.setdefault(tensor.node_index, []).append(index)
    return found


def _agreed(views: list[Mapping[str, Found]]) -> dict[str, Found]:
    """What an output reads at every length, or that it differs."""
    first = dict(views[0])
    for operand in {name for view in views for name in view}:
        for view in views:
            one, other = first.get(operand), view.get(operand)
            if isinstance(one, Blocked):
                break
            if other is None or one is None or isinstance(other, Blocked) or one != other:
                reason = other.reason if isinstance(other, Blocked) else DIFFERS
                first[operand] = Blocked(reason)
    return first


JOINED = "joins frames with what is known when the last one has come"
DIFFERS = "reads other frames where the whole is longer: where they lie depends on its length"


def _last_states(node: Node) -> Sequence[str]:
    """Outputs that hold what a recurrence carries, after its last step."""
    carries = operator(node.kind).carries
    if carries == "layer":
        return node.outputs[1:]
    return node.outputs[: len(node.inputs) - node.attrs["num_scan_inputs"]] if carries == "rounds" else ()


def _placed(
    node: Node, name: str, found: Mapping[str, Found], layout: Layout
) -> dict[str, tuple[int, Reading]] | Refused:
    """What an output reads, or why it cannot be streamed."""
    made: dict[str, tuple[int, Reading]] = {}
    for operand, one in found.items():
        if isinstance(one, Blocked):
            return refused(node, one.reason, operand)
        if isinstance(one[1], Ends) and name not in _last_states(node):
            return refused(node, one[1].reason, operand)
        made[operand] = one
    if len({axis for axis, _ in made.values()}) > 1:
        return refused(node, "compares positions of the streamed axis with each other", next(iter(made)))
    rates = {layout.rates[operand] * factor(one[1]) for operand, one in made.items()}
    if len(rates) > 1:
        return refused(node, "joins tensors of different rates", next(iter(made)))
    return made


def factor(reading: Reading) -> Fraction:
    """Frames that are made per frame that is read."""
    if isinstance(reading, Slides):
        return Fraction(1, reading.stride)
    if isinstance(reading, Spreads):
        return Fraction(reading.stride)
    return Fraction(len(reading.offsets), reading.shift) if isinstance(reading, Moves) else Fraction(1)


def _ends(answer: Mapping[str, tuple[int, Reading]]) -> bool:
    return any(isinstance(reading, Ends) for _, reading in answer.values())


def _enter(layout: Layout, name: str, answer: Mapping[str, tuple[int, Reading]]) -> None:
    operand, (axis, reading) = next(iter(answer.items()))
    if _ends(answer):
        layout.finals.add(name)
        return
    layout.axes[name] = axis
    layout.rates[name] = layout.rates[operand] * factor(reading)
    layout.note(layout.rates[name])
    if isinstance(reading, Moves):
        layout.note(layout.rates[operand] / reading.shift)
