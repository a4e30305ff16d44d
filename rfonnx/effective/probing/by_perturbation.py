"""Maps without gradients: change a part of the input, run the model forward, see how much the units change.

Occlusion starts with coarse blocks over the units' theoretical fields and halves those that changed something, down to single
positions, as far as the runs reach that it may take (`Budget`); of a given block size, it changes every block. Differences are
taken per position and channel. Blocks that no measured unit sees two of go into one run (`colours`), and runs go into a batch
where samples of a batch stay apart.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from rfonnx.effective.probing.blocks import Plan, first_size, next_size, plan_blocks, within
from rfonnx.effective.probing.budget import Budget
from rfonnx.effective.probing.by_gradient import reduce_map
from rfonnx.effective.probing.crop import Crop
from rfonnx.effective.probing.fillings import difference_step, replacement
from rfonnx.effective.probing.forward import ForwardSession
from rfonnx.effective.probing.leaks import Leaks, SampleChanges
from rfonnx.effective.settings import Probe, Settings
from rfonnx.results.array_types import Floats, Int64, Mask

COARSE = 8
"""Blocks per axis of the fields that an occlusion starts with, about."""

QUIET = 1e-3
"""A block that changes a unit by less than this share of what the strongest block does is not looked into."""


class PerturbProber:
    """Measures maps of some units of one tensor, one sample after the other.

    Attributes:
        batch: samples per call.
        runs: of the model, so far.
        naive_runs: that probing all positions of the whole input one by one would have taken so far.
        probe: what takes the place of the input.
        budget: how many runs a sample may take.
        runs_per_sample: at most; 0 before the first sample.
        steady: False once the model was seen to give something else for the same sample.
    """

    batch = 1

    def __init__(
        self,
        crop: Crop,
        session: ForwardSession,
        probe: Probe,
        values: tuple[int, int],
        budget: Budget,
        settings: Settings,
    ) -> None:
        self._crop, self._session, self.probe, self.budget = crop, session, probe, budget
        self._block, self._values, self._settings = settings.block, values, settings
        self._place = crop.units[0].place
        self._fields = [unit.field for unit in crop.units]
        self._whole = plan_blocks(self._fields, self._block or 1)
        self._leaks = Leaks(len(crop.units))
        self._last = (np.zeros(()), np.zeros(()))
        self.steady, self._cut = True, False
        self.naive_runs = self.runs_per_sample = self._samples = 0

    @property
    def runs(self) -> int:
        return self._session.runs

    def tell(self, told: Callable[[], None]) -> None:
        """Call this after each batch of runs."""
        self._session.told = told

    def maps(self, feeds: Sequence[Mapping[str, np.ndarray]], weights: Sequence[np.ndarray]) -> Floats:
        """As `GradientProber.maps`, for one sample.

        Raises:
            QueryError, ShapeError: see `ForwardSession`.
        """
        whole, aggregation = feeds[0][self._place.input], self._settings.aggregation
        cut = self._crop.cut(feeds[0])
        self._session.begin(cut, weights[0])
        if self.probe == "difference":
            found = self._differences(cut[self._place.input], difference_step(whole))
            self.naive_runs += 2 * whole.size
            return np.stack(
                [[reduce_map(change, self._place.axes, aggregation, self._settings.over)] for change in found]
            )
        generator = np.random.default_rng((self._settings.seed, self._samples))
        other = self._crop.cut(
            {self._place.input: replacement(whole, self._place.axes, self.probe, generator, self._values)}
        )[self._place.input]
        found = self._occlusions(cut[self._place.input], other)
        self._samples += 1
        self.naive_runs += 1 + math.prod(whole.shape[axis] for axis in self._place.axes)
        rank = range(found.ndim - 1)
        return np.stack([[reduce_map(change, rank, aggregation, "sum")] for change in found])

    def outside(self, unit: int, supports: Iterable[Mask]) -> float:
        """Share of a unit's change that came from positions, or from whole blocks, that it cannot see: anything but 0 is a fault.

        Args:
            unit: its number.
            supports: see `rfonnx.effective.probing.outside.supports`; positions of the whole input.
        """
        window = tuple(slice(lo, hi + 1) for lo, hi in self._crop.window)
        share = self._leaks.share(unit, (seen[window] for seen in supports))
        if share and self.steady:
            sample, before = self._last
            self.steady = np.array_equal(self._session.unchanged(sample)[0], before)
        return share if self.steady else 0.0  # a change that nobody made is no evidence

    def notes(self) -> list[str]:
        """What was left coarse, and that runs differ."""
        steady = (
            ""
            if self.steady
            else "two runs on the same sample differ: what comes from outside the field cannot be told"
        )
        return [note for note in (self.budget.note() if self._cut else "", steady) if note]

    def _differences(self, sample: np.ndarray, step: float) -> Floats:
        """(units, *shape of the sample): central differences."""
        plan = plan_blocks(self._fields, 1)
        result = np.zeros((len(self._fields), *sample.shape))
        rest: list[Sequence[int | slice]] = [
            [slice(None)] if a in self._place.axes else range(n) for a, n in enumerate(sample.shape)
        ]
        every = np.ones(plan.shape, np.bool_)
        runs = list(plan.runs(every))
        self.runs_per_sample = 2 * len(runs) * math.prod(len(choice) for choice in rest)
        for element in itertools.product(*rest):
            chosen = np.zeros(sample.shape, np.bool_)
            chosen[element] = True

            def moved(amount: float, chosen: Mask = chosen) -> Iterator[np.ndarray]:
                for _, blocks in runs:
                    yield sample + np.where(self._mask(plan, blocks, sample) & chosen, amount, 0).astype(sample.dtype)

            slopes = (self._session.values(moved(step)) - self._session.values(moved(-step))) / (2 * step)
            changes, _ = _assigned(plan, every, [colour for colour, _ in runs], slopes)
            # Whole axes and numbers: the map's axes stay, in order.
            inside = iter(plan.inside)
            where = tuple(next(inside) if a in self._place.axes else index for a, index in enumerate(element))
            result[(slice(None), *where)] = np.where(np.isnan(changes), 0, changes)  # inf: the model's NaN
        return result

    def _occlusions(self, sample: np.ndarray, other: np.ndarray) -> Floats:
        """(units, *lengths): change per position, blocks spread evenly over their positions."""
        begun = self._session.runs
        before, rounding = self._session.unchanged(sample)
        checked = self._unseen(sample)
        plain = 1 + (checked is not None) + self._whole.most_runs
        most = plain if self._block else self.budget.most(plain, self._session.seconds, lambda: self._timed(sample))
        self.runs_per_sample = most
        result = np.zeros((len(self._fields), *(sample.shape[axis] for axis in self._place.axes)))
        found = SampleChanges(rounding)
        if checked is not None:
            found.beyond(self._session.changes([np.where(checked, other, sample)])[0])

        left = most - (self._session.runs - begun)
        plan = self._whole
        if not self._block:
            plan = plan_blocks(self._fields, first_size(self._fields, COARSE, left))
        active = np.ones(plan.shape, np.bool_)
        while active.any():
            runs = list(plan.runs(active))
            masks = (self._mask(plan, blocks, sample) for _, blocks in runs)
            values = self._session.changes(np.where(mask, other, sample) for mask in masks)
            changes, beyond = _assigned(plan, active, [colour for colour, _ in runs], values)
            found.beyond(beyond)
            found.blocks(plan, changes)
            _write(plan, changes, result)
            if plan.size == 1 or self._block:
                break
            plan, active = self._refined(plan, active, changes, most - (self._session.runs - begun))
        if np.isfinite(result).all():  # else the sample will be left out
            self._leaks.add(found, np.abs(result).reshape(len(result), -1).sum(1))
            self._last = sample, before
        return result

    def _refined(self, plan: Plan, active: Mask, changes: Floats, left: int) -> tuple[Plan, Mask]:
        """Smaller blocks, and those of them that lie in loud ones: as many as the runs that are left can probe."""
        heard = np.nan_to_num(np.abs(changes), nan=0.0, posinf=np.inf)
        loudest = heard.max(axis=tuple(range(1, heard.ndim)), keepdims=True)
        share = np.divide(heard, loudest, out=np.zeros_like(heard), where=(loudest > 0) & np.isfinite(loudest))
        loudness = share.max(axis=0)
        loud = loudness > QUIET
        size = next_size(plan, int(loud.sum()), int(active.sum()))
        finer = plan_blocks(self._fields, size)
        parents = np.ix_(*(np.arange(n) * size // plan.size for n in finer.shape))
        chosen = within(finer, loud[parents], loudness[parents], left)
        self._cut |= bool((loud[parents] & ~chosen).any())
        return finer, chosen

    def _mask(self, plan: Plan, blocks: Int64, sample: np.ndarray) -> Mask:
        """The positions of some blocks, broadcast to the sample."""
        return self._broadcast(plan.mask(blocks, [sample.shape[axis] for axis in self._place.axes]), sample)

    def _broadcast(self, positions: Mask, sample: np.ndarray) -> Mask:
        return positions.reshape([n if a in self._place.axes else 1 for a, n in enumerate(sample.shape)])

    def _unseen(self, sample: np.ndarray) -> Mask | None:
        """Everything that no unit can see, where nothing may happen; None where that is nothing.

        Also None where the units see as much between them that every position is in a run of its own: one run would find no more.
        """
        lengths = [sample.shape[axis] for axis in self._place.axes]
        seen = np.zeros(lengths, np.bool_)
        for field in self._fields:
            seen[tuple(slice(lo, hi + 1) for lo, hi in field)] = True
        if seen.all() or plan_blocks(self._fields, 1).most_runs == math.prod(lengths):
            return None
        return ~self._broadcast(seen, sample)

    def _timed(self, sample: np.ndarray) -> float:
        """Seconds of a run, once it is warm."""
        self._session.unchanged(sample)
        return self._session.seconds


def _assigned(plan: Plan, active: Mask, colours: Sequence[tuple[int, ...]], values: Floats) -> tuple[Floats, Floats]:
    """Each unit's change in each run, given to the one changed block that it sees.

    Returns:
        (units, *blocks), NaN where nothing was measured; (units,) changes by runs of which a unit sees no changed block.
    """
    changes = np.full((values.shape[1], *plan.shape), np.nan)
    beyond = np.zeros(values.shape[1])
    for colour, row in zip(colours, values, strict=True):
        for unit, value in enumerate(row):
            block = tuple(int(seen[unit, k]) for seen, k in zip(plan.seen, colour, strict=True))
            if -1 in block or not active[block]:
                beyond[unit] = max(beyond[unit], abs(value))
            else:
                # NaN means "not measured" here; the model's own must not vanish.
                changes[(unit, *block)] = np.inf if np.isnan(value) else value
    return changes, beyond


def _write(plan: Plan, changes: Floats, result: Floats) -> None:
    """Write what was measured over the positions of its block, in equal parts."""
    counts = plan.spread(np.ones(plan.shape))
    for axis, spans in enumerate(plan.spans):
        lengths = np.repeat([hi - lo + 1 for lo, hi in spans], [hi - lo + 1 for lo, hi in spans])
        counts *= lengths.reshape([-1 if a == axis else 1 for a in range(counts.ndim)])
    spread = plan.spread(changes) / counts
    inside = result[(slice(None), *plan.inside)]
    np.copyto(inside, spread, where=~np.isnan(spread))
