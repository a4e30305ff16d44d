"""What a file joins to an output: boxes and scores, say, that one `Concat` puts side by side.

Read backwards from the output, through what only moves numbers, as long as the axis can be followed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.table import operator

DEEPEST = 64
"""Operators that are followed at most."""


def joined_parts(graph: Graph, output: str) -> dict[int, tuple[int, ...]]:
    """By axis of the output along which parts are joined, their lengths in order.

    >>> import onnx.parser
    >>> from rfonnx.model.reading.load import load
    >>> text = '<ir_version: 8, opset_import: ["" : 17]> m (float[1,4,9] b, float[1,2,9] s) => (float[1,9,6] y) {'
    >>> model = onnx.parser.parse_model(text + "c = Concat<axis=1>(b, s) y = Transpose<perm=[0,2,1]>(c)}")
    >>> joined_parts(load(model), "y")
    {2: (4, 2)}
    """
    makers = {name: node for node in graph.nodes for name in node.outputs if name}
    shape = _shape(graph, output)
    found = {axis: _parts(graph, makers, output, axis, DEEPEST) for axis in range(len(shape))}
    return {axis: lengths for axis, lengths in found.items() if len(lengths) > 1}


def _parts(graph: Graph, makers: Mapping[str, Node], tensor: str, axis: int, depth: int) -> tuple[int, ...]:
    """Lengths of the parts of a tensor along an axis; () where nothing tells of any."""
    node, shape = makers.get(tensor), _shape(graph, tensor)
    if node is None or not shape or not depth:
        return ()
    if node.kind == "Concat":
        along = node.attrs["axis"] % len(shape)
        own = [_parts(graph, makers, name, axis, depth - 1) for name in node.inputs]
        if along != axis:
            return own[0] if len(set(own)) == 1 else ()
        shapes = [_shape(graph, name) for name in node.inputs]
        if not all(shapes):
            return ()
        lengths = [one[axis] for one in shapes]
        return tuple(part for inner, length in zip(own, lengths, strict=True) for part in inner or (length,))
    if node.kind == "Transpose":
        return _parts(graph, makers, node.inputs[0], node.attrs["perm"][axis], depth - 1)
    before = _shape(graph, node.inputs[0]) if node.inputs else ()
    if operator(node.kind).hands_on and before == shape:
        return _parts(graph, makers, node.inputs[0], axis, depth - 1)
    if node.kind == "Reshape" and before:
        kept = [a for a, n in enumerate(before) if n == shape[axis] and _behind(before, a) == _behind(shape, axis)]
        return _parts(graph, makers, node.inputs[0], kept[-1], depth - 1) if kept else ()
    return ()


def _shape(graph: Graph, tensor: str) -> tuple[int, ...]:
    """The shape of a tensor; () where a length is not known."""
    shape = tuple(n for n in graph.shapes.get(tensor) or () if n is not None)
    return shape if len(shape) == len(graph.shapes.get(tensor) or ()) else ()


def _behind(shape: tuple[int, ...], axis: int) -> int:
    """Elements from one position of an axis to the next: where they agree, a reshape has left the axis as it is."""
    return math.prod(shape[axis + 1 :])
