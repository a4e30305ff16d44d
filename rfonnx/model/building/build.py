"""The walk: every node of the file in topological order, each with its types, and with what is constant about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import onnx
from onnx import GraphProto, NodeProto, TypeProto

from rfonnx.errors import ModelError
from rfonnx.graph.blocks import channel_block
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.order import MAX_NESTING, label, sort, subgraphs
from rfonnx.graph.tensors import Tensors, check_size
from rfonnx.model.building import control
from rfonnx.model.building.constness import add_constant_node, note_constants
from rfonnx.model.building.fold import Call, Constants
from rfonnx.model.building.functions import Body, Functions, splice, subgraph_scope
from rfonnx.model.building.infer import infer_node
from rfonnx.model.building.scope import Scope
from rfonnx.model.building.sequences import Sequences
from rfonnx.model.building.unroll import MAX_TOTAL, is_loop, rounds, write_out
from rfonnx.model.reading.convert import bind_call, plain_domain, to_node
from rfonnx.model.reading.declared import Declared
from rfonnx.operators.families import canonicalize

MAX_ADDED = 200_000
"""Nodes that inlining may add to those in the file: functions that call functions twice each grow exponentially."""

CALL = 8
"""Nodes that a call counts for: its names and attributes are bound."""

Taken = dict[tuple[str, ...], tuple[Body, GraphProto]]
"""Branches that are taken, by where their If stands and its outputs."""


class Builder:
    """Builds one model's graph. Names of all graphs, functions and subgraphs are unique: they share the tables below."""

    def __init__(self, model: onnx.ModelProto, name: str, folder: Path | None, declared: Declared) -> None:
        self.tensors = Tensors(channel_block(model.graph))
        self.constants = Constants(self.tensors, folder)
        self.declared = declared
        self.functions = Functions(model.functions)
        self.warnings: list[str] = []
        self.taken: Taken = {}
        self.name = name
        self._taken: dict[str, None] = {}
        self._numbers: dict[str, int] = {}  # where to go on looking for a free prefix
        self.sequences = Sequences(self.tensors, self.constants, self.unique)
        self._budget = MAX_ADDED + 2 * len(model.graph.node)
        self._written = 0  # nodes of rounds

    def graph(
        self, inputs: Sequence[str], outputs: Sequence[str], nodes: list[Node], opsets: Mapping[str, int]
    ) -> Graph:
        """A Graph over the shared tables, its nodes canonical."""
        graph = Graph(
            self.name, tuple(inputs), tuple(outputs), nodes, self.tensors.shapes, self.tensors.dtypes,
            self.constants.names, self.constants.evaluate, self.warnings, dict(opsets),
        )  # fmt: skip
        names = self.constants.names
        # A node that is constant as a whole stays as the file spells it: it is asked for its value, not lowered.
        graph.nodes = [
            node if all(o in names or not o for o in node.outputs) else canonicalize(node, graph) for node in nodes
        ]
        return graph

    def take(self, names: Iterable[str]) -> None:
        """Reserve names of the main graph."""
        self._taken.update(dict.fromkeys(names))

    def mark(self) -> tuple[int, int]:
        """Where the tables stand, for `rollback`."""
        return len(self.tensors.types), len(self._taken)

    def rollback(self, mark: tuple[int, int]) -> None:
        """Forget all names recorded since a mark, before a loop's body is inferred again."""
        while len(self.tensors.types) > mark[0]:
            name = next(reversed(self.tensors.types))
            self.tensors.forget(name)
            self.constants.forget(name)
            self.declared.forget(name)
            self.sequences.forget(name)
        while len(self._taken) > mark[1]:
            self._taken.popitem()
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

    def walk(self, scope: Scope, protos: Iterable[NodeProto]) -> list[Node]:
        """Nodes in order, with functions and taken branches inlined, and loops of few rounds written out.

        Raises:
            ModelError, ShapeError: see `load`.
        """
        nodes: list[Node] = []
        pending = [(scope, iter(protos))]
        while pending:
            scope, rest = pending[-1]
            proto = next(rest, None)
            if proto is None:
                pending.pop()
                continue
            self._budget -= 1
            if self._budget < 0:
                raise ModelError(
                    f"functions and subgraphs unfold into over {MAX_ADDED} nodes, a call counted as {CALL}",
                    "inline or simplify the model first",
                )
            if scope.attributes is not None:
                proto = bind_call(proto, scope)
            body = self._enter(proto, scope)
            if body is not None:
                pending.append((body.scope, iter(body.nodes)))
            elif is_loop(proto):
                mark = self.mark()
                node = self._add(proto, scope)
                trips = rounds(node, MAX_TOTAL - self._written)
                if trips is None:
                    nodes.append(node)
                else:
                    self.rollback(mark)
                    self._written += trips * len(node.attrs["body"].nodes)
                    bodies = write_out(self, proto, scope, trips)
                    pending.extend((body.scope, iter(body.nodes)) for body in reversed(bodies))
            else:
                nodes.append(self._add(proto, scope))
        return nodes

    def _enter(self, proto: NodeProto, scope: Scope) -> Body | None:
        """The body to go on with in place of a function call, a decided If, or what takes a tensor out of a sequence."""
        if self.functions:
            key = self.functions.find(proto)
            if key is not None:
                self._budget -= CALL
                return self.functions.enter(key, proto, scope, self.unique)
        if proto.op_type == "If" and plain_domain(proto.domain) == "" and proto.input:
            condition = scope.resolve(proto.input[0])
            if condition in self.constants.names:
                value = self.constants.evaluate(condition)
                if value is not None and value.size == 1:
                    return self._branch(proto, scope, bool(value.reshape(-1)[0]))
        return self.sequences.follow(proto, scope)

    def _branch(self, proto: NodeProto, scope: Scope, taken: bool) -> Body | None:
        wanted = "then_branch" if taken else "else_branch"
        branch = next((a.g for a in proto.attribute if a.name == wanted), None)
        if branch is None:
            return None
        if len(branch.output) < len(proto.output):
            raise ModelError(
                f"{label(proto)} has a '{wanted}' of {len(branch.output)} outputs, expected {len(proto.output)}",
                "export it again",
            )
        self.check_depth(scope)
        inner = subgraph_scope(scope, {i.name: i.type for i in branch.value_info}, {}, "")
        nodes = self.sorted_nodes(branch, scope)
        stored = [t.name for t in branch.initializer] + [t.values.name for t in branch.sparse_initializer]
        targets = [scope.resolve(name) for name in proto.output]
        body = splice(inner, nodes, stored, [o.name for o in branch.output], targets, scope.prefix, proto, self.unique)
        self.add_stored(branch, body.scope)
        if scope.attributes is None:
            self.taken[scope.prefix, *targets] = body, branch
        return body

    def check_depth(self, scope: Scope) -> None:
        """Refuse subgraphs that are nested too deeply."""
        if scope.depth >= MAX_NESTING:
            raise ModelError(f"subgraphs are nested more than {MAX_NESTING} deep", "flatten the model's control flow")

    def sorted_nodes(self, graph: GraphProto, outer: Scope) -> list[NodeProto]:
        """A subgraph's nodes in order; names that are known in the outer scope are visible."""
        given = [i.name for i in graph.input] + [t.name for t in graph.initializer]
        given += [t.values.name for t in graph.sparse_initializer]
        types = self.tensors.types
        return sort(graph.node, given, [o.name for o in graph.output], lambda name: outer.resolve(name) in types)

    def _add(self, proto: NodeProto, scope: Scope) -> Node:
        """Make a node, and record its outputs' types and whether they are constant."""
        inputs = tuple([scope.resolve(name) for name in proto.input])
        outputs = tuple([scope.resolve(name) for name in proto.output])
        node = to_node(proto, scope, inputs, outputs)
        if node.op_type == "Constant" and not node.domain:
            add_constant_node(proto, node, self.tensors, self.constants)
            return node
        inner = control.captured(proto, scope) if node.attrs and subgraphs(proto) else []
        if inner:
            node.attrs["captures"] = inner
        found = control.infer(self, proto, node, scope)
        if found is None:
            found = infer_node(proto, node, scope, self.tensors, self.constants)
        self._record(node, proto, scope, found)
        note_constants(Call(proto, node.attrs, scope, inputs, outputs), node, inner, self.tensors, self.constants)
        return node

    def _record(self, node: Node, proto: NodeProto, scope: Scope, found: Mapping[int, TypeProto]) -> None:
        for index, name in enumerate(node.outputs):
            if name:
                self.declared.settle(
                    name, found.get(index), scope.declared.get(proto.output[index]), node, self.tensors
                )
                check_size(name, self.tensors.shapes[name], node)
