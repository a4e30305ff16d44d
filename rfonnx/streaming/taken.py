"""What nodes take of all frames together, where a host could give it: statistics by tensor, and norms."""

from __future__ import annotations

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import is_static
from rfonnx.operators.table import operator
from rfonnx.streaming.groups import laid_in_rows
from rfonnx.streaming.model import Source


def takes(source: Source, node: Node, name: str, operand: str, axis: int) -> tuple[str, ...]:
    """What could be inputs, so that an output of a node can be streamed; (): nothing.

    A figure is named by the tensor that it is. A norm, and what quantises by the range of all that it reads, is named by itself.

    Args:
        source: looked at.
        node, name: any, and one of its outputs.
        operand, axis: of which it takes all frames, and their axis.
    """
    row = operator(node.kind)
    if row.keeps == "order" and axis > 1:
        return tuple(label(norm) for before, norm, _ in laid_in_rows(source).values() if before.outputs[0] == name)
    if operand != node.inputs[0] or axis not in taken_axes(node, source.graph):
        return ()
    if takes_its_own(node):
        return (label(node),) if by_statistics(source, node) else ()
    return (name,) if row.statistic and whole_shape(source, name) is not None else ()


def takes_its_own(node: Node) -> bool:
    """Whether what is taken is no output of the node: of norms, and of what quantises by the range of all."""
    row = operator(node.kind)
    return row.norm is not None or row.ranged


def by_statistics(source: Source, node: Node) -> bool:
    """Whether there is a way to write a node with its statistics as inputs."""
    row, graph = operator(node.kind), source.graph
    if row.ranged:
        return row.hands_on
    if row.norm is None or any(source.readers[name] for name in node.outputs[1:]):
        return False
    shape = graph.shapes.get(node.inputs[0]) or ()
    groups = int(node.attrs.get(row.norm.groups, 1)) if row.norm.groups else 1
    channels = shape[1] if len(shape) > 1 else None
    return bool(taken_axes(node, graph)) and (groups == 1 or bool(channels and channels % groups == 0))


def taken_axes(node: Node, graph: Graph) -> tuple[int, ...]:
    """The axes that a node takes together: of its attribute, of what quantises all, else those behind batch and channels."""
    rank = len(graph.shapes.get(node.inputs[0]) or ())
    if "axes" in node.attrs:
        return tuple(axis % rank for axis in node.attrs["axes"] or ())
    return tuple(range(0 if operator(node.kind).ranged else 2, rank))


def label(node: Node) -> str:
    """What a node is called that may have no name."""
    return node.name or next(name for name in node.outputs if name)


def whole_shape(source: Source, name: str) -> tuple[int, ...] | None:
    """The shape of a tensor, where it is the same for any number of frames; None: it has some, or its shape is not known."""
    first, *others = {view.graph.shapes.get(name) for view in source.views.values()}
    return first if is_static(first) and not others else None


def counts_frames(source: Source, node: Node) -> bool:
    """Whether a constant that a node reads depends on how many frames there are, and what it makes has none: a sum that is
    divided by them."""
    if whole_shape(source, next(filter(None, node.outputs))) is None:
        return False
    constants = [name for name in node.inputs if name in source.graph.constants and name not in source.stored]
    found = [[value for value in source.values(name) if value is not None] for name in constants]
    return any((value != values[0]).any() for values in found for value in values[1:] if value.shape == values[0].shape)
