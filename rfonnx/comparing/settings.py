"""What a comparison is asked for: the options of `rfonnx compare`, as plain data."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from rfonnx.data.preparation import Preparation
from rfonnx.model.reading.source import Source
from rfonnx.results.comparison import Kind
from rfonnx.results.ranges import OPTIONS

ModelSource = Source
Shapes = Mapping[str, Sequence[int] | int]
OnError = Literal["fail", "skip"]
Hook = Callable[[dict[str, np.ndarray], str], Mapping[str, np.ndarray]]
"""Takes the outputs of one model on one sample by name, without a batch axis, and the model's role ("teacher" or "student");
gives what is compared in their place: boxes behind an NMS, the best classes, decoded text as numbers."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Options of a comparison; docs/compare.md says what they mean.

    Attributes:
        data: a folder of samples, or one .npy, .npz or image file; None: random ones.
        samples: how many at most; None: all, 32 of random ones.
        seed: of random samples, and of the bootstrap.
        batch: samples per run, where the models leave it free.
        teacher, student: how images become inputs of each.
        shapes, student_shapes: lengths of inputs or of symbolic dimensions; the student's are the teacher's where there are none.
        values: of small inputs, which are constants then.
        batch_axes: the axis of an input that counts samples, or None; found where an input is not named.
        outputs, inputs: the student's names by the teacher's, for those that do not pair by name; parts of outputs in brackets.
        kind: what the student is.
        class_axis: of the classes in scores per position, batch included; None: found.
        temperature: of the softmax under the KL.
        layers, layer_limit: find the layer where the two part, and the SQNR in dB under which inner tensors have; None: by kind.
        fields, effective: compare theoretical and effective receptive fields; without `fields` neither is.
        cost, latency_runs: measure weights, MACs, file, memory and latency, the latter over so many runs.
        on_error: what to do about samples that cannot be read.
        threads: per operator; None: all cores.
        task, limits: of all outputs.
        tolerances: absolute and relative by output, "" for all: no element may lie beyond, unless `beyond` has another limit.
        tasks, output_limits: of single ones, by the teacher's name of the output, with the part of it where `outputs` has one.
        provider: of both models, where `teacher_provider` and `student_provider` do not say otherwise.
        save_outputs: the .npz file that the outputs of both go into.
        pictures: gather a histogram and a map of the errors of each output.
        before: changes the outputs before they are compared, see `Hook`.
    """

    data: str | os.PathLike[str] | None = None
    samples: int | None = None
    seed: int = 0
    batch: int = 8
    teacher: Preparation = field(default_factory=Preparation)
    student: Preparation = field(default_factory=Preparation)
    shapes: Shapes = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    batch_axes: Mapping[str, int | None] = field(default_factory=dict)
    student_shapes: Shapes = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    kind: Kind | Literal["auto"] = "auto"
    task: str = "auto"
    tasks: Mapping[str, str] = field(default_factory=dict)
    class_axis: int | None = None
    temperature: float = 1.0
    limits: Mapping[str, float | None] = field(default_factory=dict)
    tolerances: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    output_limits: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    layers: bool = False
    layer_limit: float | None = None
    fields: bool = True
    effective: bool = True
    cost: bool = True
    latency_runs: int = 20
    on_error: OnError = "fail"
    threads: int | None = None
    provider: str | Sequence[str] | None = None
    teacher_provider: str | Sequence[str] | None = None
    student_provider: str | Sequence[str] | None = None
    save_outputs: str | os.PathLike[str] | None = None
    before: Hook | None = None
    pictures: bool = False

    def __post_init__(self) -> None:
        """Refuse numbers out of range.

        Raises:
            DataError: there is one.
        """
        for name, allowed in OPTIONS.items():
            value = getattr(self, name.replace("-", "_"), None)
            if value is not None:
                allowed.check(value, name)


def with_tolerances(settings: Settings) -> tuple[Mapping[str, float | None], dict[str, Mapping[str, float | None]]]:
    """Limits of all outputs and of single ones; no element beyond a tolerance, where `beyond` has no limit of the user's."""
    whole, single = settings.limits, dict(settings.output_limits)
    for output in settings.tolerances:
        if "beyond" not in settings.limits:
            if output:
                single[output] = {"beyond": 0.0, **single.get(output, {})}
            else:
                whole = {"beyond": 0.0, **whole}
    return whole, single
