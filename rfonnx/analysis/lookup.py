"""From the names, axes and positions of a question to the core's numbers, or an error that says what there is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rfonnx.analysis.lower import Program
from rfonnx.errors import QueryError
from rfonnx.graph.temporaries import is_temporary
from rfonnx.graph.text import did_you_mean
from rfonnx.results.array_types import Int64


class Lookup:
    """Sources are numbered inputs first, then tensors; columns are all axes of all inputs, in order."""

    def __init__(self, label: str, program: Program, axes: Sequence[tuple[int, int]]) -> None:
        self._label = label
        self._program = program
        self._inputs = [name for name, _ in program.inputs]
        self._sources = {name: i for i, name in enumerate(self._inputs)}
        for i, tensor in enumerate(program.tensors, len(self._inputs)):
            self._sources[tensor.name] = i
        self.pairs = [(self._inputs[source], axis) for source, axis in axes]
        self._columns = {pair: i for i, pair in enumerate(self.pairs)}

    def source(self, tensor: str) -> int:
        """Number of a tensor or input; the name of a node that makes one tensor stands for that.

        Raises:
            QueryError: there is none of that name.
        """
        if tensor not in self._sources or is_temporary(tensor):
            if (made := self._made_by(tensor)) is not None:
                return made
            hint = did_you_mean(tensor, self._sources) or "`Analysis.tensors` lists them all"
            raise QueryError(f"{self._label}: no tensor '{tensor}' is computed from an input", hint)
        return self._sources[tensor]

    def _made_by(self, node: str) -> int | None:
        """Number of the one tensor that the node of that name makes: users name nodes too, which is what viewers show."""
        found = [
            index
            for index, tensor in enumerate(self._program.tensors, len(self._inputs))
            if tensor.node == node and node and not is_temporary(tensor.name)
        ]
        return found[0] if len(found) == 1 else None

    def input(self, input: str) -> int:
        """Number of an input.

        Raises:
            QueryError: there is none of that name.
        """
        if input not in self._inputs:
            known = ", ".join(map(repr, self._inputs))
            raise QueryError(f"{self._label}: there is no input '{input}'", f"the inputs are {known}")
        return self._inputs.index(input)

    def column(self, input: str, axis: int) -> int:
        """Column of an axis of an input; negative axes count from the end.

        Raises:
            QueryError: there is no such input or axis.
        """
        column = self._columns.get((input, axis))
        if column is None and axis < 0:
            column = self._columns.get((input, axis + sum(name == input for name, _ in self.pairs)))
        if column is None:
            known = ", ".join(f"'{name}' (rank {len(shape)})" for name, shape in self._program.inputs)
            raise QueryError(f"{self._label}: there is no axis {axis} of an input '{input}'", f"the inputs are {known}")
        return column

    def shape(self, tensor: str) -> tuple[int, ...]:
        """Of a tensor, or of an input."""
        source = self.source(tensor)
        inputs = len(self._program.inputs)
        return self._program.inputs[source][1] if source < inputs else self._program.tensors[source - inputs].shape

    def positions(self, tensor: str, positions: Sequence[slice | Sequence[int] | Int64]) -> list[range | Int64]:
        """Positions along each axis of a tensor, counted from its beginning; slices as ranges.

        Raises:
            QueryError: there is no such tensor, or there is not one slice or list for each of its axes, or a slice runs
                backwards, or a position lies outside.
        """
        shape = self.shape(tensor)
        found = [
            range(n)[part] if isinstance(part, slice) else np.asarray(part, np.int64)
            for part, n in zip(positions, shape, strict=False)
        ]
        fits = len(found) == len(shape) == len(positions) and all(
            part.step > 0 if isinstance(part, range) else part.ndim == 1 and ((part >= -n) & (part < n)).all()
            for part, n in zip(found, shape, strict=False)
        )
        if not fits:
            raise QueryError(
                f"{self._label}: {tuple(positions)} are no positions of tensor '{tensor}' of shape {tuple(shape)}",
                "give one slice per axis, none backwards, or a list of positions",
            )
        return [part if isinstance(part, range) else part % n for part, n in zip(found, shape, strict=True)]

    def position(self, tensor: str, position: Sequence[int]) -> list[int]:
        """One index per axis of a tensor, counted from its beginning.

        Raises:
            QueryError: there is no such tensor, or the position lies outside it.
        """
        shape = self.shape(tensor)
        if len(position) != len(shape) or not all(-n <= p < n for p, n in zip(position, shape, strict=True)):
            raise QueryError(
                f"{self._label}: position {tuple(position)} is not in tensor '{tensor}' of shape {tuple(shape)}",
                "give one index per axis",
            )
        return [int(p) % n for p, n in zip(position, shape, strict=True)]
