"""Branches that the file leaves open: what says which one runs, where that is an input that can be given as a value."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.graph.nodes import Graph
from rfonnx.graph.tensors import element_count
from rfonnx.graph.text import quote
from rfonnx.graph.walk import behind
from rfonnx.model.building.branches import THEN
from rfonnx.model.reading.bound_values import MAX_BOUND
from rfonnx.operators.table import operator


def open_branches(graph: Graph) -> Iterator[str]:
    """A line for each set of small inputs of which the condition of an If is made, and of nothing else.

    Both branches are read there. Given those inputs, one of them is.
    """
    said: set[tuple[str, ...]] = set()
    for node in graph.nodes:
        if THEN not in node.attrs or not node.inputs:
            continue
        inputs = _made_of(node.inputs[0], graph)
        if not inputs or inputs in said or not all(_small(name, graph) for name in inputs):
            continue
        said.add(inputs)
        words = [name if name.isidentifier() else "NAME" for name in inputs]  # people copy it into a shell
        given = " ".join(f"--value {word}=VALUE" for word in words)
        yield f"{node} may run either branch, as {' and '.join(map(quote, inputs))} says: for one of them give {given}"


def _made_of(name: str, graph: Graph) -> tuple[str, ...]:
    """The inputs from which a tensor of the main graph is computed, in the order of the file; none where a draw is among it."""
    nodes, names = behind(graph, [name], known=graph.constants)
    if any(operator(node.kind).draws for node in nodes):
        return ()
    return tuple(name for name in graph.inputs if name in names)


def _small(name: str, graph: Graph) -> bool:
    """Whether an input may be given as a value."""
    count = element_count(graph.shapes.get(name))
    return count is not None and count <= MAX_BOUND
