"""Where a node of the file stands: which graph-wide names its local names have, which opsets it speaks; and what it became."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import AttributeProto, GraphProto, NodeProto, OperatorSetIdProto, TypeProto

from rfonnx.errors import ModelError
from rfonnx.graph.nodes import Node
from rfonnx.system.named import NamedTuple

FunctionKey = tuple[str, str, str]
"""Domain, name and overload of a model-local function."""


class Scope:
    """A graph, subgraph or function body that nodes come from.

    Attributes:
        prefix: what tensors made in it are prefixed with: "" in the main graph, "call/" inside a function.
        opsets: version by domain.
        names: graph-wide name by local name; the main graph's names stand for themselves.
        outer: the scope that a subgraph captures names from; None for the main graph and for functions.
        attributes: what attribute references inside a function stand for; None outside functions.
        calls: the functions entered on the way here, outermost first.
        declared: types that the file declares for local names, right or wrong.
        depth: number of subgraphs around it.
        imports, said_in: `opsets` as onnx takes them, and such that they can be looked up by.
    """

    def __init__(
        self,
        prefix: str,
        opsets: Mapping[str, int],
        names: dict[str, str] | None = None,
        outer: Scope | None = None,
        attributes: Mapping[str, AttributeProto] | None = None,
        calls: tuple[FunctionKey, ...] = (),
        declared: Mapping[str, TypeProto] | None = None,
        depth: int = 0,
    ) -> None:
        self.prefix, self.opsets, self.names = prefix, opsets, {} if names is None else names
        self.outer, self.attributes, self.calls, self.depth = outer, attributes, calls, depth
        self.declared: Mapping[str, TypeProto] = {} if declared is None else declared
        self.said_in = tuple(opsets.items())
        self.imports = [OperatorSetIdProto(domain=d, version=v) for d, v in opsets.items()]

    def inside(self, prefix: str, names: dict[str, str]) -> Scope:
        """A scope like this one that prefixes and names tensors otherwise."""
        return Scope(prefix, self.opsets, names, self.outer, self.attributes, self.calls, self.declared, self.depth)

    def resolve(self, name: str) -> str:
        """Graph-wide name of a local name; "" stays ""."""
        if not name:
            return name
        scope: Scope | None = self
        while scope is not None:
            found = scope.names.get(name)
            if found is not None:
                return found
            scope = scope.outer
        return name

    def resolve_all(self, names: Sequence[str]) -> tuple[str, ...]:
        """Graph-wide names of several local ones."""
        if self.outer is None and not self.names:  # the main graph
            return tuple(names)
        return tuple([self.resolve(name) for name in names])

    def version(self, domain: str) -> int:
        """Opset version of a domain; 1 for a custom domain that the file forgot to import.

        Raises:
            ModelError: the file uses ai.onnx without importing it.
        """
        version = self.opsets.get(domain)
        if version is None:
            if domain == "":
                raise ModelError("the model imports no ai.onnx opset", "set opset_import and save it again")
            return 1
        return version


class Placed(NamedTuple):
    """A node of the graph, and where it comes from.

    Attributes:
        node: as the graph has it.
        proto: of the file, its attribute references bound, or one that stands for it.
        scope: what the names in `proto` mean.
        bodies: what its subgraphs became, by attribute.
    """

    node: Node
    proto: NodeProto
    scope: Scope
    bodies: Mapping[str, Body]


class Body(NamedTuple):
    """A subgraph of a node that stays: of the file, with the scope inside it and the nodes that it became."""

    graph: GraphProto
    scope: Scope
    placed: list[Placed]
