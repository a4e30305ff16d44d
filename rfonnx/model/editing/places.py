"""The node of a file that a user means, by its name or by a tensor that it makes."""

from __future__ import annotations

from onnx import NodeProto

from rfonnx.errors import QueryError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.text import did_you_mean, quote
from rfonnx.model.opened import Opened
from rfonnx.model.reading.convert import kind_of


def find_node(model: Opened, graph: Graph, name: str) -> tuple[Node, NodeProto]:
    """The node, as the graph and as the file has it.

    Args:
        model: the file.
        graph: its graph.
        name: of the node, or of a tensor that it makes.

    Raises:
        QueryError: there is none, or several; or it stands in a function or a subgraph, or depends on no input.
    """
    found = [node for node in graph.nodes if node.name == name] or [
        node for node in graph.nodes if name in node.outputs
    ]
    if not name or not found:
        known = dict.fromkeys(word for node in graph.nodes for word in (node.name, *node.outputs) if word)
        raise QueryError(
            f"there is no node {quote(name)}, and none makes a tensor of that name",
            did_you_mean(name, known) or "rfonnx report --all lists the tensors",
        )
    if len(found) > 1:
        made = ", ".join(quote(node.outputs[0]) for node in found[:3])
        raise QueryError(f"{len(found)} nodes are called {quote(name)}", f"say which by what it makes: {made}")
    (node,) = found
    same = (one for one in model.proto.graph.node if list(one.output) == list(node.outputs))
    proto = next((one for one in same if kind_of(one) == node.kind), None)
    if proto is None:
        if model.proto.functions:
            raise QueryError(
                f"{node} stands in a function, which may be used several times",
                "write functions out with onnx.inliner.inline_local_functions, and change the model that it gives",
            )
        raise QueryError(
            f"{node} stands in a subgraph, which may run several times",
            "change it where the model is exported; fields of the changed export are told by rfonnx report",
        )
    if all(output in graph.constants for output in node.outputs if output):
        raise QueryError(f"{node} depends on no input", "change a node that works on the input")
    return node, proto


def label(graph: Graph, node: Node) -> str:
    """What a user can call the node: its name, or what it makes, where it has none or shares it."""
    alone = node.name and sum(one.name == node.name for one in graph.nodes) == 1
    return node.name if alone else node.outputs[0]
