"""All nodes of a graph, those of the graphs inside it too, and which of them the outputs need."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from rfonnx.graph.nodes import Graph, Node


def bodies(node: Node) -> Iterator[Graph]:
    """The graphs that a node holds."""
    for value in node.attrs.values():
        if isinstance(value, Graph):
            yield value


def every_node(graph: Graph) -> Iterator[Node]:
    """Each node, and after it the nodes of the graphs that it holds."""
    for node in graph.nodes:
        yield node
        for body in bodies(node):
            yield from every_node(body)


def makers(graph: Graph) -> dict[str, Node]:
    """By tensor that a node of the graph makes, the node."""
    return {output: node for node in graph.nodes for output in node.outputs if output}


def needed(graph: Graph) -> tuple[list[Node], set[str]]:
    """The nodes of a graph that its outputs need, in order, and the names of all tensors on the way.

    A node that holds graphs is needed as a whole.
    """
    return behind(graph, graph.outputs)


def behind(graph: Graph, tensors: Iterable[str], known: Container[str] = ()) -> tuple[list[Node], set[str]]:
    """The same of some tensors; what is `known` of those on the way is not asked how it is made."""
    wanted = set(tensors)
    kept = []
    for node in reversed(graph.nodes):
        if any(output in wanted for output in node.outputs):
            kept.append(node)
            wanted.update(
                name for name in (*node.inputs, *node.attrs.get("captures", ())) if name and name not in known
            )
    return kept[::-1], wanted


def live_nodes(graph: Graph) -> Iterator[Node]:
    """The nodes that the outputs need, and those of the graphs that they hold."""
    for node in needed(graph)[0]:
        yield node
        for body in bodies(node):
            yield from live_nodes(body)
