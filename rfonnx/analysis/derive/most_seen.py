"""Lengths of an axis beyond which, for certain, nothing sees it from border to border.

Where nothing but windows slides along an axis, and their padding stands in the file, position p of a tensor sees at most what its
unbounded field holds: `stride p + first .. stride p + last`, whatever the length. It sees a length n from border to border only
where the first is at most 0, and the last at least n - 1.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from onnx import ModelProto, NodeProto

from rfonnx.analysis.derive.analysed import Fields, Pair
from rfonnx.analysis.derive.idle import Local, layers_of
from rfonnx.analysis.derive.local import operands
from rfonnx.graph.order import subgraphs
from rfonnx.operators.access.primitives import Reduce, Select, Step, Window
from rfonnx.operators.families import family
from rfonnx.results.fields import AxisField
from rfonnx.system.named import NamedTuple


class Most(NamedTuple):
    """Lengths beyond which none sees from border to border.

    Attributes:
        some: position of a tensor.
        all: positions of any tensor that a layer of windows reads: beyond, each layer adds context.
    """

    some: int
    all: int


def most_seen(model: ModelProto, local: Local, tensor: str, pair: Pair) -> Most | None:
    """What is certain of all lengths, from one analysis; None: nothing is, as not only windows slide along the axis.

    Args:
        model: of the file.
        local: fields by windows alone.
        tensor: of which some position shall see the axis.
        pair: input and axis.
    """
    program, base = local.program, len(local.program.inputs)
    layers = layers_of(program)
    wanted, pending = set[int](), list(layers)
    while pending:
        number = pending.pop()
        if number >= base and number not in wanted:
            wanted.add(number)
            pending += [source for source, _ in program.tensors[number - base].paths]
    seen = [number for number in wanted if _field(local, number, pair).kind != "none"]
    if _pads_itself(model) or not all(_slides(local, number, pair) for number in seen):
        return None
    before = {source for layer in layers for source in operands(program, layer) if source in seen}
    first, last = _of_first(local, tensor, pair)
    stride = int(local.tensors[tensor].fields[pair].stride)
    names = [program.tensors[number - base].name for number in before]
    return Most(
        -first // stride * stride + last + 1, max((_of_first(local, one, pair)[1] + 1 for one in names), default=0)
    )


def _field(local: Local, number: int, pair: Pair) -> AxisField:
    return local.tensors[local.program.tensors[number - len(local.program.inputs)].name].fields[pair]


def _slides(local: Local, number: int, pair: Pair) -> bool:
    """Whether a tensor is made by windows along the axis, or of the same positions of it."""
    made, field = local.program.tensors[number - len(local.program.inputs)], _field(local, number, pair)
    axis, by_windows = field.tensor_axis, family(made.kind) in ("convolution", "pooling")
    steps = [step for _, steps in made.paths for step in steps]
    return field.kind == "local" and axis is not None and all(_stays(step, axis, by_windows) for step in steps)


def _stays(step: Step, axis: int, by_windows: bool) -> bool:
    if isinstance(step, Window):
        return step.axis != axis or by_windows
    return (isinstance(step, Reduce) and axis not in step.axes) or (isinstance(step, Select) and step.axis != axis)


def _of_first(fields: Fields, tensor: str, pair: Pair) -> tuple[int, int]:
    """The unbounded field of the first positions along the axis, of all channels together."""
    axis = fields.tensors[tensor].fields[pair].tensor_axis
    places = [marks.positions for marks in fields.landmarks(tensor, *pair)]
    places = [np.zeros(1, np.int64) if number == axis else one for number, one in enumerate(places)]
    lo, hi = fields.intervals(tensor, *pair, clip=False, positions=places)
    return int(lo.min()), int(hi.max())


def _pads_itself(model: ModelProto) -> bool:
    """Whether padding may depend on lengths: the runtime works it out, or a subgraph is gone through."""
    nodes: Iterable[NodeProto] = [*model.graph.node, *(node for one in model.functions for node in one.node)]
    return any(
        subgraphs(node) or any(one.name == "auto_pad" and one.s.startswith(b"SAME") for one in node.attribute)
        for node in nodes
    )
