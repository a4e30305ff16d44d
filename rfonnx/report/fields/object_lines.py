"""What a report says of objects of a size: whether outputs see them whole, and from which layer on that is so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rfonnx.errors import QueryError
from rfonnx.report.document import Line, Name
from rfonnx.report.fields.view import Axes, seen
from rfonnx.report.fields.view_source import Source
from rfonnx.results.fields import TensorField
from rfonnx.results.objects import ObjectRate, sees
from rfonnx.results.plain import axes_text, counted, percent, shape_text


def object_lines(source: Source, axes: Axes, size: Sequence[int]) -> Iterator[Line]:
    """By input: a line for each output, and one for the first layer of which it is so.

    Raises:
        QueryError: an input has another number of shown axes than the object.
    """
    for name, numbers in axes.items():
        wanted = tuple(size) * len(numbers) if len(size) == 1 else tuple(size)
        if min(wanted) < 1:
            raise QueryError(f"an object of {shape_text(wanted)} has no size", "give lengths of 1 and more")
        if len(wanted) != len(numbers):
            shown = ", ".join(map(str, numbers))
            raise QueryError(
                f"{source.model.name}: an object of {shape_text(wanted)} for input '{name}', of which axes {shown} are shown",
                "give a length for each of them, or one for all; --axes chooses axes",
            )
        yield from _of_outputs(source, name, numbers, wanted)
        yield _first(source, name, numbers, wanted)


def rate_lines(rates: Sequence[ObjectRate]) -> Iterator[Line]:
    """How many objects of a file each tensor sees whole."""
    for one in rates:
        at_most = "" if one.exact else "at most "
        alone = ", by windows alone," if one.by_windows else ""
        unknown = f"; {one.unknown} were not worked out" if one.unknown else ""
        yield (
            Name(one.tensor),
            f"{alone} sees {at_most}{percent(one.rate)} of {counted(one.objects, 'object')} whole",
            f" in the field of one position, wherever they lie along {axes_text(one.axes)} of ",
            Name(one.input),
            unknown,
        )


def _of_outputs(source: Source, name: str, numbers: Sequence[int], wanted: tuple[int, ...]) -> Iterator[Line]:
    for output in source.outputs:
        tensor = source.tensors.get(output)
        if tensor is None or not seen(tensor, name, numbers):
            continue
        found = sees(source, output, name, numbers, wanted)
        of = shape_text(wanted)
        if found is None:
            yield (Name(output), f": not worked out for objects of {of}: too many fields of ", Name(name), " differ")
        elif found:
            holds = "holds it" if tensor.exact else "may hold it"
            yield (
                Name(output),
                f": wherever an object of {of} lies in ",
                Name(name),
                f", the field of a position {holds}",
            )
        else:
            yield (Name(output), f": no position's field holds an object of {of} at some places of ", Name(name))


def _first(source: Source, name: str, numbers: Sequence[int], wanted: tuple[int, ...]) -> Line:
    of = f"that hold an object of {shape_text(wanted)} wherever it lies in "
    for tensor in source.tensors.values():
        if _large(tensor, name, numbers, wanted) and sees(source, tensor.name, name, numbers, wanted):
            can = "has fields" if tensor.exact else "may have fields"
            return (Name(tensor.name), " (", Name(tensor.op_type), f") is the first layer that {can} {of}", Name(name))
    return (f"no layer is known to have fields {of}", Name(name))


def _large(tensor: TensorField, name: str, numbers: Sequence[int], wanted: tuple[int, ...]) -> bool:
    """Whether its largest field is as large: most layers need not be looked at further."""
    fields = (tensor.fields.get((name, axis)) for axis in numbers)
    return all(field is not None and field.size >= n for field, n in zip(fields, wanted, strict=True))
