"""The proof that a window of the input is the same model, shifted.

It is when every position, of every tensor on the way, that sees nothing but what the units see is there at the shifted place,
and sees the same, shifted: then, by induction from the input, all of them have the values that they have in the whole. Three
things are checked:

1. every operator on the way computes each position from what it reads in one and the same manner (`alike`);
2. constants and attributes are the same at both lengths, but for the shapes that only say how long things are;
3. the unbounded intervals of all tensors agree, shifted, and no position is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from rfonnx.analysis.analysis import Analysis
from rfonnx.effective.place import Place
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.table import operator


def alike(node: Node) -> bool:
    """Whether each position of an operator's output is one function of what it reads, wherever it lies.

    Attention is only while it is given nothing but queries, keys and values: it does not count, nor does what is drawn at
    random. MaxPool's second output tells positions as numbers.
    """
    row = operator(node.kind)
    known = bool(row.manner) and "attention" not in row.manner and not row.draws
    return known and not (node.kind == "MaxPool" and any(node.outputs[1:]))


SAMPLING = frozenset({"asymmetric", "half_pixel", "pytorch_half_pixel"})
"""Coordinate transformations of Resize that depend on the scale alone, not on the lengths."""


def upstream(graph: Graph, tensor: str) -> tuple[list[Node], list[str]]:
    """Nodes that a tensor is computed by, and the tensors that they read and make, in topological order."""
    wanted, nodes = {tensor}, []
    for node in reversed(graph.nodes):
        if any(name in wanted for name in node.outputs):
            nodes.append(node)
            wanted.update(name for name in node.inputs if name)
            wanted.update(name for name in node.outputs if name)
    return nodes[::-1], [*(n for n in graph.inputs if n in wanted), *(o for n in nodes[::-1] for o in n.outputs if o)]


def is_constant(node: Node, graph: Graph) -> bool:
    return all(name in graph.constants for name in node.outputs if name)


def slides(analysis: Analysis, name: str, place: Place, axes: Collection[int]) -> bool:
    fields = analysis.tensors[name].fields
    kinds = [fields[place.input, axis] for axis in axes]
    return all(f.kind in ("local", "periodic") and f.tensor_axis is not None and f.stride > 0 for f in kinds)


def same_program(one: Graph, other: Graph, nodes: list[Node], others: list[Node]) -> bool:
    """Whether two readings of a graph compute the same, but for lengths."""
    nodes = [n for n in nodes if not is_constant(n, one)]
    others = [n for n in others if not is_constant(n, other)]
    return len(nodes) == len(others) and all(
        _same_node(a, b) and all(_same_operand(one, other, a, index) for index in range(len(a.inputs)))
        for a, b in zip(nodes, others, strict=True)
    )


def _same_node(one: Node, other: Node) -> bool:
    if (one.kind, one.inputs, one.outputs) != (other.kind, other.inputs, other.outputs):
        return False
    if "coordinate_transformation_mode" in one.attrs:
        return one.attrs["coordinate_transformation_mode"] in SAMPLING and _same_value(one.attrs, other.attrs)
    return operator(one.kind).placed or _same_value(one.attrs, other.attrs)


def _same_operand(one: Graph, other: Graph, node: Node, index: int) -> bool:
    """Constants are alike, except those that say how long things are."""
    name = node.inputs[index]
    if not name or name not in one.constants or (index > 0 and operator(node.kind).placed):
        return True
    if name not in other.constants:
        return False
    if one.shapes.get(name) == other.shapes.get(name) and not _computed(one, name):
        return True
    a, b = one.value(name), other.value(name)
    if a is None or b is None or a.dtype != b.dtype or not a.size or not b.size:
        return False
    # A constant of one value, such as zeros of the input's length, is the same at any length.
    return bool(np.array_equal(a, b) or ((a == a.flat[0]).all() and (b == a.flat[0]).all()))


def _computed(graph: Graph, name: str) -> bool:
    """Whether a constant is made by a node, which may look at lengths; a stored one is the same at all of them."""
    return any(name in node.outputs for node in graph.nodes)


def _same_value(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(_same_value(v, other[k]) for k, v in one.items())
        )
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return bool(one == other) and not isinstance(one, Graph)


def shifted(
    big: Analysis,
    small: Analysis,
    name: str,
    place: Place,
    shifts: Mapping[int, int],
    needed: Mapping[int, tuple[int, int]],
    ends: Collection[int],
) -> bool:
    """Whether every position of a tensor that sees only what is needed is there in the window, and sees the same, shifted.

    Args:
        big, small: the model on the whole input, and on the window.
        name: the tensor.
        place: the input and its axes.
        shifts: by axis that is cut: where the window begins; 0 keeps the border, and all that lies beyond it.
        needed: by axis: what the units see; closed.
        ends: axes along which the window reaches the last position, and so keeps that border.
    """
    for axis, shift in shifts.items():
        field, there = (analysis.tensors[name].fields[place.input, axis] for analysis in (big, small))
        along, steps = field.tensor_axis, shift / field.stride
        if along is None or there.tensor_axis != along or steps.denominator != 1:
            return False
        lo, hi = _along(big.intervals(name, place.input, axis, clip=False), along)
        there_lo, there_hi = _along(small.intervals(name, place.input, axis, clip=False), along)
        inside = ((lo >= needed[axis][0]) | (shift == 0)) & ((hi <= needed[axis][1]) | (axis in ends))
        positions = np.flatnonzero(inside.any(axis=1))
        moved = positions - int(steps)
        if lo.shape[1] != there_lo.shape[1] or (axis in ends and len(there_lo) != len(lo) - int(steps)):
            return False
        if positions.size and (moved[0] < 0 or moved[-1] >= len(there_lo)):
            return False
        same = (lo[positions] - shift == there_lo[moved]) & (hi[positions] - shift == there_hi[moved])
        if not (same | ~inside[positions]).all():
            return False
    return True


def _along(intervals: tuple[np.ndarray, np.ndarray], axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Tables with the walking axis first and all others flattened."""
    lo, hi = (np.moveaxis(table, axis, 0).reshape(table.shape[axis], -1) for table in intervals)
    return lo, hi


def broadcasts(node: Node, graph: Graph, analysis: Analysis, place: Place, axes: Collection[int]) -> bool:
    """Whether no constant with a value per position takes part: a position embedding, a mask."""
    if "elementwise" not in operator(node.kind).manner:
        return True
    rank = len(graph.shapes[node.outputs[0]] or ())
    walking = {analysis.tensors[node.outputs[0]].fields[place.input, axis].tensor_axis for axis in axes}
    for name in node.inputs:
        shape = graph.shapes.get(name) if name in graph.constants else ()
        if shape is None or any(n != 1 and axis + rank - len(shape) in walking for axis, n in enumerate(shape)):
            return False
    return True
