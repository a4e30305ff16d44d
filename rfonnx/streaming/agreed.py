"""What the tensors of a node read of those with frames, at each length that a model is looked at, and what holds at all."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from rfonnx.analysis.lower import Program
from rfonnx.streaming.placed import Layout
from rfonnx.streaming.readings import read
from rfonnx.streaming.relations import Blocked, Found, Reading, Same, Slides

FIRST = Slides(1, 1, 1, 0)
"""The first frames, each for itself."""
DIFFERS = "reads other frames where the whole is longer: where they lie depends on its length"


class Seen:
    """What the tensors of a node read at one length: of operands with one axis of frames; of those with two, along either."""

    def __init__(self, layout: Layout, program: Program, tensors: Sequence[int], names: Sequence[str]) -> None:
        sides = [{name: plane.axes[side] for name, plane in layout.planes.items()} for side in (0, 1)]
        self.made = [program.tensors[index].name for index in tensors]
        self.exact = {one.name: (one.exact, one.note) for one in map(program.tensors.__getitem__, tensors)}
        self.all = [read(program, tensors, axes, names) for axes in (ChainMap(layout.axes, layout.inner), *sides)]

    def of(self, name: str) -> list[Mapping[str, Found]]:
        """The three, of one tensor."""
        return [found.get(name, {}) for found in self.all]


def names_of(program: Program) -> list[str]:
    """Inputs and tensors, by index."""
    return [name for name, _ in program.inputs] + [tensor.name for tensor in program.tensors]


def by_node(program: Program) -> dict[int, list[int]]:
    """Indices of the tensors that each node makes."""
    found: dict[int, list[int]] = {}
    for index, tensor in enumerate(program.tensors):
        found.setdefault(tensor.node_index, []).append(index)
    return found


def agreed(views: list[Mapping[str, Found]]) -> dict[str, Found]:
    """What an output reads at every length, or that it differs."""
    first = dict(views[0])
    for operand in {name for view in views for name in view}:
        for view in views:
            one, other = first.get(operand), view.get(operand)
            if isinstance(one, Blocked):
                break
            if _cut(one, other):
                first[operand] = one[0], FIRST
            elif other is None or one is None or isinstance(other, Blocked) or one != other:
                reason = other.reason if isinstance(other, Blocked) else DIFFERS
                first[operand] = Blocked(reason)
    return first


def _cut(one: Found | None, other: Found | None) -> TypeGuard[tuple[int, Reading]]:
    """Whether only the end is cut off, at one of two lengths: frame o reads frame o at both."""
    return isinstance(one, tuple) and {one, other} == {(one[0], Same()), (one[0], FIRST)}
