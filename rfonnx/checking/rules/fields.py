"""Rules on receptive fields: how much an output sees, and what it must not see."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from rfonnx.analysis.derive.analysed import told
from rfonnx.analysis.derive.batch_search import FIXED_TO_ONE, NO_BATCH
from rfonnx.checking.rule_table import NotApplicableError, Says, Values, holds, rule, unproven
from rfonnx.checking.rules.where import INPUT_AND_AXIS, TENSOR, chosen_outputs, not_one, space_axes
from rfonnx.checking.subject import Subject
from rfonnx.errors import QueryError
from rfonnx.results.array_types import Int64
from rfonnx.results.fields import AxisField, BatchFact, TensorField
from rfonnx.results.findings import Parameter
from rfonnx.results.plain import counted, percent
from rfonnx.results.ranges import SHARE

WHERE = {**TENSOR, **INPUT_AND_AXIS}

Seen = tuple[TensorField, str, int, AxisField]
"""A tensor, an input, its axis and what the tensor sees along it."""


def fields(subject: Subject, values: Values) -> tuple[list[Seen], list[Says]]:
    """The fields that a rule is asked about, and a failure for each input whose axes cannot be told.

    Raises:
        QueryError: there is no such tensor, input or axis.
        NotApplicableError: no output depends on an axis along which anything could run.
    """
    pairs, unknown = space_axes(subject, values)
    tensors = [_tensor(subject, name) for name in chosen_outputs(subject, values)]
    seen = [(tensor, *pair, tensor.fields[pair]) for tensor in tensors for pair in pairs]
    return seen, [not_one(subject, name) for name in unknown]


def _tensor(subject: Subject, name: str) -> TensorField:
    """A tensor's fields; an input that is passed on sees itself, a constant nothing."""
    analysis = subject.analysis
    if name in analysis.tensors:
        return analysis.tensors[name]
    nothing = AxisField("none", 0, 0, Fraction(0), 1, 0, Fraction(0), None, 0.0, True)
    fields = {}
    for input, shape in analysis.input_shapes.items():
        for axis, length in enumerate(shape or ()):
            itself = AxisField("local", 1, 1, Fraction(1), 1, 0, Fraction(0), axis, 1 / max(length or 1, 1), True)
            fields[input, axis] = itself if input == name else nothing
    return TensorField(name, analysis.input_shapes.get(name, ()), "", "", "", True, (), fields)


def _at_least(tensor: TensorField, text: str, enough: bool) -> Says:
    """A verdict on what must be seen: a field that is only known as at most this may be too small although it looks large."""
    if enough and not tensor.exact:
        return Says(f"{text}; but its field is only known as at most this", tensor.name)
    return Says(text, tensor.name, not enough)


def _smallest(subject: Subject, tensor: TensorField, input: str, axis: int) -> int:
    """The smallest field: also where a position away from the borders sees less than a window does, for a mask hides the rest."""
    smallest, analysis = tensor.fields[input, axis].size_min, subject.analysis
    if tensor.name not in analysis.tensors:
        return smallest
    places: list[Int64] | None = [marks.positions for marks in analysis.landmarks(tensor.name, input, axis)]
    if sum(len(along) > 1 for along in places or ()) > 1:
        places = None  # what goes along one axis and what goes along another may meet in the smallest anywhere
    lo, hi = analysis.intervals(tensor.name, input, axis, False, places)
    inside = (lo >= 0) & (lo <= hi) & (hi < ((analysis.input_shapes[input] or ())[axis] or 0))
    first, last = analysis.intervals(tensor.name, input, axis, positions=places)
    inside, sizes = np.broadcast_arrays(inside, np.where(first <= last, last - first + 1, 0))
    return min(smallest, int(sizes[inside].min())) if inside.any() else smallest


def _taker(subject: Subject, tensor: str, input: str, axis: int) -> str | None:
    """What takes the axis together in all that a tensor sees, if anything: strides may leave out the axis' end."""
    analysis = subject.analysis
    lo, hi = told(analysis, tensor, (input, axis))
    for name, *_ in analysis.globals_along([(input, axis)]):
        first, last = told(analysis, name, (input, axis))
        if lo.min() <= first.max() and last.min() <= hi.max():
            return name
    return None


def _where(input: str, axis: int) -> str:
    return f"{input} axis {axis}"


@rule(
    "RF001",
    "field-minimum",
    "error",
    {"min": Parameter("int", "positions that must be seen at least", required=True), **WHERE},
)
def field_minimum(subject: Subject, values: Values) -> Iterator[Says]:
    """The receptive field is at least `min` positions large.

    A net whose field is smaller than the objects it must judge guesses. The smallest field of the tensor counts; where
    every position sees the whole axis, more cannot be wanted, and the rule holds. Where a field is known only as "at
    most", nothing can promise a minimum, and the rule fails.

    Way out: more or larger kernels, dilation, stride, or a global operator; `rfonnx explain` shows what each operator
    adds.
    """
    seen, failures = fields(subject, values)
    yield from failures
    for tensor, input, axis, field in seen:
        length = (subject.analysis.input_shapes[input] or ())[axis] or 0
        if field.kind == "global" and field.coverage == 1:
            yield _at_least(tensor, f"sees all of {_where(input, axis)} ({length} positions) at every position", True)
        else:
            size = _smallest(subject, tensor, input, axis)
            text = f"has a field of {counted(size, 'position')} of {_where(input, axis)}; the least is {values['min']}"
            yield _at_least(tensor, text, size >= values["min"])


@rule(
    "RF002",
    "field-maximum",
    "error",
    {"max": Parameter("int", "positions that may be seen at most", required=True), **WHERE},
)
def field_maximum(subject: Subject, values: Values) -> Iterator[Says]:
    """The receptive field is at most `max` positions large.

    For tiling and streaming (every position that is seen must be there), for private regions, for cost. A field of which
    some position sees the whole axis fails: it grows with the input.

    Way out: `rfonnx explain` shows which operators made the field so large.
    """
    seen, failures = fields(subject, values)
    yield from failures
    for tensor, input, axis, field in seen:
        most = "" if tensor.exact else "at most "
        length = (subject.analysis.input_shapes[input] or ())[axis] or 0
        allowed = f"the limit is {counted(values['max'], 'position')}"
        text = f"has a field of {most}{counted(field.size, 'position')} of {_where(input, axis)}"
        if field.kind in ("global", "block") and 1 < length <= field.size:
            whole = "" if field.kind == "global" else ", from some positions"
            yield Says(f"has a field of {most}all of {_where(input, axis)}{whole}; {allowed}", tensor.name)
        elif field.kind == "global" and (taker := _taker(subject, tensor.name, input, axis)):
            yield Says(f"{text}, which grows with the axis: '{taker}' takes it together; {allowed}", tensor.name)
        else:
            yield Says(f"{text}; {allowed}", tensor.name, field.size > values["max"])


@rule(
    "RF003",
    "coverage",
    "error",
    {"min": Parameter("float", "share of the axis, 0 to 1, that must be seen", required=True, within=SHARE), **WHERE},
)
def coverage(subject: Subject, values: Values) -> Iterator[Says]:
    """The middle position sees at least a share `min` of the input.

    A classifier that sees 60% of an image decides without the rest. Borders count as they are: padding is not seen.

    Way out: as for RF001, or smaller inputs.
    """
    seen, failures = fields(subject, values)
    yield from failures
    for tensor, input, axis, field in seen:
        text = f"sees {percent(field.coverage)} of {_where(input, axis)}, at least {100 * values['min']:g}% are wanted"
        yield _at_least(tensor, text, field.coverage >= values["min"])


@rule(
    "RF006",
    "batch-independent",
    "error",
    {"tensor": Parameter("str", "the output; every output when left out")},
    default=True,
)
def batch_independent(subject: Subject, values: Values) -> Iterator[Says]:
    """Samples of a batch do not see each other, and each has its answer.

    A batch norm left in training mode, a reshape that mixes samples, or attention over the wrong axis makes one user's
    answer depend on another's data; a slice to the first sample leaves the others without any.

    Which axis counts samples is read off the names of dimensions ("batch", "N"), off operators that have a batch axis, and
    off open lengths. Where that does not tell, nothing is proven: asked for by name, the rule fails then.

    Way out: export in evaluation mode; look at the reshapes that are named; `--batch-axis state=1` (or `x=none`) says which axis
    counts samples.
    """
    facts = subject.analysis.facts
    if values["tensor"] not in (None, *facts):
        raise QueryError(f"{subject.path}: there is no output '{values['tensor']}'", f"there are {', '.join(facts)}")
    if subject.analysis.batches.problem == NO_BATCH:
        raise NotApplicableError(NO_BATCH)
    for name, fact in facts.items():
        if values["tensor"] in (None, name):
            yield _batch(name, fact.batch)


def _batch(name: str, fact: BatchFact) -> Says:
    if fact.state == "mixed":
        return Says(f"mixes samples of a batch: {fact.reason}", name)
    if fact.state == "dropped":
        return Says(f"does not answer for every sample of a batch: {fact.reason}", name)
    if fact.state == "independent":
        presumed = " (the first axis that may count them is taken to)" if fact.presumed else ""
        return holds(f"keeps the samples of a batch apart{presumed}", name)
    if fact.reason == FIXED_TO_ONE:
        return holds(f"takes one sample at a time: {FIXED_TO_ONE}", name)
    return unproven(f"is not proven to keep samples apart: {fact.reason}", name)


@rule(
    "RF010",
    "translation-period",
    "error",
    {
        "max": Parameter("int", "largest period that is allowed, in input positions", required=True),
        **WHERE,
    },
)
def translation_period(subject: Subject, values: Values) -> Iterator[Says]:
    """Outputs follow shifts of the input by at most `max` positions exactly, away from the borders.

    A net with total stride 32 answers differently when the image moves by 1 pixel, and the same only when it moves by
    32; tiles must be cut on that grid. Where the input is so small that borders reach everything, no shift is followed,
    and the rule fails.

    Way out: fewer strides, or tiles and crops aligned to the period.
    """
    analysis = subject.analysis
    pairs, unknown = space_axes(subject, values)
    yield from (not_one(subject, name) for name in unknown)
    for name in chosen_outputs(subject, values):
        if name not in analysis.facts:
            raise QueryError(f"{subject.path}: there is no output '{name}'", f"there are {', '.join(analysis.facts)}")
        shifts = {(shift.input, shift.axis): shift for shift in analysis.facts[name].shifts}
        for pair in pairs:
            along, shift = f"along {_where(*pair)}", shifts.get(pair)
            if not analysis.time.depends(name, *pair):
                yield holds(f"does not depend on {_where(*pair)}", name)
            elif shift is None:
                yield Says(f"is not proven to follow any shift {along}: positions are not known to run along it", name)
            elif shift.period is None:
                yield Says(f"follows no shift {along}: {shift.reason}", name)
            else:
                text = f"follows shifts by {shift.period} {along}, at most {values['max']} are allowed"
                yield Says(text, name, shift.period > values["max"])
