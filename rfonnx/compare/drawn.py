"""Random samples for a model that no data is given for."""

from __future__ import annotations

from rfonnx.compare.model import OpenModel
from rfonnx.compare.settings import Shapes
from rfonnx.data.samples import Random
from rfonnx.graph import load
from rfonnx.graph.id_range import id_range

BINARY = (0, 1)
"""What an integer input holds when no table that it indexes tells: masks, token types."""


def random_source(model: OpenModel, shapes: Shapes | None, count: int, seed: int) -> Random:
    """Random samples for a model.

    Raises:
        ShapeError: a dimension other than the batch is left open.
    """
    graph = load(model.source, shapes)
    specs = {}
    for port in model.inputs:
        shape = graph.shapes[port.name] or ()
        axis = model.axes.inputs.get(port.name)
        own = tuple(n or 1 for i, n in enumerate(shape) if i != axis)
        specs[port.name] = (own, model.dtype(port), id_range(graph, port.name) or BINARY)
    return Random(specs, count, seed)
