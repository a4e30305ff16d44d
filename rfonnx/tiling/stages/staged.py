"""Plans in stages: what a model takes over all of its input is gathered first, tile by tile, in as many passes as it takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from onnx import ModelProto

from rfonnx.errors import ModelError
from rfonnx.graph.order import true_inputs
from rfonnx.graph.tensors import ELEMENT_TYPES
from rfonnx.graph.text import quote
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import Shapes, bind
from rfonnx.model.reading.external import embed
from rfonnx.results.tiling import Pair
from rfonnx.tiling.dims import lengths_of
from rfonnx.tiling.plan import Plan, Stage
from rfonnx.tiling.planning import make_plan
from rfonnx.tiling.proof import drawn
from rfonnx.tiling.sight import first_whole
from rfonnx.tiling.sized import of_size
from rfonnx.tiling.stages.rewrite import cut, given
from rfonnx.tiling.stages.statistic import Statistic, statistic_of

MOST = 256
"""Passes at most."""

SMALL = 64
"""Positions from which a whole is looked at in small."""


def staged_plan(
    model: Opened,
    shapes: Shapes | None = None,
    tile: Sequence[int] | Mapping[Pair, int] | None = None,
    size: Sequence[int] | None = None,
) -> Plan:
    """A plan as by `make_plan`; where operators take figures over whole axes that follow from parts, in stages.

    Raises:
        RfonnxError: as `make_plan`.
    """
    if size is not None:
        shapes = of_size(model, shapes, size)
    looked = make_plan(model)
    if looked.exact or not looked.whole:
        return make_plan(model, shapes, tile)
    whole = _bound(model, shapes) if shapes else {}
    parts, rest, reasons = _split(make_plan(model, _small(whole, looked.whole)) if whole else looked)
    if reasons:
        return replace(looked, exact=False, reasons=reasons)
    lengths = whole or lengths_of(looked.analysis)
    lengths |= {name: one.shape for _, statistics in parts for one in statistics for name in one.names}
    stages = []
    for part, statistics in parts:
        stage = make_plan(part, {name: lengths[name] for name in part.input_names}, tile if whole else None)
        if not stage.exact:
            return replace(looked, reasons=stage.reasons)
        stages.append(Stage(stage if whole else _open(stage), statistics))
    last = make_plan(rest, {name: lengths[name] for name in rest.input_names}, tile if whole else None)
    last = replace(last if whole else _open(last), name=looked.name, stages=tuple(stages))
    alone = set(last.model.input_names) <= last.figures  # as a classifier is behind its pool: it runs once, on no tiles
    if alone and not list(drawn(last.analysis.graph)):
        last = replace(last, exact=True, reasons=())
    return replace(last, again=lambda other: staged_plan(model, other, tile))


Part = tuple[Opened, tuple[Statistic, ...]]
"""What a pass runs, and the figures of its outputs that it gathers."""


def _split(plan: Plan) -> tuple[list[Part], Opened, tuple[str, ...]]:
    """The model in parts: what each pass before the last one runs, and what is left; or why it cannot be.

    Figures are looked for at a small size: tables of what is laid out in rows grow with the volume.
    """
    parts: list[Part] = []
    while not plan.exact and plan.whole:
        pairs = list(plan.whole)
        found = [statistic_of(plan.analysis, tensor, pairs) for tensor in first_whole(plan.analysis, pairs)]
        refused = tuple(one for one in found if isinstance(one, str))
        if refused or not found or len(parts) == MOST:
            return parts, plan.model, refused or plan.reasons
        statistics = tuple(one for one in found if isinstance(one, Statistic))
        model, lengths = _with_weights(plan.model), lengths_of(plan.analysis)
        elements = {one.of: ELEMENT_TYPES[plan.analysis.graph.dtypes[one.of]] for one in statistics}
        parts.append((Opened(cut(model, elements)), statistics))
        lengths |= {name: one.shape for one in statistics for name in one.names}
        rest = Opened(given(model, statistics, [elements[one.of] for one in statistics]))
        plan = make_plan(rest, {name: lengths[name] for name in rest.input_names})
    return parts, plan.model, ()


def _bound(model: Opened, shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """Shapes of all inputs."""
    inputs = true_inputs(model.proto.graph)
    given = {name: tuple(shape) for name, shape in shapes.items() if isinstance(shape, Sequence)}
    return given if all(entry.name in given for entry in inputs) else bind(inputs, shapes).shapes


def _small(whole: Mapping[str, tuple[int, ...]], pairs: Collection[Pair]) -> dict[str, tuple[int, ...]]:
    """Shapes of a smaller whole, whose axes leave the same remainders by every grid that is a power of two up to `SMALL`."""
    return {
        name: tuple(SMALL + n % SMALL if (name, axis) in pairs and n > 2 * SMALL else n for axis, n in enumerate(shape))
        for name, shape in whole.items()
    }


def _open(plan: Plan) -> Plan:
    """The plan for any size."""
    return replace(plan, cuts=(), input_shapes={}, output_shapes={})


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
