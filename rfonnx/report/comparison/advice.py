"""What to do about a comparison: one line each, the most telling first; every option that is named does what is said."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator

from rfonnx.report.comparison.layers import node_words
from rfonnx.report.document import Line, Name
from rfonnx.results.agreement import Case, OutputAgreement
from rfonnx.results.comparison import Comparison, Kind, Verdict
from rfonnx.results.measures import LAYER_LIMITS, MEASURES, default_limits, judged_by
from rfonnx.results.parting import LayerAgreement, Parting

UNLIMITED = frozenset({"finite"})
"""Verdicts that no limit changes."""

SHOWN = 3
"""Layers to look at."""

OTHERS: tuple[tuple[Kind, str], ...] = (
    ("fp16", "was saved in half precision"),
    ("int8", "was quantised"),
    ("distilled", "was trained anew"),
)
"""Kinds whose limits are looser, in order."""

NARROW = 2
"""A figure within so many times its limit is missed narrowly: there is a use that it may be good enough for."""

ALIKE_DB = 10.0
"""SQNR of a weight from which on it is the teacher's, rounded or damaged; that of one trained anew is about -3 dB."""

Z = 1.96
"""Standard deviations of a normal distribution that hold 95% of it."""

MANY = 10**6
"""More samples than anybody would give."""


def advice(found: Comparison) -> Iterator[Line]:
    """Lines of advice; none where every limit holds."""
    missed = [verdict for verdict in found.verdicts if verdict.outcome == "missed"]
    yield from _nonfinite(found)
    yield from _layers(found, missed)
    yield from _sample(found, missed)
    yield from _fields(found, missed)
    yield from _kind(found, missed)
    yield from _allowed(found, missed)
    yield from _more(found)
    if not found.verdicts and not found.incomplete:
        yield ("say what is good enough, such as --limit sqnr_db=20",)


def _nonfinite(found: Comparison) -> Iterator[Line]:
    for output in found.outputs:
        for bad in output.nonfinite:
            if bad.origin:
                told: Line = ("look at what makes tensor ", Name(bad.origin), f" of the {bad.model}")
                yield (*told, ": it is the first that is not finite on sample ", Name(bad.sample))


def _layers(found: Comparison, missed: list[Verdict]) -> Iterator[Line]:
    outputs = {output.teacher for output in found.outputs}
    if not any(verdict.subject in outputs and verdict.measure not in UNLIMITED for verdict in missed):
        return
    if found.parting is not None:
        yield from _parting(found.parting)
    elif found.kind != "distilled" and not found.incomplete and not found.saved:
        yield ("find the layer where they part: give --layers as well",)


def _parting(parting: Parting) -> Iterator[Line]:
    """The input that is prepared otherwise, or the layers that differ."""
    if parting.unlike_inputs and not parting.damaged:
        told = ": prepare it for the student as for the teacher, unless the student was made for another preparation"
        yield ("look at how input ", Name(parting.unlike_inputs[0].teacher), f" is prepared{told}")
        return
    by_node: dict[str, LayerAgreement] = {}
    for layer in parting.damaged or parting.behind or (parting.first,):
        if layer is not None:
            by_node.setdefault(layer.node or layer.student, layer)  # a Loop makes several tensors
    for layer in list(by_node.values())[:SHOWN]:
        made = " of the student, which makes "
        yield ("look at ", *node_words(layer.op_type, layer.node), made, Name(layer.student))


def _sample(found: Comparison, missed: list[Verdict]) -> Iterator[Line]:
    """The sample to look at, for the first limit that is missed and has one."""
    for verdict in missed:
        for output in found.outputs:
            measure, worst = named_samples(output, verdict)
            if worst:
                yield ("look at sample ", Name(worst[0].sample), " first: of output ", Name(output.teacher),
                       f" it has the worst {MEASURES[measure].label}")  # fmt: skip
                return


def named_samples(output: OutputAgreement, verdict: Verdict) -> tuple[str, tuple[Case, ...]]:
    """The measure by which samples are the worst for a verdict on the output, and those samples; none for other verdicts."""
    if verdict.measure not in MEASURES or output.teacher != verdict.subject:
        return verdict.measure, ()
    measure = MEASURES[verdict.measure].samples or verdict.measure
    return measure, output.worst.get(measure, ())


def _kind(found: Comparison, missed: list[Verdict]) -> Iterator[Line]:
    """A looser kind under whose limits all figures hold, where the limits are those of the kind that was found."""
    if not missed or any(
        _defaults(found.kind, found, verdict).get(verdict.measure) != verdict.limit for verdict in missed
    ):
        return
    kinds = [kind for kind, _ in OTHERS]
    for kind, words in OTHERS[kinds.index(found.kind) + 1 if found.kind in kinds else 0 :]:
        if _holds(kind, found) and _explains(kind, found):
            yield (f"if the student {words}, say so with --kind {kind}: all figures hold then",)
            return


def _explains(kind: Kind, found: Comparison) -> bool:
    """Whether what is known of the layers (with `--layers`) can be the work of such a kind.

    Training anew leaves hardly a weight as it was; neither half precision nor quantising changes one layer by more than its
    limit.
    """
    if found.parting is None:
        return True
    if kind != "distilled":
        return all(layer.own_db is None or layer.own_db >= LAYER_LIMITS[kind] for layer in found.parting.damaged)
    known = [layer.weight_db for layer in found.parting.layers if layer.weight_db is not None]
    return sum(weight >= ALIKE_DB for weight in known) * 2 <= len(known)


def _defaults(kind: Kind, found: Comparison, verdict: Verdict) -> dict[str, float]:
    task = next((output.task for output in found.outputs if output.teacher == verdict.subject), None)
    return default_limits(kind, task)


def _holds(kind: Kind, found: Comparison) -> bool:
    """Whether every figure is within the limits of a kind, and nothing is NaN or infinite."""
    figures = [(default_limits(kind, output.task), _judged(output)) for output in found.outputs]
    figures.append((default_limits(kind, None), dict(found.effective)))
    within = (
        value >= limits[name] if MEASURES[name].at_least else value <= limits[name]
        for limits, values in figures
        for name, value in values.items()
        if name in limits
    )
    return all(within) and not any(output.nonfinite for output in found.outputs)


def _judged(output: OutputAgreement) -> dict[str, float]:
    """By measure the figure that its limit is held against."""
    values = {name: measure.value for name, measure in output.measures.items()}
    return {name: values.get(judged_by(name), value) for name, value in values.items()}


def _fields(found: Comparison, missed: list[Verdict]) -> Iterator[Line]:
    least = min(found.fields, key=lambda pair: pair.ratio, default=None)
    if least is not None and any(verdict.measure == "field_ratio" for verdict in missed):
        yield (
            "see where the student's field ends: rfonnx explain --tensor ",
            Name(shlex.quote(least.output[1])),
            " on it",
        )


def _allowed(found: Comparison, missed: list[Verdict]) -> Iterator[Line]:
    """The limits under which what was missed would hold, where all of it was missed narrowly."""
    if missed and all(map(_narrow, missed)):
        outputs = {output.teacher for output in found.outputs} if len(found.outputs) > 1 else set()
        asked = []
        for verdict in missed:
            of = f"{verdict.subject}." if verdict.subject in outputs else ""
            asked += ["--limit", shlex.quote(f"{of}{verdict.measure}={_reached(verdict)}")]
        yield ("if so much is good enough for your use, say so: ", Name(" ".join(asked)))


def _more(found: Comparison) -> Iterator[Line]:
    """How many samples would tell what is undecided, as intervals shrink with the root of their number."""
    wanted = [needed(found, verdict) for verdict in found.verdicts if verdict.outcome == "undecided"]
    if not wanted:
        return
    count = max(wanted)
    if count > MANY:
        yield ("what is undecided lies at its limit: more samples may never tell",)
    else:
        how = f"--samples {count}" if found.samples.random else "a larger --data"
        yield (f"give more samples ({how}): about {count} tell what is undecided, if its figures stay where they are",)


def needed(found: Comparison, verdict: Verdict) -> int:
    """Samples after which the interval of an undecided figure ends before its limit, in two digits; over `MANY`: too many."""
    output = next(output for output in found.outputs if output.teacher == verdict.subject)
    measure = output.measures[judged_by(verdict.measure)]
    end = measure.high if verdict.at_least else measure.low
    gap = abs(verdict.value - verdict.limit)
    if end is None or not gap:
        return MANY + 1
    count = output.samples * ((end - measure.value) / gap) ** 2
    if MEASURES[verdict.measure].share:  # Wilson's interval of a share near 1 shrinks more slowly
        count = max(count, Z**2 * verdict.limit * (1 - verdict.limit) / gap**2)
    if count > MANY:
        return MANY + 1
    step = int(10 ** max(0, math.floor(math.log10(count)) - 1))
    return math.ceil(count / step) * step


def _narrow(verdict: Verdict) -> bool:
    """The figure is within twice its limit; no figure makes a NaN good enough."""
    if verdict.measure in UNLIMITED or not math.isfinite(verdict.value):
        return False
    value, limit = verdict.value, verdict.limit
    if (value >= limit) if verdict.at_least else (value <= limit):
        return False  # missed for want of a proof, which no other limit brings
    return value >= limit / NARROW if verdict.at_least else value <= limit * NARROW


def _reached(verdict: Verdict) -> str:
    """The figure in three digits, rounded to the side on which it holds.

    >>> _reached(Verdict("y", "sqnr_db", 14.987, 15, True, False, ""))
    '14.9'
    >>> _reached(Verdict("y", "kl", 0.2341, 0.1, False, False, ""))
    '0.235'
    """
    if verdict.value == 0:
        return "0"
    scale = 10 ** (2 - math.floor(math.log10(abs(verdict.value))))
    rounded = math.floor(verdict.value * scale) if verdict.at_least else math.ceil(verdict.value * scale)
    return f"{rounded / scale:.6g}"
