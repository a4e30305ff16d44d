"""Plain numbers: errors. Every other task that has numbers of one shape takes its errors from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from rfonnx.comparing.figures import metrics
from rfonnx.comparing.figures.channels import channel_axes, channel_sums, ranges, worst_channels
from rfonnx.comparing.tasks.reader import Batch, Columns, Counted, Figure, Reader, TaskOptions
from rfonnx.results.array_types import Floats

ERRORS: dict[str, Figure] = {
    "max_abs": Figure(lambda s: s["max_abs"], interval="none"),
    "mean_abs": Figure(lambda s: metrics.share(s["abs"], s["n"])),
    "rmse": Figure(lambda s: np.sqrt(metrics.share(s["dd"], s["n"]))),
    "cosine": Figure(lambda s: s["cosine"] / s["samples"]),
    "cosine_weighted": Figure(lambda s: metrics.share(s["cosine_norm"], s["norm"], np.nan)),
    "sqnr_db": Figure(lambda s: metrics.decibels(s["tt"], s["dd"])),
    "psnr_db": Figure(
        lambda s: metrics.decibels((s["high"] + s["minus_low"]) ** 2, metrics.share(s["dd"], s["n"])), interval="none"
    ),
}
"""Measures of the errors, of what `errors` counts."""

WORST_ERRORS = ("max_abs", "sqnr_db")


def errors(batch: Batch) -> Counted:
    """Sums and peaks that `ERRORS` are made of."""
    sums = metrics.error_sums(*batch.flat())
    peaks = {name: sums.pop(name) for name in ("max_abs", "high", "minus_low")}
    sums["cosine"] = metrics.cosine(sums["ts"], sums["tt"], sums["ss"])
    sums["norm"] = np.sqrt(sums["tt"])
    sums["cosine_norm"] = sums["cosine"] * sums["norm"]
    sums["samples"] = np.ones(len(batch.samples))
    return Counted(sums, peaks)


class Values(Reader):
    """Numbers that mean nothing that we know of."""

    figures: ClassVar[Mapping[str, Figure]] = {
        **ERRORS,
        "sqnr_varying": Figure(lambda s: metrics.varying_decibels(s["t"], s["tt"], s["dd"], s["n"])),
        "sqnr_channel": Figure(lambda s: np.asarray(worst_of_axes(s)[0]), "none"),
    }
    worst: ClassVar[tuple[str, ...]] = WORST_ERRORS

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Finds axes that may be of channels."""
        shape = first.teacher.shape
        self._lengths = {axis: shape[axis] for axis in channel_axes(shape)}
        self._parts = {axis: _numbered(options.joined.get(axis, ()), length) for axis, length in self._lengths.items()}

    def count(self, batch: Batch) -> Counted:
        """See `Reader`."""
        counted = errors(batch)
        counted.sums["t"] = batch.flat()[0].sum(1, dtype=np.float64)
        for axis, length in self._lengths.items():
            if batch.teacher.shape[axis : axis + 1] == (length,):
                signal, noise, peak = channel_sums(batch.teacher, batch.student, axis)
                counted.peaks.update({f"peak@{axis}": peak[None], f"part@{axis}": self._parts[axis][None]})
            else:  # it counts something else: positions, of which samples have more or fewer
                signal = noise = np.full(length, np.nan)
            counted.totals.update({f"signal@{axis}": signal, f"noise@{axis}": noise})
        return counted

    def places(self, sums: Columns) -> Mapping[str, str]:
        """See `Reader`."""
        return {"sqnr_channel": worst_of_axes(sums)[1]}


def _numbered(lengths: Sequence[int], length: int) -> Floats:
    """The number of the part that each of `length` positions belongs to; one part where the lengths are of another axis."""
    if sum(lengths) != length:
        return np.zeros(length)
    return np.repeat(np.arange(len(lengths), dtype=np.float64), lengths)


def worst_of_axes(sums: Columns) -> tuple[float, str]:
    """The lowest SQNR in dB over the axes that were summed by channel, and where it is; NaN without such an axis."""
    found = []
    for name in sums:
        if name.startswith("signal@") and not np.isnan(sums[name]).any():
            axis = name.removeprefix("signal@")
            signal, noise, peak, part = (sums[f"{column}@{axis}"] for column in ("signal", "noise", "peak", "part"))
            value, positions = worst_channels(signal, noise, peak, part.astype(np.intp))
            where = "all" if len(positions) == len(sums[name]) else ranges(positions)
            found.append((value, f"channels of axis {axis}: {where}"))
    return min(found, key=lambda one: one[0], default=(np.nan, ""))
