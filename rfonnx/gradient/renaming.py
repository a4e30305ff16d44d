"""Copies of nodes under other tensor names."""

from __future__ import annotations

from collections.abc import Mapping

from onnx import AttributeProto, GraphProto, NodeProto


def rename(node: NodeProto, names: Mapping[str, str]) -> NodeProto:
    """A copy of a node under other tensor names, its subgraphs' captures included."""
    made = NodeProto()
    made.CopyFrom(node)
    made.input[:] = [names.get(n, n) for n in node.input]
    made.output[:] = [names.get(n, n) for n in node.output]
    for attribute in made.attribute:
        if attribute.type == AttributeProto.GRAPH:
            _rename_captures(attribute.g, names)
    return made


def _rename_captures(graph: GraphProto, names: Mapping[str, str]) -> None:
    local = (
        {i.name for i in graph.input} | {t.name for t in graph.initializer} | {o for n in graph.node for o in n.output}
    )
    outer = {k: v for k, v in names.items() if k not in local}
    for node in graph.node:
        node.CopyFrom(rename(node, outer))
    for output in graph.output:
        output.name = outer.get(output.name, output.name)
