"""Advice that follows from fields alone: layers that add no context, gates, and how much of fields is padding.

Which direction of a bound proves what: that a layer adds nothing needs what is *really* read before it, so a field that is known
as at most the whole axis proves nothing ("unknown"). That a field lies beyond a border is a figure of the field as it is shown.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from rfonnx.analysis.derive.analysed import Fields, Figures, Pair, length_of, on_input, weights
from rfonnx.analysis.derive.exchange import twins
from rfonnx.analysis.derive.local import operands, tail
from rfonnx.analysis.lower import Program
from rfonnx.graph.temporaries import is_temporary
from rfonnx.operators.families import family
from rfonnx.results.advice import Advice, Beyond, Gate, Idle, State

MOST_POSITIONS = 2**22
"""Positions of a tensor that are looked at one by one."""

SHORT = 1024
"""Of axes that are shorter, all positions are landmarks: no need to ask."""

WINDOWED = ("convolution", "pooling", "resampling")
"""Families of operators that read neighbours: what others add to a field comes from branches, or is taken together."""


class Local(Fields, Protocol):
    """Fields by windows alone; `rfonnx.Analysis.local` is one."""

    @property
    def program(self) -> Program: ...
    def figures(self, pairs: Sequence[Pair]) -> Figures:
        """As `rfonnx.Analysis.figures`."""
        ...


class Advised(Local, Protocol):
    """An analysis that advice is derived from; `rfonnx.Analysis` is one."""

    @property
    def local(self) -> Local: ...
    @property
    def globals(self) -> tuple[tuple[str, str, int], ...]:
        """As `rfonnx.Analysis.globals`."""
        ...

    @property
    def twins(self) -> Mapping[Pair, Pair]:
        """As `rfonnx.Analysis.twins`."""
        ...


def advice(fields: Advised) -> Advice:
    """All that fields tell at this size. Axes are those that windows slide along."""
    gone = tail(fields.program, {name for name, *_ in fields.globals})
    look = _Look(fields, fields.local if gone is None else fields, fields.windowed, gone or ())
    deepest = {name: tensor for name in fields.inputs if (tensor := look.deepest(name))}
    shown = dict.fromkeys((*(name for name in fields.outputs if name in fields.tensors), *deepest.values()))
    left_out = {look.names[number] for number in gone or ()}
    beyond = (
        one
        for name in shown
        if name not in left_out
        for pair in fields.windowed
        for one in _beyond(look.local, name, pair)
    )
    return Advice(tuple(look.idle()), tuple(look.gates()), tuple(beyond), deepest)


def idle_layers(fields: Advised, local: Local, pairs: Sequence[Pair]) -> tuple[Idle, ...]:
    """Layers that add no context, or little, along any axes: also where an input is so small that no window slides."""
    return tuple(_Look(fields, local, pairs).idle())


class _Look:
    """Both analyses of a model, with and without what is taken over whole axes, and the figures of all their fields."""

    def __init__(self, fields: Advised, local: Local, pairs: Sequence[Pair], gone: Collection[int] = ()) -> None:
        """`gone`: sources that see nothing by windows, though `local` says that they do: see `tail`."""
        self.fields, self.local, self.pairs = fields, local, tuple(pairs)
        self.lengths = [length_of(fields, pair) for pair in self.pairs]
        self.program, self.inputs = fields.program, len(fields.program.inputs)
        self.names = [name for name, _ in self.program.inputs] + [tensor.name for tensor in self.program.tensors]
        self.shapes = [shape for _, shape in self.program.inputs] + [tensor.shape for tensor in self.program.tensors]
        self.by_windows = self.local.figures(self.pairs)
        for number in gone:
            for size, reaches, seen in zip(*self.by_windows[:3], strict=True):
                size[number], reaches[number], seen[number] = 0, False, False
        self.in_all = fields.figures(self.pairs) if self.local is not fields else self.by_windows
        self._twins = fields.twins if local is fields else twins(local.program, self.pairs)
        self._reaching: dict[tuple[int, int], tuple[int, int]] = {}

    def idle(self) -> Iterator[Idle]:
        """Layers of windows whose fields are larger than those before them, where those reach from border to border."""
        for number in self._layers:
            known: dict[Pair, Idle | None] = {}
            for column, pair in enumerate(self.pairs):
                twin = self._twins.get(pair)
                one = known[pair] = self._idle(number, column) if twin is None else known[twin]
                if one is not None:
                    yield one if twin is None else one._replace(axis=pair[1])

    def _idle(self, number: int, column: int) -> Idle | None:
        """What is said of a layer along an axis; None where it adds context, as far as positions in the middle tell."""
        size, seen = self.by_windows.size[column], self.by_windows.seen[column]
        own = size[number]
        if not seen[number] or own < self.lengths[column]:
            return None
        read = [source for source in operands(self.local.program, number) if source >= self.inputs]
        reaches = self.by_windows.reaches[column]
        before = next((source for source in read if seen[source] and reaches[source]), None)
        if before is None or own <= max([size[source] for source in read]):
            return None
        made, pair, name = self.program.tensors[number - self.inputs], self.pairs[column], self.names[before]
        if (before, column) not in self._reaching:
            self._reaching[before, column] = reaching(self.local, name, self.shapes[before], pair)
        whole, positions = self._reaching[before, column]
        if not whole:
            return None
        state: State = "nothing" if whole == positions else "borders"
        state = state if self.by_windows.exact[before] else "unknown"
        long, short = size[before], self.shortest[column][before]
        return Idle(made.name, made.kind, made.node, *pair, name, whole, positions, long, own, short, state)

    @cached_property
    def shortest(self) -> list[list[int]]:
        """By column and source, the field of the path that sees least: a layer of windows adds what it adds to the longest one.

        0 where nothing is seen.
        """
        size, seen = self.by_windows.size, self.by_windows.seen
        found: dict[Pair, list[int]] = {}
        for pair, own, read in zip(self.pairs, size, seen, strict=True):
            twin = self._twins.get(pair, pair)
            found[pair] = found[twin] if twin in found else self._shortest(own, read)
        return list(found.values())

    def _shortest(self, size: list[int], seen: list[bool]) -> list[int]:
        found = size[: self.inputs]
        windowed = {kind for kind in {made.kind for made in self.local.program.tensors} if family(kind) in WINDOWED}
        for own, made in zip(size[self.inputs :], self.local.program.tensors, strict=True):
            read = [source for source, _ in made.paths if seen[source]]
            least = min([found[source] for source in read], default=0)
            if read and (len(made.paths) == 1 or made.kind in windowed):
                adds = own - max([size[source] for source in read])
                if adds > 0:  # less than 0 where channels are taken out
                    least += adds
                least = min(least, own)
            found.append(least)
        return found

    def gates(self) -> Iterator[Gate]:
        """Tensors that windows alone see less of, where an operand that is left out of those comes in."""
        if self.local is self.fields:
            return
        alone, inside = self.by_windows, self.in_all
        for number, made in enumerate(self.program.tensors, self.inputs):
            columns = range(len(self.pairs))
            differ = any(
                alone.size[column][number] != inside.size[column][number]
                or alone.reaches[column][number] != inside.reaches[column][number]
                for column in columns
            )
            if not differ or is_temporary(made.name):
                continue
            before = operands(self.program, number)
            for column, pair in enumerate(self.pairs):
                seen, size = alone.seen[column], alone.size[column][number]
                left_out = any(inside.seen[column][source] and not seen[source] for source in before)
                if left_out and seen[number] and inside.exact[number]:
                    whole, positions = reaching(self.fields, made.name, made.shape, pair)
                    if whole == positions and size < self.lengths[column]:
                        yield Gate(made.name, made.kind, *pair, size)

    def deepest(self, input: str) -> str | None:
        """The layer of windows with the largest field by windows alone, the product over axes, and the first of those; None:
        there is none, or none sees the input along each axis."""
        columns = [column for column, pair in enumerate(self.pairs) if pair[0] == input]
        size, seen = self.by_windows.size, self.by_windows.seen
        needed = self._needed()
        sizes, sees = ([own[column] for column in columns] for own in (size, seen))
        found = [n for n in self._layers if columns and needed[n] and all(own[n] for own in sees)]
        best = max(found, key=lambda n: math.prod([own[n] for own in sizes]), default=None)
        return None if best is None else self.names[best]

    @cached_property
    def _layers(self) -> tuple[int, ...]:
        return layers_of(self.program)

    def _needed(self) -> list[bool]:
        """By source, whether an output depends on it."""
        outputs = set(self.fields.outputs)
        found = [name in outputs for name in self.names]
        for number in range(len(self.names) - 1, self.inputs - 1, -1):
            if found[number]:
                for source, _ in self.program.tensors[number - self.inputs].paths:
                    found[source] = True
        return found


def layers_of(program: Program) -> tuple[int, ...]:
    """The tensors that operators of windows make, by their numbers as sources."""
    tensors = enumerate(program.tensors, len(program.inputs))
    return tuple(n for n, made in tensors if family(made.kind) in WINDOWED and not is_temporary(made.name))


def reaching(fields: Fields, name: str, shape: Sequence[int | None], pair: Pair) -> tuple[int, int]:
    """How many positions of a tensor of some shape see from border to border of an axis, of how many."""
    if max([length or SHORT for length in shape], default=1) < SHORT:
        return fields.reaching(name, *pair)
    marks = fields.landmarks(name, *pair)
    lo, hi = fields.intervals(name, *pair, positions=[one.positions for one in marks])
    counts, last = weights(marks), length_of(fields, pair) - 1
    return round(counts[(lo <= 0) & (hi >= last)].sum()), round(counts.sum())


def _beyond(local: Local, name: str, pair: Pair) -> Iterator[Beyond]:
    field = local.tensors[name].fields[pair]
    if field.kind == "none":
        return
    marks = local.landmarks(name, *pair)
    places, counts = [one.positions for one in marks], weights(marks)
    if (counts != 1).any() and field.kind not in ("local", "periodic"):
        # Shares are linear between landmarks only where what slides keeps its size: else every position is looked at.
        if counts.sum() > MOST_POSITIONS:
            return
        places = [np.arange(1 if len(one.weights) == 1 else round(one.weights.sum())) for one in marks]
        counts = np.ones(())
    read, whole, inside = on_input(local, name, pair, places)
    share = (whole - inside) / whole
    if share.size:
        mean = float(np.average(share, weights=np.broadcast_to(counts, read.shape)[read]))
        exact = local.tensors[name].exact
        yield Beyond(name, *pair, field.size, mean, float(share.min()), float(share.max()), exact)
