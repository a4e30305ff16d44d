"""The summary under the table: what outputs see, what is global, misaligned or uncertain, what enlarged the field."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.report.document import Line, Name, Section, listed, number, shared, size
from rfonnx.report.explanation.growth import shares
from rfonnx.report.fields.facts import fact_lines
from rfonnx.report.fields.view import Axes, seen
from rfonnx.report.fields.view_source import Source
from rfonnx.results.plain import axes_text, percent, shape_text

LIMIT = 20
"""Most lines of a section: more would bury the table."""

Key = tuple[str, int]


def sections(source: Source, axes: Axes, rate: float | None, chosen: bool = False) -> Iterator[Section]:
    """The sections that have something to say, in order; see `fact_lines` for `rate` and `chosen`."""
    made = (
        Section("Outputs", listed(_outputs(source, axes), LIMIT)),
        Section("Derived facts", listed(fact_lines(source, axes, rate, chosen), LIMIT)),
        Section("First to see the whole input", tuple(_whole(source, axes))),
        Section("Global operators", listed(_global(source, axes), LIMIT)),
        Section("What enlarged the field", listed(_growth(source, axes), LIMIT)),
        Section("Misaligned joins", listed(_joins(source, axes), LIMIT), alarm=True),
        Section("Warnings", listed(_warnings(source), LIMIT), alarm=True),
    )
    return (section for section in made if section.lines)


def _outputs(source: Source, axes: Axes) -> Iterator[Line]:
    for output in source.outputs:
        tensor = source.tensors.get(output)
        if tensor is None:
            what = "is an input, passed on" if output in source.inputs else "depends on no input"
            yield (Name(output), f" {what}")
            continue
        for name, numbers in axes.items():
            fields = seen(tensor, name, numbers)
            if not fields:
                yield (Name(output), " sees nothing of ", Name(name))
                continue
            shape = source.input_shapes.get(name) or ()
            lengths = tuple(shape[axis] for axis in numbers if (name, axis) in tensor.fields)
            yield (
                Name(output),
                " sees " + ("" if tensor.exact else "at most ") + "x".join(map(size, fields)) + " of ",
                Name(name),
                f" ({shape_text(lengths)}): stride {shared([number(field.stride) for field in fields])}"
                f", padding {shared([str(-field.start) for field in fields])}"
                f", {shared([field.kind for field in fields], '/')}"
                f"; the middle position sees {shared([percent(field.coverage) for field in fields])}",
            )


def _whole(source: Source, axes: Axes) -> Iterator[Line]:
    """By input, the first tensor whose middle position sees all of it along every shown axis."""
    missing = dict(axes)
    for tensor in source.tensors.values():
        for name in [
            name
            for name, numbers in missing.items()
            if all((f := tensor.fields.get((name, axis))) is not None and f.coverage >= 1 for axis in numbers)
        ]:
            del missing[name]
            yield (Name(tensor.name), " (", Name(tensor.op_type), "), in its middle position, sees all of ", Name(name))
        if not missing:
            return
    for name in missing:
        yield ("no tensor, in its middle position, sees all of ", Name(name))


def _global(source: Source, axes: Axes) -> Iterator[Line]:
    """Operators that take a whole shown axis into each position, with the axes of each."""
    causes: dict[str, dict[Key, None]] = {}
    for tensor, name, axis in source.globals:
        if axis in axes.get(name, ()):
            causes.setdefault(tensor, {})[name, axis] = None
    several = len(axes) > 1
    for tensor, over in causes.items():
        where: list[str] = []
        for name in dict.fromkeys(key[0] for key in over):
            numbers = [axis for other, axis in over if other == name]
            where += [" and " if where else " along ", axes_text(numbers), *((" of ", Name(name)) if several else ())]
        unproven = () if source.tensors[tensor].exact else (", at most",)
        yield (Name(tensor), " (", Name(source.tensors[tensor].op_type), ")", *where, *unproven)


def _growth(source: Source, axes: Axes) -> Iterator[Line]:
    """By output and input: the shares of each axis, axes with the same shares together."""
    for output in source.outputs[:LIMIT]:
        tensor = source.tensors.get(output)
        if tensor is None:
            continue
        for name, numbers in axes.items():
            by_shares: dict[str, list[int]] = {}
            for axis in numbers:
                field = tensor.fields.get((name, axis))
                if field is None or field.kind == "none":
                    continue
                if words := shares(source.explain(output, input=name, axis=axis)):
                    by_shares.setdefault(words, []).append(axis)
            for words, same in by_shares.items():
                yield (Name(output), " of ", Name(name), f", {axes_text(same)}: {words}")


def _joins(source: Source, axes: Axes) -> Iterator[Line]:
    """One line per join; one for all that see nothing ahead, since causal branches share their ends and never their centres."""
    apart: dict[Key, int] = {}
    for tensor, name, axis, offsets in source.joins:
        if axis not in axes.get(name, ()) or (name, axis) not in source.windowed:
            continue
        if not source.misaligned(tensor, input=name, axis=axis):
            apart[name, axis] = apart.get((name, axis), 0) + 1
            continue
        centers = ", ".join(number(offset) for offset in offsets)
        yield (Name(tensor), " joins branches of ", Name(name), f" axis {axis} that are centred at {centers}")
    for (name, axis), count in apart.items():
        yield (
            f"{count} joins of branches of ",
            Name(name),
            f" axis {axis} that differ in centre, as causal branches do",
        )


def _warnings(source: Source) -> Iterator[Line]:
    """How much is only an upper bound, the analysis' own warnings (which say why), and what was assumed elsewhere."""
    inexact = sum(not tensor.exact for tensor in source.tensors.values())
    if inexact:
        yield (f"{inexact} of {len(source.tensors)} tensors see at most what is shown, perhaps less",)
    for warning in source.warnings:
        yield (Name(warning),)
    assumed: dict[str, list[str]] = {}
    for tensor in source.tensors.values():
        if tensor.exact:
            for note in tensor.notes:
                assumed.setdefault(note, []).append(tensor.name)
    for note, names in assumed.items():
        yield (Name(names[0]), f" and {len(names) - 1} more: " if len(names) > 1 else ": ", Name(note))
