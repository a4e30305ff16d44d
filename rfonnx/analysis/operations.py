"""The operations of a program: its tensors by node, and what each node reads of the others."""

from __future__ import annotations

from itertools import groupby

from rfonnx.analysis.lower import Program
from rfonnx.graph.temporaries import is_temporary
from rfonnx.operators.families import family
from rfonnx.results.operations import Operation


def operations(program: Program) -> tuple[Operation, ...]:
    """In topological order. Temporaries of a node's rule are inside its operation."""
    inputs = len(program.inputs)
    maker = list(range(inputs))  # by input and tensor of the program: the number of what makes it
    made: list[Operation] = []
    for _, group in groupby(program.tensors, key=lambda tensor: tensor.node_index):
        tensors, number = list(group), inputs + len(made)
        maker += [number] * len(tensors)
        reads = {maker[index] for tensor in tensors for index, _ in tensor.paths} - {number}
        last = tensors[-1]  # temporaries, which may bear another operator's name, come first
        names = tuple(tensor.name for tensor in tensors if not is_temporary(tensor.name))
        made.append(Operation(last.kind, last.node, family(last.kind), names, tuple(sorted(reads))))
    return tuple(made)
