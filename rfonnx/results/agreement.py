"""How far two outputs agree, as data: figures, worst cases, histograms and maps of errors. The teacher's figure comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Task = Literal[
    "values", "classifier", "segmentation", "labels",
    "multilabel", "regression", "embedding", "tokens", "sequence", "detection", "rows",
]  # fmt: skip
"""How an output is read: plain numbers, scores per sample, scores per position, class numbers;
labels that are given each by itself, quantities, vectors whose neighbours matter, scores per step, strings decoded
from those, boxes, rows that vary in number."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure over all samples.

    Attributes:
        value: the figure; infinite where a ratio has no denominator (the SQNR of equal tensors).
        low, high: 95% bootstrap interval over samples, or None where there is none.
    """

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One sample and its figure.

    Attributes:
        sample: its name.
        value: the figure.
    """

    sample: str
    value: float


@dataclass(frozen=True, slots=True)
class NonFinite:
    """Where the first NaN or infinity of a tensor was met.

    Attributes:
        model: "teacher" or "student".
        tensor, sample: names.
        position: index in the sample's tensor, without the batch axis.
        value: "nan", "inf" or "-inf".
        samples: how many samples have any.
        origin: the first tensor of the model, in order, that is not finite on that sample; "" when that was not looked for.
    """

    model: str
    tensor: str
    sample: str
    position: tuple[int, ...]
    value: str
    samples: int
    origin: str = ""


@dataclass(frozen=True, slots=True)
class ErrorHistogram:
    """How often an element's `|d|` has which size, d = student - teacher.

    Attributes:
        edges: powers of 2, one more than counts; the first belongs to a bin, the last does not.
        counts: elements by bin.
        zeros: elements with a `|d|` under 2^-126, nearly all of them 0.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    zeros: int


@dataclass(frozen=True, slots=True)
class ErrorMap:
    """Mean `|d|` by position, over samples and over the axes that are not shown.

    Attributes:
        axes: the one or two longest axes of the output, batch included in the count; rows of `cells` are along the first of two.
        lengths: of those axes; longer ones than 64 are drawn together into 64 cells.
        cells: the means.
        samples: how many were looked at: those of the first one's shape.
    """

    axes: tuple[int, ...]
    lengths: tuple[int, ...]
    cells: tuple[tuple[float, ...], ...]
    samples: int


@dataclass(frozen=True, slots=True)
class OutputAgreement:
    """How far two outputs agree.

    Attributes:
        teacher, student: the outputs' names.
        task: how they were read; see docs/tasks.md.
        samples: how many were measured; those with a NaN or infinity are not.
        measures: by name; see docs/compare.md for the definitions.
        worst: by measure, the samples that fare worst, worst first.
        nonfinite: NaN and infinities, one per model.
        class_axis: the axis of the classes in scores per position, or None.
        places: by measure, where in the output it is as bad as it is ("class 3").
        notes: how it was read, one line each.
        missing: measures that the task has, and that there is no figure of: `rfonnx.results.measures` says why.
        histogram, heat: sizes and places of errors, or None where that was not asked for.
    """

    teacher: str
    student: str
    task: Task
    samples: int
    measures: Mapping[str, Measure]
    worst: Mapping[str, tuple[Case, ...]]
    nonfinite: tuple[NonFinite, ...] = ()
    class_axis: int | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    histogram: ErrorHistogram | None = None
    heat: ErrorMap | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What both models say of one sample.

    Attributes:
        output: the teacher's name of it.
        teacher, student: classes and their probabilities, the likeliest first; () for what is no choice of a class.
        pictures: the teacher's output, the student's, and where they differ, as data: addresses of PNG files; () for outputs
            that are no pictures.
    """

    output: str
    teacher: tuple[tuple[int, float], ...] = ()
    student: tuple[tuple[int, float], ...] = ()
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownSample:
    """A sample that fares badly, to be looked at.

    Attributes:
        sample: its name.
        label: its true class, where known.
        figures: (output, measure, figure) of which it is among the worst.
        pictures: by the teacher's input, what the teacher was given, as a data: address of a PNG file, its least value black
            and its largest one white; none for inputs that are no pictures.
        answers: by output.
    """

    sample: str
    label: int | None
    figures: tuple[tuple[str, str, float], ...]
    pictures: Mapping[str, str]
    answers: tuple[Answer, ...]
