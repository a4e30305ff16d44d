"""What is said of one model, as plain data. Runs in the process of that model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rfonnx.checking.run import check_model
from rfonnx.checking.selection import choose
from rfonnx.checking.subject import Subject
from rfonnx.comparing.cost.macs import macs
from rfonnx.comparing.cost.weight_counts import parameters
from rfonnx.errors import RfonnxError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.order import true_inputs
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import Shapes, fitting
from rfonnx.operators.support import handled
from rfonnx.results.fields import OutputFacts, TensorField
from rfonnx.results.findings import Outcome
from rfonnx.results.plain import COVERAGE_DIGITS
from rfonnx.results.scan import ScannedAxis, ScannedOutput, ScannedReport, ScannedStream, ScannedTiles, ScannedTime
from rfonnx.streaming.outlook import outlook
from rfonnx.tiling.tile_plan import tile_plan


def reported(path: str, shapes: Shapes | None) -> ScannedReport:
    """Analyse a model, and try what follows from it.

    Args:
        path: of the file.
        shapes: of inputs and symbolic dimensions of any model of the scan; this one takes those that it has.

    Raises:
        RfonnxError: it cannot be read or analysed.
    """
    subject = Subject(path)
    subject.shapes = shapes = fitting(true_inputs(subject.source.proto.graph), shapes or {}) or None
    analysis = subject.analysis
    graph = subject.graph
    axes = set(analysis.windowed)
    counted = macs(graph)
    outputs = [
        _output(analysis.tensors[name], analysis.facts[name], axes)
        for name in analysis.outputs
        if name in analysis.facts
    ]
    return ScannedReport(
        nodes=analysis.model.nodes,
        opset=analysis.model.opsets.get("", 0),
        inputs={name: analysis.input_shapes.get(name) for name in analysis.inputs},
        outputs=outputs,
        globals=list(dict.fromkeys(tensor for tensor, *_ in analysis.globals)),
        misaligned=list(dict.fromkeys(tensor for tensor, *_ in analysis.joins)),
        unknown=sorted({node.kind for node in graph.nodes if not handled(node.kind) and _computed(node, graph)}),
        tiles=_tiles(subject.source, shapes) if axes else None,
        stream=_stream(subject.source, shapes, outputs),
        rules=_rules(subject),
        macs=counted.total,
        uncounted=dict(sorted(counted.uncounted.items())),
        parameters=parameters(graph),
    )


def _computed(node: Node, graph: Graph) -> bool:
    return any(name and name not in graph.constants for name in node.outputs)


def _output(tensor: TensorField, facts: OutputFacts, axes: set[tuple[str, int]]) -> ScannedOutput:
    seen = {pair: field for pair, field in tensor.fields.items() if field.kind != "none"}
    shown = {pair: field for pair, field in seen.items() if pair in axes} or seen
    return ScannedOutput(
        name=tensor.name,
        shape=tensor.shape,
        exact=tensor.exact,
        fields=[
            ScannedAxis(
                input=name,
                axis=axis,
                kind=field.kind,
                size=field.size,
                size_min=field.size_min,
                stride=field.stride,
                coverage=round(field.coverage, COVERAGE_DIGITS),
            )
            for (name, axis), field in shown.items()
        ],
        time=[
            ScannedTime(
                input=one.input,
                axis=one.axis,
                causal=one.causal,
                lookahead=one.lookahead,
                context=one.context,
                length=one.length,
            )
            for one in facts.time
        ],
        batch=facts.batch.state,
    )


def _tiles(model: Opened, shapes: Shapes | None) -> ScannedTiles:
    try:
        plan = tile_plan(model, shapes)
    except RfonnxError as error:
        return ScannedTiles(exact=False, reason=str(error), halo={}, grid={})
    return ScannedTiles(
        exact=plan.exact,
        reason="" if plan.exact else "; ".join(plan.reasons),
        halo={f"{name}:{axis}": list(pair) for (name, axis), pair in plan.halo.items()},
        grid={f"{name}:{axis}": step for (name, axis), step in plan.grid.items()},
    )


def _stream(model: Opened, shapes: Shapes | None, outputs: Sequence[ScannedOutput]) -> ScannedStream | None:
    """Along the one time axis that outputs run along."""
    axes = {(one["input"], one["axis"]) for output in outputs for one in output["time"]}
    if len(axes) != 1:
        return None
    ((name, axis),) = axes
    found = outlook(model, name, axis, shapes)
    delays = {output: frames for output, (frames, _) in found.delays.items()}
    return ScannedStream(input=name, axis=axis, unit=found.unit, delay=delays, reason=found.reason)


def _rules(subject: Subject) -> Mapping[str, Outcome]:
    """What becomes of the rules that run when nothing was configured."""
    return check_model(subject, choose({}, (), "rules")).result.outcomes()
