"""What changes to a model would do, for people: a row for each variant and tensor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rfonnx.report.document import Document, Line, Name, Section, Table, number, shared
from rfonnx.report.document import size as size_text
from rfonnx.report.escape import printable
from rfonnx.report.whatif.target_section import target_section
from rfonnx.results.plain import axes_text, percent, shape_text
from rfonnx.results.variants import Change, Seen, Variant, WhatIf, along_text

HEADER = ("variant", "tensor", "shape", "field", "stride", "coverage", "MACs", "activations")
SPARE = ("shape", "stride", "activations")
"""Columns that a narrow window leaves out."""

UNITS = ("", "k", "M", "G", "T", "P")


def whatif_document(found: WhatIf) -> Document:
    """The table, what each variant changes, and what was searched for."""
    shapes = ", ".join(f"{name} {shape_text(shape)}" for name, shape in found.input_shapes.items())
    head: list[Line] = [(Name(found.model), " at ", Name(shapes))]
    proposals = () if found.target is None else found.target.proposals
    parts: list[Table | Section] = [_table(found.before, (found.before, *found.variants, *proposals))]
    if found.before.changes:
        parts.append(Section("As it is, at this size", tuple(_changes(found.before))))
    parts += [Section(f"Variant {printable(one.name)}", tuple(_changes(one))) for one in found.variants]
    if found.target is not None:
        parts.append(target_section(found.target, found.before))
    return Document(tuple(head), tuple(parts))


def _table(before: Variant, every: Sequence[Variant]) -> Table:
    rows = [row for one in every for row in _rows(one, before)]
    axes = sorted({one.axis for one in before.seen})
    along = f"along {axes_text(axes)} of the input; coverage: of the middle position; " if axes else ""
    caption = f"{along}(x2): twice the cost of the model as it is"
    return Table(HEADER, tuple(rows), (caption,), spare=SPARE)


def _rows(one: Variant, before: Variant) -> Iterator[tuple[str, ...]]:
    """A row for each tensor and input; the cost of a variant stands in its first one."""
    groups: dict[tuple[str, str], list[Seen]] = {}
    for seen in one.seen:
        groups.setdefault((seen.tensor, seen.input), []).append(seen)
    cost = (_times(one.macs, before.macs), _times(one.activation_bytes, before.activation_bytes, "B"))
    if not groups:
        yield Name(one.name), "", "", "", "", "", *cost
    for turn, ((tensor, _), along) in enumerate(groups.items()):
        fields = [seen.field for seen in along]
        at_most = "" if all(seen.exact for seen in along) else "<= "
        yield (
            Name(one.name) if not turn else "",
            Name(tensor),
            shape_text(along[0].shape),
            at_most + "x".join(map(size_text, fields)),
            shared([number(field.stride) for field in fields]),
            at_most + shared([percent(field.coverage) for field in fields]),
            *(cost if not turn else ("", "")),
        )


def _times(value: int | None, before: int | None, unit: str = "") -> str:
    """A cost, and how many times that of the model as it is."""
    if value is None or before is None:
        return "?"
    times = f"{value / before:.3g}" if before else "1"
    return (amount(value) + unit).rstrip() + (f" (x{times})" if times != "1" else "")


def amount(value: int) -> str:
    """Three digits and a unit.

    >>> amount(999), amount(1234), amount(4_089_184_256)
    ('999 ', '1.23 k', '4.09 G')
    """
    size, turn = float(value), 0
    while size >= 999.5 and turn < len(UNITS) - 1:
        size, turn = size / 1000, turn + 1
    return f"{size:.3g} {UNITS[turn]}"


def _changes(one: Variant) -> Iterable[Line]:
    for change in one.changes:
        yield (Name(change.node), f" ({change.op_type}): ", *_words(change))
    for kind, count in one.uncounted.items():
        yield (f"{count} x ", Name(kind), " are not among the MACs: their cost is not known")
    for name in one.ahead:
        yield (Name(name), " saw the past alone, and sees ahead")
    for note in one.notes:
        yield (Name(note),)


def _words(change: Change) -> Line:
    if change.attribute == "drop":
        return ("dropped",)
    if change.attribute == "lengths":
        old, new = ("x".join(map(str, values)) for values in (change.before, change.after))
        return (f"lengths in the file {old} -> {new}, taken to follow what it reads",)
    before, after = along_text(change.before), along_text(change.after)
    why = ", which keeps the length" if change.follows else ""
    return (f"{change.attribute} {before} -> {after}{why}",)
