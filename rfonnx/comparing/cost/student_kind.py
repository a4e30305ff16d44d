"""What the student is to the teacher, read off both graphs."""

from __future__ import annotations

from rfonnx.comparing.cost.weight_counts import parameters, zeros
from rfonnx.graph.nodes import Graph
from rfonnx.graph.tensors import HALF
from rfonnx.operators.table import operator
from rfonnx.results.comparison import Kind

SAME_WEIGHTS = 0.9
"""Share of the teacher's weights from which on a student is taken for the same net: folding batch norms removes 1% to 3%."""


def detect(teacher: Graph, student: Graph) -> tuple[Kind, str]:
    """The kind, and one line that says how it was found."""
    before, after = parameters(teacher), parameters(student)
    if after < SAME_WEIGHTS * before:
        return "distilled", f"the student has {after:,} weights, the teacher {before:,}"
    if is_quantised(student) and not is_quantised(teacher):
        return "int8", "the student has quantised operators, the teacher has none"
    pruned = zeros(student)
    if pruned > (1 - SAME_WEIGHTS) * after and after - pruned < SAME_WEIGHTS * (before - zeros(teacher)):
        return "distilled", f"{pruned:,} of the student's {after:,} weights are zero: it was pruned"
    if is_half(student) and not is_half(teacher):
        return "fp16", "the student computes in half precision, the teacher does not"
    return "fp32", "the student has as many weights as the teacher, in the same precision"


def is_quantised(graph: Graph) -> bool:
    """True when an operator quantises, or computes on quantised numbers."""
    return any(operator(node.kind).quantised for node in graph.nodes)


def is_half(graph: Graph) -> bool:
    """True when a tensor that a node makes is of half precision."""
    return any(graph.dtypes.get(output) in HALF for node in graph.nodes for output in node.outputs)
