"""From a file to a Graph in one call; who asks more of a model keeps it opened (`rfonnx.model.opened`)."""

from __future__ import annotations

from collections.abc import Mapping

from rfonnx.graph.nodes import Graph
from rfonnx.model.opened import Source, opened
from rfonnx.model.reading.bind import Shapes
from rfonnx.model.reading.declared import Measured


def load(model: Source, shapes: Shapes | None = None, known: Mapping[str, Measured] | None = None) -> Graph:
    """Read a model: sorted, functions inlined, every shape bound, computed shapes folded, operators canonical.

    Args:
        model: path, bytes or ModelProto, with values bound to inputs or not. The ModelProto is not changed; weights outside the
            file are not read.
        shapes: shape by input name, or length by symbolic dimension name: `{"x": (1, 3, 64, 64)}`, `{"H": 64}`.
        known: element types and shapes of tensors, by name, that were measured by running the model; used where inference
            cannot tell.

    Raises:
        ModelError: it is no model, or a broken one; the message names the file and the tensors.
        QueryError: a value is bound that no input takes.
        ShapeError: a dimension is unbound, or shapes contradict each other.
    """
    return opened(model).graph(shapes, known)
