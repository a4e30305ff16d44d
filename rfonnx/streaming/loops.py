"""Loops that go through a tensor position by position become scans: what they read along it is then known.

Exporters write a recurrence as a Loop whose rounds take `x[i]` by a counter, as many as x is long. In a Scan the counter, where
it is still read, is carried like any other state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from rfonnx.errors import ModelError, ShapeError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.order import graph_of, needed, reads, subgraphs
from rfonnx.graph.tensors import ELEMENT_TYPES
from rfonnx.model.building.limits import STEPS
from rfonnx.model.opened import Opened


def as_scans(
    proto: ModelProto, free: frozenset[tuple[str, int]], *shapes: Mapping[str, tuple[int, ...]]
) -> tuple[ModelProto, bool]:
    """The model with such Loops as Scans.

    Args:
        proto: in normal form.
        free: (input, axis) whose lengths differ between the shapes.
        shapes: of its inputs: the lengths that are planned with, and longer ones.

    Returns:
        The model, and whether its Loops run for all positions at the longer lengths, too; else the file fixes their number.
    """
    if not any(node.op_type == "Loop" for node in proto.graph.node):
        return proto, True
    graphs = []
    for one in shapes:
        try:
            graphs.append(Opened(proto, free=free, limits=STEPS).graph(one))
        except (ModelError, ShapeError):
            if not graphs:
                return proto, False
    made = ModelProto()
    made.CopyFrom(proto)
    del made.graph.node[:]
    everywhere = len(graphs) == len(shapes)
    for node in proto.graph.node:
        found = [_Loop(node, graph, proto).written() if node.op_type == "Loop" else None for graph in graphs]
        made.graph.node.extend([node] if found[0] is None else found[0])
        everywhere &= found[0] is None or None not in found
    return made, everywhere


class _Loop:
    """A Loop of the file."""

    def __init__(self, proto: NodeProto, graph: Graph, model: ModelProto) -> None:
        self.proto, self.graph = proto, graph
        self.node: Node | None = next((node for node in graph.nodes if node.outputs == tuple(proto.output)), None)
        self.body = GraphProto()
        self.body.CopyFrom(graph_of(proto, "body") or GraphProto())
        self.states = len(proto.input) - 2
        self.initial = list(proto.input[2:])
        self.used = {name for node in model.graph.node for name in reads(node)} | {o.name for o in model.graph.output}
        self.made_by = {name: node for node in self.body.node for name in node.output}
        self.before: list[NodeProto] = []
        self.names: Iterator[str] = (f"{proto.output[0] or proto.name}/scan{number}" for number in count())

    def written(self) -> list[NodeProto] | None:
        """Nodes in its place; None: it is no scan."""
        if self.node is None or not self.node.attrs.get("trips") or "" in self.proto.input[2:]:
            return None
        self._unchanged()
        slices = self._sliced()
        if not slices or any(subgraphs(node) for node in self.body.node):
            return None
        number, going = (entry.name for entry in self.body.input[:2])
        carried = self._carried()
        wanted = [self.body.output[1 + k].name for k in carried] + [o.name for o in self.body.output[1 + self.states :]]
        nodes, seen = needed(self.body.node, wanted)
        if not all(self._keeps_its_shape(k) for k in carried):
            return None
        return self._scan(
            list(nodes), carried, slices, number if number in seen else "", going if going in seen else ""
        )

    def _root(self, name: str, *casts: str) -> str:
        """What a tensor of the body is a copy of."""
        while name in self.made_by and self.made_by[name].op_type in ("Identity", *casts):
            name = str(self.made_by[name].input[0])
        return name

    def _unchanged(self) -> None:
        """States that no round changes are tensors from outside."""
        outer = {}
        for k, (entry, result) in enumerate(zip(self.body.input[2:], self._results(), strict=True)):
            if self._root(result) == entry.name:
                outer[entry.name] = self.initial[k]
        for node in self.body.node:
            node.input[:] = [outer.get(name, name) for name in node.input]
        self.outer = outer

    def _results(self) -> list[str]:
        return [output.name for output in self.body.output[1 : 1 + self.states]]

    def _counters(self) -> dict[str, int]:
        """What holds the number of the round, with its rank: the Loop's own count, and states that begin with 0 and grow by 1."""
        found = {self.body.input[0].name: len(self.body.input[0].type.tensor_type.shape.dim)}
        for k, (entry, result) in enumerate(zip(self.body.input[2:], self._results(), strict=True)):
            step = self.made_by.get(self._root(result))
            if step is None or step.op_type != "Add" or not self._holds(self.initial[k], 0):
                continue
            own = [self._root(name) == entry.name for name in step.input]
            if any(own) and self._holds(step.input[own.index(True) - 1], 1):
                found[entry.name] = len(self.graph.shapes.get(self.initial[k]) or ())
        return found

    def _holds(self, name: str, number: int) -> bool:
        """Whether a constant, also one of the body, holds one number."""
        node = self.made_by.get(name)
        value = self.graph.value(name)
        if node is not None and node.op_type == "Constant":
            value = numpy_helper.to_array(next(a.t for a in node.attribute if a.name == "value"))
        return value is not None and value.size == 1 and value.reshape(-1)[0] == number

    def _sliced(self) -> list[tuple[str, int, str]]:
        """Tensors that the body takes position by position, the axis, and the name of the position in the body."""
        assert self.node is not None
        counters, trips = self._counters(), self.node.attrs["trips"]
        inner = {*self.made_by, *(entry.name for entry in self.body.input)}
        found = []
        for node in self.body.node:
            if node.op_type != "Gather" or node.input[0] in inner:
                continue
            shape = self.graph.shapes.get(node.input[0])
            axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
            place, lists = self._place(node.input[1])
            rank = counters.get(place, 0) + lists
            if place not in counters or rank > 1 or not shape or shape[axis] != trips:
                continue
            name = next(self.names)
            found.append((node.input[0], axis % len(shape), name))
            taken = helper.make_node("Identity", [name], list(node.output))
            if rank:
                axes = self._constant(np.array([axis % len(shape)], np.int64))
                taken = helper.make_node("Unsqueeze", [name, axes], list(node.output))
            node.CopyFrom(taken)
        return found

    def _place(self, name: str) -> tuple[str, int]:
        """The counter that an index is, and how often it was made a list."""
        name = self._root(name, "Cast")
        node = self.made_by.get(name)
        if node is not None and node.op_type == "Unsqueeze":
            return self._root(str(node.input[0]), "Cast"), 1
        return name, 0

    def _constant(self, value: np.ndarray) -> str:
        """A constant that stands before the loop."""
        name = next(self.names)
        self.before.append(helper.make_node("Constant", [], [name], name, value=numpy_helper.from_array(value, name)))
        return name

    def _carried(self) -> list[int]:
        """States that what the Loop gives depends on, which go through others."""
        wanted = [o.name for o in self.body.output[1 + self.states :]]
        kept = {k for k in range(self.states) if self.proto.output[k] in self.used and self._inner(k) not in self.outer}
        while True:
            results = self._results()
            _, seen = needed(self.body.node, [*wanted, *(results[k] for k in kept)])
            more = {k for k in range(self.states) if self._inner(k) in seen} | kept
            if more == kept:
                return sorted(kept)
            kept = more

    def _inner(self, k: int) -> str:
        return str(self.body.input[2 + k].name)

    def _keeps_its_shape(self, k: int) -> bool:
        assert self.node is not None
        shapes, body = self.graph.shapes, self.node.attrs["body"]
        first, after = shapes.get(self.initial[k]), shapes.get(body.outputs[1 + k])
        return first is not None and first == after

    def _scan(
        self,
        nodes: list[NodeProto],
        carried: Sequence[int],
        slices: Sequence[tuple[str, int, str]],
        number: str,
        going: str,
    ) -> list[NodeProto]:
        """The Scan, and what stands for states that do not change."""
        assert self.node is not None
        info, dtypes = helper.make_tensor_value_info, self.graph.dtypes
        states = [(self.initial[k], self.body.input[2 + k], self._results()[k]) for k in carried]
        kinds = [ELEMENT_TYPES[dtypes[first]] for first, _, _ in states] + [TensorProto.INT64] * bool(number)
        if number:
            shape = [1] * len(self.body.input[0].type.tensor_type.shape.dim)
            zero, one = (self._constant(np.full(shape, value, np.int64)) for value in (0, 1))
            following = next(self.names)
            nodes.append(helper.make_node("Add", [number, one], [following]))
            states.append((zero, info(number, TensorProto.INT64, shape), following))
        if going:
            nodes.insert(0, helper.make_node("Identity", [self._constant(np.array(True))], [going]))
        results = [(name, info(next(self.names), kind, None)) for (_, _, name), kind in zip(states, kinds, strict=True)]
        given = self.node.attrs["body"].outputs[1 + self.states :]
        for output, graph_wide in zip(self.body.output[1 + self.states :], given, strict=True):
            results.append((output.name, info(next(self.names), ELEMENT_TYPES[dtypes[graph_wide]], None)))
        nodes += [helper.make_node("Identity", [name], [entry.name]) for name, entry in results]
        inputs = [entry for _, entry, _ in states]
        inputs += [info(name, ELEMENT_TYPES[dtypes[source]], None) for source, _, name in slices]
        body = helper.make_graph(nodes, self.body.name or "body", inputs, [entry for _, entry in results])
        outputs = [self.proto.output[k] or next(self.names) for k in carried] + [next(self.names)] * bool(number)
        outputs += [name or next(self.names) for name in self.proto.output[self.states :]]
        scan = helper.make_node(
            "Scan",
            [*(first for first, _, _ in states), *(source for source, _, _ in slices)],
            outputs,
            self.proto.name,
            body=body,
            num_scan_inputs=len(slices),
            scan_input_axes=[axis for _, axis, _ in slices],
        )
        same = [
            helper.make_node("Identity", [self.initial[k]], [name])
            for k, name in enumerate(self.proto.output[: self.states])
            if name in self.used and self._inner(k) in self.outer
        ]
        return [*self.before, scan, *same]
