"""The walk: every node of the file in topological order, each with its types, and with what is constant about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import onnx
from onnx import TypeProto

from rfonnx.errors import ModelError
from rfonnx.graph.file_nodes import FileNode
from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import check_size
from rfonnx.model.building import control
from rfonnx.model.building.alike import AlikeNodes
from rfonnx.model.building.constness import add_constant_node, note_constants
from rfonnx.model.building.functions import Functions, Inlined
from rfonnx.model.building.infer import check_fit, infer_node
from rfonnx.model.building.limits import Limits
from rfonnx.model.building.scope import Body, Placed, Scope
from rfonnx.model.building.sequences import Sequences
from rfonnx.model.building.tables import Tables
from rfonnx.model.reading.convert import bind_call, to_node
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
        self, model: onnx.ModelProto, name: str, folder: Path | None, block: int, declared: Declared, limits: Limits
    ) -> None:
        self.tables = Tables(name, block, folder, declared)
        self._functions = Functions(model.functions)
        self._budget = MAX_ADDED + 2 * len(model.graph.node)
        self._limits = limits
        self._written = 0  # nodes of rounds
        self._alike = AlikeNodes(self.tables.tensors, self.tables.constants.names)

    def walk(self, scope: Scope, files: Iterable[FileNode]) -> list[Placed]:
        """Nodes in order, with functions and taken branches inlined, and loops of few rounds written out.

        Raises:
            ModelError, ShapeError: see `load`.
        """
        nodes: list[Placed] = []
        pending = [(scope, iter(files))]
        while pending:
            scope, rest = pending[-1]
            file = next(rest, None)
            if file is None:
                pending.pop()
                continue
            self._budget -= 1
            if self._budget < 0:
                raise ModelError(
                    f"functions and subgraphs unfold into over {MAX_ADDED} nodes, a call counted as {CALL}",
                    "inline or simplify the model first",
                )
            if scope.attributes is not None:
                file = FileNode(bind_call(file.proto, scope))
            body = self._enter(file, scope)
            if body is not None:
                pending.append((body.scope, map(FileNode, body.nodes)))
                continue
            mark = self.tables.mark() if file.nested else (0, 0)
            placed = self._add(file, scope)
            bodies = self._written_out(placed, mark) if placed.bodies else None
            if bodies is None:
                nodes.append(placed)
            else:
                pending.extend((body.scope, map(FileNode, body.nodes)) for body in reversed(bodies))
        return nodes

    def _enter(self, file: FileNode, scope: Scope) -> Inlined | None:
        """The body to go on with in place of a function call, a decided If, or what takes a tensor out of a sequence."""
        proto = file.proto
        if self._functions:
            key = self._functions.find(proto)
            if key is not None:
                self._budget -= CALL
                return self._functions.enter(key, proto, scope, self.tables.unique)
        if file.op_type == "If" and not file.domain and file.inputs:
            condition = self.tables.constants.value(scope.resolve(file.inputs[0]))
            if condition is not None and condition.size == 1:
                from rfonnx.model.building import branches

                return branches.take(self.tables, proto, scope, bool(condition.reshape(-1)[0]))
        return self.tables.sequences.follow(proto, scope) if file.op_type in Sequences.RULES else None

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

    def _add(self, file: FileNode, scope: Scope) -> Placed:
        """Make a node, and record its outputs' types and whether they are constant."""
        tensors, constants, proto = self.tables.tensors, self.tables.constants, file.proto
        inputs, outputs = scope.resolve_all(file.inputs), scope.resolve_all(file.outputs)
        if file.op_type == "Constant" and not file.domain:
            node = to_node(file, scope, inputs, outputs)
            add_constant_node(proto, node, tensors, constants)
            return Placed(node, proto, scope, NO_BODIES)
        alike = self._alike.of(file, scope, inputs, outputs)
        if alike is None or control.is_control(file):
            return self._add_nested(file, scope, inputs, outputs)
        said = alike.node
        node = Node(said.op_type, said.domain, file.name, inputs, outputs, said.attrs, said.version, alike.number)
        found = infer_node(proto, node, alike, scope, tensors, constants)
        as_others = found is alike.made
        as_others = self._record(node, file, scope, found, as_others and alike.recorded) and as_others
        if not as_others:
            node.alike = 0 if alike.may_be_constant else self._alike.number(alike, outputs)
        if not scope.depth and not (as_others and alike.fits):  # what is inside another node may never be run like that
            check_fit(node, tensors)
            alike.fits = as_others or alike.fits
        alike.recorded = as_others or alike.recorded
        placed = Placed(node, proto, scope, NO_BODIES)
        if alike.may_be_constant or constants.partial:
            note_constants(placed, [], tensors, constants)
        return placed

    def _add_nested(self, file: FileNode, scope: Scope, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Placed:
        """The same of a node that holds graphs, or should."""
        tensors, constants, proto = self.tables.tensors, self.tables.constants, file.proto
        node = to_node(file, scope, inputs, outputs)
        inner = control.captured(proto, scope)
        if inner:
            node.attrs["captures"] = inner
        bodies: dict[str, Body] = {}
        if control.is_control(node):
            found = control.infer(control.Control(self.tables, self.walk, bodies), proto, node, scope)
        else:
            found = infer_node(proto, node, None, scope, tensors, constants)
        self._record(node, file, scope, found, False)
        if not scope.depth:
            check_fit(node, tensors)
        placed = Placed(node, proto, scope, bodies)
        note_constants(placed, inner, tensors, constants)
        return placed

    def _record(self, node: Node, file: FileNode, scope: Scope, found: Mapping[int, TypeProto], checked: bool) -> bool:
        """Record the types of what a node makes; whether they are those that were inferred.

        Args:
            node, file: the node, and as it stands in the file.
            scope: that it stands in.
            found: what was inferred, by output index.
            checked: whether the sizes of that are known to be sensible.
        """
        tensors, settle = self.tables.tensors, self.tables.declared.settle
        as_inferred = True
        for index, name in enumerate(node.outputs):
            if not name:
                continue
            inferred, declared = found.get(index), scope.declared.get(file.outputs[index])
            settle(name, inferred, declared, tensors)
            if tensors.types[name] is not inferred:
                as_inferred = False
            elif checked:
                continue
            shape = tensors.shapes[name]
            if shape not in tensors.sized:
                check_size(name, shape, node)
                tensors.sized.add(shape)
        return as_inferred
