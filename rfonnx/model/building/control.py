"""If, Loop, Scan and SequenceMap: their bodies become Graphs, with the types that flow into them and out of them.

Names inside are prefixed by the node's, `loop/inner`, so that no two tensors of a model share a name; what a body captures
from outside keeps its name. All graphs of a model share one table of shapes, dtypes and constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from onnx import GraphProto, NodeProto, TensorProto, TypeProto

from rfonnx.errors import misexported
from rfonnx.graph.file_nodes import FileNode
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.order import captures, graph_of, label, stored_names, subgraphs
from rfonnx.graph.tensors import read_type, tensor_type
from rfonnx.model.building.functions import subgraph_scope
from rfonnx.model.building.infer import check_attributes
from rfonnx.model.building.scope import Body, Placed, Scope
from rfonnx.model.building.tables import Tables
from rfonnx.operators.schemas import schema_of
from rfonnx.results.fields import Shape
from rfonnx.system.named import NamedTuple

Types = list[TypeProto]

Walk = Callable[[Scope, Iterable[FileNode]], list[Placed]]
"""Adds nodes of the file that stand in a scope: see `rfonnx.model.building.build`."""


def captured(proto: NodeProto, scope: Scope) -> list[str]:
    """Graph-wide names that the node's subgraphs read from outside."""
    return list(dict.fromkeys(scope.resolve(name) for graph in subgraphs(proto) for name in captures(graph)))


def is_control(node: Node | FileNode) -> bool:
    """Whether a node runs subgraphs that are followed."""
    return node.op_type in _RULES and not node.domain


def infer(control: Control, proto: NodeProto, node: Node, scope: Scope) -> dict[int, TypeProto]:
    """Types of the outputs of a node of control flow; its subgraphs become Graphs among its attributes.

    Raises:
        ModelError: a body is missing, or has the wrong number of inputs or outputs, or an attribute has the wrong type.
    """
    schema = schema_of(node.op_type, node.version, "")
    if schema is not None:
        check_attributes(proto, schema, node)
    return dict(enumerate(_RULES[node.op_type](control, proto, node, scope)))


class Control(NamedTuple):
    """What a rule of control flow works with: the tables, the walk that adds the nodes of a body, and where bodies are kept."""

    tables: Tables
    walk: Walk
    bodies: dict[str, Body]


class Subgraph:
    """A subgraph in which the nodes are being inferred, if need be several times."""

    def __init__(self, control: Control, proto: NodeProto, attribute: str, scope: Scope, under: str = "") -> None:
        graph = graph_of(proto, attribute)
        if graph is None:
            raise misexported(f"{label(proto)} has no '{attribute}'")
        control.tables.check_depth(scope)
        self.graph: GraphProto = graph
        self._control, self._attribute, self._tables = control, attribute, control.tables
        self._outer = scope
        self._label = scope.prefix + (proto.name or proto.op_type) + under
        self._body = Body(graph, scope, [])
        self._mark = control.tables.mark()

    def expect(self, inputs: int, outputs: int, proto: NodeProto) -> None:
        """Refuse a body of the wrong arity.

        Raises:
            ModelError: see above.
        """
        if len(self.graph.input) != inputs or len(self.graph.output) < outputs:
            raise misexported(
                f"{label(proto)} has a body of {len(self.graph.input)} inputs and {len(self.graph.output)} outputs,"
                f" expected {inputs} inputs and at least {outputs} outputs"
            )

    def run(self, given: Sequence[TypeProto]) -> Types:
        """Infer the body from its inputs' types (those that are unknown: as the body declares them). Gives its outputs' types."""
        tables, graph = self._tables, self.graph
        tables.forget_since(self._mark)
        nodes = tables.sorted_nodes(graph, self._outer)  # first: it checks the names
        local = [
            *(i.name for i in graph.input),
            *stored_names(graph),
            *(o for node in graph.node for o in node.output if o),
        ]
        prefix = tables.unique(self._label, local)
        declared = {info.name: info.type for info in (*graph.value_info, *graph.output)}
        scope = subgraph_scope(self._outer, declared, {name: prefix + name for name in local}, prefix)
        for info, proto in zip(graph.input, given, strict=False):
            known = proto.WhichOneof("value") and (not proto.HasField("tensor_type") or proto.tensor_type.elem_type)
            tables.tensors.set(scope.resolve(info.name), proto if known else info.type)
        tables.add_stored(graph, scope)
        self._body = Body(graph, scope, self._control.walk(scope, map(FileNode, nodes)))
        return [tables.tensors.types[scope.resolve(o.name)] for o in graph.output]

    def finish(self) -> Graph:
        """The body as a Graph, after its last run."""
        self._control.bodies[self._attribute] = self._body
        return self._tables.graph(*self._named(), self._nodes, self._body.scope.opsets)

    def trips(self, limit: str, condition: str, initial: list[str]) -> int | None:
        """Rounds of a Loop: see `trip_count`."""
        from rfonnx.model.building.trips import Rounds, trip_count

        body = Rounds(self._nodes, *self._named(), self._body.scope.opsets)
        return trip_count(limit, condition, initial, body, self._tables.constants)

    @property
    def _nodes(self) -> list[Node]:
        return [placed.node for placed in self._body.placed]

    def _named(self) -> tuple[list[str], list[str]]:
        """Graph-wide names of its inputs and outputs."""
        resolve = self._body.scope.resolve
        return [resolve(i.name) for i in self.graph.input], [resolve(o.name) for o in self.graph.output]


def _if(control: Control, proto: NodeProto, node: Node, scope: Scope) -> Types:
    """What both branches agree on."""
    branches: list[Types] = []
    for attribute, under in (("then_branch", "/then"), ("else_branch", "/else")):
        body = Subgraph(control, proto, attribute, scope, under)
        body.expect(0, len(proto.output), proto)
        branches.append(body.run(()))
        node.attrs[attribute] = body.finish()
    return [join(one, other) for one, other in zip(*branches, strict=False)]


def _loop(control: Control, proto: NodeProto, node: Node, scope: Scope) -> Types:
    """Carried tensors: what holds before and after every round. Scan outputs: one more axis, as long as the trip count."""
    body = Subgraph(control, proto, "body", scope)
    carried = [control.tables.tensors.types[name] if name else TypeProto() for name in node.inputs[2:]]
    body.expect(len(carried) + 2, len(carried) + 1, proto)
    first = [tensor_type(TensorProto.INT64, ()), tensor_type(TensorProto.BOOL, ())]
    carried, made = _until_stable(body, first, carried, [], skip=1)
    node.attrs["body"] = body.finish()
    limit, condition, *initial = (*node.inputs, "", "")[: max(len(node.inputs), 2)]
    trips = node.attrs["trips"] = body.trips(limit, condition, initial)
    if trips:
        carried = made[1 : 1 + len(carried)]
    return carried + [_stacked(proto, trips, 0) for proto in made[1 + len(carried) :]]


def _scan(control: Control, proto: NodeProto, node: Node, scope: Scope) -> Types:
    """The same, with the rounds running along an axis of the scanned inputs. Opset 8 had a batch axis in front of all."""
    body = Subgraph(control, proto, "body", scope)
    batched = node.version < 9
    names = node.inputs[1:] if batched else node.inputs
    count = node.attrs.get("num_scan_inputs", 0)
    if not isinstance(count, int) or not 1 <= count <= len(names):
        raise misexported(f"{label(proto)} has {len(names)} inputs and num_scan_inputs {count}")
    types = [control.tables.tensors.types[name] if name else TypeProto() for name in names]
    if batched:
        batch = read_type(types[-1])[2]
        types = [_without(proto, 0) for proto in types]
    carried, scanned = types[:-count], types[-count:]
    axes = _axes(node, "scan_input_axes", count)
    trips = node.attrs["trips"] = next((n for n in map(_length, scanned, axes) if n is not None), None)
    body.expect(len(types), len(carried), proto)
    slices = [_without(proto, axis) for proto, axis in zip(scanned, axes, strict=True)]
    carried, made = _until_stable(body, [], carried, slices, skip=0)
    node.attrs["body"] = body.finish()
    outputs = made[len(carried) :]
    out_axes = _axes(node, "scan_output_axes", len(outputs))
    results = carried + [_stacked(proto, trips, axis) for proto, axis in zip(outputs, out_axes, strict=True)]
    return [_stacked(proto, batch[0] if batch else None, 0) for proto in results] if batched else results


def _sequence_map(control: Control, proto: NodeProto, node: Node, scope: Scope) -> Types:
    """The body sees one element of each sequence."""
    body = Subgraph(control, proto, "body", scope)
    if "" in node.inputs:
        raise misexported(f"{label(proto)} leaves out an input")
    types = [control.tables.tensors.types[name] for name in node.inputs]
    body.expect(len(types), len(proto.output), proto)
    made = body.run([t.sequence_type.elem_type if t.HasField("sequence_type") else t for t in types])
    node.attrs["body"] = body.finish()
    return [_sequence(elem) for elem in made]


def _until_stable(body: Subgraph, before: Types, carried: Types, after: Types, skip: int) -> tuple[Types, Types]:
    """Run a body until what it carries to the next round has the type that the round began with.

    A dimension that changes becomes unknown, then the rank: each round forgets something, so that it ends.
    """
    rounds = 0
    while True:
        made = body.run([*before, *carried, *after])
        results = made[skip : skip + len(carried)]
        joined = [join(one, other) for one, other in zip(carried, results, strict=True)]
        if all(read_type(a) == read_type(b) for a, b in zip(carried, joined, strict=True)):
            return carried, made
        if rounds:
            joined = [
                _without_shape(b) if read_type(a) != read_type(b) else b for a, b in zip(carried, joined, strict=True)
            ]
        carried = joined
        rounds += 1


def join(one: TypeProto, other: TypeProto) -> TypeProto:
    """The type that covers both: what they do not agree on is unknown."""
    if one.HasField("sequence_type") and other.HasField("sequence_type"):
        return _sequence(join(one.sequence_type.elem_type, other.sequence_type.elem_type))
    if not (one.HasField("tensor_type") and other.HasField("tensor_type")):
        return one if one.WhichOneof("value") else other
    (_, elem, a), (_, other_elem, b) = read_type(one), read_type(other)
    shape: Shape = None
    if a is not None and b is not None and len(a) == len(b):
        shape = tuple(m if m == n else None for m, n in zip(a, b, strict=True))
    return tensor_type(elem or other_elem, shape)


def _without_shape(proto: TypeProto) -> TypeProto:
    return tensor_type(proto.tensor_type.elem_type, None) if proto.HasField("tensor_type") else proto


def _without(proto: TypeProto, axis: int) -> TypeProto:
    """The type with one axis taken out."""
    _, elem, shape = read_type(proto)
    if shape is None or not -len(shape) <= axis < len(shape):
        return tensor_type(elem, None)
    axis %= len(shape)
    return tensor_type(elem, shape[:axis] + shape[axis + 1 :])


def _stacked(proto: TypeProto, length: int | None, axis: int) -> TypeProto:
    """The type with an axis put in."""
    _, elem, shape = read_type(proto)
    if shape is None:
        return tensor_type(elem, None)
    axis = axis + len(shape) + 1 if axis < 0 else axis
    return tensor_type(elem, (*shape[:axis], length, *shape[axis:]))


def _length(proto: TypeProto, axis: int) -> int | None:
    shape = read_type(proto)[2]
    return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None


def _axes(node: Node, name: str, count: int) -> list[int]:
    axes = node.attrs.get(name) or [0] * count
    if len(axes) != count:
        raise misexported(f"{node}: '{name}' has {len(axes)} entries, expected {count}")
    return [int(axis) for axis in axes]


def _sequence(elem: TypeProto) -> TypeProto:
    proto = TypeProto()
    proto.sequence_type.elem_type.CopyFrom(elem)
    return proto


_RULES = {"If": _if, "Loop": _loop, "Scan": _scan, "SequenceMap": _sequence_map}
