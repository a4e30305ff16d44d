"""Random samples for a model that no data is given for."""

from __future__ import annotations

from collections.abc import Mapping

from rfonnx.comparing.pairs.running_model import OpenModel
from rfonnx.model.inputs import InputType, Random, integers
from rfonnx.results.binding import Shapes


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
    graph = model.source.graph(shapes)
    types = {}
    for port in model.inputs:
        shape = graph.shapes[port.name] or ()
        axis = (model.axes.inputs if axes is None else axes).get(port.name)
        kind = model.dtype(port)
        whole = InputType(tuple(n or 1 for n in shape), kind, integers(graph, port.name, kind), batch=axis)
        types[port.name] = whole.alone()
    return Random(types, count, seed)
