"""The whole comparison: streams samples through both models, and gathers what the other modules find."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from rfonnx.comparing.cost.cost import costs, peak
from rfonnx.comparing.cost.student_kind import detect
from rfonnx.comparing.fields.field_verdicts import judge_fields
from rfonnx.comparing.fields.parity import ENDED, SAVED, Parity, compare_fields, nothing_compared
from rfonnx.comparing.figures.origins import with_origins
from rfonnx.comparing.figures.verdicts import Given, judge, unjudged
from rfonnx.comparing.layers.inner_tensors import InnerModel
from rfonnx.comparing.layers.layers import SAMPLES, parting
from rfonnx.comparing.pairs.feeds import Feed
from rfonnx.comparing.pairs.outputs import Measured
from rfonnx.comparing.pairs.pair import Pair
from rfonnx.comparing.pairs.saving import FORMAT, provenance, save_path, saver
from rfonnx.comparing.settings import Settings, with_tolerances
from rfonnx.comparing.shown import shown_samples
from rfonnx.comparing.stream import Progress, Stream
from rfonnx.model.opened import Source
from rfonnx.results.agreement import OutputAgreement
from rfonnx.results.comparison import Comparison, Kind, SampleInfo
from rfonnx.results.measures import LAYER_LIMITS, default_limits
from rfonnx.results.parting import Parting
from rfonnx.results.plain import bound_texts, counted


def compare_models(
    teacher: Source, student: Source, settings: Settings, progress: Progress | None = None
) -> Comparison:
    """See `rfonnx.compare`.

    Raises:
        RfonnxError: something was wrong before a single sample had been compared.
    """
    pair = Pair(teacher, student, settings)
    stream = Stream(pair, pair.open_source())
    with saver(save_path(pair)) as into:
        incomplete = stream.run(progress or (lambda done, total: None), into)
        if into is not None:
            seed = pair.saved[0].provenance.get("seed") if stream.source in pair.saved else settings.seed
            seed = None if settings.data is not None else seed
            into.close({"format": FORMAT, "seed": seed, **{model.role: provenance(model) for model in pair.models}})
    measured = [meter.result() for meter in stream.meters]
    feeds = stream.feeds(SAMPLES)
    kind, reason = _kind(pair, feeds[0])
    outputs = [with_origins(output, pair, stream.source) for output in measured]
    warnings = list(_warnings(pair, stream, outputs))
    by_output = _limits_by_output(settings, stream.measured)
    limits = with_tolerances(settings)
    judged = judge(kind, outputs, *limits)
    missed = {verdict.subject for verdict in judged if verdict.outcome == "missed"}
    runnable = not (incomplete or pair.saved)
    with ThreadPoolExecutor(len(pair.models)) as beside:  # each waits for a process of its own
        peaks = [
            beside.submit(peak, model, feed, pair.threads)
            for model, feed in zip(pair.models, feeds[0], strict=True)
            if settings.cost and runnable
        ]
        parity = nothing_compared(ENDED) if incomplete else _parity(pair, stream, by_output)
        layers = _layers(pair, feeds, kind, missed) if settings.layers and runnable else None
    cost = costs(pair, feeds[0], [one.result() for one in peaks]) if peaks else None
    shown = shown_samples(pair, stream.source, stream.measured, outputs) if settings.pictures and not incomplete else ()
    warnings += parity.warnings
    warnings += unjudged(kind, outputs, *limits)
    return Comparison(
        teacher=pair.models[0].name,
        student=pair.models[1].name,
        kind=kind,
        kind_reason=reason,
        samples=_sample_info(pair, stream),
        outputs=tuple(outputs),
        verdicts=(
            *judged,
            *judge_fields(kind, parity, settings.limits, by_output),
        ),
        fields=parity.fields,
        effective=parity.flat,
        effective_fields=parity.effective,
        parting=layers,
        costs=cost,
        threads=pair.threads,
        shapes={
            f"{model.role}/{name}": array.shape
            for model, feed in zip(pair.models, feeds[0], strict=True)
            for name, array in feed.items()
        },
        warnings=tuple(warnings),
        incomplete=incomplete,
        saved={model.role: model.told() for model in pair.saved},
        shown=shown,
        hook=getattr(settings.before, "__qualname__", "a hook") if settings.before else "",
    )


def _kind(pair: Pair, feeds: tuple[Feed, Feed]) -> tuple[Kind, str]:
    """What the student is, and how that was found."""
    if pair.settings.kind != "auto":
        return pair.settings.kind, "as asked for"
    if pair.saved:
        return "fp32", "the strictest, for saved outputs do not tell what the student is; --kind does"
    return detect(*(model.graph(feed) for model, feed in zip(pair.models, feeds, strict=True)))


def _layers(pair: Pair, feeds: Sequence[tuple[Feed, Feed]], kind: Kind, missed: Collection[str]) -> Parting:
    """Where the two models part; `missed` names the outputs that miss a limit."""
    settings = pair.settings
    limit = settings.layer_limit if settings.layer_limit is not None else LAYER_LIMITS[kind]
    mine, theirs = (
        InnerModel(model, pair.threads, real=True, shapes=model.graph(feed).shapes)
        for model, feed in zip(pair.models, feeds[0], strict=True)
    )
    outputs = {(a.name, b.name): a.name not in missed for a, b in pair.outputs}
    enough = settings.limits.get("sqnr_db") or default_limits(kind, "values").get("sqnr_db", limit)
    return parting(mine, theirs, feeds, (limit, enough), pair.input_names, outputs)


def _parity(pair: Pair, stream: Stream, by_output: Mapping[str, Given]) -> Parity:
    """What both models see, on the samples that were kept."""
    if pair.saved:
        return nothing_compared(SAVED)
    limits = (pair.settings.limits, *by_output.values())
    asked = {name for own in limits for name, limit in own.items() if limit is not None}
    return compare_fields(pair, stream.feeds(), asked)


def _limits_by_output(settings: Settings, measured: Sequence[Measured]) -> dict[str, Given]:
    """The user's limits for single outputs, by the teacher's name of the whole output: fields are those of all of it."""
    found: dict[str, Given] = {}
    for one in measured:
        name = one.ports[0].name
        found[name] = {**found.get(name, {}), **settings.output_limits.get(one.names[0], {})}
    return found


def _sample_info(pair: Pair, stream: Stream) -> SampleInfo:
    """What the samples are, and what inputs are bound to beside them."""
    values = {name: value for model in reversed(pair.models) for name, value in model.values.items()}
    described = ", ".join([stream.source.description, *map("".join, bound_texts(values))])
    random = pair.settings.data is None and bool(pair.inputs)
    return SampleInfo(described, random, stream.count, tuple(stream.skipped))


def _warnings(pair: Pair, stream: Stream, outputs: Sequence[OutputAgreement]) -> Iterator[str]:
    if stream.unread:
        yield f"saved outputs of {counted(stream.unread, 'more sample')} were not compared"
    settings = pair.settings
    if settings.data is None and pair.inputs:
        yield "no data was given: agreement on random samples says little about agreement on real ones; give --data"
    if stream.skipped:
        yield f"{len(stream.skipped)} samples were skipped"
    by_order = [one.names for one in stream.measured if one.by_order]
    if by_order:
        told = ", ".join(f"'{a}' with '{b}'" for a, b in by_order)
        yield f"outputs whose names differ were paired by their order: {told}; --map says otherwise"
    if settings.task == "auto":
        for output in outputs:
            if output.class_axis is not None and output.teacher not in settings.tasks:
                how = f"{output.task}, classes along axis {output.class_axis}"
                yield f"output '{output.teacher}' was read as {how}; --task OUTPUT=KIND:axis=N says otherwise"
