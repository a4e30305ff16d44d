"""A model read and analysed once, and the units of it that are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rfonnx.analysis import Analysis, analyze
from rfonnx.erf.data import INTEGERS, InputType
from rfonnx.erf.equivariance import upstream
from rfonnx.erf.place import Place, find_place
from rfonnx.erf.settings import At, Settings
from rfonnx.erf.source import Model, open_model
from rfonnx.erf.unit import Unit, find_unit, unit_at
from rfonnx.erf.walking import proportional, walk
from rfonnx.errors import QueryError, ShapeError
from rfonnx.graph import Graph, load
from rfonnx.graph.read import Source
from rfonnx.plain import shape_text

NORMALISED = ("LayerNormalization", "RMSNormalization", "Softmax", "LogSoftmax", "Normalize", "LpNormalization")
"""The sum of such a tensor's channels is (nearly) constant, and its gradient (nearly) zero."""

SPATIAL = (
    *("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean"),
    *("BatchNormalization", "Resize", "DepthToSpace"),
)
"""Operators that work on maps of channels, rows and columns."""

FLOATS = ("float32", "float64", "float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class Subject:
    """A model, its graph and its analysis, all bound to the same shapes."""

    model: Model
    graph: Graph
    analysis: Analysis

    @property
    def name(self) -> str:
        """The file's name."""
        return Path(self.model.name).name

    def input_types(self) -> dict[str, InputType]:
        """Type of every input; token ids have as many values as the shortest table that they are looked up in."""
        types = {}
        for name in self.graph.inputs:
            dtype = self.graph.dtypes[name]
            kind = np.dtype(np.float32 if dtype == "bfloat16" else dtype)
            tables = [
                (self.graph.shapes.get(node.inputs[0]) or (0,))[0]
                for node in self.graph.nodes
                if node.op_type == "Gather" and node.inputs[1] == name and node.inputs[0] in self.graph.constants
            ]
            known = [int(n) for n in tables if n]
            types[name] = InputType(self.model.shapes[name], kind, min(known, default=INTEGERS))
        return types


def open_subject(source: Source, settings: Settings) -> Subject:
    """Read and analyse a model.

    Raises:
        ModelError, ShapeError: see `rfonnx.analyze`.
    """
    analysis = analyze(source, settings.shapes or None)
    shapes = {}
    for name, shape in analysis.input_shapes.items():
        if shape is None or None in shape:
            raise ShapeError(f"{analysis.model.name}: the shape of input '{name}' is not known", "bind it with --shape")
        shapes[name] = tuple(n or 0 for n in shape)
    return Subject(open_model(source, shapes), load(source, shapes), analysis)


def choose_units(
    subject: Subject,
    tensor: str | None,
    at: Sequence[At],
    positions: Sequence[Sequence[int | None]],
    settings: Settings,
) -> list[Unit]:
    """The units asked for, all of one tensor: nearest to each place, or at each position.

    Raises:
        QueryError: no such tensor, input, axis, place, position or channel.
    """
    analysis = subject.analysis
    wanted: Sequence[At] = ["center"] if positions else at
    places = [find_place(analysis, settings.input, settings.axes, one) for one in wanted]
    chosen = tensor or default_tensor(subject, places[0])
    if positions:
        return [unit_at(analysis, chosen, position, places[0]) for position in positions]
    return [_one_channel(subject, find_unit(analysis, chosen, place), settings) for place in places]


def _one_channel(subject: Subject, unit: Unit, settings: Settings) -> Unit:
    """The unit narrowed to one channel, when one is asked for."""
    if isinstance(settings.channel, str):
        return unit
    axis = channel_axis(unit)
    if axis is None or not 0 <= settings.channel < unit.shape[axis]:
        raise QueryError(
            f"{subject.name}: tensor '{unit.tensor}' of shape {shape_text(unit.shape)} has no channel {settings.channel}",
            "give 'sum' or a channel that it has",
        )
    position = (*unit.position[:axis], settings.channel, *unit.position[axis + 1 :])
    return unit_at(subject.analysis, unit.tensor, position, unit.place, unit.note)


def channel_axis(unit: Unit) -> int | None:
    """The summed axis that counts channels: 1 where it is summed (NCHW), else the last one (tokens, NHWC)."""
    summed = [axis for axis, index in enumerate(unit.position) if index is None]
    return None if not summed else 1 if 1 in summed else summed[-1]


def default_tensor(subject: Subject, place: Place) -> str:
    """The last tensor before the first output that has places: the output of a U-Net, the last feature map of a classifier.

    A tensor has places when it has the shape of one whose units slide over the input (tokens keep their place through
    attention), or the input's layout and a convolution, pool or the like at work on its shape (attention's scores have none).
    Tensors whose channels are normalised are passed over: their sum says nothing.

    Raises:
        QueryError: no tensor of the model depends on the input.
    """
    graph, analysis = subject.graph, subject.analysis
    output = next((name for name in graph.outputs if name in analysis.tensors), "")
    if not output:
        raise QueryError(f"{subject.name}: no output depends on an input", "name a tensor with --tensor")
    nodes, names = upstream(graph, output)
    seen = [name for name in names if name in analysis.tensors and _usable(subject, name, place)]
    sliding = {analysis.tensors[name].shape for name in seen if any(p is not None for p in walk(analysis, name, place))}
    maps = {
        graph.shapes[name] for node in nodes if node.op_type in SPATIAL for name in (node.inputs[0], node.outputs[0])
    }
    for name in reversed(seen):
        shape = tuple(n or 0 for n in analysis.tensors[name].shape or ())
        if shape in sliding or (shape in maps and proportional(shape, place)):
            return name
    return output


def _usable(subject: Subject, name: str, place: Place) -> bool:
    tensor = subject.analysis.tensors[name]
    if tensor.fields[place.input, place.axes[0]].kind == "none":
        return False
    shape = tensor.shape
    known = shape is not None and None not in shape and len(shape) >= 2
    return known and tensor.dtype in FLOATS and tensor.op_type not in NORMALISED
