"""Every measure of a comparison, declared once: what it is called, how it reads, and what it may be.

Reports take the labels and units from here, verdicts the words and the limits. docs/compare.md gives the definitions and the
reasons of the limits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from rfonnx.results.agreement import Task
from rfonnx.results.comparison import Kind

Limits = Mapping[Kind, float]

LAYER_LIMITS: dict[Kind, float] = {"fp32": 60.0, "fp16": 30.0, "int8": 10.0, "distilled": 10.0}
"""SQNR in dB under which a pair of inner tensors has parted; lower than for outputs: inner tensors cancel and saturate."""


@dataclass(frozen=True, slots=True)
class MeasureInfo:
    """What a measure is.

    Attributes:
        label: in tables.
        words: in verdicts; "" where there is no limit to miss.
        unit: behind the figure, with the blank before it.
        share: it is printed as a percentage.
        at_least: its limit is a lower one; None: no limit can be set.
        limits: the defaults by kind of student, for whatever task has the measure.
        of_task: defaults of one task, in place of `limits`.
        judged_by: the measure whose figure is held against this one's limit; "": its own.
        unlike: where another figure is judged, what this one is beside it.
        samples: the measure whose worst samples are named where this one misses its limit; "": its own.
        absent: why an output of a task that has the measure may have no figure.
        of_fields: it is a figure of receptive fields, not of outputs.
    """

    label: str
    words: str = ""
    unit: str = ""
    share: bool = False
    at_least: bool | None = None
    limits: Limits = field(default_factory=dict)
    of_task: Mapping[Task, Limits] = field(default_factory=dict)
    judged_by: str = ""
    unlike: str = ""
    samples: str = ""
    absent: str = ""
    of_fields: bool = False

    @property
    def high_is_bad(self) -> bool:
        """Large figures are the bad ones."""
        return not self.at_least

    def exact(self, value: float) -> bool:
        """Nothing can be better: infinite decibels, a share of one, an error of zero."""
        return value >= (1.0 if not self.unit else math.inf) if self.at_least else value == 0


UNPLACED = "elements are not compared one by one where boxes are matched or rows vary"
"""Why errors of elements may have no figure."""

MEASURES: dict[str, MeasureInfo] = {
    # errors of any numbers
    "max_abs": MeasureInfo("max abs error", "the largest difference of one element", at_least=False),
    "mean_abs": MeasureInfo("mean abs error", "the mean absolute difference", at_least=False),
    "median_abs": MeasureInfo("median abs error", "the median absolute difference", at_least=False, absent=UNPLACED),
    "p99_abs": MeasureInfo("99% quantile of abs errors", "the absolute difference that 99% of the elements keep", at_least=False,
        absent=UNPLACED),
    "beyond": MeasureInfo(
        "elements beyond the tolerance", "elements beyond the tolerance that was asked for", share=True, at_least=False,
        absent=f"no --tolerance is given for it, or {UNPLACED}",
    ),
    "rmse": MeasureInfo("RMSE", "the root mean square difference", at_least=False),
    "cosine": MeasureInfo(
        "cosine", "the mean cosine similarity", at_least=True, judged_by="cosine_weighted", unlike="all samples alike",
        absent="the teacher gives zeros alone",
        of_task={
            "values": {"distilled": 0.9},
            "rows": {"distilled": 0.9},
            "embedding": {"fp32": 0.9999, "fp16": 0.999, "int8": 0.97, "distilled": 0.9},
        },
    ),
    "cosine_weighted": MeasureInfo("cosine, weighted by the teacher's norm"),
    "sqnr_db": MeasureInfo(
        "SQNR (dB)", "the teacher's signal over the difference", " dB", at_least=True,
        limits={"fp32": 80.0, "fp16": 40.0, "int8": 15.0},
        of_task={
            "values": {"fp32": 80.0, "fp16": 40.0, "int8": 15.0, "distilled": 10.0},
            "rows": {"fp32": 80.0, "fp16": 40.0, "int8": 15.0, "distilled": 10.0},
            "embedding": {"fp32": 80.0}, "labels": {}, "tokens": {"fp32": 80.0}, "sequence": {"fp32": 80.0},
        },
    ),
    "sqnr_varying": MeasureInfo(
        "SQNR of what varies (dB)", "the teacher's variance over the difference", " dB", at_least=True,
        limits={"fp32": 60.0, "fp16": 30.0, "int8": 12.0},
    ),
    "sqnr_channel": MeasureInfo(
        "SQNR of the worst channels (dB)", "the teacher's signal over the difference, in the worst channels", " dB",
        at_least=True, limits={"fp32": 60.0, "fp16": 20.0, "int8": 6.0, "distilled": 1.0},
    ),
    "psnr_db": MeasureInfo("PSNR (dB)", "the teacher's range over the difference", " dB", at_least=True),
    # a class per sample
    "top1": MeasureInfo(
        "top-1 agreement", "samples on which both choose the same class", share=True, at_least=True,
        limits={"fp32": 0.999, "fp16": 0.99, "int8": 0.95, "distilled": 0.9}, judged_by="top1_clear",
        unlike="with near ties", samples="flip_margin",
    ),
    "top1_clear": MeasureInfo("top-1 agreement, near ties apart", share=True),
    "near_ties": MeasureInfo("flips that are near ties", share=True),
    "flip_margin": MeasureInfo(
        "largest margin of a flip (nats)", "how sure the teacher was of a choice that the student did not make", " nats",
        at_least=False,
    ),
    "top5": MeasureInfo(
        "top-5 agreement", "samples whose teacher's choice is among the student's five best", share=True, at_least=True
    ),
    "top5_reverse": MeasureInfo("top-5 agreement, reversed", share=True),
    "kl": MeasureInfo(
        "KL, teacher to student (nats)", "KL divergence of the student's probabilities from the teacher's", " nats",
        at_least=False, limits={"int8": 0.1, "distilled": 0.1},
        of_task={task: {"fp16": 0.01, "int8": 0.1, "distilled": 0.1} for task in ("tokens", "sequence")},
    ),
    "kl_constant": MeasureInfo(
        "KL, in KLs of a constant answer", "the KL divergence, over that of the same answer for all samples", at_least=False,
        limits={"int8": 1.0, "distilled": 1.0}, absent="the teacher's probabilities are the same on all samples, or nearly so",
    ),
    "kl_reverse": MeasureInfo("KL, student to teacher (nats)", unit=" nats"),
    "confidence_shift": MeasureInfo("confidence, student - teacher"),
    "calibration_difference": MeasureInfo(
        "expected calibration difference", "how far the student's confidence is from the teacher's", at_least=False,
        limits={"distilled": 0.05},
    ),
    "accuracy_teacher": MeasureInfo("accuracy of the teacher", share=True),
    "accuracy_student": MeasureInfo("accuracy of the student", share=True),
    # a class per position
    "agreement": MeasureInfo(
        "positions that agree", "positions with the same class", share=True, at_least=True,
        limits={"fp32": 0.999, "fp16": 0.99, "int8": 0.95, "distilled": 0.9},
    ),
    "mean_iou": MeasureInfo(
        "mean IoU", "mean intersection over union of the classes", at_least=True, limits={"int8": 0.8, "distilled": 0.7}
    ),
    "worst_iou": MeasureInfo(
        "IoU of the worst class", "intersection over union of the class that fares worst", at_least=True,
        limits={"fp32": 0.99, "fp16": 0.9, "int8": 0.5, "distilled": 0.4},
    ),
    # labels that are given each by itself
    "label_f1": MeasureInfo(
        "labels in common (F1)", "labels that both give, of those that either gives (F1)", share=True, at_least=True,
        limits={"fp32": 0.999, "fp16": 0.99, "int8": 0.9, "distilled": 0.8}, absent="neither model gives a label",
    ),
    "worst_label_f1": MeasureInfo(
        "the worst label's F1", "the same for the label that fares worst", share=True, at_least=True,
        absent="no label is given often enough",
    ),
    "label_agreement": MeasureInfo("decisions alike", "labels that both give or both do not", share=True, at_least=True),
    "near_flips": MeasureInfo("flips next to the threshold", share=True),
    # quantities
    "r2": MeasureInfo(
        "R squared of the worst column", "the share of the spread of the teacher's worst followed column that is followed",
        at_least=True, limits={"fp32": 0.9999, "fp16": 0.999, "int8": 0.95, "distilled": 0.8},
        absent="no column of the teacher varies over samples",
    ),
    # vectors
    "recall_1": MeasureInfo(
        "found again (recall@1)", "samples whose vector finds the teacher's of the same sample", share=True, at_least=True,
        limits={"fp32": 0.999, "fp16": 0.99, "int8": 0.9}, absent="one sample has no others to be told from",
    ),
    "neighbours": MeasureInfo(
        "neighbours kept", "samples whose nearest other sample stays the nearest", share=True, at_least=True,
        limits={"fp32": 0.999, "fp16": 0.97, "int8": 0.75, "distilled": 0.6}, absent="one sample has no neighbours",
    ),
    # strings
    "exact_strings": MeasureInfo("strings alike", "samples on which both decode the same string", share=True, at_least=True,
        limits={"fp32": 0.999, "fp16": 0.95, "int8": 0.8},
    ),
    "edit_rate": MeasureInfo(
        "edits per label of the teacher", "edits that make the teacher's strings the student's, per label", share=True,
        at_least=False, limits={"fp32": 0.001, "fp16": 0.01, "int8": 0.05, "distilled": 0.1},
    ),
    # boxes
    "box_f1": MeasureInfo(
        "boxes in common (F1)", "boxes that both find, of those that either finds (F1)", share=True, at_least=True,
        limits={"fp32": 0.999, "fp16": 0.98, "int8": 0.9, "distilled": 0.8}, absent="neither model finds a box",
    ),
    "boxes_found": MeasureInfo(
        "teacher's boxes found", "the teacher's boxes that the student finds", share=True, at_least=True,
        absent="the teacher finds no box",
    ),
    "boxes_confirmed": MeasureInfo(
        "student's boxes confirmed", "the student's boxes that the teacher finds", share=True, at_least=True,
        absent="the student finds no box",
    ),
    "box_iou": MeasureInfo("IoU of matched boxes", "mean overlap of the boxes that match", at_least=True,
        limits={"fp32": 0.999, "fp16": 0.98, "int8": 0.85, "distilled": 0.75}, absent="no boxes match",
    ),
    "score_error": MeasureInfo("score error of matched boxes", "mean score difference of the boxes that match", at_least=False,
        limits={"fp32": 0.001, "fp16": 0.01, "int8": 0.1}, absent="no boxes match",
    ),
    # rows
    "same_rows": MeasureInfo(
        "as many rows", "samples for which both give as many rows", share=True, at_least=True,
        limits={"fp32": 0.999, "fp16": 0.95, "int8": 0.8, "distilled": 0.5},
    ),
    # receptive fields
    "field_ratio": MeasureInfo(
        "receptive field, student / teacher", "the student's receptive field over the teacher's", at_least=True, of_fields=True,
        limits={"fp32": 1.0, "fp16": 1.0, "int8": 1.0},
    ),
    "unseen_mass": MeasureInfo(
        "teacher's mass outside the student's field",
        "the teacher's gradient mass outside the student's field", at_least=False, of_fields=True,
        limits={"distilled": 0.05},
    ),
    "overlap_50": MeasureInfo(
        "overlap (IoU) of the 50% regions", "intersection over union of the regions that hold half of the gradient mass",
        at_least=True, of_fields=True,
    ),
    "overlap_95": MeasureInfo(
        "overlap (IoU) of the 95% regions", "intersection over union of the regions that hold 95% of the gradient mass",
        at_least=True, of_fields=True,
    ),
    "correlation": MeasureInfo("correlation", "correlation of the blurred effective fields", at_least=True, of_fields=True),
}  # fmt: skip


def limitable() -> list[str]:
    """Names of the measures that can have a limit."""
    return [name for name, info in MEASURES.items() if info.at_least is not None]


def judged_by(name: str) -> str:
    """The measure whose figure is held against a measure's limit."""
    return MEASURES[name].judged_by or name


def default_limits(kind: Kind, task: Task | None) -> dict[str, float]:
    """Limits by measure.

    Args:
        kind: what the student is.
        task: how the output is read; None: for figures of the models as a whole.
    """
    found = {}
    for name, info in MEASURES.items():
        limits = info.limits if task is None else info.of_task.get(task, info.limits)
        if kind in limits:
            found[name] = limits[kind]
    return found
