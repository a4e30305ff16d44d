"""What a kind of task is to the meter that runs it.

A new kind: a file beside this one with a subclass of `Reader`, a line in `registry.READERS`, the name in
`rfonnx.results.agreement.Task`, and its measures in `rfonnx.results.measures.MEASURES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from rfonnx.comparing.figures.boxes import BoxLayout
from rfonnx.results.agreement import Measure
from rfonnx.results.array_types import Floats, Int64, Mask

Columns = Mapping[str, Floats]
"""Named columns, (samples,) or (samples, k) each; summed over samples, (k,) or a scalar."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Outputs of both models on the same samples; axis 0 counts them. Labels are -1 where no true class is known."""

    samples: Sequence[str]
    teacher: np.ndarray
    student: np.ndarray
    labels: Int64

    def __getitem__(self, part: slice | Mask) -> Batch:
        names = np.array(self.samples, object)[part].tolist()
        return Batch(names, self.teacher[part], self.student[part], self.labels[part])

    def flat(self) -> tuple[np.ndarray, np.ndarray]:
        """Both outputs as (samples, elements)."""
        count = len(self.samples)
        one, other = (a.reshape(count, math.prod(a.shape[1:])) for a in (self.teacher, self.student))
        return one, other


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What may be said about how an output is read.

    Attributes:
        class_axis: of the classes in a segmentation, batch included; None: found.
        temperature: of the softmax under the KL.
        tolerance: absolute and relative, beyond which elements are counted.
        threshold: from which on a label is given or a box counts.
        blank: class that means nothing in strings; negative ones count from the end.
        raw, objectness, boxes, columns, suppress: how boxes are held, see `rfonnx.comparing.figures.detections.Reading`.
        match: least overlap of boxes that match.
        joined: by axis, the lengths of the parts that the file joins to the output, see `rfonnx.comparing.figures.joined`.
    """

    class_axis: int | None = None
    temperature: float = 1.0
    tolerance: tuple[float, float] | None = None
    threshold: float | None = None
    blank: int | None = None
    raw: bool | None = None
    objectness: bool = False
    boxes: BoxLayout | None = None
    columns: str = ""
    suppress: float | None = None
    match: float | None = None
    joined: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a reader finds on a batch.

    Attributes:
        sums: columns to be summed over samples; intervals come of them.
        peaks: columns, of which the largest over samples is kept. There are no intervals of what is made of them.
        totals: (k,) each, summed over the batch already: what would be too wide to be resampled. No intervals either.
    """

    sums: dict[str, Floats]
    peaks: dict[str, Floats] = field(default_factory=dict)
    totals: dict[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure as a function of sums (and peaks).

    Attributes:
        of: works on the last axis of a column that has several: it is given one set of sums, one per resample, and one per
            sample. NaN says that there was nothing to measure, and leaves the measure out.
        interval: "resampled", for functions of sums alone; "wilson", for shares of the samples; "none".
        of_sample: of single samples, where that is another function. NaN: the sample is no case of it.
    """

    of: Callable[[Columns], Floats]
    interval: Literal["resampled", "wilson", "none"] = "resampled"
    of_sample: Callable[[Columns], Floats] | None = None

    def of_samples(self, columns: Columns) -> Floats:
        """The figures of single samples, (samples,)."""
        return (self.of_sample or self.of)(columns)


class Unsuited(Exception):
    """Raised by `Reader.count`: the outputs are not what the task takes them for."""


class Reader:
    """Reads one pair of outputs, by sums alone where nothing else is said. Made with the first batch, which settles what is open.

    Attributes:
        ragged: whether the two outputs may differ in shape, and samples among each other; batches are of one sample then.
        figures: the measures in the order in which they are told.
        worst: measures whose worst samples are kept: their figures are taken of each sample's own columns.
        class_axis: of the classes among positions, batch included, or None.
        finished: measures that `finish` gives.
    """

    ragged: ClassVar[bool] = False
    figures: ClassVar[Mapping[str, Figure]]
    finished: ClassVar[tuple[str, ...]] = ()
    worst: ClassVar[tuple[str, ...]]
    class_axis: int | None = None

    def __init__(self, first: Batch, options: TaskOptions) -> None:
        """Settle how outputs like these are read.

        Raises:
            Unsuited: they cannot be read so; the message says why.
        """

    def count(self, batch: Batch) -> Counted:
        """Columns of a batch, all finite.

        Raises:
            Unsuited: this batch cannot be read so; the message says why.
        """
        raise NotImplementedError

    def finish(self) -> Mapping[str, Measure]:
        """Measures that are no functions of sums."""
        return {}

    def places(self, sums: Columns) -> Mapping[str, str]:
        """Where in the output a measure is as bad as it is ("class 3"), by measure.

        Args:
            sums: over all samples, peaks and totals too.
        """
        return {}

    def notes(self) -> Sequence[str]:
        """How the output was read, one line each."""
        return ()
