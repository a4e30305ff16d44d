"""Statistics that a stream is given, measured: what the offline model takes of all frames of some input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rfonnx.results.streaming import StreamStatistic

Run = Callable[[Sequence[str], Mapping[str, np.ndarray]], Sequence[np.ndarray]]
"""Tensors of a model, by their names, from its inputs."""


@dataclass(frozen=True)
class Figure:
    """A statistic, and how it is measured.

    Attributes:
        told: what the manifest says of it.
        of: the tensor that is looked at.
        kind: what is worked out of it, in double precision; "": it is the statistic.
        axes: along which.
        groups: of channels (axis 1), which are taken together; each channel is given the figure of its group. 0: it is given by
            what is left of the axes.
    """

    told: StreamStatistic
    of: str
    kind: Literal["", "mean", "variance", "mean square"] = ""
    axes: tuple[int, ...] = ()
    groups: int = 0

    def measured(self, array: np.ndarray) -> np.ndarray:
        """The statistic of a tensor of any number of frames."""
        if not self.kind:
            return array
        numbers = array.astype(np.float64)
        if self.groups:
            numbers = numbers.reshape(len(array), self.groups, -1)
        axes = (2,) if self.groups else self.axes
        if self.kind == "variance":
            found = numbers.var(axes, keepdims=True)
        else:
            found = (numbers if self.kind == "mean" else numbers * numbers).mean(axes, keepdims=True)
        if self.groups:
            found = np.repeat(found, array.shape[1] // self.groups, 1)
        made: np.ndarray = found.reshape(self.told.shape).astype(self.told.dtype)
        return made


def along(axes: Sequence[int]) -> str:
    """Axes in words."""
    return f"{'axes' if len(axes) > 1 else 'axis'} {', '.join(map(str, axes))}"


def measure(figures: Sequence[Figure], run: Run, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All statistics of a whole input.

    Args:
        figures: what is measured.
        run: runs the offline model, and gives any tensor of `Figure.of` that a node makes.
        feeds: its inputs.

    Returns:
        By input of the streaming model.

    Raises:
        DataError: one is wanted of an input that is missing.
        ModelError, RunError: the offline model cannot be run on that.
    """
    wanted = list(dict.fromkeys(one.of for one in figures if one.of not in feeds))
    found = dict(feeds) | (dict(zip(wanted, run(wanted, feeds), strict=True)) if wanted else {})
    return {one.told.input: one.measured(found[one.of]) for one in figures}
