"""What is good enough: a limit per measure, by what the student is to the teacher. docs/compare.md gives the reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rfonnx.comparison import FieldPair, Kind, NonFinite, OutputAgreement, Verdict
from rfonnx.errors import QueryError


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a measure is, for verdicts.

    Attributes:
        at_least: its limit is a lower one.
        words: what it says when it fails.
        unit: behind the figure.
    """

    at_least: bool
    words: str
    unit: str = ""


MEANINGS: dict[str, Meaning] = {
    "max_abs": Meaning(False, "the largest difference of one element"),
    "mean_abs": Meaning(False, "the mean absolute difference"),
    "rmse": Meaning(False, "the root mean square difference"),
    "cosine": Meaning(True, "the mean cosine similarity"),
    "sqnr_db": Meaning(True, "the teacher's signal over the difference", " dB"),
    "psnr_db": Meaning(True, "the teacher's range over the difference", " dB"),
    "top1": Meaning(True, "samples on which both choose the same class"),
    "top5": Meaning(True, "samples whose teacher's choice is among the student's five best"),
    "kl": Meaning(False, "KL divergence of the student's probabilities from the teacher's", " nats"),
    "calibration_difference": Meaning(False, "how far the student's confidence is from the teacher's"),
    "agreement": Meaning(True, "positions with the same class"),
    "mean_iou": Meaning(True, "mean intersection over union of the classes"),
    "field_ratio": Meaning(True, "the student's receptive field over the teacher's"),
    "unseen_mass": Meaning(False, "the teacher's gradient mass that lies outside the student's receptive field"),
    "overlap_50": Meaning(True, "intersection over union of the regions that hold half of the gradient mass"),
    "overlap_95": Meaning(True, "intersection over union of the regions that hold 95% of the gradient mass"),
    "correlation": Meaning(True, "correlation of the effective fields"),
}
"""Everything that can have a limit."""

LIMITS: dict[Kind, dict[str, float]] = {
    "fp32": {"sqnr_db": 80.0, "top1": 0.999, "agreement": 0.999, "field_ratio": 1.0, "correlation": 0.99},
    "fp16": {"sqnr_db": 40.0, "top1": 0.99, "agreement": 0.99, "field_ratio": 1.0, "correlation": 0.99},
    "int8": {
        "sqnr_db": 15.0, "top1": 0.95, "kl": 0.1, "agreement": 0.95, "mean_iou": 0.8, "field_ratio": 1.0, "correlation": 0.9,
    },
    "distilled": {
        "top1": 0.9, "kl": 0.1, "calibration_difference": 0.05, "agreement": 0.9, "mean_iou": 0.7, "unseen_mass": 0.05,
    },
}  # fmt: skip

VALUE_LIMITS: dict[Kind, dict[str, float]] = {"distilled": {"sqnr_db": 10.0, "cosine": 0.9}}
"""For outputs of plain numbers, which have no classes to agree on."""

LAYER_LIMITS: dict[Kind, float] = {"fp32": 60.0, "fp16": 30.0, "int8": 10.0, "distilled": 10.0}
"""SQNR in dB under which a pair of inner tensors has parted; lower than for outputs: inner tensors cancel and saturate."""


def limits_for(kind: Kind, task: str, given: Mapping[str, float | None]) -> dict[str, float]:
    """Limits by measure: the defaults, with the user's over them; None removes one.

    Raises:
        QueryError: there is no such measure.
    """
    unknown = [name for name in given if name not in MEANINGS]
    if unknown:
        raise QueryError(f"there is no measure '{unknown[0]}' to limit", f"there are {', '.join(MEANINGS)}")
    limits = {**LIMITS[kind], **(VALUE_LIMITS.get(kind, {}) if task == "values" else {}), **given}
    return {name: limit for name, limit in limits.items() if limit is not None}


def judge(
    kind: Kind,
    outputs: Sequence[OutputAgreement],
    fields: Sequence[FieldPair],
    effective: Mapping[str, float],
    given: Mapping[str, float | None],
) -> tuple[Verdict, ...]:
    """Every figure that has a limit, held against it.

    Raises:
        QueryError: a limit is given for something that is no measure.
    """
    verdicts: list[Verdict] = []
    for output in outputs:
        limits = limits_for(kind, output.task, given)
        verdicts += [_finite(output, bad) for bad in output.nonfinite]
        verdicts += _judge_output(kind, output, limits)
    limits = limits_for(kind, "", given)
    if "field_ratio" in limits:
        verdicts += [_judge_field(kind, pair, limits["field_ratio"]) for pair in fields]
    verdicts += [
        _verdict(kind, "effective field", name, effective[name], limits[name]) for name in effective if name in limits
    ]
    return tuple(verdicts)


def _judge_output(kind: Kind, output: OutputAgreement, limits: Mapping[str, float]) -> Iterator[Verdict]:
    for name, measure in output.measures.items():
        if name in limits:
            worst = output.worst.get(name, ())
            where = f"worst on {worst[0].sample}: {worst[0].value:.4g}" if worst else ""
            yield _verdict(kind, output.teacher, name, measure.value, limits[name], where)


def _verdict(kind: Kind, subject: str, name: str, value: float, limit: float, where: str = "") -> Verdict:
    meaning = MEANINGS[name]
    passed = value >= limit if meaning.at_least else value <= limit
    side = "at least" if meaning.at_least else "at most"
    reason = f"{meaning.words}: {value:.4g}{meaning.unit}, {side} {limit:g}{meaning.unit} for {kind}"
    return Verdict(subject, name, value, limit, meaning.at_least, passed, reason, "" if passed else where)


def _finite(output: OutputAgreement, bad: NonFinite) -> Verdict:
    where = f"'{bad.tensor}' at ({', '.join(map(str, bad.position))}) on {bad.sample}"
    if bad.origin:
        where += f"; it begins in '{bad.origin}'"
    reason = f"the {bad.model} gives {bad.value}" + (f", on {bad.samples} samples" if bad.samples > 1 else "")
    return Verdict(output.teacher, "finite", float(bad.samples), 0.0, False, False, reason, where)


def _judge_field(kind: Kind, pair: FieldPair, limit: float) -> Verdict:
    verdict = _verdict(
        kind, f"{pair.output[0]} along {pair.input[0]} axis {pair.axis[0]}", "field_ratio", pair.ratio, limit
    )
    if not verdict.passed and pair.notes:
        return replace(verdict, reason=f"{verdict.reason}: {pair.notes[0]}")
    return verdict
