"""Operands without frames: whether a frame of what reads them sees other places of them than the next one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import accumulate

import numpy as np

from rfonnx.analysis.lower import Program, Tensor
from rfonnx.analysis.propagated import propagated
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import is_static
from rfonnx.operators.access.apply import node_accesses, program_shape
from rfonnx.operators.access.op import Known
from rfonnx.operators.table import operator
from rfonnx.streaming.model import Source

ELSEWHERE = -1
"""In the place of an axis: frames do not see one position each, in order."""


def lined_up(
    source: Source, node: Node, output: str, axes: Collection[int], framed: Collection[str]
) -> Mapping[str, int]:
    """Operands without frames of which an output sees other places in other frames: the axis of the operand along which frame o
    sees position o alone, or `ELSEWHERE`.

    A constant is looked at where one of its axes is as long as there are frames, or its operator compares places.

    Args:
        source: looked at.
        node: any.
        output: of it.
        axes: of its frames: one, or two.
        framed: tensors with frames.
    """
    still = {name for name in node.inputs if name and name not in framed and is_static(source.graph.shapes.get(name))}
    still = {name for name in still if _may_line_up(source, node, name, output, axes)}
    if not still or not is_static(source.graph.shapes[output]):
        return {}
    program = _alone(node, source.graph.with_constants(source.graph.constants - still))
    result = propagated(source.model.label, program)
    made = next(i for i, tensor in enumerate(program.tensors) if tensor.name == output)
    place = made + len(program.inputs)
    if operator(node.kind).attending is not None and not program.tensors[made].exact:  # it may hide some by their place
        return {name: ELSEWHERE for name, _, _, _ in _columns(program) if name in still}
    found = {}
    for name, axis, length, column in _columns(program):
        if name in still:
            low, high = result.intervals(place, column, True, ())
            seen = {_seen_along(low, high, own, length) for own in axes} - {None}
            if seen:
                found[name] = axis if seen == {True} else ELSEWHERE
    return found


def _seen_along(low: np.ndarray, high: np.ndarray, axis: int, length: int) -> bool | None:
    """Whether frame o sees position o of as many, or nothing; False: other places; None: all frames see the same."""
    if low.shape[axis] == 1 or not any((np.diff(bound, axis=axis) != 0).any() for bound in (low, high)):
        return None
    own = np.arange(low.shape[axis]).reshape([-1 if i == axis else 1 for i in range(low.ndim)])
    return length == low.shape[axis] and bool(((low > high) | ((low == own) & (high == own))).all())


def _columns(program: Program) -> Iterator[tuple[str, int, int, int]]:
    """Inputs, their axes, and lengths and numbers of these."""
    firsts = accumulate((len(shape) for _, shape in program.inputs), initial=0)
    for (name, shape), first in zip(program.inputs, firsts, strict=False):
        for axis, length in enumerate(shape):
            if length != 1:
                yield name, axis, length, first + axis


def _may_line_up(source: Source, node: Node, name: str, output: str, axes: Collection[int]) -> bool:
    """Whether it has to be looked at: of constants that is rare. A filter is none that has another shape than the output."""
    row = operator(node.kind)
    views = [view.graph.shapes for view in source.views.values()]
    if row.switched_off in ("pads", "cut"):
        return all(shapes.get(name) == shapes[output] for shapes in views)
    if name not in source.graph.constants or row.attending is not None:
        return True
    for shapes in views:
        shape, out = shapes.get(name) or (), shapes[output] or ()
        if not any((out[axis] or 0) > 1 and out[axis] in shape for axis in axes):
            return False
    return True


def _alone(node: Node, graph: Graph) -> Program:
    """A node as a program of its own, whose operands are all inputs."""
    names = [name for name in dict.fromkeys(node.inputs) if name and is_static(graph.shapes.get(name))]
    index = {name: place for place, name in enumerate(names)}
    temporaries, accesses = node_accesses(node, graph, Known())
    every = [(name, shape, access) for name, (shape, access) in temporaries.items()]
    every += [
        (name, program_shape(graph.shapes.get(name)), access)
        for name, access in zip(node.outputs, accesses, strict=True)
        if name
    ]
    made: list[Tensor] = []
    for name, shape, access in every:
        paths = tuple((index[one], steps) for one, steps in access.paths if one in index)
        index[name] = len(names) + len(made)
        made.append(Tensor(name, shape, paths, access.exact, access.note, node.kind, node.name, 0))
    return Program(tuple((name, program_shape(graph.shapes.get(name))) for name in names), tuple(made))
