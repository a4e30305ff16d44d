"""A model read and analysed once, and the units of it that are asked for."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import analyze
from rfonnx.effective.default import default_tensor, survey
from rfonnx.effective.place import find_place
from rfonnx.effective.settings import At, Settings
from rfonnx.effective.source import Model
from rfonnx.effective.unit import Unit, find_unit, shown_position, unit_at
from rfonnx.errors import ModelError, QueryError, RfonnxError, ShapeError
from rfonnx.gradients.forward import Forward
from rfonnx.gradients.preparing.prepare import prepare
from rfonnx.graph.nodes import Graph
from rfonnx.model.inputs import InputType, integers
from rfonnx.model.opened import Opened, Source, shapes_key, with_values
from rfonnx.results.naming import tensor_called
from rfonnx.results.plain import shape_text

NUMBERS = (
    *("float32", "float64", "float16"),
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)
"""Element types that an input may have: those that numpy and onnxruntime share."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A model, its graph and its analysis, all bound to the same shapes.

    Attributes:
        together: tensors that are measured one after the other: the model is prepared for gradients of all of them at once.
    """

    model: Model
    graph: Graph
    analysis: Analysis
    together: tuple[str, ...] = ()
    _forwards: dict[Hashable, Forward | None] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The file's name."""
        return Path(self.model.name).name

    def prepared(self, model: Model, tensor: str) -> Forward | Opened:
        """What a gradient session of a tensor is made of: the model, prepared once for all measured together, or as it is.

        Args:
            model: this one, bound to one sample or more.
            tensor: that is measured.
        """
        if tensor not in self.together:
            return model.source
        key = shapes_key(model.shapes)
        if key not in self._forwards:
            try:
                self._forwards[key] = prepare(model.source, self.together, model.shapes, model.name)
            except RfonnxError:
                self._forwards[key] = None  # each by itself may do
        return self._forwards[key] or model.source

    def input_types(self) -> dict[str, InputType]:
        """Type of every input; ids stay inside every table that they are looked up in."""
        types, axes = {}, self.model.axes
        for name in self.graph.inputs:
            dtype = self.graph.dtypes[name]
            if dtype not in NUMBERS:
                raise _not_measured(self.name, name, dtype)
            kind = np.dtype(dtype)
            values = integers(self.graph, name, kind)
            types[name] = InputType(self.model.shapes[name], kind, values, batch=axes.get(name))
        return types


def _not_measured(model: str, input: str, dtype: str) -> ModelError:
    return ModelError(
        f"{model}: input '{input}' holds {dtype or 'no tensor'}, which is not measured",
        f"export the model with an input of one of {', '.join(NUMBERS)}",
    )


def open_subject(source: Source, settings: Settings) -> Subject:
    """Read and analyse a model.

    Raises:
        ModelError, QueryError, ShapeError: see `rfonnx.analyze`.
    """
    model, given = with_values(source, settings.values), settings.shapes or None
    analysis = analyze(model, given, batch_axes=settings.batch_axes)
    shapes = {}
    for name, shape in analysis.input_shapes.items():
        if shape is None or None in shape:
            dtype = model.graph(given).dtypes[name]
            if dtype not in NUMBERS:  # a sequence or an optional has no shape to bind
                raise _not_measured(Path(analysis.model.name).name, name, dtype)
            raise ShapeError(f"{analysis.model.name}: the shape of input '{name}' is not known", "bind it with --shape")
        shapes[name] = tuple(n or 0 for n in shape)
    return Subject(Model(model, model.label, shapes, analysis.batch_axes), model.graph(given), analysis)


def choose_units(
    subject: Subject,
    tensor: str | None,
    at: Sequence[At],
    positions: Sequence[Sequence[int | None]],
    settings: Settings,
) -> list[Unit]:
    """The units asked for, all of one tensor: nearest to each place, or at each position.

    Raises:
        QueryError: no such tensor, input, axis, place, position or channel, or none is asked for.
    """
    analysis = subject.analysis
    wanted: Sequence[At] = ["center"] if positions or at == "center" else at
    if not len(wanted):
        raise QueryError(f"{subject.name}: no unit is asked for", "give at least one place or position")
    places = [find_place(analysis, settings.input, settings.axes, one) for one in wanted]
    if tensor is None:
        chosen = default_tensor(survey(subject.graph, analysis, places[0]))
    else:
        chosen = tensor_called(analysis.tensors, tensor)
    if positions:
        units = [unit_at(analysis, chosen, position, places[0]) for position in positions]
    else:
        units = [find_unit(analysis, chosen, place) for place in places]
    return [_one_channel(subject, unit, settings) for unit in units]


def _one_channel(subject: Subject, unit: Unit, settings: Settings) -> Unit:
    """The unit narrowed to one channel, when one is asked for."""
    if isinstance(settings.channel, str):
        return unit
    axis = channel_axis(unit)
    if axis is None:
        raise QueryError(
            f"{subject.name}: position {shown_position(unit.position)} sums along no axis of '{unit.tensor}' that"
            f" channel {settings.channel} could choose from",
            "leave the channel out, or put : (None in Python) in its place",
        )
    if not 0 <= settings.channel < unit.shape[axis]:
        raise QueryError(
            f"{subject.name}: tensor '{unit.tensor}' of shape {shape_text(unit.shape)} has no channel {settings.channel}",
            "give 'sum' or a channel that it has",
        )
    position = (*unit.position[:axis], settings.channel, *unit.position[axis + 1 :])
    return unit_at(subject.analysis, unit.tensor, position, unit.place, unit.note)


def channel_axis(unit: Unit) -> int | None:
    """The summed axis that counts channels: 1 where it is summed (NCHW), else the last one (tokens, NHWC). One of length 1 only
    where there is no other: in (time, batch, classes) it is the batch."""
    summed = [axis for axis, index in enumerate(unit.position) if index is None]
    summed = [axis for axis in summed if unit.shape[axis] > 1] or summed
    return None if not summed else 1 if 1 in summed else summed[-1]
