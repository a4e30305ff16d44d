"""All layers of a model, one after the other: how the effective field grows with depth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rfonnx.effective.default import growing, survey
from rfonnx.effective.measure import measure
from rfonnx.effective.place import find_place
from rfonnx.effective.settings import At, Progress, Settings
from rfonnx.effective.subject import Subject, choose_units, open_subject
from rfonnx.effective.unit import Unit
from rfonnx.errors import RfonnxError
from rfonnx.model.opened import Source
from rfonnx.results.effective import ERF, Layer
from rfonnx.results.naming import tensor_called
from rfonnx.system.named import NamedTuple


class LayerField(NamedTuple):
    """A layer, its unit nearest to a place, and the effective field of that; or the problem why there is none."""

    name: str
    op_type: str
    unit: Unit | None
    erf: ERF | None
    problem: str


def measure_layers(source: Source, at: At, tensors: Sequence[str] | None, settings: Settings) -> Iterator[Layer]:
    """See `rfonnx.erf_layers`."""
    return map(_figures, layer_fields(source, at, tensors, settings))


def layer_fields(source: Source, at: At, tensors: Sequence[str] | None, settings: Settings) -> Iterator[LayerField]:
    """The layers of `rfonnx.erf_layers` with their effective fields themselves."""
    subject = open_subject(source, settings)
    place = find_place(subject.analysis, settings.input, settings.axes, at)
    names = tensors if tensors is not None else growing(subject.graph, survey(subject.graph, subject.analysis, place))
    quiet = replace(settings, progress=None, seconds=settings.seconds / max(len(names), 1))
    tell = settings.progress or (lambda at: None)
    tell(Progress(0, len(names), math.nan))
    for done, name in enumerate(names, 1):
        yield _field(subject, name, at, quiet)
        tell(Progress(done, len(names), math.nan))


def _field(subject: Subject, name: str, at: At, settings: Settings) -> LayerField:
    tensor = subject.analysis.tensors.get(tensor_called(subject.analysis.tensors, name))
    op_type = tensor.op_type if tensor is not None else ""
    try:
        (unit,) = choose_units(subject, name, [at], [], settings)
    except RfonnxError as error:
        return LayerField(name, op_type, None, None, str(error))
    try:
        (erf,) = measure(subject, [unit], settings)
    except RfonnxError as error:
        return LayerField(name, op_type, unit, None, str(error))
    return LayerField(erf.tensor, op_type, unit, erf, "")


def _figures(one: LayerField) -> Layer:
    unit, erf = one.unit, one.erf
    if unit is None:
        return Layer(one.name, one.op_type, problem=one.problem)
    field = tuple(hi - lo + 1 for lo, hi in unit.unbounded)
    if erf is None:
        return Layer(one.name, one.op_type, unit.shape, unit.position, field, problem=one.problem)
    return Layer(
        one.name,
        one.op_type,
        unit.shape,
        unit.position,
        field,
        sigma=erf.sigma,
        radius=(erf.mass_radius(0.5), erf.mass_radius(0.95)),
        luo_size=erf.luo_size,
        ratio=erf.ratio,
        share=erf.share,
        outside=erf.outside,
        samples=erf.samples,
        data=erf.data,
        how=erf.how,
    )
