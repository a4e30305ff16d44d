"""How far a measurement is: told after each batch of samples and, where samples take many runs, after each run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rfonnx.effective.probing.by_perturbation import PerturbProber
from rfonnx.effective.probing.groups import Prober
from rfonnx.effective.settings import Progress


class Watch:
    """Tells a callback."""

    def __init__(self, tell: Callable[[Progress], None] | None, probers: Sequence[Prober], total: int | None) -> None:
        """Watch probers measure `total` samples; None: nobody knows how many."""
        self._tell, self._total = tell, total
        self._probers = [prober for prober in probers if isinstance(prober, PerturbProber)]
        self._samples, self._runs, self._width = 0, 0, math.nan
        if tell is not None:
            for prober in self._probers:
                prober.tell(self._now)
            self._now()

    def measured(self, samples: int, width: float) -> None:
        """So many samples are done, and the largest 95% interval is so wide."""
        self._samples, self._width = samples, width
        self._runs = sum(prober.runs for prober in self._probers)
        self._now()

    def _now(self) -> None:
        if self._tell is not None:
            runs = sum(prober.runs for prober in self._probers)
            self._tell(Progress(self._samples, self._total, self._width, runs, self._most()))

    def _most(self) -> int | None:
        """Runs in all: as many a sample as the ones before took, or at most may take."""
        if self._total is None or not self._probers:
            return None
        if self._samples:
            return round(self._runs / self._samples * self._total)
        each = [prober.runs_per_sample for prober in self._probers]
        return sum(each) * self._total if all(each) else None
