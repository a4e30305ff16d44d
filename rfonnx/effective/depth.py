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
from rfonnx.errors import RfonnxError
from rfonnx.model.opened import Source
from rfonnx.results.effective import Layer
from rfonnx.results.naming import tensor_called


def measure_layers(source: Source, at: At, tensors: Sequence[str] | None, settings: Settings) -> Iterator[Layer]:
    """See `rfonnx.erf_layers`."""
    subject = open_subject(source, settings)
    place = find_place(subject.analysis, settings.input, settings.axes, at)
    names = tensors if tensors is not None else growing(subject.graph, survey(subject.graph, subject.analysis, place))
    quiet = replace(settings, progress=None, seconds=settings.seconds / max(len(names), 1))
    tell = settings.progress or (lambda at: None)
    tell(Progress(0, len(names), math.nan))
    for done, name in enumerate(names, 1):
        yield _layer(subject, name, at, quiet)
        tell(Progress(done, len(names), math.nan))


def _layer(subject: Subject, name: str, at: At, settings: Settings) -> Layer:
    tensor = subject.analysis.tensors.get(tensor_called(subject.analysis.tensors, name))
    op_type = tensor.op_type if tensor is not None else ""
    try:
        (unit,) = choose_units(subject, name, [at], [], settings)
    except RfonnxError as error:
        return Layer(name, op_type, problem=str(error))
    field = tuple(hi - lo + 1 for lo, hi in unit.unbounded)
    try:
        (erf,) = measure(subject, [unit], settings)
    except RfonnxError as error:
        return Layer(name, op_type, unit.shape, unit.position, field, problem=str(error))
    return Layer(
        erf.tensor,
        op_type,
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
