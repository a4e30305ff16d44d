"""Tensors that are made alike, by operators that differ in names and in the values of constants alone: a deep net has few kinds.

What is asked of an operator, of its attributes and of shapes, has one answer for all of a kind.
"""

from __future__ import annotations

from typing import Any

from rfonnx.analysis.lower import Program
from rfonnx.graph.nodes import Graph
from rfonnx.graph.temporaries import is_temporary


def repeats(graph: Graph, program: Program) -> list[int]:
    """By tensor of a program, the number of the first one that is made alike: its own where there was none.

    Alike are the operator and its attributes, which of its outputs it is, the shapes of its operands and which of them are
    constant, and the steps by which tensors are read. What these tensors are is left open.
    """
    nodes, shapes, constants = graph.nodes, graph.shapes, graph.constants
    first: dict[tuple[Any, ...], int] = {}
    found = []
    for number, tensor in enumerate(program.tensors):
        node = nodes[tensor.node_index]
        output = 0 if tensor.name == node.outputs[0] else 2 if is_temporary(tensor.name) else 1
        told: tuple[Any, ...] = (node.alike,)
        if not node.alike:
            told = (node.kind, node.version, *[(shapes.get(name), name in constants) for name in node.inputs])
        steps = [id(steps) for _, steps in tensor.paths]
        key = (tensor.kind, tensor.shape, tensor.exact, output, id(node.attrs), *told, *steps)
        found.append(first.setdefault(key, number))
    return found
