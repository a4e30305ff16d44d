"""The access program as plain data, which assets/access.js follows: what is alike stands there once, tables are packed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from rfonnx.report.explorer.packing import MOST, packed
from rfonnx.system.named import NamedTuple


class AccessTensor(Protocol):
    """A tensor of an access program: what it reads."""

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def paths(self) -> Sequence[tuple[int, Sequence[Any]]]:
        """(number of the tensor read, steps): inputs are numbered first. A step is a named tuple, an access primitive."""
        ...


class AccessProgram(Protocol):
    """The access program of a model."""

    @property
    def inputs(self) -> Sequence[tuple[str, tuple[int, ...]]]: ...
    @property
    def tensors(self) -> Sequence[AccessTensor]: ...


class Numbered(NamedTuple):
    """Things in the order in which they came, once each, by their number."""

    things: list[Any]
    numbers: dict[Any, int]

    def of(self, key: Any, thing: Any) -> int:
        """The number of what has this key; it is added when new."""
        number = self.numbers.setdefault(key, len(self.things))
        if number == len(self.things):
            self.things.append(thing)
        return number


def numbered() -> Numbered:
    """Nothing yet."""
    return Numbered([], {})


@runtime_checkable
class InRuns(Protocol):
    """Positions along a long axis, which are not written one by one."""

    def __len__(self) -> int: ...
    def table(self) -> np.ndarray:
        """One by one."""


MOST_NUMBERS = 2**19
"""Packed numbers of the steps of a program; one with more is told without them."""

TOO_LONG = None
"""In the place of a table with more numbers than that."""


def program_to_dict(program: AccessProgram) -> dict[str, Any]:
    """The program; its shapes alone where it is too large, or has numbers that a script cannot reckon with.

    `shapes`, `steps` and `chains` (the numbers of a path's steps) stand there once. `inputs` gives the number of each input's
    shape. `tensors` gives for each `[shape, back, chain, back, chain, ...]`: the path starts at the tensor that is numbered
    `back` before this one. A step is `[primitive, field, ...]`, its fields in order, arrays packed. The fields of a Select that
    say how reads go on beyond the border are left out. `followed`: false where the shapes stand alone.
    """
    shapes, steps, chains = numbered(), numbered(), numbered()
    by_identity: dict[int, int] = {}
    inputs = [shapes.of(shape, list(shape)) for _, shape in program.inputs]
    tensors = []
    for number, tensor in enumerate(program.tensors, len(inputs)):
        row = [shapes.of(tensor.shape, list(tensor.shape))]
        for source, path in tensor.paths:
            chain = by_identity.get(id(path))
            if chain is None:
                plain = [_plain(step) for step in path]
                own = tuple(steps.of(_key(step), step) for step in plain)
                chain = by_identity[id(path)] = chains.of(own, list(own))
            row += [number - source, chain]
        tensors.append(row)
    numbers = sum(len(value) for step in steps.things for value in step if isinstance(value, list))
    followed = numbers <= MOST_NUMBERS and all(TOO_LONG not in step and _holds(step) for step in steps.things)
    if not followed:
        tensors, steps, chains = [row[:1] for row in tensors], numbered(), numbered()
    return {
        "followed": followed,
        "shapes": shapes.things,
        "inputs": inputs,
        "steps": steps.things,
        "chains": chains.things,
        "tensors": tensors,
    }


BEYOND = ("period", "shift", "free_first", "free_last")
"""Fields that tell of reads beyond the border."""


def _plain(step: Any) -> list[Any]:
    fields = step._asdict()
    kept = (value for name, value in fields.items() if name not in BEYOND)
    return [type(step).__name__, *map(_field, kept)]


def _field(value: Any) -> Any:
    if isinstance(value, InRuns):
        return packed(value.table()) if len(value) <= MOST_NUMBERS else TOO_LONG
    if isinstance(value, np.ndarray):
        return packed(value)
    return list(value) if isinstance(value, tuple) else value


def _key(step: list[Any]) -> tuple[Any, ...]:
    return tuple(tuple(value) if isinstance(value, list) else value for value in step)


def _holds(step: list[Any]) -> bool:
    """Whether products of two of its numbers are exact in a script."""
    numbers = [abs(one) for value in step[1:] for one in (value if isinstance(value, list) else [value])]
    largest = sorted([1, 1, *numbers])[-2:]
    return bool(2 * largest[0] * largest[1] <= MOST)
