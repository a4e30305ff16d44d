"""Which units are measured together, on which part of the input, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from rfonnx.effective.default import NORMALISED
from rfonnx.effective.probing.batching import batched
from rfonnx.effective.probing.budget import Budget
from rfonnx.effective.probing.by_gradient import GradientProber
from rfonnx.effective.probing.by_perturbation import PerturbProber
from rfonnx.effective.probing.crop import Crop, crop, whole
from rfonnx.effective.probing.equivariance import upstream
from rfonnx.effective.probing.forward import ForwardSession
from rfonnx.effective.probing.running import Running
from rfonnx.effective.settings import Settings
from rfonnx.effective.subject import NUMBERS, Subject
from rfonnx.effective.unit import Unit
from rfonnx.errors import QueryError, RfonnxError
from rfonnx.gradients import GradientError
from rfonnx.graph.walk import bodies, every_node
from rfonnx.model.inputs import RANDOM_SAMPLES, InputType
from rfonnx.operators.randomness import draws

APART = 4
"""Units far from each other are cropped one by one when that is this many times less work: each needs a session of its own."""

MOST_APART = 16


Prober = GradientProber | PerturbProber


@dataclass(frozen=True, slots=True)
class Group:
    """Units that are measured together.

    Attributes:
        members: their numbers.
        crop: where.
        prober: how.
        running: what was found so far, one per member.
    """

    members: list[int]
    crop: Crop
    prober: Prober
    running: list[Running] = field(default_factory=list)


def make_groups(
    subject: Subject, units: Sequence[Unit], settings: Settings, kind: InputType, total: int | None
) -> tuple[list[Group], list[str]]:
    """Groups of units, and notes on what was assumed.

    Args:
        subject, units, settings: what is measured.
        kind: of the input that is looked at.
        total: samples in all, or None: a batch is no longer.

    Raises:
        GradientError: with method "gradient": an operator on the way has no gradient.
        ModelError, QueryError, ShapeError: the model cannot be run.
    """
    notes = list(dict.fromkeys(unit.note for unit in units if unit.note))
    if subject.analysis.tensors[units[0].tensor].op_type in NORMALISED and settings.channel == "sum":
        notes.append("the sum of normalised channels hardly changes: channel 'random', or one channel, tells more")
    method = settings.method
    if method == "auto":
        method = "gradient" if kind.dtype.kind == "f" else "perturb"
    above = upstream(subject.graph, units[0].tensor)[0]
    inner = [node for one in above for body in bodies(one) for node in every_node(body)]
    drawing = [(node, how) for node in (*above, *inner) if (how := draws(node, subject.graph))]
    groups = []
    parts = _crops(subject, units, settings)
    for members, part in parts:
        budget = Budget(settings.seconds / len(parts), total or RANDOM_SAMPLES)
        made: Prober | None = None
        if method == "gradient":
            try:
                made = _gradient(part, subject, settings, total)
            except RfonnxError as error:
                made = _instead(error, part, subject, settings, kind, budget)
                reason = str(error).removeprefix(f"{part.model.name}: ").removesuffix(f"; {error.hint}")
                notes.append(f"measured by perturbation: {reason}")
                method = "perturb"
        made = made or _perturb(part, subject, settings, kind, budget)
        lengths = tuple(hi - lo + 1 for lo, hi in part.window)
        groups.append(Group(members, part, made, [Running(lengths) for _ in members]))
    if method == "gradient" and (settings.probe is not None or settings.block is not None):
        notes.append("measured by gradients: probe and block are for method 'perturb'")
    if method == "perturb" and kind.dtype.kind != "f" and settings.probe is not None:
        notes.append("whatever the probe, whole numbers give way to other ones at random")
    if method == "perturb" and drawing:
        node, how = drawing[0]
        notes.append(f"{node} {how}: the map shows that too, over all that it reaches")
    return groups, notes


def _instead(
    error: RfonnxError, part: Crop, subject: Subject, settings: Settings, kind: InputType, budget: Budget
) -> PerturbProber:
    """What measures without gradients when `error` says that there are none, if that is left open; else the error."""
    if settings.method != "auto":
        raise error
    try:
        return _perturb(part, subject, settings, kind, budget)
    except RfonnxError:
        raise error from None


def _crops(subject: Subject, units: Sequence[Unit], settings: Settings) -> list[tuple[list[int], Crop]]:
    """Windows, and the numbers of the units in each: one for all, or one each when that is much less work."""
    numbers = list(range(len(units)))
    together = crop(subject, tuple(units)) if settings.crop else whole(subject, tuple(units))
    if settings.crop and 1 < len(units) <= MOST_APART:
        # One forward and a backward per unit in the common window, or both in each window.
        alone = [crop(subject, (unit,)) for unit in units]
        shared = _area(together) * (1 + len(units))
        if APART * sum(2 * _area(one) for one in alone) < shared:
            return [([number], one) for number, one in zip(numbers, alone, strict=True)]
    return [(numbers, together)]


def _area(part: Crop) -> int:
    return prod(hi - lo + 1 for lo, hi in part.window)


def _gradient(part: Crop, subject: Subject, settings: Settings, total: int | None) -> GradientProber:
    try:
        model, batch = batched(part, settings.batch, total)
        return GradientProber(subject, part, model, batch, settings)
    except GradientError:
        raise
    except RfonnxError:
        # What was written into the file may not suit onnxruntime: the file as it came is the last word.
        if part.model is subject.model and settings.batch == 1:
            raise
        return GradientProber(subject, part, part.model, 1, settings)


def _perturb(part: Crop, subject: Subject, settings: Settings, kind: InputType, budget: Budget) -> PerturbProber:
    tensor = part.units[0].tensor
    dtype = subject.analysis.tensors[tensor].dtype
    if dtype and dtype not in NUMBERS:
        raise QueryError(
            f"{subject.name}: tensor '{tensor}' holds {dtype}, whose changes are not measured",
            f"choose a tensor of one of {', '.join(NUMBERS)}",
        )
    model, batch = batched(part, settings.batch, None)
    session = ForwardSession(model, part.units, batch, settings)
    probe = settings.probe or "mean"
    if probe == "difference" and kind.dtype.kind != "f":
        probe = "mean"
    return PerturbProber(part, session, probe, kind.values, budget, settings)
