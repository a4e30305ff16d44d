"""Receptive-field parity of two models: theoretical fields, effective fields, and what could not be compared, with the reason."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rfonnx.analysis.analyze import analyze
from rfonnx.comparing.fields.effective_parity import SAMPLES, Models, compare_effective, prepared_together, together
from rfonnx.comparing.fields.theoretical import field_pairs
from rfonnx.comparing.pairs.feeds import Feed, bound
from rfonnx.comparing.pairs.pair import Pair
from rfonnx.comparing.pairs.running_model import OpenModel
from rfonnx.effective.source import Model
from rfonnx.effective.subject import Subject
from rfonnx.errors import RfonnxError
from rfonnx.graph.tensors import FLOATS
from rfonnx.results.field_pairs import EffectivePair, FieldPair

THEORETICAL = ("field_ratio",)
EFFECTIVE = ("unseen_mass", "overlap_50", "overlap_95", "correlation")
"""Measures of fields that can have a limit."""

MOST = 4
"""Pairs of tensors and inputs whose effective fields are measured without being asked: each takes as long as all samples do."""


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """What has no figure.

    Attributes:
        measures: their names.
        subject: of what.
        reason: why.
        leads_to: the teacher's outputs that it is told of; none: all of them.
    """

    measures: tuple[str, ...]
    subject: str
    reason: str
    leads_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parity:
    """Fields side by side.

    Attributes:
        fields, effective: as in `Comparison`.
        unmeasured: what could not be compared, or was not.
    """

    fields: tuple[FieldPair, ...] = ()
    effective: tuple[EffectivePair, ...] = ()
    unmeasured: tuple[Unmeasured, ...] = ()

    @property
    def flat(self) -> dict[str, float]:
        """`Comparison.effective`: figures of the first pair, and of the first whole output."""
        placed = next((one.figures for one in self.effective if one.role != "whole"), {})
        whole = next((one.figures for one in self.effective if one.role == "whole"), {})
        return {**placed, **{f"output_{name}": value for name, value in whole.items()}}

    @property
    def warnings(self) -> list[str]:
        """What could not be compared though it should have been, one line each."""
        return [
            f"{one.subject} were not compared: {one.reason}" for one in self.unmeasured if one.reason not in NO_FAULT
        ]


NO_FIELDS, NO_EFFECTIVE = "fields were to be left out", "effective fields were to be left out"
NO_WINDOWS = "windows slide along no axis that both models have"
SAVED = "saved outputs do not tell what their model sees"
ENDED = "the comparison ended early"
NO_FAULT = (NO_FIELDS, NO_EFFECTIVE, NO_WINDOWS, SAVED, ENDED)
"""Reasons that nobody need be warned of."""


def nothing_compared(reason: str) -> Parity:
    """No figure of any field, for a reason."""
    return Parity(unmeasured=(Unmeasured((*THEORETICAL, *EFFECTIVE), "receptive fields", reason),))


def compare_fields(pair: Pair, samples: Sequence[tuple[Feed, Feed]], asked: Collection[str]) -> Parity:
    """Compare what both models see, as far as the settings want it.

    Args:
        pair: teacher and student.
        samples: both models' inputs of runs. Models are analysed at the shapes of the first; effective fields are a mean over
            those that have its shapes, 32 at most.
        asked: measures that the user gave a limit for.
    """
    if not pair.settings.fields:
        return nothing_compared(NO_FIELDS)
    try:
        one, other = map(_bound, pair.models, samples[0])
        fields = field_pairs((one, other), [(a.name, b.name) for a, b in pair.outputs], pair.input_names)
    except RfonnxError as error:
        return nothing_compared(str(error))
    if not fields:
        return nothing_compared(NO_WINDOWS)
    if not pair.settings.effective:
        return Parity(fields, unmeasured=(Unmeasured(EFFECTIVE, "effective fields", NO_EFFECTIVE),))
    alike = [feeds for feeds in samples if list(map(bound, feeds)) == list(map(bound, samples[0]))][:SAMPLES]
    effective, unmeasured = _effective((one, other), fields, alike, pair, asked)
    return Parity(fields, tuple(effective), tuple(unmeasured))


def _bound(model: OpenModel, feed: Feed) -> Subject:
    """A model with its analysis, at the shapes of a run."""
    shapes = bound(feed)
    analysis = analyze(model.source, shapes, batch_axes=model.axes.inputs)
    return Subject(Model(model.source, model.source.label, shapes, analysis.batch_axes), model.graph(feed), analysis)


def _effective(
    models: Models,
    fields: Sequence[FieldPair],
    samples: Sequence[tuple[Feed, Feed]],
    pair: Pair,
    asked: Collection[str],
) -> tuple[list[EffectivePair], list[Unmeasured]]:
    found: list[EffectivePair] = []
    missing: list[Unmeasured] = []
    whole = {pair.input for pair in fields if models[0].graph.dtypes[pair.input[0]] not in FLOATS}
    for name, _ in sorted(whole):
        reason = "it holds whole numbers, which have no gradient"
        missing.append(Unmeasured(EFFECTIVE, f"effective fields on input '{name}'", reason))
    fields = [pair for pair in fields if pair.input not in whole]
    groups = [pairs for pairs in together(fields) if _has_gradient(models, pairs[0], fields)]
    most = len(groups) if set(EFFECTIVE) & set(asked) else MOST
    models = prepared_together(models, groups[:most])
    for number, pairs in enumerate(groups):
        subject = f"effective fields of '{pairs[0].output[0]}' on '{pairs[0].input[0]}'"
        try:
            if number >= most:
                raise RfonnxError(f"{most} pairs were measured before it", "give a limit for one of their measures")
            found.append(compare_effective(models, pairs, samples, pair.threads, pair.settings.pictures))
        except RfonnxError as error:
            missing.append(Unmeasured(EFFECTIVE, subject, str(error), pairs[0].leads_to))
    return found, missing


def _has_gradient(models: Models, pair: FieldPair, fields: Sequence[FieldPair]) -> bool:
    """Whether a pair is measured: class numbers have no gradient, and where there are feature maps, these stand for them."""
    if all(model.analysis.tensors[name].dtype in FLOATS for model, name in zip(models, pair.output, strict=True)):
        return True
    return not any(one.role == "features" and set(pair.leads_to) <= set(one.leads_to) for one in fields)
