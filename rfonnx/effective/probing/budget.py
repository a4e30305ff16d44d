"""How many runs of the model a perturbation may take: all that it wants, or as many as there is time for."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import median

from rfonnx.results.plain import duration

LEAST = 64
"""Runs that a sample gets however slow the model is: fewer give no map."""

FEW = 3
"""Runs that are timed once it seems that there is too little time: the first run of a model is slow."""


class Budget:
    """Runs per sample. Decided on the first one and kept, so that all samples are measured alike.

    Attributes:
        plain: runs that a sample takes when every position is probed by itself; 0 before the first sample.
        seconds_per_run: as measured; 0 where nobody needed to know.
    """

    def __init__(self, seconds: float, samples: int) -> None:
        """For a number of samples in a number of seconds."""
        self.plain, self.seconds_per_run = 0, 0.0
        self._seconds, self._samples, self._most = seconds, samples, 0

    def most(self, plain: int, first: float, run: Callable[[], float]) -> int:
        """Runs that a sample may take; never more than probing every position by itself.

        A power of two where there is too little time, so that runs that are a little faster or slower give the same map.

        Args:
            plain: see the attributes.
            first: seconds that the first run took.
            run: runs the model once more and gives the seconds.
        """
        if not self._most:
            self.plain, self._most, self.seconds_per_run = plain, plain, first
            if plain > LEAST and self._short(plain):
                self.seconds_per_run = median(run() for _ in range(FEW))
            if plain > LEAST and self._short(plain):
                fitting = self._seconds / (self._samples * max(self.seconds_per_run, 1e-9))
                self._most = min(plain, max(LEAST, 2 ** math.floor(math.log2(max(fitting, 1)))))
        return self._most

    def _short(self, runs: int) -> bool:
        return runs * self._samples * self.seconds_per_run > self._seconds

    def note(self) -> str:
        """What was left coarse for want of time, or ""."""
        if not self._most or self._most == self.plain:
            return ""
        runs = self.plain * self._samples
        return (
            f"position by position this would take {runs:,} runs, about {duration(runs * self.seconds_per_run)}: with"
            f" {self._most:,} runs a sample, the blocks that change most are looked into first, and the others stay coarse;"
            f" more seconds make it finer, and block 1 measures every position"
        )
