"""The whole comparison: streams samples through both models, and gathers what the other modules find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rfonnx.analysis import analyze
from rfonnx.compare.cost import costs
from rfonnx.compare.feeds import Feed, bound
from rfonnx.compare.fields import field_pairs
from rfonnx.compare.inner import InnerModel
from rfonnx.compare.kinds import detect
from rfonnx.compare.layers import SAMPLES, parting
from rfonnx.compare.origins import with_origins
from rfonnx.compare.pair import Pair
from rfonnx.compare.settings import ModelSource, Settings
from rfonnx.compare.stream import Progress, Stream
from rfonnx.compare.verdicts import LAYER_LIMITS, judge
from rfonnx.comparison import Comparison, Cost, FieldPair, Kind, OutputAgreement, Parting, SampleInfo
from rfonnx.errors import RfonnxError
from rfonnx.graph import Graph


def compare_models(
    teacher: ModelSource, student: ModelSource, settings: Settings, progress: Progress | None = None
) -> Comparison:
    """See `rfonnx.compare`.

    Raises:
        RfonnxError: something was wrong before a single sample had been compared.
    """
    pair = Pair(teacher, student, settings)
    stream = Stream(pair, pair.open_source())
    incomplete = stream.run(progress or (lambda done, total: None))
    measured = [meter.result() for meter in stream.meters]
    feeds = stream.stacked(SAMPLES)
    graphs = pair.graphs(feeds[0])
    kind, reason = detect(*graphs) if settings.kind == "auto" else (settings.kind, "as asked for")
    outputs = [with_origins(output, pair, stream.source) for output in measured]
    warnings = list(_warnings(settings, stream, outputs))
    beyond = _Beyond() if incomplete else _beyond_outputs(pair, stream, kind, graphs, warnings)
    return Comparison(
        teacher=pair.models[0].name,
        student=pair.models[1].name,
        kind=kind,
        kind_reason=reason,
        samples=_sample_info(pair, stream),
        outputs=tuple(outputs),
        verdicts=judge(kind, outputs, beyond.fields, beyond.effective, settings.limits),
        fields=beyond.fields,
        effective=beyond.effective,
        parting=beyond.parting,
        costs=beyond.costs,
        threads=pair.threads,
        shapes={
            f"{model.role}/{name}": array.shape
            for model, feed in zip(pair.models, feeds[0], strict=True)
            for name, array in feed.items()
        },
        warnings=tuple(warnings),
        incomplete=incomplete,
    )


@dataclass(frozen=True, slots=True)
class _Beyond:
    """What is compared beside the outputs; see `Comparison`."""

    fields: tuple[FieldPair, ...] = ()
    effective: Mapping[str, float] = field(default_factory=dict)
    parting: Parting | None = None
    costs: tuple[Cost, Cost] | None = None


def _beyond_outputs(
    pair: Pair, stream: Stream, kind: Kind, graphs: tuple[Graph, Graph], warnings: list[str]
) -> _Beyond:
    """Fields, effective fields, layers and cost, as far as they are asked for; what prevents fields is a warning."""
    settings, feeds = pair.settings, stream.stacked(SAMPLES)
    fields: tuple[FieldPair, ...] = ()
    if settings.fields:
        try:
            fields = _fields(pair, feeds[0])
        except RfonnxError as error:
            warnings.append(f"receptive fields were not compared: {error}")
    layers = None
    if settings.layers:
        limit = settings.layer_limit if settings.layer_limit is not None else LAYER_LIMITS[kind]
        mine, theirs = pair.models
        layers = parting(InnerModel(mine, pair.threads), InnerModel(theirs, pair.threads), feeds, limit)
    cost = None
    if settings.cost:
        cost = costs(pair.models, graphs, feeds[0], settings.latency_runs, pair.threads)
    return _Beyond(fields, _effective(pair, stream, fields, warnings), layers, cost)


def _fields(pair: Pair, feeds: tuple[Feed, Feed]) -> tuple[FieldPair, ...]:
    one, other = (analyze(model.source, bound(feed)) for model, feed in zip(pair.models, feeds, strict=True))
    outputs = [(a.name, b.name) for a, b in pair.outputs]
    return field_pairs(one, other, outputs, [(a.name, b.name) for a, b in pair.inputs])


def _effective(pair: Pair, stream: Stream, fields: Sequence[FieldPair], warnings: list[str]) -> Mapping[str, float]:
    """Figures of the effective fields; what prevents them is a warning, for not every operator has a gradient."""
    if not (fields and pair.settings.effective):
        return {}
    from rfonnx.compare.effective import effective_figures

    try:
        return effective_figures(pair.models, fields, stream.stacked(), pair.threads)
    except RfonnxError as error:
        warnings.append(f"effective fields were not compared: {error}")
        return {}


def _sample_info(pair: Pair, stream: Stream) -> SampleInfo:
    """What the samples are, and what inputs are bound to beside them."""
    described = ", ".join([stream.source.description, *pair.values()])
    return SampleInfo(described, pair.settings.data is None, stream.count, tuple(stream.skipped))


def _warnings(settings: Settings, stream: Stream, outputs: Sequence[OutputAgreement]) -> Iterator[str]:
    if settings.data is None:
        yield "no data was given: agreement on random samples says little about agreement on real ones; give --data"
    if stream.skipped:
        yield f"{len(stream.skipped)} samples were skipped"
    if settings.task == "auto":
        for output in outputs:
            if output.class_axis is not None:
                how = f"scores per position, classes along axis {output.class_axis}"
                yield f"output '{output.teacher}' was read as {how}; --task and --class-axis say otherwise"
