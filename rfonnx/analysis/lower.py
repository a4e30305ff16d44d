"""Graph -> access program: what each tensor reads, in access primitives, ready for the C++ core."""

from __future__ import annotations

from rfonnx.graph.nodes import Graph
from rfonnx.operators.access.apply import node_accesses, program_shape
from rfonnx.operators.access.op import Known, Weights
from rfonnx.operators.access.primitives import Path, Step
from rfonnx.system.named import NamedTuple

IndexedPath = tuple[int, tuple[Step, ...]]


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
    paths: tuple[IndexedPath, ...]
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
    index = {name: i for i, name in enumerate(graph.inputs)}
    inputs = tuple((name, program_shape(graph.shapes.get(name))) for name in graph.inputs)
    tensors: list[Tensor] = []
    base = len(inputs)
    constants, shapes = graph.constants, graph.shapes

    known = Known(weights=weights)
    steps = Alike()

    for node_index, node in enumerate(graph.nodes):
        for name in node.outputs:
            known.producers[name] = node
        if constants.issuperset(filter(None, node.outputs)):
            continue
        temporaries, accesses = node_accesses(node, graph, known)
        kind, label = node.kind, node.name
        for name, (shape, access) in temporaries.items():
            paths = _indexed(access.paths, index, constants, steps)
            index[name] = base + len(tensors)
            maker = known.makers.get(name, node)
            tensors.append(Tensor(name, shape, paths, access.exact, access.note, maker.kind, maker.name, node_index))
        for name, access in zip(node.outputs, accesses, strict=True):
            if not name or name in constants:
                continue
            paths = _indexed(access.paths, index, constants, steps)
            index[name] = base + len(tensors)
            shape = program_shape(shapes.get(name))
            tensors.append(Tensor(name, shape, paths, access.exact, access.note, kind, label, node_index))
    return Program(inputs, tuple(tensors))


class Alike(dict[tuple[object, ...], tuple[Step, ...]]):
    """The first of equal steps, by their types and what they hold: to Python, a Permute equals a Reduce of the same axes."""

    def first(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """The first that was equal to these; themselves, when they hold tables, which are not compared."""
        try:
            return self.setdefault((*map(type, steps), *steps), steps)
        except TypeError:
            return steps


def _indexed(
    paths: tuple[Path, ...], index: dict[str, int], constants: set[str], alike: Alike
) -> tuple[IndexedPath, ...]:
    return tuple([(index[name], alike.first(steps)) for name, steps in paths if name and name not in constants])
