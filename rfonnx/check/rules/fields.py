"""Rules on receptive fields: how much an output sees, and what it must not see."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.check.registry import NotApplicableError, Says, Values, holds, rule
from rfonnx.check.subject import Subject
from rfonnx.errors import QueryError
from rfonnx.findings import Parameter
from rfonnx.results import AxisField, TensorField, TimeFact

WHERE = {
    "tensor": Parameter("str", "the tensor; every output when left out"),
    "input": Parameter("str", "the input; every input when left out"),
    "axis": Parameter("int", "the input's axis; every axis that windows slide along when left out"),
}


def fields(subject: Subject, values: Values) -> Iterator[tuple[TensorField, str, int, AxisField]]:
    """The fields that a rule is asked about.

    Raises:
        QueryError: there is no such tensor, input or axis.
        NotApplicableError: nothing slides along any axis.
    """
    analysis = subject.analysis
    names = [values["tensor"]] if values["tensor"] else [name for name in analysis.outputs if name in analysis.tensors]
    if values["input"] and values["input"] not in analysis.inputs:
        raise QueryError(
            f"{subject.path}: there is no input '{values['input']}'", f"there are {', '.join(analysis.inputs)}"
        )
    chosen = [
        (name, axis)
        for name in analysis.inputs
        for axis in range(len(analysis.input_shapes[name] or ()))
        if values["input"] in (None, name)
        and (axis == values["axis"] if values["axis"] is not None else (name, axis) in analysis.windowed)
    ]
    if not chosen and values["axis"] is not None:
        raise QueryError(f"{subject.path}: no input has an axis {values['axis']}", "rfonnx report shows the axes")
    if not chosen or not names:
        raise NotApplicableError("nothing in this model slides along an axis of an input")
    for name in names:
        if name not in analysis.tensors:
            raise QueryError(
                f"{subject.path}: no tensor '{name}' is computed from an input", "rfonnx report names them"
            )
        tensor = analysis.tensors[name]
        for input, axis in chosen:
            yield tensor, input, axis, tensor.fields[input, axis]


def _at_least(tensor: TensorField, text: str, enough: bool) -> Says:
    """A verdict on what must be seen: a field that is only known as at most this may be too small although it looks large."""
    if enough and not tensor.exact:
        return Says(f"{text}; but its field is only known as at most this", tensor.name)
    return Says(text, tensor.name, not enough)


@rule(
    "RF001",
    "field-minimum",
    "error",
    {"min": Parameter("int", "positions that must be seen at least", required=True), **WHERE},
)
def field_minimum(subject: Subject, values: Values) -> Iterator[Says]:
    """The receptive field is at least `min` positions large.

    A net whose field is smaller than the objects it must judge guesses. The smallest field of the tensor counts; a
    global field counts as the whole axis. Where a field is known only as "at most", nothing can promise a minimum, and
    the rule fails.

    Way out: more or larger kernels, dilation, stride, or a global operator; `rfonnx explain` shows what each operator
    adds.
    """
    for tensor, input, axis, field in fields(subject, values):
        length = (subject.analysis.input_shapes[input] or ())[axis]
        size = min(field.size_min, length) if field.kind == "global" and length else field.size_min
        enough = size >= values["min"] or (field.kind == "global" and size == length)
        text = f"sees {size} positions of {input} axis {axis}, at least {values['min']} are wanted"
        yield _at_least(tensor, text, enough)


@rule(
    "RF002",
    "field-maximum",
    "error",
    {"max": Parameter("int", "positions that may be seen at most", required=True), **WHERE},
)
def field_maximum(subject: Subject, values: Values) -> Iterator[Says]:
    """The receptive field is at most `max` positions large.

    For tiling and streaming (every position that is seen must be there), for private regions, for cost. A global field
    fails.

    Way out: `rfonnx explain` shows which operators made the field so large.
    """
    for tensor, input, axis, field in fields(subject, values):
        if field.kind == "global":
            yield Says(f"sees all of {input} axis {axis}, at most {values['max']} positions are allowed", tensor.name)
        else:
            text = f"sees {field.size} positions of {input} axis {axis}, at most {values['max']} are allowed"
            yield Says(text, tensor.name, field.size > values["max"])


@rule(
    "RF003",
    "coverage",
    "error",
    {"min": Parameter("float", "share of the axis, 0 to 1, that must be seen", required=True), **WHERE},
)
def coverage(subject: Subject, values: Values) -> Iterator[Says]:
    """The middle position sees at least a share `min` of the input.

    A classifier that sees 60% of an image decides without the rest. Borders count as they are: padding is not seen.

    Way out: as for RF001, or smaller inputs.
    """
    for tensor, input, axis, field in fields(subject, values):
        text = f"sees {field.coverage:.1%} of {input} axis {axis}, at least {values['min']:.1%} are wanted"
        enough = field.coverage >= values["min"]
        yield _at_least(tensor, text, enough)


@rule(
    "RF006",
    "batch-independent",
    "error",
    {"tensor": Parameter("str", "the output; every output when left out")},
    default=True,
)
def batch_independent(subject: Subject, values: Values) -> Iterator[Says]:
    """Samples of a batch do not see each other.

    A batch norm left in training mode, a reshape that mixes axis 0, or attention over the wrong axis makes one user's
    answer depend on another's data.

    Way out: export in evaluation mode; look at the reshapes that are named.
    """
    for name, fact in subject.analysis.facts.items():
        if values["tensor"] in (None, name):
            if fact.batch.state == "mixed":
                yield Says(f"mixes samples of a batch: {fact.batch.reason}", name)
            elif fact.batch.state == "unknown" and fact.batch.reason.startswith("the batch is fixed to 1"):
                yield holds("takes one sample at a time", name)
            elif fact.batch.state == "unknown":
                yield Says(f"is not proven to keep samples apart: {fact.batch.reason}", name)
            else:
                yield holds("keeps the samples of a batch apart", name)


@rule(
    "RF010",
    "translation-period",
    "error",
    {
        "max": Parameter("int", "largest period that is allowed, in input positions", required=True),
        "tensor": Parameter("str", "the output; every output when left out"),
    },
)
def translation_period(subject: Subject, values: Values) -> Iterator[Says]:
    """Outputs follow shifts of the input by at most `max` positions exactly, away from the borders.

    A net with total stride 32 answers differently when the image moves by 1 pixel, and the same only when it moves by
    32; tiles must be cut on that grid.

    Way out: fewer strides, or tiles and crops aligned to the period.
    """
    found = False
    for name, fact in subject.analysis.facts.items():
        for shift in fact.shifts:
            if values["tensor"] in (None, name):
                found = True
                along = f"along {shift.input} axis {shift.axis}"
                if shift.period is None:
                    yield Says(f"follows no shift {along}: {shift.reason}", name)
                else:
                    text = f"follows shifts by {shift.period} {along}, at most {values['max']} are allowed"
                    yield Says(text, name, shift.period > values["max"])
    if not found:
        raise NotApplicableError("no output depends on an axis that shifts run along")
