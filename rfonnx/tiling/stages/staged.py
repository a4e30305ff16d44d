"""Plans in stages: what a model takes over all of its input is gathered first, tile by tile, in as many passes as it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from onnx import ModelProto

from rfonnx.errors import ModelError
from rfonnx.graph.tensors import DTYPES
from rfonnx.graph.text import quote
from rfonnx.model.opened import Opened, Source, with_values
from rfonnx.model.reading.bind import Shapes
from rfonnx.model.reading.external import embed
from rfonnx.results.tiling import Pair
from rfonnx.tiling.plan import Plan, Stage
from rfonnx.tiling.planning import make_plan
from rfonnx.tiling.sight import first_whole
from rfonnx.tiling.stages.rewrite import cut, given
from rfonnx.tiling.stages.statistic import Statistic, statistic_of

MOST = 256
"""Passes at most."""


def staged_plan(
    model: Source,
    shapes: Shapes | None = None,
    tile: Sequence[int] | Mapping[Pair, int] | None = None,
    size: Sequence[int] | None = None,
    values: Mapping[str, Any] | None = None,
) -> Plan:
    """A plan as by `make_plan`; where operators take figures over whole axes that follow from parts, in stages.

    Raises:
        RfonnxError: as `make_plan`.
    """
    source = with_values(model, values)
    plan = make_plan(source, shapes, tile, size)
    name, sized, stages = plan.name, bool(plan.input_shapes), list[Stage]()
    while not plan.exact and plan.whole and len(stages) < MOST:
        pairs = list(plan.whole)
        found = [statistic_of(plan.analysis, tensor, pairs) for tensor in first_whole(plan.analysis, pairs)]
        refused = [one for one in found if isinstance(one, str)]
        if refused or not found:
            return replace(plan, reasons=tuple(refused) or plan.reasons)
        statistics = [one for one in found if isinstance(one, Statistic)]
        stage, plan = _next(plan, statistics, tile)
        stages.append(Stage(stage if sized else _open(stage), tuple(statistics)))
        if not stage.exact:
            return replace(plan, exact=False, reasons=stage.reasons)
    if stages and not plan.exact and not plan.whole and _of_figures_alone(plan, stages):
        plan = replace(plan, exact=True, reasons=())
    made = plan if sized else _open(plan)
    return replace(made, name=name, stages=tuple(stages), again=lambda other: staged_plan(source, other, tile))


def _of_figures_alone(plan: Plan, stages: Sequence[Stage]) -> bool:
    """Whether all that is left is made of figures, as a classifier is behind its pool: it runs once, on no tiles."""
    given = {name for stage in stages for one in stage.statistics for name in one.names}
    return set(plan.model.input_names) <= given


def _next(
    plan: Plan, statistics: Sequence[Statistic], tile: Sequence[int] | Mapping[Pair, int] | None
) -> tuple[Plan, Plan]:
    """The pass that gathers these figures, and the plan of the model that takes them as inputs."""
    whole = _with_weights(plan.model)
    analysed = {name: tuple(n or 0 for n in shape or ()) for name, shape in plan.analysis.input_shapes.items()}
    lengths = dict(plan.input_shapes) or analysed
    elements = {one.of: _element(plan.analysis.graph.dtypes[one.of]) for one in statistics}
    part = Opened(cut(whole, elements))
    stage = make_plan(part, {name: lengths[name] for name in part.input_names}, tile)
    lengths |= {name: one.shape for one in statistics for name in one.names}
    rest = Opened(given(whole, statistics, [elements[one.of] for one in statistics]))
    return stage, make_plan(rest, {name: lengths[name] for name in rest.input_names}, tile)


def _open(plan: Plan) -> Plan:
    """The plan for any size."""
    return replace(plan, cuts=(), input_shapes={}, output_shapes={})


def _element(dtype: str) -> int:
    """Element type of onnx by rfonnx' name of it."""
    return next(element for element, name in DTYPES.items() if name == dtype)


def _with_weights(model: Opened) -> ModelProto:
    """The model with all weights in it.

    Raises:
        ModelError: a file of weights is missing, or too short.
    """
    if not model.weight_files:
        return model.proto
    made = ModelProto()
    made.CopyFrom(model.proto)
    for tensor in made.graph.initializer:
        if not embed(tensor, model.folder):
            raise ModelError(f"{model.name}: the data of {quote(tensor.name)} is missing", "keep it beside the model")
    return made
