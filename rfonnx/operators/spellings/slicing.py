"""Spelling of operators that pick positions. Attributes afterwards:

Slice: `axes` (None when computed at run time), `starts`, `ends`, `steps`: one per entry of axes, all resolved against the shape
    and clamped; `ends` is exclusive, and -1 for a negative step that runs through position 0. None when not known.
Split: `axis`, `split` (lengths of the outputs; None when not known). Concat, GatherElements: `axis`. Gather: `axis`.
GatherND: `batch_dims`. Compress: `axis`, None when it flattens. ReverseSequence: `time_axis`, `batch_axis`.
"""

from __future__ import annotations

from rfonnx.errors import ModelError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.spellings.registry import (
    constant_ints,
    input_name,
    input_rank,
    int_attr,
    ints_attr,
    positive_axis,
    spelling,
    with_attrs,
)


@spelling("Slice")
def slice_(node: Node, graph: Graph) -> Node:
    """starts, ends, axes: attributes in opset 1, inputs from 10, which also brought steps."""
    if node.version < 10:
        starts, ends, axes, steps = ints_attr(node, "starts"), ints_attr(node, "ends"), ints_attr(node, "axes"), None
        axes_given, steps_given = axes is not None, False
    else:
        starts, ends, axes, steps = (constant_ints(node, graph, i) for i in (1, 2, 3, 4))
        axes_given, steps_given = bool(input_name(node, 3)), bool(input_name(node, 4))
    count = len(starts) if starts is not None else _length(node, graph, 1)
    rank = input_rank(node, graph, 0)
    if count is not None and rank is not None and count > rank:
        raise ModelError(f"{node}: slices {count} axes of a tensor of {rank}", "check the file with onnx.checker")
    if not axes_given and count is not None:
        axes = list(range(count))
    if not steps_given and count is not None:
        steps = [1] * count
    shape = graph.shapes.get(input_name(node, 0))
    if axes is not None and shape is not None:
        axes = [positive_axis(node, axis, len(shape)) for axis in axes]
    if shape is None or starts is None or ends is None or axes is None or steps is None:
        return with_attrs(node, axes=axes, starts=None, ends=None, steps=steps)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise ModelError(
            f"{node}: starts, ends, axes and steps must have one length, and no step be 0, but came as"
            f" {starts}, {ends}, {axes}, {steps}",
            "check the file with onnx.checker",
        )
    lengths = [shape[axis] for axis in axes]
    if any(n is None for n in lengths):
        return with_attrs(node, axes=axes, starts=None, ends=None, steps=steps)
    resolved = sorted(
        (axis, *slice_bounds(start, end, step, n or 0), step)
        for axis, start, end, step, n in zip(axes, starts, ends, steps, lengths, strict=True)
    )
    names = ("axes", "starts", "ends", "steps")
    return with_attrs(node, **{name: [entry[i] for entry in resolved] for i, name in enumerate(names)})


def slice_bounds(start: int, end: int, step: int, n: int) -> tuple[int, int]:
    """First position and exclusive end of a slice of an axis of length n, clamped as the Slice specification says.

    >>> slice_bounds(-3, 2**62, 1, 10), slice_bounds(2**62, -(2**62), -2, 10)
    ((7, 10), (9, -1))
    """
    start = start + n if start < 0 else start
    end = end + n if end < 0 else end
    if step > 0:
        return min(max(start, 0), n), min(max(end, 0), n)
    return min(max(start, 0), n - 1), min(max(end, -1), n - 1)


def _length(node: Node, graph: Graph, index: int) -> int | None:
    """Length of a 1-D input, or None when it is not known."""
    shape = graph.shapes.get(input_name(node, index))
    return shape[0] if shape else None


@spelling("Split")
def split(node: Node, graph: Graph) -> Node:
    """split: an input in opset 1 and from 13, an attribute between; equal parts when left out, the last perhaps smaller."""
    shape = graph.shapes.get(input_name(node, 0))
    axis = int_attr(node, "axis", 0)
    if shape is not None:
        axis = positive_axis(node, axis, len(shape))
    lengths = constant_ints(node, graph, 1) if input_name(node, 1) else ints_attr(node, "split")
    parts = int_attr(node, "num_outputs", len(node.outputs))
    n = shape[axis] if shape else None
    if lengths is None and not input_name(node, 1) and n is not None and parts > 0:
        each = -(-n // parts)
        lengths = [min(each, max(n - i * each, 0)) for i in range(parts)]
    return with_attrs(node, axis=axis, split=lengths)


@spelling("Concat")
def concat(node: Node, graph: Graph) -> Node:
    """axis defaults to 1 in opset 1."""
    return _with_axis(node, graph, 1)


@spelling("Gather", "GatherElements")
def gather(node: Node, graph: Graph) -> Node:
    """axis defaults to 0."""
    return _with_axis(node, graph, 0)


def _with_axis(node: Node, graph: Graph, default: int) -> Node:
    ranks = (input_rank(node, graph, i) for i in range(len(node.inputs)))
    rank = next((r for r in ranks if r is not None), None) if node.op_type == "Concat" else input_rank(node, graph, 0)
    axis = int_attr(node, "axis", default)
    return with_attrs(node, axis=axis if rank is None else positive_axis(node, axis, rank))


@spelling("GatherND")
def gather_nd(node: Node, graph: Graph) -> Node:
    """batch_dims came with opset 12."""
    return with_attrs(node, batch_dims=int_attr(node, "batch_dims", 0))


@spelling("Compress")
def compress(node: Node, graph: Graph) -> Node:
    """Without axis the tensor is flattened first."""
    return _with_axis(node, graph, 0) if "axis" in node.attrs else with_attrs(node, axis=None)


@spelling("ReverseSequence")
def reverse_sequence(node: Node, graph: Graph) -> Node:
    """Time is axis 0 and batch axis 1 by default."""
    return with_attrs(node, time_axis=int_attr(node, "time_axis", 0), batch_axis=int_attr(node, "batch_axis", 1))
