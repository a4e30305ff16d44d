"""Random samples for a model that no data is given for."""

from __future__ import annotations

from rfonnx.compare.model import OpenModel
from rfonnx.compare.settings import Shapes
from rfonnx.data.samples import Random
from rfonnx.graph import Graph, load


def random_source(model: OpenModel, shapes: Shapes | None, count: int, seed: int) -> Random:
    """Random samples for a model.

    Raises:
        ShapeError: a dimension other than the batch is left open.
    """
    graph = load(model.source, shapes)
    specs = {}
    for port in model.inputs:
        shape = graph.shapes[port.name] or ()
        specs[port.name] = (tuple(n or 1 for n in shape[1:]), model.dtype(port), value_count(graph, port.name))
    return Random(specs, count, seed)


def value_count(graph: Graph, name: str) -> int:
    """How many values an integer input may have: the rows of the tables it picks from, else 2."""
    rows = [
        (graph.shapes.get(node.inputs[0]) or (2,))[node.attrs.get("axis", 0)]
        for node in graph.nodes
        if node.op_type == "Gather" and node.inputs[1] == name and node.inputs[0] in graph.constants
    ]
    return min([n for n in rows if n], default=2)
