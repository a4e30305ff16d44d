"""How far two inner tensors agree, summed over samples."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rfonnx.comparing.figures import metrics
from rfonnx.operators.access.bounds import HIDDEN


@dataclass(slots=True)
class Agreement:
    """Sums over samples.

    Attributes:
        finite: nothing was a NaN or infinity on one side alone.
    """

    finite: bool = True
    _sums: dict[str, float] = field(default_factory=dict)

    def add(self, teacher: np.ndarray, student: np.ndarray) -> None:
        """Add a sample; one on which the shapes differ is left out.

        Infinities that both have are equal, and so is what a mask hides in both: lowest numbers would outweigh all that is shown.
        """
        if teacher.shape != student.shape:
            return
        left, right = teacher.reshape(1, -1), student.reshape(1, -1)
        lowest = np.float64(HIDDEN)  # half precision has no such number
        hidden = (left <= lowest) & (right <= lowest)
        usable = np.isfinite(left) & np.isfinite(right) & ~hidden
        if not usable.all():
            self.finite &= bool((usable | hidden | (left == right)).all())
            left, right = left[usable].reshape(1, -1), right[usable].reshape(1, -1)
        if self.finite and left.size:
            found = metrics.error_sums(left, right)
            for name in ("dd", "tt", "ss", "ts"):
                self._sums[name] = self._sums.get(name, 0.0) + float(found[name][0])
            self._sums["max_abs"] = max(self._sums.get("max_abs", 0.0), float(found["max_abs"][0]))

    def _sum(self, name: str) -> np.ndarray:
        return np.array(self._sums.get(name, 0.0))

    @property
    def sqnr_db(self) -> float:
        """See docs/compare.md; minus infinity where something is not finite."""
        return float(metrics.decibels(self._sum("tt"), self._sum("dd"))) if self.finite else -np.inf

    @property
    def cosine(self) -> float:
        """Cosine of all samples together; 0 where something is not finite."""
        return float(metrics.cosine(self._sum("ts"), self._sum("tt"), self._sum("ss"))) if self.finite else 0.0

    @property
    def max_abs(self) -> float:
        """Largest difference; infinite where something is not finite."""
        return float(self._sum("max_abs")) if self.finite else np.inf
