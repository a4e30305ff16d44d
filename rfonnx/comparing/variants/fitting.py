"""Whether shapes still go together in a changed model: where they do not, its fields and its cost would be those of no model."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import prod

from rfonnx.comparing.variants.reshaped import lengths, lengths_after, restored
from rfonnx.errors import MisfitError, ShapeError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import is_static
from rfonnx.graph.text import quote, show_shape
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import Shapes
from rfonnx.operators.table import operator
from rfonnx.results.fields import Shape


def fitting_graph(model: Opened, shapes: Shapes | None, before: Graph) -> Graph:
    """The graph of a changed model.

    Raises:
        MisfitError: shapes contradict each other at a node, or one that was known can no longer be told.
        ShapeError: a tensor has no positions left.
    """
    try:
        graph = model.graph(shapes)
    except MisfitError as error:
        node = next((one for one in before.nodes if error.makes in one.outputs), None)
        raise MisfitError(_told(node, error.shapes, before), "", error.makes, error.shapes) from None
    check_lengths(graph)
    old = {node.outputs[0]: node for node in before.nodes}
    for node in graph.nodes:
        _check_known(node, graph, before)
        was = old.get(node.outputs[0])
        if was is not None and was.inputs == node.inputs and not _fits(node, graph, before):
            read = {name: graph.shapes.get(name) for name in node.inputs if name}
            raise MisfitError(_told(node, read, before), "", node.outputs[0], read)
    return graph


def check_lengths(graph: Graph) -> None:
    """Refuse a model of which nothing is left on the way.

    Raises:
        ShapeError: a tensor has no positions.
    """
    for node in graph.nodes:
        for name in node.outputs:
            if name not in graph.constants and 0 in (graph.shapes.get(name) or ()):
                raise ShapeError(f"nothing is left at {node}: {show_shape(graph.shapes[name])}", "give a larger size")


def _told(node: Node | None, shapes: Mapping[str, Shape], before: Graph) -> str:
    """The node, what it expects and finds."""
    came, beside = [], []
    for name, shape in shapes.items():
        was = before.shapes.get(name)
        if was == shape:
            beside.append(f"{quote(name)} of {show_shape(shape)}")
        else:
            came.append(f"{quote(name)} of {show_shape(shape)}, expected {show_shape(was)} as it was")
    rest = f", beside {', '.join(beside)}" if beside else ""
    return f"shapes no longer go together: {node or 'a node'} finds {'; '.join(came)}{rest}"


def _check_known(node: Node, graph: Graph, before: Graph) -> None:
    """Refuse to go on where only the file tells a shape, which is no longer what it was."""
    for name in node.outputs:
        if name and not is_static(graph.shapes.get(name)) and is_static(before.shapes.get(name)):
            raise MisfitError(
                f"the shape of {quote(name)} stands in the file, and cannot be told with a change before it ({node})",
                "change what comes behind it",
                node.outputs[0],
            )


def _fits(node: Node, graph: Graph, before: Graph) -> bool:
    """False where a node would go on with shapes that nobody meant."""
    row = operator(node.kind)
    if row.pointwise:
        return _alike(node, graph, before)
    return row.shaped_by is None or row.keeps != "order" or _keeps(node, graph, before)


def _alike(node: Node, graph: Graph, before: Graph) -> bool:
    """Operands that had one length along an axis have one now, and not 1, which would be repeated."""
    for pair in combinations([name for name in node.inputs if name], 2):
        old, new = ([one.shapes.get(name) or () for name in pair] for one in (before, graph))
        for axis in range(-min(map(len, (*old, *new))), 0):
            if old[0][axis] == old[1][axis] and new[0][axis] != new[1][axis]:
                return False
    return True


def _keeps(node: Node, graph: Graph, before: Graph) -> bool:
    """A Reshape keeps its elements, and the first axis, the batch, where it kept it before; lengths of the file still hold."""
    source, made = (graph.shapes.get(name) or () for name in (node.inputs[0], node.outputs[0]))
    if prod(n or 0 for n in source) != prod(n or 0 for n in made):
        return False
    was = [(before.shapes.get(name) or (None,))[:1] for name in (node.inputs[0], node.outputs[0])]
    return (was[0] != was[1] or source[:1] == made[:1]) and _same_lengths(node, graph, before)


def _same_lengths(node: Node, graph: Graph, before: Graph) -> bool:
    if not (restored(node, graph) and restored(node, before)):
        return True
    old, read = (lengths(one.shapes.get(node.inputs[0])) for one in (before, graph))
    was, made = (lengths(one.shapes.get(node.outputs[0])) for one in (before, graph))
    if old is None or read is None or was is None or old == read or was != made:
        return True
    return lengths_after(old, was, read) == made
