"""What the core answers of one position, as an array of the whole input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Patches = Sequence[tuple[Sequence[int | None], np.ndarray]]


def laid_out(patches: Patches, shape: tuple[int, ...]) -> np.ndarray:
    whole = np.zeros(shape)
    for firsts, values in patches:
        box = tuple(
            slice(None) if first is None else slice(first, first + n)
            for first, n in zip(firsts, values.shape, strict=True)
        )
        whole[box] += values
    return whole
