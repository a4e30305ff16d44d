"""The answers: what outputs see, whether it is enough, what made it so, what is global or uncertain, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rfonnx.report.document import Line, Name, Section, listed, number, shared, size
from rfonnx.report.explanation.growth import shares
from rfonnx.report.fields.advice import advice_lines
from rfonnx.report.fields.facts import fact_lines
from rfonnx.report.fields.next_steps import next_steps
from rfonnx.report.fields.view import Axes, View, seen
from rfonnx.report.fields.view_source import Source
from rfonnx.results.fields import AxisField, TensorField
from rfonnx.results.plain import axes_text, percent, shape_text

LIMIT = 20
"""Most lines of a section."""

Key = tuple[str, int]


def sections(source: Source, axes: Axes, view: View) -> Iterator[Section]:
    """The sections that have something to say, in order.

    Raises:
        QueryError: see `object_lines`.
    """
    objects: list[Line] = []
    if view.object or view.rates:
        from rfonnx.report.fields.object_lines import object_lines, rate_lines  # most reports are asked about no object

        objects += object_lines(source, axes, view.object) if view.object else ()
        objects += rate_lines(view.rates)
    facts = fact_lines(source, axes, view.rate, view.axes is not None, view.streams)
    made = (
        Section("Outputs", listed(_outputs(source, axes), LIMIT)),
        Section("Is it enough?", listed([*objects, *_enough(source, axes)], LIMIT)),
        Section("What enlarged the field", listed(_growth(source, axes), LIMIT)),
        Section("Global operators", listed(_global(source, axes), LIMIT)),
        Section("Misaligned joins", listed(_joins(source, axes), LIMIT), alarm=True),
        Section("Warnings", listed(_warnings(source), LIMIT), alarm=True),
        Section("Derived facts", listed(facts, LIMIT)),
        Section("Advice", _with_last(tuple(advice_lines(source, axes, view.sizes, view.measured)))),
        Section("What to do", tuple(next_steps(source, axes))),
    )
    return (section for section in made if section.lines)


def _with_last(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """At most `LIMIT` lines, and the last one whatever is left out."""
    return (*listed(lines[:-1], LIMIT), *lines[-1:])


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
            beyond = any(
                length is not None and field.size > length for field, length in zip(fields, lengths, strict=True)
            )
            yield (
                Name(output),
                " sees " + ("" if tensor.exact else "at most ") + "x".join(map(size, fields)) + " of ",
                Name(name),
                f" ({shape_text(lengths)}){', borders not clipped' if beyond else ''}"
                f": stride {shared([number(field.stride) for field in fields])}"
                f", padding {shared([str(-field.start) for field in fields])}"
                f", {shared([field.kind for field in fields], '/')}",
            )


def _enough(source: Source, axes: Axes) -> Iterator[Line]:
    """By output and input: how much its middle position sees, and what is too large for any; then who is the first to see all."""
    for output in source.outputs:
        tensor = source.tensors.get(output)
        for name, numbers in axes.items() if tensor else ():
            if tensor and (fields := seen(tensor, name, numbers)):
                yield (Name(output), *_share(tensor, fields), Name(name), *_too_large(source, tensor, name, numbers))
    yield from _whole(source, axes)


def _share(tensor: TensorField, fields: Sequence[AxisField]) -> Line:
    at_most = "" if tensor.exact else "at most "
    if all(field.coverage >= 1 for field in fields):
        return (f": its middle position reaches {at_most}from border to border of ",)
    return (f": its middle position reaches {at_most}over {shared([percent(field.coverage) for field in fields])} of ",)


def _too_large(source: Source, tensor: TensorField, name: str, numbers: Sequence[int]) -> Line:
    """No position sees a stretch that is longer than the largest field."""
    shape = source.input_shapes.get(name) or ()
    fields = {axis: tensor.fields[name, axis] for axis in numbers if (name, axis) in tensor.fields}
    if any((length := shape[axis]) is None or field.size >= length for axis, field in fields.items()):
        return ()
    return (
        f"; nothing larger than {'x'.join(str(field.size) for field in fields.values())} is seen whole by any position",
    )


def _whole(source: Source, axes: Axes) -> Iterator[Line]:
    """By input, the first tensor whose middle position reaches over all of it, along every shown axis."""
    missing = dict(axes)
    for tensor in source.tensors.values():
        for name in [
            name
            for name, numbers in missing.items()
            if all((f := tensor.fields.get((name, axis))) is not None and f.coverage >= 1 for axis in numbers)
        ]:
            del missing[name]
            reaches = "reaches" if tensor.exact else "may reach"
            yield (
                f"the first whose middle position {reaches} from border to border of ",
                *(Name(name), ": ", Name(tensor.name), " (", Name(tensor.op_type), ")"),
            )
        if not missing:
            return
    for name in missing:
        yield ("no tensor's middle position reaches from border to border of ", Name(name))


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
            told: dict[Key, str] = {}
            for axis in numbers:
                field = tensor.fields.get((name, axis))
                if field is None or field.kind == "none":
                    continue
                twin = source.twins.get((name, axis), (name, axis))
                if twin not in told:
                    told[twin] = shares(source.explain(output, input=name, axis=twin[1]))
                if told[twin]:
                    by_shares.setdefault(told[twin], []).append(axis)
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
    if source.inexact:
        yield (f"{source.inexact} of {len(source.tensors)} tensors see at most what is shown, perhaps less",)
    for warning in source.warnings:
        yield (Name(warning),)
    for note, names in source.assumed.items():
        yield (Name(names[0]), f" and {len(names) - 1} more: " if len(names) > 1 else ": ", Name(note))
