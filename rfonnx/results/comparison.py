"""What a comparison of two models gives and reports read. Frozen, plain, imports nothing of ours but results.

Wherever two figures stand side by side the teacher's comes first. Errors are student minus teacher.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rfonnx.results.agreement import OutputAgreement, ShownSample
from rfonnx.results.field_pairs import EffectivePair, FieldPair
from rfonnx.results.fields import Shape
from rfonnx.results.parting import Parting
from rfonnx.system.late import Late

showing = Late("rfonnx.report.showing")
"""Reports stand above results: what shows a result is found when it is asked for."""

Kind = Literal["fp32", "fp16", "int8", "distilled"]
"""What the student is to the teacher: the same weights in another file, in half precision, quantised, or other weights."""

Outcome = Literal["held", "missed", "undecided"]
"""What became of a limit. Undecided: the figure lies beyond it, and its interval reaches it: too few samples to tell."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One figure held against its limit.

    Attributes:
        subject: what was measured: an output, a field.
        measure: the measure's name.
        value, limit: the figure and what it may be. NaN: it was asked for, and could not be measured.
        at_least: the limit is a lower one.
        passed: it holds: `outcome` is "held".
        reason: what this means, in words and numbers of ours.
        where: the names that belong to it: the worst sample, the tensor with a NaN; or "".
        outcome: "held", "missed", or "undecided": the figure lies beyond the limit, and its interval reaches it; a limit that was
            asked for is never undecided: what is not proven then is missed.
        asked: the limit is the user's.
    """

    subject: str
    measure: str
    value: float
    limit: float
    at_least: bool
    passed: bool
    reason: str
    where: str = ""
    outcome: Outcome = "held"
    asked: bool = False

    def __post_init__(self) -> None:
        if not self.passed and self.outcome == "held":
            object.__setattr__(self, "outcome", "missed")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one model costs.

    Attributes:
        parameters: elements of the weights.
        macs: multiply-accumulates of one run at batch 1 in convolutions, matrix products, recurrent layers and attention; where
            `uncounted` is not empty, the run takes at least so many.
        file_bytes: the file and its external data, or None when the model did not come from a file.
        peak_bytes: memory that one process needs to load and run it, beyond what onnxruntime needs by itself; None: not measured.
        latency_ms: median and 95th percentile of a run in milliseconds, batch 1 (or the model's own); None: not measured.
        uncounted: operators whose MACs are not known, with their number.
    """

    parameters: int
    macs: int | None
    file_bytes: int | None
    peak_bytes: int | None = None
    latency_ms: tuple[float, float] | None = None
    uncounted: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SampleInfo:
    """What was compared over.

    Attributes:
        source: the folder or file, or how the random samples were drawn.
        random: no data was given: agreement on noise says little about agreement on images.
        count: samples that went through both models.
        skipped: samples left out, with the reason.
    """

    source: str
    random: bool
    count: int
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models side by side.

    Attributes:
        teacher, student: names of the files.
        kind: what the student is to the teacher: "fp32": the same weights in another file; "fp16": in half precision; "int8":
            quantised; "distilled": other weights.
        kind_reason: how that was found.
        samples: what was compared over.
        outputs: agreement by pair of outputs.
        verdicts: every figure that has a limit.
        fields: receptive fields side by side.
        effective: figures of the first pair of `effective_fields` by name, and with `output_` in front those of the first whole
            output; or empty.
        parting: where they part, or None when that was not asked.
        costs: the teacher's and the student's.
        threads: threads per operator during all runs.
        shapes: input shapes of the runs by model and input, "teacher/x".
        warnings: one line each.
        incomplete: why it ended early, or "".
        saved: by role, of what the outputs are that were given in place of a model.
        hook: the name of the function that changed the outputs before they were compared, or "".
        effective_fields: effective receptive fields side by side.
        shown: samples that fare worst, with their pictures; () where that was not asked for.
    """

    teacher: str
    student: str
    kind: Kind
    kind_reason: str
    samples: SampleInfo
    outputs: tuple[OutputAgreement, ...]
    verdicts: tuple[Verdict, ...]
    fields: tuple[FieldPair, ...]
    effective: Mapping[str, float]
    parting: Parting | None
    costs: tuple[Cost, Cost] | None
    threads: int
    shapes: Mapping[str, Shape]
    warnings: tuple[str, ...]
    incomplete: str = ""
    saved: Mapping[str, str] = field(default_factory=dict)
    hook: str = ""
    effective_fields: tuple[EffectivePair, ...] = ()
    shown: tuple[ShownSample, ...] = ()

    def __repr__(self) -> str:
        """The two models and what it comes to."""
        outcome = "passed" if self.passed else "not passed"
        return f"<Comparison of {self.student!r} against {self.teacher!r}, {self.kind}, {self.samples.count} samples: {outcome}>"

    def _repr_html_(self) -> str:
        """What notebooks show: what `rfonnx compare` says."""
        return str(showing.comparison_html(self))

    def to_dict(self) -> dict[str, Any]:
        """Plain data: the JSON of `rfonnx compare`."""
        made: dict[str, Any] = showing.comparison_dict(self)
        return made

    @property
    def passed(self) -> bool:
        """No limit is missed and one is held, and nothing ended early. What is undecided shows no difference."""
        outcomes = {verdict.outcome for verdict in self.verdicts}
        return not self.incomplete and "held" in outcomes and "missed" not in outcomes
