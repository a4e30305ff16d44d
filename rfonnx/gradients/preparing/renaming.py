"""Other names for tensors: copies of nodes, and what is set apart from the names that onnxruntime gives."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from onnx import AttributeProto, GraphProto, NodeProto

from rfonnx.gradients.preparing.large_weights import LightModel
from rfonnx.graph.order import subgraphs

APART = "apart/"
"""What the names of tensors begin with that were set apart."""


def rename(node: NodeProto, names: Mapping[str, str]) -> NodeProto:
    """A copy of a node under other tensor names, its subgraphs' captures included."""
    made = NodeProto()
    made.CopyFrom(node)
    _rename(made, names)
    return made


def set_apart(model: LightModel) -> None:
    """Rename, in place, what onnxruntime might name again: constants, and tensors of subgraphs that are called as one outside.

    Its optimisers call the constants that they add by names that no *node* has ("gemm_input_shape": MatMulAddFusion), also where
    a constant of that name is there already, from the file or from an earlier call; then they fail ("Attempt to replace the
    existing tensor"). Tensors that they add to a subgraph are called as those that they add outside, which the next call refuses.
    """
    graph = model.proto.graph
    kept = {entry.name for entry in (*graph.input, *graph.output)}
    constants = [t.name for t in graph.initializer if t.name not in kept and not t.name.startswith(APART)]
    taken = kept | {o for node in graph.node for o in node.output} | {t.name for t in graph.initializer}
    names = _fresh(constants, taken)
    _rename_all(graph, names, taken)
    model.weights = {names.get(name, name): value for name, value in model.weights.items()}


def _fresh(names: Iterable[str], taken: set[str]) -> dict[str, str]:
    """A new name for each, that is not taken; it is then."""
    made = {}
    for name in names:
        attempts = (f"{APART}{name}" + (f"/{n}" if n else "") for n in itertools.count())
        made[name] = next(attempt for attempt in attempts if attempt not in taken)
        taken.add(made[name])
    return made


def _rename_all(graph: GraphProto, names: Mapping[str, str], taken: set[str]) -> None:
    """New names in a graph; and in its subgraphs for their constants, and for what is called as a tensor outside."""
    for entry in (*graph.initializer, *graph.output, *graph.value_info):
        entry.name = names.get(entry.name, entry.name)
    for node in graph.node:
        _rename(node, names)
        for inner in subgraphs(node):
            made = [o for node in inner.node for o in node.output if o in taken]
            constants = [t.name for t in inner.initializer if not t.name.startswith(APART)]
            taken.update(o for node in inner.node for o in node.output)
            _rename_all(inner, _fresh([*constants, *made], taken), taken)


def _rename(node: NodeProto, names: Mapping[str, str]) -> None:
    node.input[:] = [names.get(n, n) for n in node.input]
    node.output[:] = [names.get(n, n) for n in node.output]
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            _rename_captures(attribute.g, names)


def _rename_captures(graph: GraphProto, names: Mapping[str, str]) -> None:
    local = (
        {i.name for i in graph.input} | {t.name for t in graph.initializer} | {o for n in graph.node for o in n.output}
    )
    outer = {k: v for k, v in names.items() if k not in local}
    for node in graph.node:
        _rename(node, outer)
    for output in graph.output:
        output.name = outer.get(output.name, output.name)
