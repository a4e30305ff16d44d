"""Maps without gradients: change a part of the input, run the model forward, see how much the units change.

Occlusion starts with coarse blocks over the units' theoretical fields and halves those that changed something, down to the finest
size. Differences are taken per position and channel. Blocks that no measured unit sees two of go into one run (`colours`),
and runs go into a batch where samples of a batch stay apart.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfonnx.erf.colours import colour_axis, seen_by_colour
from rfonnx.erf.crop import Crop
from rfonnx.erf.forward import ForwardSession
from rfonnx.erf.gradient import reduce_map
from rfonnx.erf.probes import difference_step, replacement
from rfonnx.erf.settings import Aggregation, Over, Probe

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Spans = list[tuple[int, int]]

COARSE = 8
"""Blocks per axis of the fields that an occlusion starts with, about."""

QUIET = 1e-3
"""A block that changes a unit by less than this share of what the strongest block does is not looked into."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Blocks of one size over the units' fields, and the runs that probe them.

    Attributes:
        size: of a block, along every axis.
        spans: by axis: closed intervals of the blocks, in order.
        colours: by axis: colour of each block.
        seen: by axis: (units, colours), see `seen_by_colour`.
    """

    size: int
    spans: list[Spans]
    colours: list[list[int]]
    seen: list[npt.NDArray[np.int64]]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of blocks per axis."""
        return tuple(map(len, self.spans))

    @property
    def inside(self) -> tuple[slice, ...]:
        """The part of the map that the blocks cover."""
        return tuple(slice(spans[0][0], spans[-1][1] + 1) for spans in self.spans)


def plan_blocks(fields: Sequence[Sequence[tuple[int, int]]], size: int) -> Plan:
    """Blocks of a size over the hull of the units' fields (a sequence of intervals per axis for each unit)."""
    spans, colours, seen = [], [], []
    for axis in range(len(fields[0])):
        own = [field[axis] for field in fields]
        begin, end = min(lo for lo, _ in own), max(hi for _, hi in own)
        blocks = [(first, min(first + size - 1, end)) for first in range(begin, end + 1, size)]
        # In units of blocks: a field reaches over every block that it meets.
        met = [((lo - begin) // size, (hi - begin) // size) for lo, hi in own]
        numbers = list(range(len(blocks)))
        spans.append(blocks)
        colours.append(colour_axis(numbers, met))
        seen.append(seen_by_colour(numbers, colours[-1], met))
    return Plan(size, spans, colours, seen)


class PerturbProber:
    """Measures maps of some units of one tensor, one sample after the other.

    Attributes:
        batch: samples per call.
        runs: of the model, so far.
        naive_runs: that probing all positions of the whole input one by one would have taken so far.
        probe: what takes the place of the input.
    """

    batch = 1

    def __init__(
        self, crop: Crop, session: ForwardSession, probe: Probe, block: int | None, seed: int, values: tuple[int, int]
    ) -> None:
        self._crop, self._session, self.probe = crop, session, probe
        self._block, self._seed, self._values = block, seed, values
        place = crop.units[0].place
        self._place = place
        self._fields = [unit.field for unit in crop.units]
        self.runs = self.naive_runs = self._samples = 0
        self._leaked = np.zeros(len(crop.units))

    def maps(
        self,
        feeds: Sequence[Mapping[str, np.ndarray]],
        weights: Sequence[np.ndarray],
        aggregation: Aggregation,
        over: Over,
    ) -> Floats:
        """As `GradientProber.maps`, for one sample."""
        whole = feeds[0][self._place.input]
        cut = self._crop.cut(feeds[0])
        self._session.begin(cut, weights[0])
        lengths = [whole.shape[axis] for axis in self._place.axes]
        if self.probe == "difference":
            found = self._differences(cut[self._place.input], difference_step(whole))
            self.naive_runs += 2 * whole.size
            self.runs = self._session.runs
            return np.stack([[reduce_map(change, self._place.axes, aggregation, over)] for change in found])
        generator = np.random.default_rng((self._seed, self._samples))
        self._samples += 1
        other = self._crop.cut(
            {self._place.input: replacement(whole, self._place.axes, self.probe, generator, self._values)}
        )[self._place.input]
        before = self._leaked.copy()
        found = self._occlusions(cut[self._place.input], other)
        if not np.isfinite(found).all():
            self._leaked = before  # the sample will be left out
        self.naive_runs += 1 + math.prod(lengths)
        self.runs = self._session.runs
        rank = range(found.ndim - 1)
        return np.stack([[reduce_map(change, rank, aggregation, "sum")] for change in found])

    def leaked(self, unit: int) -> float:
        """Change of a unit that came from outside its field, in all: anything but 0 is a fault."""
        return float(self._leaked[unit])

    def _differences(self, sample: np.ndarray, step: float) -> Floats:
        """(units, *shape of the sample): central differences."""
        plan = plan_blocks(self._fields, 1)
        result = np.zeros((len(self._fields), *sample.shape))
        rest: list[Sequence[int | slice]] = [
            [slice(None)] if a in self._place.axes else range(n) for a, n in enumerate(sample.shape)
        ]
        active = np.ones(plan.shape, np.bool_)
        for element in itertools.product(*rest):
            chosen = np.zeros(sample.shape, np.bool_)
            chosen[element] = True
            changes = np.zeros((len(self._fields), *plan.shape))
            colours, masks = zip(*self._runs(plan, active, sample.shape), strict=True)
            moves = [np.where(mask & chosen, step, 0).astype(sample.dtype) for mask in masks]
            above = self._session.values(sample + move for move in moves)
            below = self._session.values(sample - move for move in moves)
            self._assign(plan, colours, (above - below) / (2 * step), changes)
            for unit, change in enumerate(changes):
                # Whole axes and numbers: the map's axes stay, in order.
                result[(unit, *element)][plan.inside] = change
        return result

    def _occlusions(self, sample: np.ndarray, other: np.ndarray) -> Floats:
        """(units, *lengths): change per position, blocks spread evenly over their positions."""
        finest = self._block or 1
        size = finest
        longest = max(hi - lo + 1 for field in self._fields for lo, hi in field)
        while size * 2 * COARSE <= longest:
            size *= 2
        lengths = [sample.shape[axis] for axis in self._place.axes]
        result = np.zeros((len(self._fields), *lengths))
        before = self._session.values([sample])[0]
        self._check_outside(sample, other, before)
        plan = plan_blocks(self._fields, size)
        active = np.ones(plan.shape, np.bool_)
        while True:
            changes = np.full((len(self._fields), *plan.shape), np.nan)
            colours, masks = zip(*self._runs(plan, active, sample.shape), strict=True)
            values = self._session.values(np.where(mask, other, sample) for mask in masks)
            self._assign(plan, colours, before - values, changes)
            self._spread(plan, changes, result)
            if plan.size == finest:
                return result
            loud = np.nan_to_num(np.abs(changes), nan=0.0, posinf=np.inf)
            refined = (loud > QUIET * loud.max(axis=tuple(range(1, loud.ndim)), keepdims=True)).any(axis=0)
            plan, active = _halved(self._fields, plan, refined)
            if not active.any():
                return result

    def _runs(self, plan: Plan, active: Mask, shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Mask]]:
        """Per run: a colour per axis, and the positions to change, which broadcast to the sample."""
        for colour in itertools.product(*(range(max(c) + 1) for c in plan.colours)):
            chosen = [np.flatnonzero(np.asarray(c) == k) for c, k in zip(plan.colours, colour, strict=True)]
            if not active[np.ix_(*chosen)].any():
                continue
            mask = np.zeros([shape[axis] for axis in self._place.axes], np.bool_)
            for block in itertools.product(*chosen):
                if active[block]:
                    mask[tuple(slice(s[b][0], s[b][1] + 1) for s, b in zip(plan.spans, block, strict=True))] = True
            yield colour, mask.reshape([n if a in self._place.axes else 1 for a, n in enumerate(shape)])

    def _assign(self, plan: Plan, colours: Sequence[tuple[int, ...]], values: Floats, changes: Floats) -> None:
        """Give each unit's change in each run to the one changed block that it sees."""
        for colour, row in zip(colours, values, strict=True):
            for unit, value in enumerate(row):
                block = tuple(int(seen[unit, k]) for seen, k in zip(plan.seen, colour, strict=True))
                if -1 in block:
                    self._leaked[unit] += abs(value)
                else:
                    # NaN means "not measured" here; the model's own must not vanish.
                    changes[(unit, *block)] = np.inf if np.isnan(value) else value

    def _spread(self, plan: Plan, changes: Floats, result: Floats) -> None:
        """Write what was measured over the positions of its block."""
        for unit, change in enumerate(changes):
            for block in np.argwhere(~np.isnan(change)) if np.isnan(change).any() else np.ndindex(change.shape):
                spans = [s[b] for s, b in zip(plan.spans, block, strict=True)]
                count = math.prod(hi - lo + 1 for lo, hi in spans)
                inside = tuple(slice(lo, hi + 1) for lo, hi in spans)
                result[unit][inside] = change[tuple(block)] / count

    def _check_outside(self, sample: np.ndarray, other: np.ndarray, before: Floats) -> None:
        """Change everything that no unit can see: nothing may happen."""
        seen = np.zeros([sample.shape[axis] for axis in self._place.axes], np.bool_)
        for field in self._fields:
            seen[tuple(slice(lo, hi + 1) for lo, hi in field)] = True
        if not seen.all():
            mask = seen.reshape([n if a in self._place.axes else 1 for a, n in enumerate(sample.shape)])
            self._leaked += np.abs(self._session.values([np.where(mask, sample, other)])[0] - before)


def _halved(fields: Sequence[Sequence[tuple[int, int]]], plan: Plan, refined: Mask) -> tuple[Plan, Mask]:
    """Blocks of half the size, and those of them that lie in refined blocks."""
    finer = plan_blocks(fields, plan.size // 2)
    parents = [np.arange(n) // 2 for n in finer.shape]
    return finer, refined[np.ix_(*parents)]
