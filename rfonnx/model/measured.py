"""The last resort for shapes: a run of the model, for onnxruntime's own operators that no rule of ours covers.

Operators of ai.onnx leave open only lengths that depend on data, and one run says nothing about those. Operators of other
domains cannot be run: no library of custom operators is loaded.
"""

from __future__ import annotations

import math

import numpy as np

from rfonnx.errors import RfonnxError
from rfonnx.graph.nodes import Graph
from rfonnx.graph.tensors import is_static
from rfonnx.model.opened import Source, opened
from rfonnx.model.reading.declared import Measured
from rfonnx.results.fields import Shape

OWN_DOMAIN = "com.microsoft"
ROUNDS = 4
"""Runs at most: one operator without a rule may stand behind another."""
MAX_ELEMENTS = 2**26
"""Of the largest tensor of a model that is run: a file may say any shape, and the run would make it."""


def open_tensors(graph: Graph) -> list[str]:
    """Outputs of onnxruntime's own operators whose shape is open although the shapes of their inputs are known."""
    shapes = graph.shapes
    return [
        output
        for node in graph.nodes
        if node.domain.startswith(OWN_DOMAIN) and all(is_static(shapes.get(name)) for name in node.inputs if name)
        for output in node.outputs
        if output and not is_static(shapes.get(output))
    ]


def measure(model: Source, graph: Graph) -> dict[str, Measured]:
    """Types of the open tensors in a run on zeros; empty when the model cannot be run (its weights are absent, say).

    Nor is it run where that may take long: with tensors that are large, or loops.
    """
    if any(node.op_type == "Loop" for node in graph.nodes):
        return {}
    if any(math.prod(n or 0 for n in shape or ()) > MAX_ELEMENTS for shape in graph.shapes.values()):
        return {}
    from rfonnx.model.runtime import trace_types  # onnxruntime: only a model that needs it waits for it

    read = opened(model)
    try:
        feeds = {name: np.zeros(_static(graph.shapes[name]), graph.dtypes[name]) for name in graph.inputs}
        found = trace_types(read.proto, feeds, open_tensors(graph), name=read.name, folder=read.folder)
    except (RfonnxError, TypeError):  # TypeError: an input of strings, sequences or a type that numpy lacks
        return {}
    return {tensor: (elem, shape) for tensor, (_, elem, shape) in found.items()}


def _static(shape: Shape) -> tuple[int, ...]:
    if shape is None or None in shape:
        raise TypeError("an input without a shape cannot be made up")
    return tuple(n for n in shape if n is not None)
