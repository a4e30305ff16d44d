"""Loop and Scan with few, known rounds become their rounds, one after another: what each reads is then exact.

Round 2 of node `loop` makes the tensors `loop/2/...`; what the body has stored is `loop/...`, once. The round's number is a
constant in it, so that `x[i]` is a slice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import GraphProto, NodeProto, helper

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.order import graph_of, stored_names
from rfonnx.model.building.functions import Inlined, subgraph_scope
from rfonnx.model.building.limits import Limits
from rfonnx.model.building.scope import Scope
from rfonnx.model.building.tables import Tables
from rfonnx.operators.control import listed


def rounds(node: Node, limits: Limits, written: int) -> int | None:
    """How many rounds of a Loop or Scan to write out, or None: it is neither, their number depends on data, or they have too
    many nodes, with those that were `written` before."""
    body, trips = node.attrs.get("body"), node.attrs.get("trips")
    if (
        not isinstance(body, Graph)
        or trips is None
        or trips > limits.rounds
        or trips * len(body.nodes) > min(limits.nodes, limits.total - written)
    ):
        return None
    if "" in node.inputs[0 if node.op_type == "Scan" else 2 :]:
        return None
    if node.op_type == "Scan":
        return trips if node.version >= 9 and trips > 0 else None
    stacked = len(body.outputs) - 1 > len(node.inputs) - 2
    return trips if trips > 0 or not stacked else None


def write_out(tables: Tables, proto: NodeProto, scope: Scope, trips: int) -> list[Inlined]:
    """The rounds, and after them nodes that give the loop's outputs."""
    return _Loop(tables, proto, scope, trips).bodies()


class _Loop:
    """A Loop or Scan that is being written out."""

    def __init__(self, tables: Tables, proto: NodeProto, scope: Scope, trips: int) -> None:
        self.tables, self.proto, self.scope, self.trips = tables, proto, scope, trips
        self.graph = graph_of(proto, "body") or GraphProto()
        self.attrs = {a.name: helper.get_attribute_value(a) for a in proto.attribute if a.name != "body"}
        self.scans = proto.op_type == "Scan"
        self.slices = self.attrs["num_scan_inputs"] if self.scans else 0
        self.label = scope.prefix + (proto.name or proto.op_type)
        stored = stored_names(self.graph)
        prefix = tables.unique(self.label, stored)
        self.shared = {name: prefix + name for name in stored}  # the same in all rounds
        tables.add_stored(self.graph, subgraph_scope(scope, {}, self.shared, prefix))
        self.nodes = tables.sorted_nodes(self.graph, scope)
        self.inputs = [scope.resolve(name) for name in (proto.input if self.scans else proto.input[2:])]
        # Nodes that are made here speak of graph-wide names.
        self.plain = Scope(scope.prefix, scope.opsets, depth=scope.depth)

    def bodies(self) -> list[Inlined]:
        """Everything, in order."""
        first = 0 if self.scans else 1  # a Loop's body gives its condition first
        carried = self.inputs[: len(self.inputs) - self.slices]
        count = len(carried)
        stacks: list[list[str]] = [[] for _ in self.graph.output[first + count :]]
        found: list[Inlined] = []
        for number in range(self.trips):
            made, outputs = self._round(number, carried)
            found += made
            carried = outputs[first : first + count]
            for stack, name in zip(stacks, outputs[first + count :], strict=True):
                stack.append(name)
        return [*found, Inlined(self.plain, self._results(carried, stacks))]

    def _round(self, number: int, carried: Sequence[str]) -> tuple[list[Inlined], list[str]]:
        """One round: the nodes that slice its inputs, the body, and the graph-wide names of the body's outputs."""
        tables, graph = self.tables, self.graph
        given = [i.name for i in graph.input]
        local = list(dict.fromkeys([*given, *(o for node in self.nodes for o in node.output if o)]))
        prefix = tables.unique(f"{self.label}/{number}", [*local, "position"])
        names = self.shared | {name: prefix + name for name in local}
        before: list[NodeProto] = []
        if self.scans:
            names.update(zip(given, carried, strict=False))
            before = [self._slice(j, number, prefix, names[name]) for j, name in enumerate(given[len(carried) :])]
        else:
            for info, value in zip(graph.input[:2], (np.array(number, np.int64), np.array(True)), strict=True):
                rank = len(info.type.tensor_type.shape.dim)
                tables.sequences.constant(names[info.name], value.reshape((1,) * min(rank, 1)))
            names.update(zip(given[2:], carried, strict=True))
        inner = subgraph_scope(self.scope, {}, names, prefix)
        outputs = [inner.resolve(o.name) for o in graph.output]
        return [Inlined(self.plain, before), Inlined(inner, self.nodes)], outputs

    def _slice(self, index: int, number: int, prefix: str, name: str) -> NodeProto:
        """The scanned input's position of a round, without its axis."""
        axis = listed(self.attrs, "scan_input_axes", index)
        position = self.trips - 1 - number if listed(self.attrs, "scan_input_directions", index) else number
        where = f"{prefix}position{index}" if index else f"{prefix}position"
        self.tables.sequences.constant(where, np.array(position, np.int64))
        source = self.inputs[len(self.inputs) - self.slices + index]
        return helper.make_node("Gather", [source, where], [name], self.proto.name, axis=axis)

    def _results(self, carried: Sequence[str], stacks: Sequence[Sequence[str]]) -> list[NodeProto]:
        nodes: list[NodeProto] = []
        targets = [self.scope.resolve(name) for name in self.proto.output]
        for name, target in zip(carried, targets, strict=False):
            if target:
                nodes.append(helper.make_node("Identity", [name], [target], self.proto.name))
        opset = self.scope.version("")
        for index, (stack, target) in enumerate(zip(stacks, targets[len(carried) :], strict=False)):
            if target:
                axis = listed(self.attrs, "scan_output_axes", index)
                order = list(stack)[::-1] if listed(self.attrs, "scan_output_directions", index) else stack
                nodes += self.tables.sequences.stack(self.proto, order, target, axis, opset)
        return nodes
