"""How the nodes of a main graph hang together: who makes a tensor, who reads it, what lies before it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import prod

from onnx import ModelProto, NodeProto

from rfonnx.graph.order import reads, sort, stored_names, true_inputs
from rfonnx.model.reading.convert import kind_of
from rfonnx.operators.table import operator

MAX_SOURCES = 32
"""Marked tensors before one that are kept: no layer has more operands, and what is asked is whether one is among them."""

Sources = Mapping[str, frozenset[str]]


class Wiring:
    """The main graph of a model.

    Attributes:
        nodes: in topological order.
        maker: the node of a tensor.
        readers: nodes that read a tensor, those whose bodies do included.
        inputs: names of the inputs without the initializers.
    """

    def __init__(self, model: ModelProto) -> None:
        """Raises ModelError: the nodes have no order."""
        graph = model.graph
        given = {*(entry.name for entry in graph.input), *stored_names(graph)}
        self.inputs = [entry.name for entry in true_inputs(graph)]
        self.nodes = sort(graph.node, given, [output.name for output in graph.output])
        self._sizes: dict[str, int] = {tensor.name: prod(tensor.dims) for tensor in graph.initializer}
        self._sizes |= {
            node.output[0]: prod(attribute.t.dims)
            for node in self.nodes
            if node.op_type == "Constant"
            for attribute in node.attribute
            if attribute.name == "value"
        }
        self._places = {id(node): place for place, node in enumerate(self.nodes)}
        self.maker: dict[str, NodeProto] = {}
        self.readers: dict[str, list[NodeProto]] = {}
        self._reads: dict[int, list[str]] = {}
        moving, depending = set(self.inputs), set(self.inputs)
        for node in self.nodes:
            self._reads[id(node)] = reads(node)
            for name in self._reads[id(node)]:
                self.readers.setdefault(name, []).append(node)
            self.maker.update((output, node) for output in node.output if output)
            if not operator(kind_of(node)).shape_only and not moving.isdisjoint(self._reads[id(node)]):
                moving.update(node.output)
            if not depending.isdisjoint(self._reads[id(node)]):
                depending.update(node.output)
        self._moving, self._depending = moving - {""}, depending - {""}

    def kind(self, name: str) -> str:
        """Kind of the node that makes a tensor, or ""."""
        return kind_of(self.maker[name]) if name in self.maker else ""

    def operands(self, node: NodeProto) -> list[str]:
        """Tensors that a node reads and that depend on values of the inputs."""
        return [name for name in self._reads[id(node)] if name in self._moving]

    def moves(self, node: NodeProto) -> bool:
        """Whether what a node makes depends on the inputs, on their shapes included."""
        return not self._depending.isdisjoint(node.output)

    def is_constant(self, name: str) -> bool:
        """Whether a tensor does not depend on the inputs."""
        return name not in self._depending

    def size(self, name: str) -> int:
        """Elements of a constant that is stored, or made of a stored one by nodes that hand it on; 0 where that is not known."""
        while name not in self._sizes:
            node = self.maker.get(name)
            if node is None or not operator(kind_of(node)).hands_on:
                return 0
            name = node.input[0]
        return self._sizes[name]

    def root(self, name: str) -> str:
        """The tensor whose numbers this one holds in another spelling: quantised, dequantised, cast."""
        while (
            (node := self.maker.get(name)) is not None
            and operator(kind_of(node)).hands_on
            and node.input[0] in self._moving
        ):
            name = node.input[0]
        return name

    def before(self, marked: Collection[str]) -> Sources:
        """By marked tensor: the nearest marked tensors that it is computed from, inputs of the model among them."""
        near: dict[str, frozenset[str]] = {name: frozenset((name,)) for name in self.inputs}
        found: dict[str, frozenset[str]] = {}
        for node in self.nodes:
            sources = _few(near.get(name, frozenset()) for name in self.operands(node))
            for output in node.output:
                near[output] = sources
                if output in marked:
                    found[output], near[output] = sources, frozenset((output,))
        return found

    def between(self, name: str, ends: Collection[str]) -> list[NodeProto]:
        """Nodes that make a tensor from the nearest of `ends`, in order; those that work on constants alone left out."""
        wanted, waiting, found = set[str](), [name], dict[int, NodeProto]()
        while waiting:
            node = self.maker.get(waiting.pop())
            if node is None or self._places[id(node)] in found:
                continue
            found[self._places[id(node)]] = node
            for source in self.operands(node):
                if source not in ends and source not in wanted:
                    wanted.add(source)
                    waiting.append(source)
        return [found[place] for place in sorted(found)]


def _few(sets: Iterator[frozenset[str]]) -> frozenset[str]:
    made: set[str] = set()
    for one in sets:
        if len(made) < MAX_SOURCES:
            made |= one
    return frozenset(made)
