"""The walk: every node of the file in topological order, each with its types, and with what is constant about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import onnx
from onnx import NodeProto, TypeProto

from rfonnx.errors import ModelError
from rfonnx.graph.blocks import channel_block
from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import check_size
from rfonnx.model.building import control
from rfonnx.model.building.constness import add_constant_node, note_constants
from rfonnx.model.building.functions import Functions, Inlined
from rfonnx.model.building.infer import check_fit, infer_node
from rfonnx.model.building.limits import Limits
from rfonnx.model.building.scope import Body, Placed, Scope
from rfonnx.model.building.tables import Tables
from rfonnx.model.reading.convert import Wording, bind_call, plain_domain, to_node, wording
from rfonnx.model.reading.declared import Declared

MAX_ADDED = 200_000
"""Nodes that inlining may add to those in the file: functions that call functions twice each grow exponentially."""

NO_BODIES: Mapping[str, Body] = MappingProxyType({})
"""Of most nodes."""

CALL = 8
"""Nodes that a call counts for: its names and attributes are bound."""


class Builder:
    """Builds one model's graph.

    Attributes:
        tables: what is known so far.
    """

    def __init__(
        self, model: onnx.ModelProto, name: str, folder: Path | None, declared: Declared, limits: Limits
    ) -> None:
        self.tables = Tables(name, channel_block(model.graph), folder, declared)
        self._functions = Functions(model.functions)
        self._budget = MAX_ADDED + 2 * len(model.graph.node)
        self._limits = limits
        self._written = 0  # nodes of rounds
        self._worded: dict[Wording, Node] = {}  # the first of its wording

    def walk(self, scope: Scope, protos: Iterable[NodeProto]) -> list[Placed]:
        """Nodes in order, with functions and taken branches inlined, and loops of few rounds written out.

        Raises:
            ModelError, ShapeError: see `load`.
        """
        nodes: list[Placed] = []
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
                continue
            mark = self.tables.mark()
            placed = self._add(proto, scope)
            bodies = self._written_out(placed, mark) if placed.bodies else None
            if bodies is None:
                nodes.append(placed)
            else:
                pending.extend((body.scope, iter(body.nodes)) for body in reversed(bodies))
        return nodes

    def _enter(self, proto: NodeProto, scope: Scope) -> Inlined | None:
        """The body to go on with in place of a function call, a decided If, or what takes a tensor out of a sequence."""
        if self._functions:
            key = self._functions.find(proto)
            if key is not None:
                self._budget -= CALL
                return self._functions.enter(key, proto, scope, self.tables.unique)
        if proto.op_type == "If" and plain_domain(proto.domain) == "" and proto.input:
            condition = self.tables.constants.value(scope.resolve(proto.input[0]))
            if condition is not None and condition.size == 1:
                from rfonnx.model.building import branches

                return branches.take(self.tables, proto, scope, bool(condition.reshape(-1)[0]))
        return self.tables.sequences.follow(proto, scope)

    def _written_out(self, placed: Placed, mark: tuple[int, int]) -> list[Inlined] | None:
        """What to go on with in place of a loop of few rounds, or of an If that is a choice; None where the node stays.

        Args:
            placed: the node, with its bodies.
            mark: where the tables stood before it.
        """
        from rfonnx.model.building import branches, unroll

        node, proto, scope, _ = placed
        trips = unroll.rounds(node, self._limits, self._written)
        if trips is not None:
            self.tables.forget_since(mark)
            self._written += trips * len(node.attrs["body"].nodes)
            return unroll.write_out(self.tables, proto, scope, trips)
        if self._limits.choices and branches.alike(node, self.tables):
            self.tables.forget_since(mark)
            return branches.choose(self.tables, proto, scope)
        return None

    def _add(self, proto: NodeProto, scope: Scope) -> Placed:
        """Make a node, and record its outputs' types and whether they are constant."""
        tensors, constants = self.tables.tensors, self.tables.constants
        made = proto.output[:]
        inputs, outputs = scope.resolve_all(proto.input[:]), scope.resolve_all(made)
        if proto.op_type == "Constant" and not plain_domain(proto.domain):
            node = to_node(proto, scope, inputs, outputs)
            add_constant_node(proto, node, tensors, constants)
            return Placed(node, proto, scope, NO_BODIES)
        words = wording(proto, scope)
        node = self._node(words, proto, scope, inputs, outputs)
        inner = control.captured(proto, scope) if words is None else []
        if inner:
            node.attrs["captures"] = inner
        bodies = NO_BODIES
        if control.is_control(node):
            followed: dict[str, Body] = {}
            bodies = followed
            found = control.infer(control.Control(self.tables, self.walk, followed), proto, node, scope)
        else:
            found = infer_node(proto, node, words, scope, tensors, constants)
        self._record(node, made, scope, found)
        if not scope.depth:  # a branch, or a loop's body, may never be run with these shapes
            check_fit(node, tensors)
        note_constants(proto, scope, node, inner, tensors, constants)
        return Placed(node, proto, scope, bodies)

    def _node(
        self, words: Wording | None, proto: NodeProto, scope: Scope, inputs: tuple[str, ...], outputs: tuple[str, ...]
    ) -> Node:
        """As `to_node`; what a wording says is read once, and shared by its nodes: attributes of those with graphs alone are
        added to."""
        if words is None:
            return to_node(proto, scope, inputs, outputs)
        first = self._worded.get(words)
        if first is None:
            self._worded[words] = first = to_node(proto, scope, (), ())
        return Node(first.op_type, first.domain, proto.name, inputs, outputs, first.attrs, first.version)

    def _record(self, node: Node, made: Sequence[str], scope: Scope, found: Mapping[int, TypeProto]) -> None:
        """Record the types of what a node makes; `made`: the names of that in the file."""
        tensors = self.tables.tensors
        for index, name in enumerate(node.outputs):
            if name:
                declared = scope.declared.get(made[index]) if scope.declared else None
                self.tables.declared.settle(name, found.get(index), declared, tensors)
                shape = tensors.shapes[name]
                if shape not in tensors.sized:
                    check_size(name, shape, node)
                    tensors.sized.add(shape)
