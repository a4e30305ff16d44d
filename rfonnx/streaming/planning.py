"""`rfonnx.stream`: a model is opened for streaming, changed as asked, looked at, and planned."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal

from rfonnx.errors import ModelError, QueryError, ShapeError
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import Shapes
from rfonnx.streaming.behind import behind
from rfonnx.streaming.bounded import bounded
from rfonnx.streaming.given import with_statistics
from rfonnx.streaming.looking import looked_at
from rfonnx.streaming.model import LENGTHS, ODD, Source
from rfonnx.streaming.offline import run_longer
from rfonnx.streaming.refusal import Refused, offering
from rfonnx.streaming.steady import steadied
from rfonnx.streaming.stream_plan import StreamPlan, planned
from rfonnx.streaming.wanted_part import Asked, open_source

Start = Literal["exact", "steady"]
"""How a stream begins: as the file, or without waiting for frames that are mirrored at the start."""


def stream_plan(
    model: Opened,
    inputs: Asked,
    axis: int | None,
    chunk: int | None,
    outputs: Sequence[str] | None = None,
    shapes: Shapes | None = None,
    cache: int | None = None,
    start: Start = "exact",
    after: str | None = None,
    flat: bool = False,
    statistics: Sequence[str] = (),
) -> StreamPlan:
    """See `rfonnx.stream`."""
    first = [*model.read().input_names, *([] if after is None else [after])]
    with offering(first, outputs or [output.name for output in model.proto.graph.output]):
        source = _source(model, inputs, axis, outputs, shapes, after)
        if statistics:
            source = with_statistics(source, statistics, cache is not None)
        if cache is not None:
            source = bounded(source, cache)
        if start == "steady":
            source = steadied(source)
        return _planned_at_best(source, chunk, flat)


def _source(
    model: Opened,
    inputs: Asked,
    axis: int | None,
    outputs: Sequence[str] | None,
    shapes: Shapes | None,
    after: str | None,
) -> Source:
    """What is streamed: from inputs, or from a tensor on."""
    if after is None:
        return open_source(model, inputs, axis, outputs, shapes)
    if inputs is not None:
        raise QueryError(f"{model.label}: both an input and a tensor were given to stream from", "leave out --input")
    place = -1 if axis is None else axis
    cut = open_source(behind(model, after, place, outputs, shapes), after, place, outputs, shapes)
    return replace(cut, model=model)


def _planned_at_best(source: Source, chunk: int | None, flat: bool) -> StreamPlan:
    """The plan at the length at which most is known of the model."""
    if source.fixed and not source.pinned:
        with suppress(ModelError, Refused, ShapeError):  # else it is held to the one length that it has
            freed, layout = looked_at(source.freed(), [source.length])
            run_longer(freed)
            return planned(freed, layout, layout.unit if chunk is None else chunk, flat)
    source, layout = looked_at(source, [source.length] if source.fixed else (*LENGTHS, *ODD))
    return planned(source, layout, layout.unit if chunk is None else chunk, flat)
