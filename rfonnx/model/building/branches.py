"""If: the nodes of the branch that is taken, or those of both and a choice between what they give."""

from __future__ import annotations

from collections.abc import Sequence

from onnx import GraphProto, NodeProto, helper

from rfonnx.errors import misexported
from rfonnx.graph.nodes import Node
from rfonnx.graph.order import graph_of, label, stored_names
from rfonnx.graph.tensors import is_static
from rfonnx.model.building.functions import Inlined, splice, subgraph_scope
from rfonnx.model.building.scope import Scope
from rfonnx.model.building.tables import Tables

THEN, ELSE = "then_branch", "else_branch"


def take(tables: Tables, proto: NodeProto, scope: Scope, taken: bool) -> Inlined | None:
    """The branch that is taken, in place of its If; None when there is no such branch.

    Raises:
        ModelError: it has fewer outputs than the If, or subgraphs are nested too deeply.
    """
    wanted = THEN if taken else ELSE
    branch = graph_of(proto, wanted)
    if branch is None:
        return None
    if len(branch.output) < len(proto.output):
        raise misexported(
            f"{label(proto)} has a '{wanted}' of {len(branch.output)} outputs, expected {len(proto.output)}"
        )
    return _spliced(tables, proto, scope, branch, [scope.resolve(name) for name in proto.output])


def alike(node: Node, tables: Tables) -> bool:
    """Whether both branches of an If that data decide give tensors of the same known shapes."""
    if node.op_type != "If":
        return False
    shapes = tables.tensors.shapes
    pairs = zip(node.attrs[THEN].outputs, node.attrs[ELSE].outputs, strict=False)
    return all(is_static(shapes[a]) and shapes[a] == shapes[b] for a, b in pairs)


def choose(tables: Tables, proto: NodeProto, scope: Scope) -> list[Inlined]:
    """Both branches in place of an If, and after them nodes that choose: see `alike`."""
    plain = Scope(scope.prefix, scope.opsets, depth=scope.depth)
    made: list[Inlined] = []
    sides: list[list[str]] = []
    for attribute in (THEN, ELSE):
        branch = graph_of(proto, attribute) or GraphProto()
        outputs = [name for name in proto.output if name]
        prefix = tables.unique(f"{scope.prefix}{proto.name or proto.op_type}/{attribute}", outputs)
        sides.append([name and prefix + name for name in proto.output])
        made.append(_spliced(tables, proto, scope, branch, sides[-1]))
    condition, targets = scope.resolve(proto.input[0]), [scope.resolve(name) for name in proto.output]
    nodes = [
        helper.make_node("Where", [condition, then, other], [target], proto.name)
        for then, other, target in zip(*sides, targets, strict=True)
        if target
    ]
    return [*made, Inlined(plain, nodes)]


def _spliced(tables: Tables, proto: NodeProto, scope: Scope, branch: GraphProto, targets: Sequence[str]) -> Inlined:
    tables.check_depth(scope)
    body = splice(
        subgraph_scope(scope, {i.name: i.type for i in branch.value_info}, {}, ""),
        tables.sorted_nodes(branch, scope),
        stored_names(branch),
        [o.name for o in branch.output],
        targets,
        scope.prefix,
        proto,
        tables.unique,
    )
    tables.add_stored(branch, body.scope)
    return body
