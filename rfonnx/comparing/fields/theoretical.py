"""Receptive-field parity: do teacher and student see alike, by structure alone?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from rfonnx.comparing.fields.features import SLIDING, feature_pair
from rfonnx.comparing.fields.field_size import Seen, seen, size_ratio
from rfonnx.effective.place import find_place
from rfonnx.effective.subject import Subject
from rfonnx.graph.tensors import FLOATS
from rfonnx.results.field_pairs import FieldPair
from rfonnx.results.fields import TensorField

AxisPairs = Sequence[tuple[tuple[str, int], tuple[str, int]]]
"""(input, axis) of the teacher and of the student that stand for the same direction."""

Models = tuple[Subject, Subject]


def field_pairs(
    models: Models, outputs: Sequence[tuple[str, str]], inputs: Sequence[tuple[str, str]]
) -> tuple[FieldPair, ...]:
    """Fields of paired outputs; and, where an output does not slide over the input, of the feature maps that it is computed by.

    Args:
        models: the teacher first.
        outputs, inputs: paired names, the teacher's first.
    """
    axes = paired_axes(models, inputs)
    found: dict[tuple[object, ...], FieldPair] = {}
    for names in outputs:
        for one in _of_output(models, names, axes):
            key = (one.role, one.output, one.input, one.axis)
            known = found.get(key, one)
            found[key] = replace(known, leads_to=tuple(dict.fromkeys((*known.leads_to, names[0]))))
    return tuple(found.values())


def _of_output(models: Models, names: tuple[str, str], axes: AxisPairs) -> Iterator[FieldPair]:
    """The fields of a pair of outputs, and of the feature maps of what does not slide, or holds no scores."""
    a, b = (model.analysis.tensors.get(name) for model, name in zip(models, names, strict=True))
    if a is None or b is None:
        return
    yield from _pairs("output", models, (a, b), axes, (a.exact, b.exact))
    if all(a.fields[mine].kind in SLIDING for mine, _ in axes) and a.dtype in FLOATS and b.dtype in FLOATS:
        return
    for inputs in dict.fromkeys((mine[0], theirs[0]) for mine, theirs in axes):
        own = [(mine, theirs) for mine, theirs in axes if (mine[0], theirs[0]) == inputs]
        mine, theirs = (
            find_place(model.analysis, inputs[side], [pair[side][1] for pair in own], "center")
            for side, model in enumerate(models)
        )
        features = feature_pair(models, names, (mine, theirs))
        if features is not None:
            # where an output is known as "at most", it is not known what slides before it
            exact = (features[0].exact and a.exact, features[1].exact and b.exact)
            yield from _pairs("features", models, features, own, exact)


def paired_axes(models: Models, inputs: Sequence[tuple[str, str]]) -> AxisPairs:
    """The windowed axes of paired inputs, in order: rows with rows, whatever the layout.

    An axis that only one model has windows along is paired with the same axis of the other, where the inputs have one shape.
    """
    teacher, student = models[0].analysis, models[1].analysis
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


def _pairs(
    role: Literal["output", "features"],
    models: Models,
    tensors: tuple[TensorField, TensorField],
    axes: AxisPairs,
    exact: tuple[bool, bool],
) -> Iterator[FieldPair]:
    for pair in axes:
        mine, theirs = pair
        one, other = (
            seen(model.analysis, tensor.name, *at, length=(model.analysis.input_shapes[at[0]] or ())[at[1]] or 1)
            for model, tensor, at in zip(models, tensors, pair, strict=True)
        )
        notes = list(_notes(one, other))
        lost = [
            model.analysis.misaligned(tensor.name, *at) for model, tensor, at in zip(models, tensors, pair, strict=True)
        ]
        if lost[1] and not lost[0]:
            notes.append("the student joins misaligned branches")
        notes += [
            f"the {side}'s field is at most this"
            for side, known in zip(("teacher", "student"), exact, strict=True)
            if not known
        ]
        yield FieldPair(
            (tensors[0].name, tensors[1].name), role, (mine[0], theirs[0]), (mine[1], theirs[1]),
            (one.length, other.length), one.field, other.field, size_ratio(one, other), tuple(notes), exact,
        )  # fmt: skip


def _notes(teacher: Seen, student: Seen) -> Iterator[str]:
    """What differs, one line each."""
    a, b = teacher.field, student.field
    if a.kind != b.kind:
        yield f"the teacher's field is {a.kind}, the student's {b.kind}"
    sizes = [f"{min(one.field.size, one.length)} of {one.length}" for one in (teacher, student)]
    if sizes[0] != sizes[1]:
        yield f"the student sees {sizes[1]} positions, the teacher {sizes[0]}"
    elif a.size != b.size and "global" not in (a.kind, b.kind):
        yield f"borders aside the student's field is {b.size} long, the teacher's {a.size}"
    if teacher.length == student.length:
        if a.stride != b.stride:
            yield f"the student steps by {b.stride}, the teacher by {a.stride}"
        elif a.center != b.center:
            yield f"the student's field is centred at {b.center}, the teacher's at {a.center}"
