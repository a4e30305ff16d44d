"""A norm, and what quantises by its own range, written with their statistics as inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from onnx import helper

from rfonnx.gradients.emitter import Emitter
from rfonnx.gradients.values import Value
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.row import Norm
from rfonnx.operators.table import operator
from rfonnx.results.streaming import StreamStatistic
from rfonnx.streaming.figures import Figure, along
from rfonnx.streaming.taken import taken_axes

PREFIX = "statistic/"
"""Begins the names of inputs that are no tensors of the file."""


def normed(emit: Emitter, graph: Graph, node: Node, rows: Mapping[str, str]) -> list[Figure]:
    """Write `(x - mean) / sqrt(spread + epsilon) * scale + bias`, with mean and spread as inputs.

    Half precision is worked out in float32, as the operator does.

    Args:
        emit: writes it; the last node makes the norm's own tensor.
        graph: in which the norm is.
        node: a norm that the table of operators has a formula of.
        rows: by tensor of groups of channels (N, G, C/G, ...), the tensor whose channels they are.

    Returns:
        The inputs.
    """
    norm = operator(node.kind).norm
    assert norm is not None
    dtype = graph.dtypes[node.inputs[0]]
    kind = "float32" if dtype in ("float16", "bfloat16") else dtype
    spreads: list[Literal["mean", "variance", "mean square"]] = ["mean", norm.spread] if norm.centred else [norm.spread]
    emit.scope = node.name or node.outputs[0]
    figures = [_figure(emit, graph, node, what, kind, rows) for what in spreads]
    values = [Value(emit, one.told.input, kind) for one in figures]
    x = Value(emit, node.inputs[0], dtype).cast(kind)
    centred = x - values[0] if norm.centred else x
    root = emit("Sqrt", values[-1] + float(node.attrs.get("epsilon", norm.epsilon)))
    scale, bias = (_parameter(emit, graph, node, norm, index, kind) for index in (norm.scale, norm.bias))
    made = centred / root if scale is None else centred * (scale / root)
    made = made if bias is None else made + bias
    made.cast(dtype)
    emit.nodes[-1].output[0] = node.outputs[0]
    return figures


def _figure(
    emit: Emitter,
    graph: Graph,
    node: Node,
    what: Literal["mean", "variance", "mean square"],
    kind: str,
    rows: Mapping[str, str],
) -> Figure:
    """One statistic of a norm: of a shape that lines up with what is normed."""
    norm = operator(node.kind).norm
    of, axes = node.inputs[0], taken_axes(node, graph)
    shape = tuple(n or 0 for n in graph.shapes[of] or ())
    given = tuple(1 if axis in axes else n for axis, n in enumerate(shape))
    groups = int(node.attrs[norm.groups]) if norm is not None and norm.groups else 0
    meaning = f"the {what} over {along(axes)} of '{of}'"
    if of in rows or groups:
        meaning = f"the {what} of each of {groups or shape[1]} groups of channels of '{rows.get(of, of)}'"
    told = StreamStatistic(f"{PREFIX}{node.outputs[0]}/{what}", node.name, node.outputs[0], meaning, given, kind)
    return Figure(told, of, what, axes, groups)


def _parameter(emit: Emitter, graph: Graph, node: Node, norm: Norm, index: int | None, kind: str) -> Value | None:
    """Scale or bias, such that it lines up with the operand."""
    name = node.inputs[index] if index is not None and index < len(node.inputs) else ""
    if not name:
        return None
    value = Value(emit, name, graph.dtypes[name]).cast(kind)
    if not norm.by_channel:
        return value
    _, channels, *behind = graph.shapes[node.inputs[0]] or (0, 0)
    (count,) = graph.shapes[name] or (0,)
    if count and channels and count != channels:  # one for each group
        value = value.reshape([-1, 1]).expand([count, channels // count])
    return value.reshape([-1, *[1] * len(behind)])


def quantised(emit: Emitter, graph: Graph, node: Node, rows: Mapping[str, str]) -> list[Figure]:
    """Write what quantises by the range of all that it reads (y, scale, zero point) with a scale and a zero point that are
    inputs, under the names of its own. The arguments are those of `normed`."""
    x, (y, scale, zero) = rows.get(node.inputs[0], node.inputs[0]), node.outputs
    name = emit.unique("QuantizeLinear")
    emit.nodes.append(helper.make_node("QuantizeLinear", [node.inputs[0], scale, zero], [y], name))
    return [
        Figure(StreamStatistic(own, node.name, y, f"the {what} for the range of '{x}'", (), graph.dtypes[own]), own)
        for what, own in (("scale", scale), ("zero point", zero))
    ]
