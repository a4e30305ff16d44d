"""From a model to its analysis: loads, measures what inference leaves open, lowers, and lets the core propagate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.lower import Program, lower
from rfonnx.analysis.propagated import propagated
from rfonnx.graph.nodes import Graph
from rfonnx.graph.text import naming
from rfonnx.model.measured import ROUNDS, measure, open_tensors
from rfonnx.model.opened import Opened, Source, shapes_key, with_values
from rfonnx.model.reading.declared import Measured
from rfonnx.system.named import NamedTuple


def analyze(
    model: Source,
    shapes: Mapping[str, Sequence[int] | int] | None = None,
    weights: Literal["structure", "values"] = "structure",
    values: Mapping[str, Any] | None = None,
    *,
    batch_axes: Mapping[str, int | None] | None = None,
) -> Analysis:
    """See `rfonnx.analyze`. The same question of a model that is still in use is answered by the same analysis."""
    source = with_values(model, values)
    key = "analysis", shapes_key(shapes), weights, frozenset((batch_axes or {}).items())
    found: Analysis | None = source.kept.get(key)
    if found is None:
        found = source.kept[key] = _analysed(source, shapes, weights, batch_axes or {})
    return found


class Lowered(NamedTuple):
    """A model at some shapes: what an analysis is made of."""

    graph: Graph
    program: Program


def lowered(
    model: Opened,
    shapes: Mapping[str, Sequence[int] | int] | None,
    weights: Literal["structure", "values"] = "structure",
) -> Lowered:
    """The graph and the access program, before the core propagates fields.

    Raises:
        ModelError, ShapeError: as `rfonnx.analyze`.
    """
    graph = _loaded(model, shapes)
    with naming(graph.name):  # weights are read here, and may be damaged
        return Lowered(graph, lower(graph, weights))


def _analysed(
    source: Opened,
    shapes: Mapping[str, Sequence[int] | int] | None,
    weights: Literal["structure", "values"],
    batch_axes: Mapping[str, int | None],
) -> Analysis:
    graph, program = lowered(source, shapes, weights)
    if batch_axes:
        from rfonnx.analysis.derive.batch_axis import named_axes

        named_axes(graph.declared, batch_axes)
    result = propagated(graph.name, program)

    def again(other: Mapping[str, Sequence[int]]) -> Analysis:
        return analyze(source, other, weights)

    return Analysis(graph, program, result, again, batch_axes)


def _loaded(model: Opened, shapes: Mapping[str, Sequence[int] | int] | None) -> Graph:
    """The graph; what inference leaves open of onnxruntime's own operators is measured."""
    graph, known = model.graph(shapes), dict[str, Measured]()
    for _ in range(ROUNDS):
        if not open_tensors(graph):
            break
        found = measure(model, graph)
        if not found:
            break
        known |= found
        graph = model.graph(shapes, known)
    return graph
