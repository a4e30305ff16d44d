"""What a comparison is asked for: the options of `rfonnx compare`, as plain data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rfonnx.comparison import Kind
from rfonnx.data.preparation import Preparation
from rfonnx.graph.read import Source
from rfonnx.ranges import OPTIONS

ModelSource = Source
Shapes = Mapping[str, Sequence[int] | int]
OnError = Literal["fail", "skip"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Options of a comparison; docs/compare.md says what they mean.

    Attributes:
        task, limits: of all outputs.
        tasks, output_limits: of single ones, by the teacher's name of the output, with the part of it where `outputs` has one.
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

    def __post_init__(self) -> None:
        """Refuse numbers out of range.

        Raises:
            DataError: there is one.
        """
        for name, allowed in OPTIONS.items():
            value = getattr(self, name.replace("-", "_"), None)
            if value is not None:
                allowed.check(value, name)
