"""What is known of a model's tensors while its graph is built: names, types, constants, sequences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from onnx import GraphProto, NodeProto

from rfonnx.errors import ModelError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.order import MAX_NESTING, sort, stored_names
from rfonnx.graph.tensors import Tensors
from rfonnx.model.building.fold import Constants
from rfonnx.model.building.scope import Scope
from rfonnx.model.building.sequences import Sequences
from rfonnx.model.building.speller import Speller
from rfonnx.model.reading.declared import Declared


class Tables:
    """Names of all graphs, functions and subgraphs of a model are unique: they share these tables.

    Args:
        name: of the file, for messages.
        block: channels of a block, where the model has blocked tensors.
        folder: where the weights outside the file lie.
        declared: what the file and earlier runs say of tensors.

    Attributes:
        tensors, constants, sequences, declared: what is known of each tensor.
        warnings: one line each, for `Graph.warnings`.
    """

    def __init__(self, name: str, block: int, folder: Path | None, declared: Declared) -> None:
        self.name = name
        self.tensors = Tensors(block)
        self.constants = Constants(self.tensors, folder)
        self.declared = declared
        self.sequences = Sequences(self.tensors, self.constants, self.unique)
        self.warnings: list[str] = []
        self._taken: set[str] = set()
        self._names: list[str] = []  # those in `_taken`, in the order in which they came
        self._numbers: dict[str, int] = {}  # where to go on looking for a free prefix

    def graph(
        self, inputs: Sequence[str], outputs: Sequence[str], nodes: list[Node], opsets: Mapping[str, int]
    ) -> Graph:
        """A Graph over the shared tables, its nodes canonical."""
        graph = Graph(
            self.name, tuple(inputs), tuple(outputs), nodes, self.tensors.shapes, self.tensors.dtypes,
            self.constants.names, self.constants.evaluate, self.warnings, dict(opsets),
        )  # fmt: skip
        names, speller = self.constants.names, Speller(graph)
        # A node that is constant as a whole stays as the file spells it: it is asked for its value, not lowered.
        graph.nodes = [
            node
            if names.issuperset(node.outputs) or all(o in names or not o for o in node.outputs)
            else speller.canonical(node)
            for node in nodes
        ]
        return graph

    def take(self, names: Iterable[str]) -> None:
        """Reserve names."""
        new = [name for name in dict.fromkeys(names) if name not in self._taken]
        self._names += new
        self._taken.update(new)

    def mark(self) -> tuple[int, int]:
        """Where the tables stand, for `forget_since`."""
        return len(self.tensors.recorded), len(self._names)

    def forget_since(self, mark: tuple[int, int]) -> None:
        """Forget all names recorded since a mark, before a loop's body is inferred again."""
        tensors, names = mark
        for name in self.tensors.recorded[tensors:]:
            self.tensors.forget(name)
            self.constants.forget(name)
            self.declared.forget(name)
            self.sequences.forget(name)
        del self.tensors.recorded[tensors:]
        self._taken.difference_update(self._names[names:])
        del self._names[names:]
        self._numbers.clear()

    def unique(self, label: str, names: Iterable[str]) -> str:
        """A prefix `label/` under which none of the names is taken yet; `label_1/` and so on otherwise."""
        names = list(names)
        number = self._numbers.get(label, 0)
        attempt = f"{label}_{number}/" if number else f"{label}/"
        while any(attempt + name in self._taken for name in names):
            number += 1
            attempt = f"{label}_{number}/"
        self._numbers[label] = number
        self.take(attempt + name for name in names)
        return attempt

    def add_stored(self, graph: GraphProto, scope: Scope) -> None:
        """Record a graph's initializers as constants."""
        for tensor in graph.initializer:
            self.constants.add_tensor(scope.resolve(tensor.name), tensor)
        for sparse in graph.sparse_initializer:
            name = scope.resolve(sparse.values.name)
            self.tensors.set_tensor(name, sparse.values.data_type, tuple(sparse.dims))
            self.constants.add_unknown(name)

    def check_depth(self, scope: Scope) -> None:
        """Refuse subgraphs that are nested too deeply."""
        if scope.depth >= MAX_NESTING:
            raise ModelError(f"subgraphs are nested more than {MAX_NESTING} deep", "flatten the model's control flow")

    def sorted_nodes(self, graph: GraphProto, outer: Scope) -> list[NodeProto]:
        """A subgraph's nodes in order; names that are known in the outer scope are visible."""
        given = [*(i.name for i in graph.input), *stored_names(graph)]
        types = self.tensors.types
        return sort(graph.node, given, [o.name for o in graph.output], lambda name: outer.resolve(name) in types)
