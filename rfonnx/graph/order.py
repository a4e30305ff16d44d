"""Topological order of a node list, stable with respect to the file; and what is wrong with it when there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from heapq import heapify, heappop, heappush
from operator import attrgetter

import onnx
from onnx import AttributeProto, GraphProto, NodeProto, ValueInfoProto

from rfonnx.errors import ModelError, misexported
from rfonnx.graph.file_nodes import FileNode
from rfonnx.graph.text import check_text, did_you_mean, quote

MAX_NESTING = 20
"""Subgraphs inside subgraphs; protobuf itself ends at about 32 levels."""
_SHOWN = 8
_NAME = attrgetter("name")
_GRAPH, _GRAPHS = AttributeProto.GRAPH, AttributeProto.GRAPHS  # looking them up takes longer than comparing them


def subgraphs(node: NodeProto) -> list[GraphProto]:
    """Graphs among the node's attributes."""
    found: list[GraphProto] = []
    for attribute in node.attribute:
        kind = attribute.type
        if kind == _GRAPH:
            found.append(attribute.g)
        elif kind == _GRAPHS:
            found.extend(attribute.graphs)
    return found


def graph_of(node: NodeProto, attribute: str) -> GraphProto | None:
    """The graph that an attribute holds; None when there is no such attribute."""
    return next((a.g for a in node.attribute if a.name == attribute), None)


def stored_names(graph: GraphProto) -> list[str]:
    """Names of a graph's initializers, sparse ones after the others."""
    return [*(t.name for t in graph.initializer), *(t.values.name for t in graph.sparse_initializer)]


def true_inputs(graph: GraphProto, stored: Iterable[str] | None = None) -> list[ValueInfoProto]:
    """Inputs of a graph, in file order, without the initializers, which were listed among them before IR version 4.

    Args:
        graph: the graph.
        stored: its `stored_names`, for who has them.
    """
    stored = set(stored_names(graph) if stored is None else stored)
    return [entry for entry in graph.input if entry.name not in stored]


def captures(graph: GraphProto, depth: int = 0) -> list[str]:
    """Names that a subgraph reads from outside, in order of first use.

    Raises:
        ModelError: subgraphs are nested too deeply.
    """
    if depth > MAX_NESTING:
        raise ModelError(
            f"subgraphs are nested more than {MAX_NESTING} deep", "flatten the model's control flow before the export"
        )
    own = {*(i.name for i in graph.input), *stored_names(graph)}
    for node in graph.node:
        own.update(node.output)
    read: dict[str, None] = {}
    for node in graph.node:
        read.update(dict.fromkeys(node.input))
        for inner in subgraphs(node):
            read.update(dict.fromkeys(captures(inner, depth + 1)))
    read.update(dict.fromkeys(o.name for o in graph.output))
    return [name for name in read if name and name not in own]


def reads(node: NodeProto) -> list[str]:
    """Names that a node needs: its inputs, and what its subgraphs capture."""
    names = [name for name in node.input if name]
    for graph in subgraphs(node):
        names.extend(captures(graph))
    return names


def needed(nodes: Sequence[NodeProto], outputs: Iterable[str]) -> tuple[list[NodeProto], set[str]]:
    """The nodes, of a list in topological order, that some tensors depend on, and the names of all tensors on the way."""
    wanted = set(outputs)
    kept = []
    for node in reversed(nodes):
        if any(output in wanted for output in node.output):
            kept.append(node)
            wanted.update(reads(node))
    return kept[::-1], wanted


def sort(
    nodes: Sequence[NodeProto],
    given: Iterable[str],
    results: Sequence[str],
    visible: Callable[[str], bool] = lambda name: False,
) -> list[NodeProto]:
    """Nodes in topological order: see `in_order`."""
    return [node.proto for node in in_order([FileNode(node) for node in nodes], given, results, visible)]


def in_order(
    nodes: list[FileNode],
    given: Iterable[str],
    results: Sequence[str],
    visible: Callable[[str], bool] = lambda name: False,
) -> list[FileNode]:
    """Nodes in topological order; a list that is in order already comes back as it is.

    Args:
        nodes: of one graph, subgraph or function body, in file order.
        given: names of its inputs and initializers.
        results: names of its outputs.
        visible: whether a name is known outside (for subgraphs).

    Raises:
        ModelError: a tensor is made twice or by nobody, or nodes need each other in a circle.
    """
    given = set(given)
    texts = [*given, *results]
    check_text(texts, "the graph")
    needs: list[Sequence[str]] = []
    for node in nodes:
        inputs = node.inputs
        texts += (node.op_type, node.domain, node.name, *inputs, *node.outputs, *map(_NAME, node.attributes))
        if node.nested:
            needs.append(reads(node.proto))
        else:
            needs.append([name for name in inputs if name] if "" in inputs else inputs)
    _check_texts(texts, nodes)
    maker: dict[str, int] = {}
    sorted_already = True
    ready = set(given)
    outside: set[str] = set()
    for index, node in enumerate(nodes):
        if sorted_already and not ready.issuperset(needs[index]):
            outside.update(name for name in needs[index] if name not in ready)
            sorted_already = all(visible(name) for name in outside)
        for name in node.outputs:
            if not name:
                continue
            if name in ready:
                raise _made_twice(name, nodes, maker.get(name), index)
            maker[name] = index
            ready.add(name)
    for name in results:
        if name not in ready and not visible(name):
            raise ModelError(f"output {quote(name)} is made by no node", did_you_mean(name, ready))
    if sorted_already and outside.isdisjoint(maker):  # a name that is made here, too, is meant
        return nodes
    _check_made(nodes, needs, ready, visible)
    return _kahn(nodes, needs, maker)


def _check_texts(texts: list[str], nodes: Sequence[FileNode]) -> None:
    """Refuse names as `check_text` does; only when one of them is wrong is it looked for in each node."""
    try:
        check_text(texts, "the graph")
    except ModelError:
        for node in nodes:
            names = [attribute.name for attribute in node.attributes]
            said = [node.op_type, node.domain, node.name, *node.inputs, *node.outputs, *names]
            check_text(said, partial(label, node.proto))
        raise


def _check_made(
    nodes: Sequence[FileNode], needs: Sequence[Sequence[str]], made: set[str], visible: Callable[[str], bool]
) -> None:
    for node, names in zip(nodes, needs, strict=True):
        for name in names:
            if name not in made and not visible(name):
                raise ModelError(
                    f"{label(node.proto)} reads tensor {quote(name)}, which is no input, initializer or output of a node",
                    did_you_mean(name, made),
                )


def _kahn(nodes: Sequence[FileNode], needs: Sequence[Sequence[str]], maker: dict[str, int]) -> list[FileNode]:
    """Kahn's algorithm; of the nodes that are ready, the first one in the file comes first."""
    waits = [0] * len(nodes)
    users: list[list[int]] = [[] for _ in nodes]
    for index, names in enumerate(needs):
        for source in {maker[name] for name in names if name in maker}:
            waits[index] += 1
            users[source].append(index)
    ready = [index for index, count in enumerate(waits) if count == 0]
    heapify(ready)
    order: list[int] = []
    while ready:
        index = heappop(ready)
        order.append(index)
        for user in users[index]:
            waits[user] -= 1
            if waits[user] == 0:
                heappush(ready, user)
    if len(order) < len(nodes):
        raise _cycle(needs, maker, {i for i, count in enumerate(waits) if count > 0})
    return [nodes[index] for index in order]


def _cycle(needs: Sequence[Sequence[str]], maker: dict[str, int], stuck: set[int]) -> ModelError:
    """Walk from a stuck node to what it waits for until a node comes up again: the tensors between are the cycle."""
    index = min(stuck)
    seen: dict[int, int] = {}
    tensors: list[str] = []
    while index not in seen:
        seen[index] = len(tensors)
        name = next(name for name in needs[index] if maker.get(name) in stuck)
        tensors.append(name)
        index = maker[name]
    cycle = tensors[seen[index] :][::-1]
    shown = [quote(name) for name in cycle[:_SHOWN]]
    if len(cycle) > _SHOWN:
        shown.append(f"... ({len(cycle)} tensors)")
    return ModelError(
        f"the graph has a cycle: {' -> '.join([*shown, quote(cycle[0])])}",
        "an ONNX graph must be acyclic; export it again",
    )


def _made_twice(name: str, nodes: Sequence[FileNode], first: int | None, second: int) -> ModelError:
    by = f"by {label(nodes[first].proto)}" if first is not None else "as an input or initializer"
    return misexported(f"tensor {quote(name)} is made twice: {by}, and by {label(nodes[second].proto)}")


def label(node: onnx.NodeProto) -> str:
    """What messages call a node of the file."""
    kind = f"{node.domain}.{node.op_type}" if node.domain else str(node.op_type)
    made = next((quote(name) for name in node.output if name), "nothing")
    return f"node {quote(node.name)} ({kind}) that makes {made}" if node.name else f"node ({kind}) that makes {made}"
