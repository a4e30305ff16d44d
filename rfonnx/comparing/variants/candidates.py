"""Single changes that a search may make, and by how much each can enlarge a field at most."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from rfonnx.analysis.analysis import Analysis
from rfonnx.comparing.variants.looked import PLACED, Pair
from rfonnx.comparing.variants.siblings import upstream
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.walk import makers
from rfonnx.model.editing.around import first_axis
from rfonnx.model.editing.windows import SPELT, changeable, has
from rfonnx.model.opened import Opened
from rfonnx.operators.table import operator
from rfonnx.results.variants import ChangeKind, Changes
from rfonnx.system.named import NamedTuple

FACTORS = (2, 4, 8)
"""A dilation becomes so many times as large."""

LONGER = 2
"""Positions that a kernel gets."""


class Candidate(NamedTuple):
    """A change to one node.

    Attributes:
        changes: what is asked for.
        kind: of the change.
        step: how many times as large something becomes; 1 of a kernel or a stride.
        grows: by axis of an input, positions by which the field of anything behind it grows at most.
    """

    changes: Changes
    kind: ChangeKind
    step: int
    grows: Mapping[Pair, float]


def candidates(
    model: Opened, analysis: Analysis, tensors: Sequence[str], pairs: Sequence[Pair], kinds: Sequence[ChangeKind]
) -> list[Candidate]:
    """All changes of these kinds to convolutions and pools that the tensors are made by, in the order of the graph."""
    graph = analysis.graph
    maker = makers(graph)
    wanted = {name for tensor in tensors for name in upstream(maker, tensor)}
    in_file = {output for node in model.proto.graph.node for output in node.output}
    found = []
    for node in graph.nodes:
        if node.outputs[0] in wanted & in_file and changeable(node) and operator(node.kind).switched_off == "pads":
            steps = _steps(analysis, node, pairs)
            if steps:
                found += [one for kind in kinds for one in _of(graph, node, kind, steps)]
    return found


class Step(NamedTuple):
    """One axis of an input along which a window slides: its axis of space, positions of the input from one that it reads to the
    next, and the period after which these repeat."""

    pair: Pair
    space: int
    stride: float
    period: int


def _steps(analysis: Analysis, node: Node, pairs: Sequence[Pair]) -> list[Step]:
    """Along which axes of inputs a window slides over what depends on their place."""
    name, first = node.inputs[0], first_axis(node)
    last = first + len(node.attrs["strides"]) - 1
    if name in analysis.inputs:
        return [Step(pair, pair[1] - first, 1, 1) for pair in pairs if pair[0] == name and first <= pair[1] <= last]
    tensor = analysis.tensors.get(name)
    found = []
    for pair in pairs:
        field = tensor.fields.get(pair) if tensor is not None else None
        if field is None or field.kind in ("none", "global"):
            continue
        if field.kind in PLACED and field.tensor_axis is not None and first <= field.tensor_axis <= last:
            found.append(Step(pair, field.tensor_axis - first, float(field.stride), field.period))
        else:
            found.append(Step(pair, 0, math.inf, 1))
    return found


def _of(graph: Graph, node: Node, kind: ChangeKind, steps: Sequence[Step]) -> Iterator[Candidate]:
    kernel, stride, dilation = (tuple(node.attrs[SPELT[key]]) for key in ("kernel", "stride", "dilation"))
    name = node.outputs[0]
    if kind == "stride":
        if max(stride) > 1:
            yield Candidate({name: {"stride": 1}}, kind, 1, {})
    elif kind == "kernel":
        long = [k > 1 or max(kernel) == 1 for k in kernel]
        wider = tuple(k + LONGER if grows else k for k, grows in zip(kernel, long, strict=True))
        yield Candidate({name: {"kernel": wider}}, kind, 1, _growth(steps, kernel, dilation, wider, dilation))
    elif max(kernel) > 1 and has(node, "dilation"):
        for factor in FACTORS:
            further = tuple(d * factor if k > 1 else d for k, d in zip(kernel, dilation, strict=True))
            yield Candidate(
                {name: {"dilation": further}}, kind, factor, _growth(steps, kernel, dilation, kernel, further)
            )


def _growth(
    steps: Sequence[Step],
    kernel: Sequence[int],
    dilation: Sequence[int],
    new_kernel: Sequence[int],
    new_dilation: Sequence[int],
) -> dict[Pair, float]:
    """Positions by which the window reaches further. Where steps are uneven (behind up-sampling) a period of them more."""
    grows: dict[Pair, float] = {}
    for pair, axis, stride, period in steps:
        more = (new_kernel[axis] - 1) * new_dilation[axis] - (kernel[axis] - 1) * dilation[axis]
        grows[pair] = stride * (more + period - 1) if more else 0.0
    return grows
