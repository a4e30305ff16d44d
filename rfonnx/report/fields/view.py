"""Which part of an analysis is reported: tensors and input axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from rfonnx.errors import QueryError
from rfonnx.report.fields.view_source import Source
from rfonnx.results.fields import AxisField, TensorField
from rfonnx.results.naming import tensor_called
from rfonnx.system.named import NamedTuple

if TYPE_CHECKING:  # pages alone have these
    from rfonnx.report.explanation.footprint import Backdrop
    from rfonnx.report.explorer.measured_field import MeasuredField
    from rfonnx.results.advice import InputSizes
    from rfonnx.results.objects import ObjectRate
    from rfonnx.results.stream_checks import StreamOutlook

AxesChoice = Literal["all", "spatial"] | tuple[int, ...]

Axes = Mapping[str, tuple[int, ...]]
"""Input axes to show, by input name."""


class View(NamedTuple):
    """What the user asked to see.

    Attributes:
        tensors: names of the tensors to show; empty for no restriction.
        axes: input axes to show: "all", "spatial" (those that a window slides along) or axis numbers; None leaves it to
            the format: tables for people show the spatial ones, data formats show all.
        every: show every tensor in tables for people, not only those where something changes.
        rate: samples per second of time axes, to give lengths of time in seconds too.
        summary: for people: the answers without the table.
        backdrop: for pages: a picture under an input.
        measured: for pages: effective fields that are shown with what units can see.
        streams: for people: whether the model can be streamed along its time axes, told beside lookahead.
        sizes: lengths of input axes that the model fits, told where they were asked for.
        rates: how many objects of a file are seen whole.
        object: for people: size of an object, along each shown axis or one for all; (): none is asked about.
    """

    tensors: tuple[str, ...] = ()
    axes: AxesChoice | None = None
    every: bool = False
    rate: float | None = None
    summary: bool = False
    object: tuple[int, ...] = ()
    sizes: tuple[InputSizes, ...] = ()
    rates: tuple[ObjectRate, ...] = ()
    backdrop: Backdrop | None = None
    streams: tuple[StreamOutlook, ...] = ()
    measured: tuple[MeasuredField, ...] = ()


def pick_tensors(source: Source, names: tuple[str, ...]) -> Iterable[TensorField]:
    """The named tensors in the order of the model, or all when `names` is empty.

    Raises:
        QueryError: a name is not among the tensors.
    """
    if not names:
        return source.tensors.values()
    wanted = {tensor_called(source.tensors, name) for name in names}
    for name in wanted:
        if name not in source.tensors:
            raise unknown_tensor(source, name)
    return (source.tensors[name] for name in source.tensors if name in wanted)


def seen(tensor: TensorField, name: str, numbers: Sequence[int]) -> list[AxisField]:
    """The fields along axes of an input, or none when nothing of it is seen."""
    fields = [tensor.fields[name, axis] for axis in numbers if (name, axis) in tensor.fields]
    return fields if any(field.kind != "none" for field in fields) else []


def unknown_tensor(source: Source, name: str) -> QueryError:
    """The error for a tensor that is not there, with the names that look like it."""
    # Imported here: only mistakes need it.
    from difflib import get_close_matches

    if name in source.inputs:
        return QueryError(
            f"{source.model.name}: '{name}' is an input, which sees only itself", "name a computed tensor"
        )
    matches = get_close_matches(name, list(source.tensors)[:MATCHED], n=3, cutoff=0.5)
    likely = ", ".join(f"'{match}'" for match in matches)
    hint = f"did you mean {likely}?" if matches else "--all lists every tensor"
    return QueryError(f"{source.model.name}: no tensor '{name}' is computed from an input", hint)


MATCHED = 20_000
"""Names compared with a misspelt one: more would keep the user waiting for longer than a second."""


def pick_axes(source: Source, axes: AxesChoice) -> Axes:
    """Input axes to show, by input name; inputs with none are left out.

    "spatial" falls back to all axes where nothing slides along any: a model of tokens and matrices has no spatial axis.

    Raises:
        QueryError: no input has an axis that was asked for.
    """
    pairs = [(name, axis) for name in source.inputs for axis in range(len(source.input_shapes.get(name) or ()))]
    if axes == "spatial":
        pairs = [pair for pair in pairs if pair in source.windowed or not source.windowed]
    elif axes != "all":
        if missing := sorted(set(axes) - {axis for _, axis in pairs}):
            raise _no_axis(source, missing[0])
        pairs = [pair for pair in pairs if pair[1] in axes]
    picked: dict[str, tuple[int, ...]] = {}
    for name, axis in pairs:
        picked[name] = (*picked.get(name, ()), axis)
    return picked


def _no_axis(source: Source, axis: int) -> QueryError:
    ranks = ", ".join(f"'{name}' {len(shape or ())}" for name, shape in source.input_shapes.items())
    told = f"{source.model.name}: no input has an axis {axis}; number of axes: {ranks}"
    return QueryError(told, "axes count from 0, batch included")
