"""Graph -> access program: what each tensor reads, in access primitives, ready for the C++ core."""

from __future__ import annotations

from rfonnx.analysis.repeated import Key, Paths, Repeated
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.access.apply import node_accesses, program_shape
from rfonnx.operators.access.op import Known, Weights
from rfonnx.operators.access.primitives import Path, Step
from rfonnx.operators.access.zeros import note_uncertain
from rfonnx.system.named import NamedTuple


class Tensor(NamedTuple):
    """One computed tensor of the program.

    Attributes:
        name: the tensor's name; that of a temporary inside an operator is not the user's (`graph.temporaries`).
        shape: with 1 for each dimension that depends on data (such a tensor reads everything, inexactly).
        paths: (index of the tensor read, steps); inputs come first in the numbering, then `Program.tensors`. Equal steps without
            tables are one object: a deep model has few different ones, and what follows them can be kept by identity.
        exact, note: as in `rfonnx.operators.access.primitives.Access`.
        kind: the operator's registry key.
        node: the node's name, or "".
        node_index: position of the node in `Graph.nodes`.
    """

    name: str
    shape: tuple[int, ...]
    paths: Paths
    exact: bool
    note: str
    kind: str
    node: str
    node_index: int


class Program(NamedTuple):
    """The access program of a graph.

    Attributes:
        inputs: (name, shape) of the graph's true inputs.
        tensors: every tensor that is no constant, temporaries of rules included, in topological order.
    """

    inputs: tuple[tuple[str, tuple[int, ...]], ...]
    tensors: tuple[Tensor, ...]


def lower(graph: Graph, weights: Weights = "structure") -> Program:
    """The access program of a graph; a node that cannot be lowered reads everything, with a note that says why.

    Args:
        graph: the graph.
        weights: "values" lets rules read constant weights for the zeros in them.
    """
    lowering = _Lowering(graph, weights)
    for node_index, node in enumerate(graph.nodes):
        lowering.add(node_index, node)
    return Program(lowering.inputs, tuple(lowering.tensors))


class _Lowering:
    """The program as far as it goes, and what is known of the nodes in it."""

    def __init__(self, graph: Graph, weights: Weights) -> None:
        self._graph = graph
        self._index = {name: i for i, name in enumerate(graph.inputs)}
        self._known = Known(uncertain=graph.inputs, weights=weights)
        self._repeated = Repeated(graph, self._known)
        self._steps = Alike()
        self.inputs = tuple((name, program_shape(graph.shapes.get(name))) for name in graph.inputs)
        self.tensors: list[Tensor] = []

    def add(self, node_index: int, node: Node) -> None:
        """Add what a node makes, unless it is constant."""
        known, constants = self._known, self._graph.constants
        for name in node.outputs:
            if name:
                known.producers[name] = node
        if constants.issuperset(node.outputs) or constants.issuperset(filter(None, node.outputs)):
            return
        note_uncertain(node, self._graph, known)
        key = self._repeated.key(node)
        reads = None if key is None else self._repeated.reads(node, key)
        if reads is None:
            self._ask(node_index, node, key)
            return
        sources = self._sources(node)
        for name, paths in zip(filter(None, node.outputs), reads, strict=True):
            self._make(
                Tensor(
                    name,
                    program_shape(self._graph.shapes.get(name)),
                    tuple([(sources[number], steps) for number, steps in paths]),
                    True,
                    "",
                    node.kind,
                    node.name,
                    node_index,
                )
            )

    def _ask(self, node_index: int, node: Node, key: Key | None) -> None:
        """Ask the rule of a node, and keep what it says under the key if it says nothing about this node in particular."""
        graph, known, kind, label = self._graph, self._known, node.kind, node.name
        temporaries, accesses = node_accesses(node, graph, known)
        for name, (shape, access) in temporaries.items():
            maker = known.makers.get(name, node)
            paths = self._indexed(access.paths)
            self._make(Tensor(name, shape, paths, access.exact, access.note, maker.kind, maker.name, node_index))
        made = []
        for name, access in zip(node.outputs, accesses, strict=True):
            if name and name not in graph.constants:
                shape, paths = program_shape(graph.shapes.get(name)), self._indexed(access.paths)
                self._make(Tensor(name, shape, paths, access.exact, access.note, kind, label, node_index))
                made.append(paths)
        if key is not None and not temporaries and all(access.exact and not access.note for access in accesses):
            self._repeated.keep(node, key, self._sources(node), made)

    def _make(self, tensor: Tensor) -> None:
        self._index[tensor.name] = len(self.inputs) + len(self.tensors)
        self.tensors.append(tensor)

    def _sources(self, node: Node) -> list[int]:
        return [self._index.get(name, -1) for name in node.inputs]

    def _indexed(self, paths: tuple[Path, ...]) -> Paths:
        index, constants, first = self._index, self._graph.constants, self._steps.first
        return tuple([(index[name], first(steps)) for name, steps in paths if name and name not in constants])


class Alike(dict[tuple[object, ...], tuple[Step, ...]]):
    """The first of equal steps, by their types and what they hold: to Python, a Permute equals a Reduce of the same axes."""

    def first(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """The first that was equal to these; themselves, when they hold tables, which are not compared."""
        try:
            return self.setdefault((*map(type, steps), *steps), steps)
        except TypeError:
            return steps
