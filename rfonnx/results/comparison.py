"""What a comparison of two models gives and reports read. Frozen, plain, imports nothing of ours but results.

Wherever two figures stand side by side the teacher's comes first. Errors are student minus teacher.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rfonnx.results.fields import AxisField, Shape

Kind = Literal["fp32", "fp16", "int8", "distilled"]
"""What the student is to the teacher: the same weights in another file, in half precision, quantised, or other weights."""

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
    """One sample and its figure."""

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
    """How often an element's |d| has which size, d = student - teacher.

    Attributes:
        edges: powers of 2, one more than counts; the first belongs to a bin, the last does not.
        counts: elements by bin.
        zeros: elements with a |d| under 2^-126, nearly all of them 0.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    zeros: int


@dataclass(frozen=True, slots=True)
class ErrorMap:
    """Mean |d| by position, over samples and over the axes that are not shown.

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
        task: how they were read.
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
        outcome: a limit that was asked for is never undecided: what is not proven then is missed.
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
class FieldPair:
    """Theoretical receptive fields of two tensors along one axis, in positions of each model's own input.

    Attributes:
        output: the teacher's tensor and the student's.
        role: "output", or "features": the tensor that sees most, of those with places that an output which does not slide is
            computed by.
        input, axis: the teacher's input axis and the student's.
        lengths: lengths of those axes.
        teacher, student: the fields.
        ratio: size of the student's field over the teacher's, each as a share of its input's length; inside the input, where
            sizes reach beyond it (`rfonnx.comparing.fields.field_size`).
        notes: what differs, one line each.
        exact: whether the teacher's field and the student's are known exactly; False: at most so large.
        leads_to: the teacher's outputs that the tensor is, or is a feature map of.
    """

    output: tuple[str, str]
    role: Literal["output", "features"]
    input: tuple[str, str]
    axis: tuple[int, int]
    lengths: tuple[int | None, int | None]
    teacher: AxisField
    student: AxisField
    ratio: float
    notes: tuple[str, ...]
    exact: tuple[bool, bool] = (True, True)
    leads_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EffectivePair:
    """Effective receptive fields of two tensors on the same samples: where the units' gradients lie.

    Attributes:
        output: the teacher's tensor and the student's.
        role: "output": units of paired outputs, at the same index; "features": the units of their feature maps that look
            at the same place; "whole": whole outputs that have no places, such as a classifier's.
        input, axes: the input of each model, and its axes that the maps span.
        positions: (teacher's, student's) unit by unit: index per axis, None where channels are summed. The figures are means
            over them.
        samples: how many the maps are a mean over.
        figures: by name; see docs/compare.md for the definitions.
        exact: whether the teacher's theoretical field and the student's are known exactly; False: at most so large.
        leads_to: as in `FieldPair`.
    """

    output: tuple[str, str]
    role: Literal["output", "features", "whole"]
    input: tuple[str, str]
    axes: tuple[tuple[int, ...], tuple[int, ...]]
    positions: tuple[tuple[tuple[int | None, ...], tuple[int | None, ...]], ...]
    samples: int
    figures: Mapping[str, float]
    exact: tuple[bool, bool] = (True, True)
    leads_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LayerAgreement:
    """One pair of inner tensors.

    Attributes:
        teacher, student: the tensors' names.
        node, op_type: the student's node that computes it, before it is quantised or cast.
        sqnr_db, cosine, max_abs: as for outputs, over the samples that were looked at: the accumulated error.
        finite: neither has a NaN or infinity that the other has not.
        lasting: it is under the limit, and so is what is computed from it, up to an output.
        own_db: SQNR of what the student computes of the teacher's tensors: the layer's own error; None: not measured.
        quantised_db: SQNR of the teacher's tensor, quantised as the student quantises it; None: it does not, or not measured.
        weight_db: SQNR of the layer's weight against the teacher's; None: there is not one weight on both sides.
        nodes: operator and name of the student's nodes that make it from the pairs before it, the last few.
        teacher_nodes: the teacher's.
    """

    teacher: str
    student: str
    node: str
    op_type: str
    sqnr_db: float
    cosine: float
    max_abs: float
    finite: bool
    lasting: bool = False
    own_db: float | None = None
    quantised_db: float | None = None
    weight_db: float | None = None
    nodes: tuple[tuple[str, str], ...] = ()
    teacher_nodes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Parting:
    """Where two models part.

    Attributes:
        layers: the pairs in order of the teacher's depth.
        limit_db: the SQNR under which a pair has parted.
        first: the first pair under it that does not recover, or None.
        steepest: the pair whose SQNR falls most from the worst before it, or None with fewer than two pairs.
        unmatched: how many tensors of the teacher have no partner.
        samples: how many samples were looked at.
        damaged: the pairs that do not recover and are under the limit by themselves.
        behind: outputs that part behind the last pair, by what one model alone does there.
        inputs: float inputs of both, in the order of the teacher's; `quantised_db` is the student's quantiser's.
        unfed: tensors of the student that were not replaced by the teacher's, with the reason.
    """

    layers: tuple[LayerAgreement, ...]
    limit_db: float
    first: LayerAgreement | None
    steepest: LayerAgreement | None
    unmatched: int
    samples: int
    damaged: tuple[LayerAgreement, ...] = ()
    behind: tuple[LayerAgreement, ...] = ()
    inputs: tuple[LayerAgreement, ...] = ()
    unfed: tuple[tuple[str, str], ...] = ()

    @property
    def unlike_inputs(self) -> tuple[LayerAgreement, ...]:
        """Inputs whose samples are under the limit: the models are given unlike things, whatever their layers do."""
        return tuple(layer for layer in self.inputs if layer.sqnr_db < self.limit_db or not layer.finite)


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
        kind: what the student is to the teacher; `kind_reason` says how that was found.
        samples: what was compared over.
        outputs: agreement by pair of outputs.
        verdicts: every figure that has a limit.
        fields: receptive fields side by side.
        effective: figures of the first pair of `effective_fields` by name, and with the prefix "output_" those of the first whole
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

    def __repr__(self) -> str:
        """The two models and what it comes to."""
        outcome = "passed" if self.passed else "not passed"
        return f"<Comparison of {self.student!r} against {self.teacher!r}, {self.kind}, {self.samples.count} samples: {outcome}>"

    @property
    def passed(self) -> bool:
        """No limit is missed and one is held, and nothing ended early. What is undecided shows no difference."""
        outcomes = {verdict.outcome for verdict in self.verdicts}
        return not self.incomplete and "held" in outcomes and "missed" not in outcomes
