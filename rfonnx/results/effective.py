"""The effective receptive field of one unit: the map, how it was measured, and the figures that follow from it."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from rfonnx.errors import QueryError
from rfonnx.results import map_figures as measures
from rfonnx.results.gaussian import GaussianFit, fit_gaussian
from rfonnx.results.map_figures import Map
from rfonnx.system.late import Late

showing = Late("rfonnx.report.showing")
"""Reports stand above results: what shows a result is found when it is asked for."""

Method = Literal["gradient", "perturb"]
Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sample that was left out of the mean.

    Attributes:
        sample: its name.
        reason: what was wrong with it.
    """

    sample: str
    reason: str


@dataclass(frozen=True, eq=False)
class ERF:
    """What one unit of a model really looks at, as a mean over samples.

    Attributes:
        model: the file's name.
        tensor: the tensor that the unit belongs to.
        position: index per axis of the tensor; None where the unit is summed along the axis (its channels).
        channel: how channels were weighed: "sum", "random", or "3" for one of them.
        input: the input that is looked at.
        axes: axes of that input that the map spans, in order; the others are summed (or averaged).
        map: float64, the input's lengths along `axes`, >= 0. Sums to 1, or is 0 everywhere when nothing changes the unit.
        at: the asked place, one coordinate per axis.
        center: middle of the unit's unbounded theoretical field, one coordinate per axis.
        field: the theoretical field, closed intervals of real positions, per axis.
        unbounded: the same without borders.
        scale: sum of the map before it was divided by it, mean over samples: the gradient's own scale.
        outside: share of the mass outside the exact theoretical field: 0, or rfonnx or the runtime has a fault.
        samples: how many the mean is over.
        half_width: half the width of the map's 95% confidence interval over samples, summed over positions, as a share of
            the mass; NaN with fewer than two samples.
        converged: half_width fell to the tolerance, and sampling stopped; None when there was no tolerance.
        interrupted: the measurement was stopped before its last sample; the mean is over those before.
        skipped: samples that were left out.
        method: "gradient" or "perturb".
        probe: what a perturbation did ("mean", "difference", ...), "" for gradients.
        aggregation: what was averaged: "absolute", "positive" or "square" changes.
        over: "sum" or "mean" over the input's other axes.
        runs: model runs; a run with its gradient counts as one, a batch as its length.
        naive_runs: runs that probing the positions of the input one by one would have taken.
        window: the part of the input that the model ran on, closed intervals per axis; the whole when it was not cropped.
        data: what the samples were.
        notes: what was assumed, one line each.
    """

    model: str
    tensor: str
    position: tuple[int | None, ...]
    channel: str
    input: str
    axes: tuple[int, ...]
    map: Map
    at: tuple[float, ...]
    center: tuple[float, ...]
    field: tuple[Interval, ...]
    unbounded: tuple[Interval, ...]
    scale: float
    outside: float
    samples: int
    half_width: float = math.nan
    converged: bool | None = None
    interrupted: bool = False
    skipped: tuple[Skipped, ...] = ()
    method: Method = "gradient"
    probe: str = ""
    aggregation: str = "absolute"
    over: str = "sum"
    runs: int = 0
    naive_runs: int = 0
    window: tuple[Interval, ...] = ()
    data: str = ""
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """The unit, the input, and how far the mass reaches: the map itself is long."""
        sigma = " x ".join(f"{one:.4g}" for one in self.sigma)
        unit, over = f"{self.tensor!r} {self.position} of {self.model!r}", f"{self.input!r} axes {self.axes}"
        return f"<ERF of {unit} over {over}: sigma {sigma}, {self.samples} samples, by {self.method}>"

    def _repr_html_(self) -> str:
        """What notebooks show: the picture and the figures."""
        return str(showing.erf_html(self))

    def to_dict(self) -> dict[str, Any]:
        """Plain data: the JSON of `rfonnx erf`, with this unit alone. The map itself is not in it."""
        made: dict[str, Any] = showing.erf_dict(self)
        return made

    def plot(self) -> Any:
        """The picture, as `rfonnx erf -o field.png` draws it: a `matplotlib.figure.Figure`.

        Raises:
            RfonnxError: matplotlib is not installed (the `plot` extra).
        """
        return showing.erf_figure(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what `rfonnx erf -o` would, by the file's ending: .png, .svg, .html, .npz, .json, .csv, .md or .txt.

        Raises:
            RfonnxError: another ending; a folder that is not there; a file that is no report of ours, which alone are replaced;
                or matplotlib is not installed.
        """
        showing.erf_save(self, path)

    @property
    def how(self) -> str:
        """What was averaged: "absolute gradient", "square mean" of perturbations."""
        return f"{self.aggregation} {self.probe or 'gradient'}"

    @property
    def empty(self) -> bool:
        """Nothing changed the unit: the map is 0, and its figures are NaN."""
        return self.scale == 0

    def mass_radius(self, q: float) -> float:
        """Smallest radius around the theoretical centre that holds a share q of the mass, in positions."""
        _check_share(q)
        return math.nan if self.empty else measures.mass_radius(self._held, self._inner_center, [q])[0]

    def stretches(self, q: float) -> tuple[int, ...]:
        """Along each axis, the fewest neighbouring positions that hold a share q of the mass; 0 where there is none."""
        _check_share(q)
        return (0,) * len(self.axes) if self.empty else measures.stretches(self._held, q)

    def area_ratio(self, t: float) -> float:
        """Share of the input's positions in the smallest centred square that holds more than t of the mass.

        As in RepLKNet (Ding et al. 2022), but on the values themselves: it does not depend on the gradient's scale.
        """
        _check_share(t)
        return math.nan if self.empty else measures.area_ratio(self._held, self._inner_center, t, self._whole)

    def area_ratio_log10(self, t: float) -> float:
        """The ratio as RepLKNet published it, on log10(x + 1) of the gradient as it is.

        It changes when the output is multiplied by a number, so it compares networks only where their gradients are of
        one scale. Use `area_ratio`.
        """
        _check_share(t)
        if self.empty:
            return math.nan
        return measures.area_ratio(np.log10(self._held * self.scale + 1), self._inner_center, t, self._whole)

    @cached_property
    def luo_size(self) -> float:
        """Side of the field in the sense of Luo et al. 2016: root of the number of positions over 4.55% of the centre's value.

        NaN when the centre's value is 0 (a dead centre, a stride that skips it).
        """
        return float(self._luo_count ** (1 / len(self.axes)))

    @cached_property
    def sigma(self) -> tuple[float, ...]:
        """Standard deviation per axis, in positions, around the centroid."""
        if self.empty:
            return (math.nan,) * len(self.axes)
        return tuple(float(s) for s in np.sqrt(np.diag(self.covariance)))

    @cached_property
    def covariance(self) -> Map:
        """Covariance of the position under the map, (axes, axes)."""
        return measures.covariance(self._held)

    @cached_property
    def gaussian(self) -> GaussianFit | None:
        """The Gaussian that is nearest to the map, with its residual; None when the map has no width along some axis."""
        return None if self.empty else fit_gaussian(self.map)

    @cached_property
    def centroid(self) -> tuple[float, ...]:
        """Centre of mass, one coordinate per axis."""
        if self.empty:
            return (math.nan,) * len(self.axes)
        return tuple(c + b for c, b in zip(measures.centroid(self._held), self._begin, strict=True))

    @property
    def offset(self) -> tuple[float, ...]:
        """Centroid minus theoretical centre, per axis."""
        return tuple(a - b for a, b in zip(self.centroid, self.center, strict=True))

    @cached_property
    def anisotropy(self) -> float:
        """Longest over shortest axis of the covariance's ellipse: 1 is round."""
        return math.nan if self.empty else measures.anisotropy(self.covariance)

    @cached_property
    def entropy(self) -> float:
        """Shannon entropy of the map in bits."""
        return math.nan if self.empty else measures.entropy(self._held)

    @property
    def share(self) -> float:
        """Positions over 4.55% of the centre's value (`luo_size`), as a share of the theoretical field's box."""
        return self._luo_count / math.prod(hi - lo + 1 for lo, hi in self.field)

    @property
    def ratio(self) -> float:
        """The effective field's side over the theoretical one's, as in Luo et al. 2016: `share` as a ratio of lengths.

        Both are within the input's borders.
        """
        return float(self.share ** (1 / len(self.axes)))

    @property
    def _luo_count(self) -> float:
        return math.nan if self.empty else measures.luo_count(self.map, self.center)

    @cached_property
    def _trimmed(self) -> tuple[Map, tuple[int, ...]]:
        return measures.trimmed(self.map)

    @property
    def _held(self) -> Map:
        """The part of the map that holds all the mass."""
        return self._trimmed[0]

    @property
    def _begin(self) -> tuple[int, ...]:
        """Where that part begins."""
        return self._trimmed[1]

    @property
    def _inner_center(self) -> tuple[float, ...]:
        """The centre, in positions of that part."""
        return tuple(c - b for c, b in zip(self.center, self._begin, strict=True))

    @property
    def _whole(self) -> list[Interval]:
        """The whole map, in positions of that part."""
        return [(-b, n - 1 - b) for b, n in zip(self._begin, self.map.shape, strict=True)]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's effective field in figures, at its unit nearest to the asked place.

    Attributes:
        tensor, op_type, shape: the layer's output.
        position: as in `ERF`.
        field: size of the theoretical field per axis, borders aside.
        sigma: standard deviation per axis, in positions.
        radius: the smallest radius around the theoretical centre that holds 50% of the mass, and 95%.
        luo_size, ratio, share, outside, samples: as in `ERF`.
        problem: why it was not measured, or "": the figures are then NaN.
        data: as in `ERF`.
        how: what was averaged: "absolute gradient", "square mean" of perturbations.
    """

    tensor: str
    op_type: str
    shape: tuple[int, ...] = ()
    position: tuple[int | None, ...] = ()
    field: tuple[int, ...] = ()
    sigma: tuple[float, ...] = ()
    radius: tuple[float, float] = (math.nan, math.nan)
    luo_size: float = math.nan
    ratio: float = math.nan
    share: float = math.nan
    outside: float = math.nan
    samples: int = 0
    problem: str = ""
    data: str = ""
    how: str = ""


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise QueryError(f"{share} is no share of the mass", "give a number from 0 to 1")
