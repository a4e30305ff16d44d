"""A model with the branches that are taken written into its main graph, under the names that `load` gives what is in them.

An If whose condition is constant takes one branch for ever. `load` reads that branch in its place; whoever runs the model up to a
tensor inside it needs the same in the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from onnx import ModelProto, NodeProto, TensorProto

from rfonnx.errors import ModelError
from rfonnx.graph.order import captures, subgraphs
from rfonnx.model.building.build import Taken
from rfonnx.model.building.scope import Scope
from rfonnx.model.opened import Source, opened
from rfonnx.model.reading.bind import Shapes
from rfonnx.model.reading.external import embed


def flattened(model: Source, shapes: Shapes | None = None) -> ModelProto | None:
    """The model with taken branches in its main graph and all weights in it; None where it has none.

    Args:
        model, shapes: as for `rfonnx.model.reading.load`.

    Raises:
        ModelError, ShapeError: see `load`; or weights are missing.
    """
    read = opened(model)
    _, taken = read.built(shapes)
    if not taken:
        return None
    made = ModelProto()
    made.CopyFrom(read.proto)
    del made.graph.node[:]
    made.graph.node.extend(_nodes(taken, read.proto.graph.node, Scope("", {}), made))
    del made.graph.value_info[:]
    for tensor in made.graph.initializer:
        if not embed(tensor, read.folder):
            raise ModelError(
                f"{read.name}: the weights of '{tensor.name}' are missing", "put their file beside the model"
            )
    return made


def _nodes(branches: Taken, nodes: Iterable[NodeProto], scope: Scope, made: ModelProto) -> Iterator[NodeProto]:
    """Nodes of a graph under their graph-wide names, each taken branch in place of its If."""
    for proto in nodes:
        key = (scope.prefix, *map(scope.resolve, proto.output))
        taken = branches.get(key) if proto.op_type == "If" else None
        if taken is None:
            yield _renamed(proto, scope)
            continue
        body, branch = taken
        for stored in branch.initializer:
            tensor: TensorProto = made.graph.initializer.add()
            tensor.CopyFrom(stored)
            tensor.name = body.scope.resolve(stored.name)
        yield from _nodes(branches, body.nodes, body.scope, made)


def _renamed(proto: NodeProto, scope: Scope) -> NodeProto:
    made = NodeProto()
    made.CopyFrom(proto)
    made.input[:] = [scope.resolve(name) for name in proto.input]
    made.output[:] = [scope.resolve(name) for name in proto.output]
    for graph in subgraphs(made):
        outer = {name: scope.resolve(name) for name in captures(graph)}
        _rename_captured(graph.node, outer)
        for output in graph.output:
            output.name = outer.get(output.name, output.name)
    return made


def _rename_captured(nodes: Iterable[NodeProto], names: dict[str, str]) -> None:
    """New names for what a subgraph reads from outside, in place."""
    for node in nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        for graph in subgraphs(node):
            inner = {name: new for name, new in names.items() if name in captures(graph)}
            _rename_captured(graph.node, inner)
            for output in graph.output:
                output.name = inner.get(output.name, output.name)
