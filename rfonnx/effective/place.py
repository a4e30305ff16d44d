"""Which input is looked at, along which axes, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rfonnx.analysis.analysis import Analysis
from rfonnx.effective.settings import At
from rfonnx.errors import QueryError, ShapeError
from rfonnx.results.plain import shape_text


@dataclass(frozen=True, slots=True)
class Place:
    """The input that is looked at, and where in it.

    Attributes:
        input, shape: the input and its bound shape.
        axes: of the map.
        at: the asked place, one coordinate per axis.
    """

    input: str
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    at: tuple[float, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """The input's lengths along the axes: the shape of the map."""
        return tuple(self.shape[axis] for axis in self.axes)


def find_place(analysis: Analysis, input: str | None, axes: Sequence[int] | None, at: At) -> Place:
    """Choose the input and its spatial axes.

    Args:
        analysis: of the model.
        input: None: the first input that a window slides along, else one that time runs along, else the first.
        axes: None: those that a window slides along; else the time that recurrent layers go through, or whose positions attention
            compares; of an input without any, all but the batch.
        at: "center", or a coordinate per axis.

    Raises:
        QueryError: no such input or axis, the input has no axes, or `at` lies outside.
    """
    name = analysis.model.name
    windowed = analysis.windowed
    if input is None:
        known = [*(given for given, _ in windowed), *analysis.time.axes.candidates, *analysis.inputs]
        input = next(iter(known), "")
    if not analysis.inputs:
        raise QueryError(f"{name}: the model has no inputs", "give a model that computes something from an input")
    if input not in analysis.inputs:
        raise QueryError(
            f"{name}: there is no input '{input}'", f"the inputs are {', '.join(map(repr, analysis.inputs))}"
        )
    shape = analysis.input_shapes[input]
    if shape is None or None in shape:
        raise ShapeError(f"{name}: the shape of input '{input}' is not known", "bind it with --shape")
    lengths = tuple(n or 0 for n in shape)
    if not lengths:
        raise QueryError(f"{name}: input '{input}' is a single number and has no places", "choose another with --input")
    if axes is None:
        chosen = tuple(axis for given, axis in windowed if given == input)
        if not chosen and input in analysis.time.axes.candidates:
            chosen = analysis.time.axes.candidates[input].axes
        batch = analysis.batch_axes.get(input)
        chosen = chosen or tuple(a for a in range(len(lengths)) if a != batch and lengths[a] > 1) or (len(lengths) - 1,)
    else:
        chosen = tuple(sorted({axis + len(lengths) if axis < 0 else axis for axis in axes}))
        if not chosen or not all(0 <= axis < len(lengths) for axis in chosen):
            raise QueryError(
                f"{name}: input '{input}' of shape {shape_text(shape)} has no axes {tuple(axes)}", "see --axes"
            )
    return Place(input, lengths, chosen, _coordinates(name, lengths, chosen, at))


def _coordinates(name: str, shape: tuple[int, ...], axes: tuple[int, ...], at: At) -> tuple[float, ...]:
    lengths = [shape[axis] for axis in axes]
    if isinstance(at, str):
        if at != "center":
            raise QueryError(f"{name}: at is '{at}'", f"give 'center' or {len(axes)} coordinates of the input")
        return tuple((n - 1) / 2 for n in lengths)
    hint = "give one coordinate per axis, counted from 0"
    try:
        place = tuple(float(c) for c in at)
    except (TypeError, ValueError):
        raise QueryError(f"{name}: at is {at!r}", hint) from None
    if len(place) != len(axes) or not all(0 <= c <= n - 1 for c, n in zip(place, lengths, strict=True)):
        raise QueryError(
            f"{name}: place ({', '.join(f'{c:g}' for c in place)}) is not in the input's axes {axes}"
            f" of lengths {shape_text(tuple(lengths))}",
            hint,
        )
    return place
