"""The table of fields: which tensors get a row, and what its cells say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rfonnx.report.document import Name, Section, Table, number, shared, shortened, size
from rfonnx.report.fields.view import Axes, View, pick_tensors, seen
from rfonnx.report.fields.view_source import Source
from rfonnx.results.fields import AxisField, Kind, TensorField
from rfonnx.results.plain import percent, shape_text
from rfonnx.system.named import NamedTuple


def table(source: Source, view: View, axes: Axes) -> Table:
    """The table of the tensors that `view` asks for, or of those where something changes.

    Raises:
        QueryError: `view` names a tensor that does not exist.
    """
    chosen = view.every or bool(view.tensors)
    if chosen:
        names = [tensor.name for tensor in pick_tensors(source, view.tensors)]
        caption = f"{len(names)} tensors"
    else:
        names, whole = changing(source, axes), len(source.tensors)
        caption = (
            f"{len(names)} of {whole} tensors, where the field or the number of elements changes; --all shows every one"
        )
        if len(names) == whole:
            caption = f"{whole} tensors"
    every = [(name, input) for name in names for input in inputs_seen(source, name, axes)]
    gap, elision = None, ""
    if not chosen:
        every, gap, elision = shortened(every)
    rows = [(source.tensors[name], input) for name, input in every]
    # A tensor has a row per input: only when there is more than one is the input named.
    several = len(axes) > 1
    header = ("name", "op", "shape", *(("input",) if several else ()))
    header += FieldCells._fields
    cells = tuple(_cells(source, tensor, name, axes, several) for tensor, name in rows)
    alarm = frozenset(i for i, (tensor, _) in enumerate(rows) if not tensor.exact)
    return Table(header, cells, (caption,), gap, elision, alarm, spare=("centre", "padding", "stride", "shape", "op"))


COLUMNS = {
    "size": "from the first to the last input position that one position sees, borders not clipped; a..b where it differs",
    "stride": "input positions from what one position sees to what the next one sees",
    "padding": "how far the first position sees beyond the beginning of the input",
    "centre": "input position in the middle of what the first position sees",
    "coverage": "share of the input that the middle position reaches over",
}
"""What the columns say, and the kinds: see `AxisField`."""

KINDS: Mapping[Kind, str] = {
    "local": "a window that slides along the input",
    "periodic": "a window that slides, whose size repeats with the position",
    "block": "what is seen depends on the position in another way",
    "global": "every position sees the same",
    "none": "nothing is seen",
}


def columns(source: Source, axes: Axes) -> Section:
    """What the columns of the table mean, and those kinds that are in it."""
    found = source.kinds_along(_shown(axes))
    told = [*COLUMNS.items(), *((kind, meaning) for kind, meaning in KINDS.items() if kind in found)]
    return Section("Columns", tuple((f"{word}: {meaning}",) for word, meaning in told))


class FieldCells(NamedTuple):
    """The cells of a row that tell of a field."""

    size: str
    stride: str
    padding: str
    centre: str
    coverage: str
    kind: str


def changing(source: Source, axes: Axes) -> list[str]:
    """Tensors whose shown fields, number of elements or exactness differ from the tensor before; misaligned joins; outputs.

    The number of elements tells a layer of another width from one that only moves elements about.
    """
    differing = set(source.changing_along(_shown(axes)))
    differing.update(source.outputs, [join[0] for join in source.joins])
    return [name for name in source.tensors if name in differing]


def _shown(axes: Axes) -> list[tuple[str, int]]:
    return [(name, axis) for name, numbers in axes.items() for axis in numbers]


def inputs_seen(source: Source, tensor: str, axes: Axes) -> list[str]:
    """Inputs of which the tensor sees something along a shown axis; the first one when it sees nothing, for a row."""
    first = list(axes)[:1]
    if len(axes) < 2:
        return first
    field = source.tensors[tensor]
    return [name for name, numbers in axes.items() if seen(field, name, numbers)] or first


def _cells(source: Source, tensor: TensorField, name: str, axes: Axes, several: bool) -> tuple[str, ...]:
    left = (Name(tensor.name), Name(tensor.op_type), shape_text(tensor.shape), *((Name(name),) if several else ()))
    found = seen(tensor, name, axes[name])
    if not found:
        return (*left, "", "", "", "", "", "none")
    apart = any(
        source.misaligned(tensor.name, input=name, axis=axis) for axis in axes[name] if (name, axis) in tensor.fields
    )
    return (*left, *field_cells(found, tensor.exact, apart))


def field_cells(fields: Sequence[AxisField], exact: bool, apart: bool = False) -> FieldCells:
    """What is said of the fields along axes of an input: a size per axis, of the rest one word where all axes agree."""
    return FieldCells(
        ("" if exact else "at most ") + "x".join(map(size, fields)),
        shared([number(field.stride) for field in fields]),
        shared([str(-field.start) for field in fields]),
        shared([number(field.center) for field in fields]),
        shared([percent(field.coverage) for field in fields]),
        shared([field.kind for field in fields], "/") + (", misaligned" if apart else ""),
    )
