"""Rules that hold a model against its teacher (`--against`)."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.checking.rule_table import Says, Values, rule, unproven
from rfonnx.checking.subject import Subject
from rfonnx.errors import DataError
from rfonnx.results.comparison import Verdict
from rfonnx.results.findings import Parameter
from rfonnx.results.measures import MEASURES


def _needs_teacher(subject: Subject) -> None:
    if subject.against.teacher is None:
        raise DataError(
            "a rule compares with a teacher, and none was given", "give --against TEACHER, or leave the rule out"
        )


def _not_compared(subject: Subject) -> str:
    found = subject.comparison
    told = [warning for warning in found.warnings if "receptive fields were not compared" in warning]
    if found.incomplete or told:
        return found.incomplete or told[0]
    if not subject.against.settings.fields:
        return "the comparison was told to leave fields out"
    return "no axis that windows slide along is the same in both models"


def _verdicts(subject: Subject, of_fields: bool) -> Iterator[Verdict]:
    for verdict in subject.comparison.verdicts:
        if (verdict.measure in MEASURES and MEASURES[verdict.measure].of_fields) == of_fields:
            yield verdict


@rule("RF020", "agrees-with-teacher", "error", default=True)
def agrees_with_teacher(subject: Subject, values: Values) -> Iterator[Says]:
    """The model answers as its teacher does, within the limits for what it is (fp32 export, fp16, int8, distilled).

    The limits and the samples are those of `rfonnx compare`, and are set in the table [compare].

    Way out: `rfonnx compare --layers` names the layer where the two part.
    """
    _needs_teacher(subject)
    for name, feed in subject.feeds:
        assert subject.run(name, feed)  # a sample that the model fails on is told as everywhere else
    for verdict in _verdicts(subject, of_fields=False):
        where = f"; {verdict.where}" if verdict.where else ""
        yield Says(verdict.reason + where, verdict.subject, not verdict.passed)
    found = subject.comparison
    if found.incomplete:
        yield Says(f"the comparison ended early after {found.samples.count} samples: {found.incomplete}")


@rule(
    "RF021",
    "sees-like-teacher",
    "error",
    {"min": Parameter("float", "the field's size as a share of the teacher's", 1.0)},
)
def sees_like_teacher(subject: Subject, values: Values) -> Iterator[Says]:
    """The model's receptive fields are at least as large as its teacher's.

    A student can imitate only what it can see: where the teacher uses context that lies outside the student's field, no
    training helps.

    Way out: dilation, a stride earlier, or larger kernels in the student.
    """
    _needs_teacher(subject)
    found = subject.comparison
    if not found.fields:
        yield unproven(f"is not proven to see like its teacher: {_not_compared(subject)}")
    for pair in found.fields:
        along = f"along {pair.input[1]} axis {pair.axis[1]}"
        text = f"the field {along} is {pair.ratio:.4g} of the teacher's, at least {values['min']:g} is wanted"
        if pair.ratio >= values["min"] and not pair.exact[1]:
            yield unproven(f"{text}; but it is only known as at most this", pair.output[1])
        else:
            yield Says(text, pair.output[1], pair.ratio < values["min"])
    for verdict in _verdicts(subject, of_fields=True):
        if verdict.measure != "field_ratio":
            yield Says(verdict.reason, verdict.subject, not verdict.passed)
