"""What a comparison is asked for: the options of `rfonnx compare`, as plain data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from rfonnx.data.preparation import Preparation
from rfonnx.results.comparison import Kind
from rfonnx.results.option import option, options
from rfonnx.system.late import Late

if TYPE_CHECKING:
    from rfonnx.results import binding
else:
    binding = Late("rfonnx.results.binding")

OnError = Literal["fail", "skip"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Options of a comparison; docs/compare.md says what they mean.

    Attributes:
        teacher, student: how images become inputs of each.
        shapes, student_shapes: lengths of inputs or of symbolic dimensions; the student's are the teacher's where there are none.
        values: of small inputs, which are constants then.
        batch_axes: the axis of an input that counts samples, or None; found where an input is not named.
        outputs, inputs: the student's names by the teacher's, for those that do not pair by name; parts of outputs in brackets.
        task, limits: of all outputs.
        tolerances: absolute and relative by output, "" for all: no element may lie beyond, unless `beyond` has another limit.
        tasks, output_limits: of single ones, by the teacher's name of the output, with the part of it where `outputs` has one.
        pictures: gather a histogram and a map of the errors of each output.
        before: changes the outputs before they are compared, see `rfonnx.results.binding.Hook`.

    What the others mean stands in their declarations, which are the help of `rfonnx compare` too.
    """

    data: str | os.PathLike[str] | None = option(
        None, "A folder of images or arrays, or one .npy, .npz or image file. [default: random]", metavar="DIR|FILE"
    )
    samples: int | None = option(None, "Samples at most. [default: all; random: 32]", metavar="N")
    seed: int = option(0, "Seed of random samples and of the bootstrap.")
    batch: int = option(8, "Samples per run, where the models leave it free.", metavar="N")
    teacher: Preparation = field(default_factory=Preparation)
    student: Preparation = field(default_factory=Preparation)
    shapes: binding.Shapes = field(default_factory=dict)
    values: binding.Values = field(default_factory=dict)
    batch_axes: binding.BatchAxes = field(default_factory=dict)
    student_shapes: binding.Shapes = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    kind: Kind | Literal["auto"] = option("auto", "What the student is.", choices=("auto", *get_args(Kind)))
    task: str = "auto"
    tasks: Mapping[str, str] = field(default_factory=dict)
    class_axis: int | None = option(None, "Axis of the classes in scores per position. [default: found]", metavar="N")
    temperature: float = option(1.0, "Of the softmax under the KL.")
    limits: Mapping[str, float | None] = field(default_factory=dict)
    tolerances: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    output_limits: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    layers: bool = option(False, "Find the layer where the two part.")
    layer_limit: float | None = option(
        None, "SQNR under which inner tensors have parted. [default: by kind]", metavar="DB"
    )
    fields: bool = option(True, "Compare theoretical receptive fields; --no-fields leaves out effective ones too.")
    effective: bool = option(True, "Compare effective receptive fields.")
    cost: bool = option(True, "Measure weights, MACs, file, memory, latency.")
    latency_runs: int = option(20, "Runs for the latency.", metavar="N")
    on_error: OnError = option("fail", "What to do about samples that cannot be read.", choices=get_args(OnError))
    threads: int | None = option(None, "Threads per operator. [default: all cores]", metavar="N")
    provider: str | Sequence[str] | None = option(
        None, "Execution provider of onnxruntime. [default: cpu]", metavar="NAME"
    )
    teacher_provider: str | Sequence[str] | None = option(None, "The same for the teacher alone.", metavar="NAME")
    student_provider: str | Sequence[str] | None = option(None, "The same for the student alone.", metavar="NAME")
    save_outputs: str | os.PathLike[str] | None = option(
        None,
        "Save the outputs of both, to be given in the place of a model later.",
        metavar="FILE.npz",
        in_file=False,
    )
    before: binding.Hook | None = None
    pictures: bool = False

    def __post_init__(self) -> None:
        """Refuse numbers out of range.

        Raises:
            DataError: there is one.
        """
        for name, asked in options(type(self)).items():
            value = getattr(self, name)
            if asked.range is not None and value is not None:
                asked.range.check(value, asked.key)


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
