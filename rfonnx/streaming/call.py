"""A node that is to be written for chunks: what rules see of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from onnx import NodeProto, helper

from rfonnx.gradients.values import Value
from rfonnx.graph.nodes import Node
from rfonnx.operators.row import Operator
from rfonnx.operators.table import operator
from rfonnx.results.streaming import Length
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.model import Source
from rfonnx.streaming.placed import Placed, Readings
from rfonnx.streaming.refusal import Refused, refused
from rfonnx.streaming.relations import Reading
from rfonnx.streaming.writer import Writer


@dataclass(frozen=True)
class Call:
    """One node.

    Attributes:
        placed: the node, and what it reads along time.
        source, writer: the offline model, and the graph that is written.
        flows: operands whose frames come in chunks.
        waiting: nodes that make tensors with two axes of frames, by these: each is written when what goes along the keys is,
            which says how many there are.
    """

    placed: Placed
    source: Source
    writer: Writer
    flows: Mapping[str, Flow]
    waiting: Mapping[str, Call] = field(default_factory=dict)

    @property
    def node(self) -> Node:
        """Canonical."""
        return self.placed.node

    @property
    def proto(self) -> NodeProto:
        """As it stands in the file."""
        return self.placed.proto

    @property
    def readings(self) -> Readings:
        """See `Placed`."""
        return self.placed.readings

    @property
    def still(self) -> Mapping[str, int]:
        """See `Placed`."""
        return self.placed.still

    @property
    def row(self) -> Operator:
        """What is known of the operator."""
        return operator(self.node.kind)

    @property
    def output(self) -> str:
        """The first output that has frames."""
        return next(iter(self.readings))

    @property
    def axis(self) -> int:
        """Its axis of frames."""
        return next(iter(self.readings[self.output].values()))[0]

    @property
    def operand(self) -> str:
        """The first operand that has frames; "": all of them have two axes of frames."""
        return next(iter(self.readings[self.output]), "")

    @property
    def flow(self) -> Flow:
        """Of that operand."""
        return self.flows[self.operand]

    @property
    def reading(self) -> Reading:
        """What the first output reads of it."""
        return self.readings[self.output][self.operand][1]

    def refuse(self, reason: str, hint: str = "") -> Refused:
        """The node's refusal."""
        return refused(self.node, reason, self.operand if self.readings else "", hint)

    def shape(self, output: str, axis: int, frames: int) -> tuple[int, ...]:
        """Of a chunk of an output."""
        shape = self.source.graph.shapes[output]
        if shape is None or None in shape:
            raise self.refuse("makes a tensor whose shape depends on data")
        return tuple(frames if i == axis else n or 0 for i, n in enumerate(shape))

    def made(self, value: Value, frames: int, delay: int, length: Length, output: str = "") -> Flow:
        """An output's flow, of whose frames outside nothing is known."""
        output = output or self.output
        axis = next(iter(self.readings[output].values()))[0]
        return Flow(value, self.shape(output, axis, frames), axis, delay, length)

    def new(self, output: str, name: str = "") -> Value:
        """The name that an output has in the graph that is written."""
        number = self.node.outputs.index(output)
        return Value(self.writer.emit, name or self.writer.named(self.proto, number), self.source.graph.dtypes[output])

    def emit(self, inputs: Sequence[Value | None], attrs: Mapping[str, object], output: str = "") -> Value:
        """The node's operator with other inputs, and attributes in the place of those of the file."""
        output = output or self.output
        kept = {a.name: a for a in self.proto.attribute if a.name not in attrs}
        names = ["" if value is None else value.name for value in inputs]
        while names and not names[-1]:
            names.pop()
        value = self.new(output)
        self.writer.copy(self.proto, names, [value.name])
        made = self.writer.emit.nodes[-1]
        del made.attribute[:]
        made.attribute.extend(kept.values())
        made.attribute.extend(helper.make_attribute(name, given) for name, given in attrs.items() if given is not None)
        made.name = value.name
        return value

    def constant(self, index: int) -> Value | None:
        """An operand without frames, as a value: unchanged at every length.

        Raises:
            Refused: it is a constant that depends on the length.
        """
        if index >= len(self.node.inputs) or not self.node.inputs[index]:
            return None
        name = self.node.inputs[index]
        graph = self.source.graph
        if name not in graph.constants:
            return Value(self.writer.emit, name, graph.dtypes[name])
        if name not in self.source.stored:
            found = self.source.values(name)
            if found[0] is None:
                return self._made_anew(name)
            if any(other is None or not same(found[0], other) for other in found):
                raise self.refuse(f"has a constant '{name}' that depends on the length of the streamed axis")
            return self.writer.emit.constant(found[0])
        return Value(self.writer.emit, name, graph.dtypes[name])

    def capture(self) -> None:
        """Have the constants that the node's subgraphs read from outside, under their names.

        Raises:
            Refused: one depends on the length.
        """
        graph, writer = self.source.graph, self.writer
        for name in self.node.attrs.get("captures", ()):
            if name not in graph.constants or name in self.source.stored or name in writer.kept:
                continue
            found = self.source.values(name)
            if found[0] is None:
                self._made_anew(name)
            elif any(other is None or not same(found[0], other) for other in found):
                raise self.refuse(f"has a constant '{name}' inside that depends on the length of the streamed axis")
            else:
                value = writer.emit.constant(found[0]).name
                writer.emit.nodes.append(helper.make_node("Identity", [value], [name], writer.emit.unique("constant")))
                writer.kept.add(name)

    def zero_point(self) -> float | None:
        """The number of the first operand that stands for 0; None: it is computed, or there are several."""
        index = self.row.zero_point
        name = self.node.inputs[index] if index is not None and index < len(self.node.inputs) else ""
        if not name:
            return 0.0
        value = self.source.values(name)[0]
        if value is None or value.dtype.kind not in "iu" or not value.size or (value != value.flat[0]).any():
            return None
        return float(value.flat[0])

    def _made_anew(self, name: str) -> Value:
        """A constant whose value is too large to be worked out here (weights that are stored in 8 bits): its nodes are kept.

        Raises:
            Refused: it is made of the shape of a tensor with frames.
        """
        makers = {output: node for output, node in self.source.makers.items() if output not in self.writer.kept}
        if name in makers:
            node = makers[name]
            for operand in node.input:
                if operand and operand not in self.source.graph.constants:
                    raise self.refuse(f"has a constant '{name}' that depends on the length of the streamed axis")
                if operand:
                    self._made_anew(operand)
            self.writer.copy(node, node.input, node.output)
            self.writer.kept.update(node.output)
        return Value(self.writer.emit, name, self.source.graph.dtypes[name])


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two constants are one, also where they are no numbers."""
    return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
