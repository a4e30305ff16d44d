"""Which axis of every tensor runs along an input axis, and with what stride: also where each position sees the whole axis.

A squeeze-and-excitation gate, a bidirectional layer or attention makes a field global; position t of what they make still
stands for position t of what they were given. So this is read off the paths that lead there (`lines`), not off fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeGuard

from rfonnx.analysis.derive.lines import Line, after, follow, of_input
from rfonnx.analysis.lower import Program, Tensor
from rfonnx.analysis.repeated import IndexedPath
from rfonnx.operators.access.path_shape import path_shape
from rfonnx.operators.access.primitives import Select, Spread, Step, Window
from rfonnx.operators.movement import treats

MOST_LINES = 8
"""Lines that are kept of a tensor, those that walk first: what has more stands for no one position."""

Lines = tuple[Line, ...]


class Walks:
    """Lines of every tensor of a program, by input axis, worked out when they are first asked for."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._index = {name: i for i, (name, _) in enumerate(program.inputs)}
        self._index |= {tensor.name: i for i, tensor in enumerate(program.tensors, len(program.inputs))}
        self._shapes = [shape for _, shape in program.inputs] + [tensor.shape for tensor in program.tensors]
        self._known: dict[tuple[str, int], list[Lines]] = {}  # as far as they were asked for
        self._alike: dict[Lines, Lines] = {}
        self._answers: dict[tuple[Any, ...], Lines] = {}

    def of(self, tensor: str, input: str, axis: int) -> Lines:
        """The lines of a tensor, or of an input; none when it is constant."""
        source = self._index.get(tensor)
        return () if source is None else self._first(source + 1, input, axis)[source]

    def all(self, input: str, axis: int) -> list[Lines]:
        """The lines of all sources: inputs, then the tensors of the program. Equal ones are one object."""
        return self._first(len(self._shapes), input, axis)

    def slid_along(self, input: str, axis: int) -> bool:
        """Whether a window of more than one position slides along the input's axis: also where more is seen than it holds."""
        seen: set[tuple[int, int]] = set()
        known = self._first(0, input, axis)
        for source, steps in self._sliding:
            if source >= len(known):
                self._first(source + 1, input, axis)
            lines = known[source]
            if not lines or (id(lines), id(steps)) in seen:
                continue
            seen.add((id(lines), id(steps)))
            if any(_slides(step) and _walks_before(lines, steps[:n], step.axis) for n, step in enumerate(steps)):
                return True
        return False

    @cached_property
    def picks(self) -> bool:
        """Whether one position alone of a longer axis is read anywhere: what is made of it may stand for any sample."""
        paths = [path for tensor in self._program.tensors for path in tensor.paths if path[1]]
        different = {(self._shapes[source], id(steps)): steps for source, steps in paths}
        return any(_picks(shape, steps) for (shape, _), steps in different.items())

    @cached_property
    def _sliding(self) -> list[IndexedPath]:
        """The paths along which a window of more than one position slides."""
        paths = [path for tensor in self._program.tensors for path in tensor.paths if path[1]]
        # Equal steps are one object.
        sliding = {
            number for number, steps in {id(path[1]): path[1] for path in paths}.items() if any(map(_slides, steps))
        }
        return [path for path in paths if id(path[1]) in sliding]

    def _first(self, count: int, input: str, axis: int) -> list[Lines]:
        """The lines of so many sources at least: one list for each axis, which grows."""
        found = self._known.get((input, axis))
        if found is None:
            found = self._known[input, axis] = [()] * len(self._program.inputs)
            own = (of_input(self._shapes[self._index[input]], axis),)
            found[self._index[input]] = self._alike.setdefault(own, own)
        inputs = len(self._program.inputs)
        for tensor in self._program.tensors[len(found) - inputs : max(count - inputs, 0)]:
            found.append(self._arriving(tensor, found))
        return found

    def _arriving(self, tensor: Tensor, found: Sequence[Lines]) -> Lines:
        if len(tensor.paths) == 1 and not tensor.paths[0][1] and self._shapes[tensor.paths[0][0]] == tensor.shape:
            return found[tensor.paths[0][0]]  # most tensors of most models
        read = [found[source] for source, _ in tensor.paths]
        if not any(read):
            return ()
        # Equal lines are one object, and equal steps: a deep net asks the same over and over.
        key = (
            tensor.shape,
            treats(tensor.kind, "norm"),
            *[(id(found[source]), id(steps)) for source, steps in tensor.paths],
        )
        if key not in self._answers:
            lines = self._arrived(tensor, found)
            self._answers[key] = self._alike.setdefault(lines, lines)
        return self._answers[key]

    def _arrived(self, tensor: Tensor, found: Sequence[Lines]) -> Lines:
        lines: dict[Line, None] = {}
        if treats(tensor.kind, "norm"):
            # What is normalised stays in its place, though its own path is inside that of the statistics.
            alike = (source for source, _ in tensor.paths if self._shapes[source] == tensor.shape)
            lines = dict.fromkeys(line for source in alike for line in found[source])
        for source, steps in tensor.paths:
            for line in found[source]:
                arrived = follow(line, steps, tensor.shape)
                if arrived is not None:
                    lines[arrived] = None
        if len(lines) < 2:
            return tuple(lines)
        return tuple(sorted(lines, key=lambda line: not line.walking)[:MOST_LINES])


def _slides(step: Step) -> TypeGuard[Window | Spread]:
    return isinstance(step, Window | Spread) and step.kernel > 1


def _picks(shape: tuple[int, ...], steps: tuple[Step, ...]) -> bool:
    """Whether a path reads one position alone of an axis that has more."""
    for number, step in enumerate(steps):
        if isinstance(step, Window | Select):
            alone = len(step.first) == 1 if isinstance(step, Select) else step.length == step.kernel == 1
            before = path_shape(shape, steps[:number]) if alone else None
            if alone and (before is None or before[step.axis] > 1):
                return True
    return False


def _walks_before(lines: Lines, steps: Sequence[Step], axis: int) -> bool:
    """Whether any line walks an axis after the steps."""
    arrived = (after(line, steps) for line in lines)
    return any(line is not None and line.walks(axis) for line in arrived)
