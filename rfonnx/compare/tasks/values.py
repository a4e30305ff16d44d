"""Plain numbers: errors. Every other task that has numbers of one shape takes its errors from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from rfonnx.compare import metrics
from rfonnx.compare.tasks.reader import Batch, Counted, Figure, Floats, PlainReader, TaskOptions

ERRORS: dict[str, Figure] = {
    "max_abs": Figure(lambda s: s["max_abs"], interval="none"),
    "mean_abs": Figure(lambda s: metrics.share(s["abs"], s["n"])),
    "rmse": Figure(lambda s: np.sqrt(metrics.share(s["dd"], s["n"]))),
    "cosine": Figure(lambda s: s["cosine"] / s["samples"]),
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
    sums["samples"] = np.ones(len(batch.samples))
    return Counted(sums, peaks)


class Values(PlainReader):
    """Numbers that mean nothing that we know of."""

    figures: ClassVar[Mapping[str, Figure]] = ERRORS
    worst: ClassVar[tuple[str, ...]] = WORST_ERRORS

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Any numbers will do."""

    def count(self, batch: Batch) -> Counted:
        """See `Reader`."""
        return errors(batch)


__all__ = ["ERRORS", "WORST_ERRORS", "Floats", "Values", "errors"]
