"""Random samples for a model that no data is given for."""

from __future__ import annotations

from collections.abc import Mapping

from rfonnx.comparing.pairs.running_model import OpenModel
from rfonnx.data.samples import Random
from rfonnx.model.id_range import id_range
from rfonnx.model.reading.load import load
from rfonnx.results.binding import Shapes

BINARY = (0, 1)
"""What an integer input holds when no table that it indexes tells: masks, token types."""


def random_source(
    model: OpenModel, shapes: Shapes | None, count: int, seed: int, axes: Mapping[str, int | None] | None = None
) -> Random:
    """Random samples for a model.

    Args:
        model, shapes, count, seed: what they are for, and how many.
        axes: batch axis by input, which samples leave out; None: the model's.

    Raises:
        ShapeError: a dimension other than the batch is left open.
    """
    graph = load(model.source, shapes)
    specs = {}
    for port in model.inputs:
        shape = graph.shapes[port.name] or ()
        axis = (model.axes.inputs if axes is None else axes).get(port.name)
        own = tuple(n or 1 for i, n in enumerate(shape) if i != axis)
        specs[port.name] = (own, model.dtype(port), id_range(graph, port.name) or BINARY)
    return Random(specs, count, seed)
