"""Which units of two models are measured side by side.

Units of paired outputs stand at the same index: there the student's answer is held against the teacher's, wherever the units
look. Where an axis of the student is of another length, at the same share of it. Inner tensors are paired by nobody, and so the
units of feature maps are those that look at the same place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import gcd, lcm, prod

import numpy as np

from rfonnx.analysis.analysis import Analysis
from rfonnx.comparing.fields.field_size import same_share
from rfonnx.effective.place import Place
from rfonnx.effective.probing.walking import known_shape, sample_axis
from rfonnx.effective.subject import Subject
from rfonnx.effective.unit import Unit, find_unit, unit_at
from rfonnx.graph.tensors import FLOATS
from rfonnx.results.fields import AxisField

MOST_PHASES = 16
"""Units per output, at most, where what positions see differs from one to the next."""

Position = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of one of the models, and where of which input it is looked at."""

    subject: Subject
    name: str
    place: Place

    @property
    def analysis(self) -> Analysis:
        """Of the model."""
        return self.subject.analysis

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the tensor."""
        return known_shape(self.analysis, self.name)

    @property
    def fields(self) -> list[AxisField]:
        """Along the axes of the place."""
        fields = self.analysis.tensors[self.name].fields
        return [fields[self.place.input, axis] for axis in self.place.axes]

    @property
    def sample(self) -> int | None:
        """The axis that counts samples."""
        return sample_axis(self.analysis, self.name, self.place)

    def unit(self, position: Position) -> Unit:
        """The unit at a position.

        Raises:
            QueryError: it sees nothing of the input.
        """
        return unit_at(self.analysis, self.name, position, self.place)


@dataclass(frozen=True, slots=True)
class UnitPairs:
    """Units of the teacher and of the student, one by one.

    Attributes:
        teacher, student: as many units of one tensor each.
        places: the units have places; else they are the whole output of one sample.
    """

    teacher: tuple[Unit, ...]
    student: tuple[Unit, ...]
    places: bool


def output_units(teacher: Tensor, student: Tensor) -> UnitPairs:
    """The units of paired outputs: the one that looks at the middle of the teacher's input and the student's at the same index,
    or all around it over one period of both fields, where these differ. An output without places is taken as a whole.

    Raises:
        QueryError: a unit sees nothing of the input.
    """
    middle = find_unit(teacher.analysis, teacher.name, teacher.place)
    axes = [
        a
        for a, (index, n) in enumerate(zip(middle.position, teacher.shape, strict=True))
        if index is not None and n > 1
    ]
    axes = [a for a in axes if a != teacher.sample]
    if not axes:
        return UnitPairs((_whole(teacher),), (_whole(student),), places=False)
    nearest = find_unit(student.analysis, student.name, student.place).position
    positions = list(_around(middle.position, axes, _periods(teacher, student), teacher.shape))
    partners = [_partner(position, nearest, teacher, student) for position in positions]
    return UnitPairs(tuple(map(teacher.unit, positions)), tuple(map(student.unit, partners)), places=True)


def feature_units(teacher: Tensor, student: Tensor) -> UnitPairs:
    """The units of two feature maps that look at the middle of the input, or as near to it as the teacher's does. Of maps that
    see the same, those of one index: several units of an upsampled map look at one place."""
    one = find_unit(teacher.analysis, teacher.name, teacher.place)
    if teacher.shape == student.shape and _alike(teacher, student):
        return UnitPairs((one,), (student.unit(one.position),), places=True)
    scaled = zip(one.center, teacher.place.lengths, student.place.lengths, strict=True)
    at = tuple(min(max((c + 0.5) * theirs / mine - 0.5, 0.0), theirs - 1.0) for c, mine, theirs in scaled)
    other = find_unit(student.analysis, student.name, replace(student.place, at=at))
    return UnitPairs((one,), (other,), places=True)


def elementwise_before(subject: Subject, unit: Unit) -> str:
    """The tensor of numbers that a unit's tensor is computed from element by element, as far as shapes and fields tell; "" where
    there is none."""
    graph, tensors, place = subject.graph, subject.analysis.tensors, unit.place
    name, tensor = unit.tensor, tensors[unit.tensor]
    while True:
        node = next((node for node in graph.nodes if name in node.outputs), None)
        given = {one for one in node.inputs if one and one not in graph.constants} if node else set()
        name = given.pop() if len(given) == 1 else ""
        if name not in tensors or tensors[name].shape != tensor.shape:
            return ""
        if any(tensors[name].fields[place.input, a] != tensor.fields[place.input, a] for a in place.axes):
            return ""
        if tensors[name].dtype in FLOATS:
            return name


def _whole(tensor: Tensor) -> Unit:
    """All of the first sample of an output."""
    first = tensor.sample or 0
    return tensor.unit(tuple(0 if axis == first else None for axis in range(len(tensor.shape))))


def _walking(teacher: Tensor, student: Tensor) -> dict[int, int]:
    """By axis of the teacher's tensor: the axis of the student's that stands for the same; of tensors of one rank the same one,
    else the one that walks along the same direction of the input."""
    if len(teacher.shape) == len(student.shape):
        return {axis: axis for axis in range(len(teacher.shape))}
    axes = [(a.tensor_axis, b.tensor_axis) for a, b in zip(teacher.fields, student.fields, strict=True)]
    return {mine: theirs for mine, theirs in axes if mine is not None and theirs is not None}


def _partner(position: Position, nearest: Position, teacher: Tensor, student: Tensor) -> Position:
    """The student's position for one of the teacher's: the same index, or the same share of axes of another length.

    Args:
        position: of the teacher's tensor.
        nearest: of the student's: its unit nearest to the same place, which says what is summed where ranks differ.
        teacher, student: the tensors.
    """
    found = list(position if len(teacher.shape) == len(student.shape) else nearest)
    for mine, theirs in _walking(teacher, student).items():
        index = position[mine]
        if index is not None:
            found[theirs] = int(same_share(np.array(index), teacher.shape[mine], student.shape[theirs]))
    return tuple(found)


def _around(
    middle: Position, axes: Sequence[int], periods: Mapping[int, int], shape: Sequence[int]
) -> Iterator[Position]:
    """The positions of one period around the middle; of more than 16, so many, drawn once and for all."""
    lengths = [min(periods.get(axis, 1), shape[axis]) for axis in axes]
    count = prod(lengths)
    chosen: Sequence[int] = range(count)
    if count > MOST_PHASES:
        chosen = sorted(map(int, np.random.default_rng(0).choice(count, MOST_PHASES, replace=False)))
    for number in chosen:
        position = list(middle)
        for axis, length, phase in zip(axes, lengths, np.unravel_index(number, lengths), strict=True):
            first = min(max((middle[axis] or 0) - length // 2, 0), shape[axis] - length)
            position[axis] = first + int(phase)
        yield tuple(position)


def _periods(teacher: Tensor, student: Tensor) -> dict[int, int]:
    """Positions along each axis of the teacher's tensor after which what both see repeats; none where both see the same, for then
    no position is another case than the next."""
    if _alike(teacher, student):
        return {}
    found, walking = {}, _walking(teacher, student)
    for field, other in zip(teacher.fields, student.fields, strict=True):
        axis = field.tensor_axis
        if axis is None or axis not in walking:
            continue
        step = teacher.shape[axis] // gcd(teacher.shape[axis], student.shape[walking[axis]])
        found[axis] = lcm(step, max(field.period, 1), max(other.period, 1) * step)
    return found


def _alike(teacher: Tensor, student: Tensor) -> bool:
    """Whether every position of both tensors sees the same positions of the input, borders aside."""
    if teacher.place.lengths != student.place.lengths:
        return False
    for axes in zip(teacher.place.axes, student.place.axes, strict=True):
        ends = (
            one.analysis.intervals(one.name, one.place.input, axis, clip=False)
            for one, axis in zip((teacher, student), axes, strict=True)
        )
        if not all(np.array_equal(mine, theirs) for mine, theirs in zip(*ends, strict=True)):
            return False
    return True
