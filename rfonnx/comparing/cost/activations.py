"""Memory that the tensors of one run take in all."""

from __future__ import annotations

from math import prod

from rfonnx.graph.nodes import Graph
from rfonnx.graph.tensors import ELEMENT_TYPES
from rfonnx.graph.walk import needed
from rfonnx.model.reading.external import bits_of
from rfonnx.operators.table import operator


def activation_bytes(graph: Graph) -> int | None:
    """Bytes of all tensors that the nodes make, on the way to the outputs, each once; None: the size of one is not known.

    What keeps its elements in their order (a Reshape) is a view, and takes none. Inputs and weights are not among them, nor what
    bodies of loops make inside.
    """
    total = 0
    nodes, wanted = needed(graph)
    for node in nodes:
        if operator(node.kind).keeps == "order":
            continue
        for name in node.outputs:
            if name not in wanted or name in graph.constants:
                continue
            shape, bits = graph.shapes.get(name), bits_of(ELEMENT_TYPES.get(graph.dtypes.get(name, ""), 0))
            if shape is None or None in shape or bits is None:
                return None
            total += -(-prod(n or 0 for n in shape) * bits // 8)
    return total
