"""Effective receptive-field parity: do teacher and student really look at the same places, on the same samples?

Measured are units of each pair of outputs (`units`); of outputs without places, such as a classifier's, the whole output with
random channel weights, a saliency map, and a unit of the feature maps that it is computed by. Where a sigmoid is saturated on all
samples, or a ReLU shut, units of the tensor before it stand for those behind it: they see the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rfonnx.comparing.fields.maps import field_map, figures
from rfonnx.comparing.fields.sight import seen_by
from rfonnx.comparing.fields.units import Tensor, elementwise_before, feature_units, output_units
from rfonnx.comparing.pairs.feeds import Feed
from rfonnx.effective.measure import measure
from rfonnx.effective.place import find_place
from rfonnx.effective.settings import Settings
from rfonnx.effective.subject import Subject
from rfonnx.effective.unit import Unit, unit_at
from rfonnx.errors import RfonnxError
from rfonnx.results.array_types import Mask
from rfonnx.results.effective import ERF
from rfonnx.results.field_pairs import EffectivePair, FieldPair

Models = tuple[Subject, Subject]

SAMPLES = 32
"""Samples that effective fields are a mean over, at most."""


def prepared_together(models: Models, groups: Sequence[Sequence[FieldPair]]) -> Models:
    """The models, each to be prepared once for the gradients of all tensors of these groups."""
    names = [dict.fromkeys(pairs[0].output[side] for pairs in groups) for side in (0, 1)]
    one, other = (replace(model, together=tuple(own)) for model, own in zip(models, names, strict=True))
    return one, other


def compare_effective(
    models: Models,
    pairs: Sequence[FieldPair],
    samples: Sequence[tuple[Feed, Feed]],
    threads: int,
    pictures: bool = False,
) -> EffectivePair:
    """The effective fields of two tensors, on the same samples.

    Args:
        models: teacher and student.
        pairs: the theoretical fields of the two, along all axes of one pair of inputs.
        samples: inputs of runs of both, at the shapes that they are bound to.
        threads: per operator.
        pictures: keep the maps of the first units.

    Raises:
        RfonnxError: an effective field cannot be measured.
    """
    first = pairs[0]
    teacher, student = (
        Tensor(
            subject,
            first.output[side],
            find_place(subject.analysis, first.input[side], [pair.axis[side] for pair in pairs], "center"),
        )
        for side, subject in enumerate(models)
    )
    inner = first.role == "features"
    units = feature_units(teacher, student) if inner else output_units(teacher, student)
    asked = [
        Settings(data=[pair[side] for pair in samples], threads=threads, channel="sum" if inner else "random")
        for side in (0, 1)
    ]
    ones, others = map(_measure, models, (units.teacher, units.student), asked)
    rows = [
        _figures(one, other, seen_by(models[1], unit))
        for one, other, unit in zip(ones, others, units.student, strict=True)
    ]
    return EffectivePair(
        output=first.output,
        role=first.role if units.places else "whole",
        input=first.input,
        axes=(teacher.place.axes, student.place.axes),
        positions=tuple((a.position, b.position) for a, b in zip(units.teacher, units.student, strict=True)),
        samples=min(one.samples for one in (*ones, *others)),
        figures={name: float(np.mean([row[name] for row in rows])) for name in rows[0]},
        exact=first.exact,
        leads_to=first.leads_to,
        maps=(field_map(ones[0]), field_map(others[0])) if pictures else (),
    )


def _measure(subject: Subject, units: Sequence[Unit], settings: Settings) -> list[ERF]:
    """Maps of units; where what makes their tensor is saturated on all samples, of the same positions before it."""
    found = measure(subject, units, settings)
    while any(one.empty for one in found):
        earlier = elementwise_before(subject, units[0])
        if not earlier:
            break
        units = [unit_at(subject.analysis, earlier, unit.position, unit.place) for unit in units]
        found = measure(subject, units, settings)
    return found


def together(fields: Sequence[FieldPair]) -> list[list[FieldPair]]:
    """Theoretical fields by pair of tensors and of inputs."""
    found: dict[tuple[object, ...], list[FieldPair]] = {}
    for pair in fields:
        found.setdefault((pair.role, pair.output, pair.input), []).append(pair)
    return list(found.values())


def _figures(teacher: ERF, student: ERF, seen: Mask) -> dict[str, float]:
    """`figures`, once neither map is empty.

    Raises:
        RfonnxError: nothing changes one of the units, so that it looks nowhere.
    """
    for side, one in (("teacher", teacher), ("student", student)):
        if one.empty:
            raise RfonnxError(
                f"the gradient of the {side}'s '{one.tensor}' is zero on all samples", "give other samples"
            )
    return figures(teacher, student, seen)
