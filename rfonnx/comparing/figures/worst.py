"""The samples that fare worst, and those that are not numbers at all."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import numpy as np

from rfonnx.results.agreement import Case, NonFinite
from rfonnx.results.array_types import Floats, Mask

KEPT = 5
"""Samples kept per measure."""


class Worst:
    """The `KEPT` samples with the worst figures of one measure.

    Args:
        high_is_bad: whether large figures are the bad ones.
    """

    def __init__(self, high_is_bad: bool) -> None:
        self._sign = 1.0 if high_is_bad else -1.0
        self._heap: list[tuple[float, int, str]] = []
        self._met = 0

    def add(self, names: Sequence[str], figures: Floats) -> None:
        """Count a block of samples; those whose figure is NaN are no case."""
        badness = self._sign * figures
        ranked = np.argsort(-badness, kind="stable")[:KEPT]  # NaN is sorted last
        for index in ranked[~np.isnan(badness[ranked])].tolist():
            # Of equals the first that was met stays: its number is the largest.
            heapq.heappush(self._heap, (float(badness[index]), -(self._met + index), names[index]))
            if len(self._heap) > KEPT:
                heapq.heappop(self._heap)
        self._met += len(names)

    def cases(self) -> tuple[Case, ...]:
        """Worst first."""
        return tuple(Case(name, self._sign * badness) for badness, _, name in sorted(self._heap, reverse=True))


class Finiteness:
    """Notes NaN and infinities of one output of both models."""

    def __init__(self) -> None:
        self.found: dict[str, NonFinite] = {}

    def check(self, model: str, tensor: str, names: Sequence[str], values: np.ndarray) -> Mask:
        """Which samples of a batch are finite; the first that is not is kept."""
        finite = finite_elements(values)
        if finite is None:
            return np.ones(len(values), bool)
        whole = np.asarray(finite.reshape(len(values), math.prod(values.shape[1:])).all(1))
        bad = int((~whole).sum())
        known = self.found.get(model)
        if known is None:
            sample = int(np.argmin(whole))
            position = tuple(int(i) for i in np.argwhere(~finite[sample])[0])
            text = str(float(values[sample][position]))
            self.found[model] = NonFinite(model, tensor, names[sample], position, text, bad)
        else:
            self.found[model] = NonFinite(model, tensor, known.sample, known.position, known.value, known.samples + bad)
        return whole


def finite_elements(values: np.ndarray) -> Mask | None:
    """Which elements are finite; None where all are."""
    if values.dtype.kind in "iub":
        return None
    if values.dtype.kind == "V":
        values = values.astype(np.float32)  # bfloat16 and float8 are unknown to numpy itself
    finite = np.isfinite(values)
    return None if finite.all() else finite
