"""The arrays of one sample, by name, each read when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np


class Lazy(Mapping[str, np.ndarray]):
    """Arrays whose shapes are known before they are read: one that fits no input need not be read at all."""

    def __init__(self, readers: Mapping[str, tuple[tuple[int, ...], Callable[[], np.ndarray]]]) -> None:
        """`readers`: shape, and what reads the array, by name."""
        self._readers = readers
        self._read: dict[str, np.ndarray] = {}

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of an array; nothing is read."""
        return self._readers[name][0]

    def without(self, names: Mapping[str, object]) -> Lazy:
        """The other arrays."""
        return Lazy({name: reader for name, reader in self._readers.items() if name not in names})

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._read:
            self._read[name] = self._readers[name][1]()
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._readers

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)
