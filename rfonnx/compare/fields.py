"""Receptive-field parity: do teacher and student see alike, by structure alone?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rfonnx.analysis import Analysis
from rfonnx.comparison import FieldPair
from rfonnx.results import AxisField, TensorField

AxisPairs = Sequence[tuple[tuple[str, int], tuple[str, int]]]
"""(input, axis) of the teacher and of the student that stand for the same direction."""


def field_pairs(
    teacher: Analysis, student: Analysis, outputs: Sequence[tuple[str, str]], inputs: Sequence[tuple[str, str]]
) -> tuple[FieldPair, ...]:
    """Fields of paired outputs, and of the last tensors that slide over the input before everything becomes global.

    Args:
        outputs, inputs: paired names, the teacher's first.
    """
    axes = paired_axes(teacher, student, inputs)
    found = []
    for pair in outputs:
        a, b = teacher.tensors.get(pair[0]), student.tensors.get(pair[1])
        if a is not None and b is not None:
            found += list(_pairs("output", (teacher, student), (a, b), axes))
    a, b = last_sliding(teacher, [mine for mine, _ in axes]), last_sliding(student, [theirs for _, theirs in axes])
    if a is not None and b is not None and a.name not in teacher.outputs:
        found += list(_pairs("features", (teacher, student), (a, b), axes))
    return tuple(found)


def paired_axes(teacher: Analysis, student: Analysis, inputs: Sequence[tuple[str, str]]) -> AxisPairs:
    """The windowed axes of paired inputs, in order: rows with rows, whatever the layout.

    An axis that only one model has windows along is paired with the same axis of the other, where the inputs have one shape.
    """
    pairs: list[tuple[tuple[str, int], tuple[str, int]]] = []
    for mine, theirs in inputs:
        left = [axis for name, axis in teacher.windowed if name == mine]
        right = [axis for name, axis in student.windowed if name == theirs]
        if len(left) != len(right):
            if teacher.input_shapes[mine] != student.input_shapes[theirs]:
                continue
            left = right = sorted({*left, *right})
        pairs += [((mine, a), (theirs, b)) for a, b in zip(left, right, strict=True)]
    return pairs


def last_sliding(analysis: Analysis, axes: Sequence[tuple[str, int]]) -> TensorField | None:
    """The last tensor, in topological order, that slides along all the axes with more than one position in view."""
    if not axes:
        return None
    for name in reversed(list(analysis.tensors)):
        tensor = analysis.tensors[name]
        if all(tensor.fields[pair].kind in ("local", "periodic") and tensor.fields[pair].size > 1 for pair in axes):
            return tensor
    return None


def _pairs(
    role: str, analyses: tuple[Analysis, Analysis], tensors: tuple[TensorField, TensorField], axes: AxisPairs
) -> Iterator[FieldPair]:
    for mine, theirs in axes:
        a, b = tensors[0].fields[mine], tensors[1].fields[theirs]
        lengths = tuple(
            (shape or ())[axis] if shape is not None else None
            for shape, axis in (
                (analyses[0].input_shapes[mine[0]], mine[1]),
                (analyses[1].input_shapes[theirs[0]], theirs[1]),
            )
        )
        notes = list(_notes(a, b, lengths[0], lengths[1]))
        if analyses[1].misaligned(tensors[1].name, *theirs) and not analyses[0].misaligned(tensors[0].name, *mine):
            notes.append("the student joins misaligned branches")
        for side, tensor in zip(("teacher", "student"), tensors, strict=True):
            if not tensor.exact:
                notes.append(f"the {side}'s field is at most this")
        yield FieldPair(
            (tensors[0].name, tensors[1].name), role, (mine[0], theirs[0]), (mine[1], theirs[1]),  # type: ignore[arg-type]
            (lengths[0], lengths[1]), a, b, _ratio(a, b, lengths[0], lengths[1]), tuple(notes),
            (tensors[0].exact, tensors[1].exact),
        )  # fmt: skip


def _ratio(a: AxisField, b: AxisField, mine: int | None, theirs: int | None) -> float:
    """The student's size over the teacher's, each as a share of its own input's length; the smaller of largest and
    smallest sizes.

    What is global counts as the whole input at most: behind a global pool sizes include padding, and mean nothing.
    """
    if a.kind == b.kind == "global" or a.size == 0:
        return 1.0

    def share(size: int, field: AxisField, length: int | None) -> float:
        return (min(size, length) if field.kind == "global" and length else size) / (length or 1)

    ratios = (
        share(b.size, b, theirs) / share(a.size, a, mine),
        share(b.size_min, b, theirs) / share(a.size_min or 1, a, mine),
    )
    return min(ratios)


def _notes(a: AxisField, b: AxisField, mine: int | None, theirs: int | None) -> Iterator[str]:
    if a.kind != b.kind:
        yield f"the teacher's field is {a.kind}, the student's {b.kind}"
    if (a.size, mine) != (b.size, theirs):
        yield f"the student sees {b.size} of {theirs} positions, the teacher {a.size} of {mine}"
    if a.stride != b.stride and mine == theirs:
        yield f"the student steps by {b.stride}, the teacher by {a.stride}"
    if a.center != b.center and mine == theirs and a.stride == b.stride:
        yield f"the student's field is centred at {b.center}, the teacher's at {a.center}"
