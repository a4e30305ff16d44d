"""Plans in stages: what a model takes over all of its input is gathered first, tile by tile, in as many passes as it takes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from onnx import ModelProto

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import analyze
from rfonnx.errors import ShapeError
from rfonnx.graph.nodes import Graph
from rfonnx.graph.order import true_inputs
from rfonnx.graph.tensors import ELEMENT_TYPES
from rfonnx.graph.text import naming
from rfonnx.model.opened import Opened, with_free
from rfonnx.model.reading.bind import Shapes, bind
from rfonnx.model.reading.external import embed_all
from rfonnx.operators.table import operator
from rfonnx.results.tiling import Pair
from rfonnx.tiling.dims import Lengths
from rfonnx.tiling.plan import Plan, Stage
from rfonnx.tiling.planning import longest, make_plan
from rfonnx.tiling.proof import drawn
from rfonnx.tiling.sight import behind_channels, first_whole, made_of_no_other
from rfonnx.tiling.sized import of_size, sized
from rfonnx.tiling.stages.rewrite import apart, cut, given
from rfonnx.tiling.stages.statistic import Statistic, statistic_of

MOST = 256
"""Passes at most."""

SMALL = (16, 64)
"""Positions from which a whole is looked at in small, to find figures: the first that shows them."""


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
    if looked.exact or not _together(looked):
        return make_plan(model, shapes, tile)
    whole = _bound(model, shapes) if shapes else {}
    parts, rest, reasons = _first_split(model, looked, whole or looked.seen)
    if reasons:
        return replace(looked, exact=False, reasons=reasons)
    file = with_free(model, _together(looked))
    graph = file.graph(whole) if whole else None
    figures = {name: one.shape for _, statistics in parts for one in statistics for name in one.names}
    lengths = {**(whole or looked.seen), **figures}
    limits = longest(_groups(model, looked, whole), tile) if whole and tile is not None else {}
    stages = []
    for part, statistics in parts:
        stage = make_plan(part, {name: lengths[name] for name in part.input_names}, _of_part(limits, part))
        if reasons := stage.reasons or tuple(_in_the_way(stage, statistics, graph)):
            return replace(looked, reasons=reasons)
        stages.append(Stage(stage if whole else _open(stage), statistics))
    last = make_plan(rest, {name: lengths[name] for name in rest.input_names}, _of_part(limits, rest))
    last = replace(last if whole else _open(last), name=looked.name, stages=tuple(stages), file=file)
    alone = set(last.model.input_names) <= last.figures  # as a classifier is behind its pool: it runs once, on no tiles
    if alone and not list(drawn(last.graph)):
        last = replace(last, exact=True, reasons=())
    return replace(last, again=lambda other: staged_plan(model, other, tile))


Part = tuple[Opened, tuple[Statistic, ...]]
"""What a pass runs, and the figures of its outputs that it gathers."""


def _groups(model: Opened, looked: Plan, whole: Lengths) -> list[Mapping[Pair, int]]:
    """Rates of the axes that move together; where no output walks along any, each axis by itself."""
    return [dim.rates for dim, _ in sized(model, whole).seen] or [{pair: 1} for pair in _together(looked)]


def _of_part(limits: Mapping[Pair, int], part: Opened) -> dict[Pair, int] | None:
    """Those of the inputs that a part has; None: none were asked for."""
    return {pair: n for pair, n in limits.items() if pair[0] in part.input_names} or None


def _first_split(model: Opened, plan: Plan, whole: Lengths) -> tuple[list[Part], Opened, tuple[str, ...]]:
    """At the first small size that the model takes and that shows figures alone; else why there are none.

    Tables of what is laid out in rows grow with the volume.
    """
    last: tuple[list[Part], Opened, tuple[str, ...]] = [], plan.model, plan.reasons
    lengths = [_small(whole, _together(plan), small) for small in SMALL]
    if _fixed(model) == whole:  # shapes that it was laid out anew for may be written in it
        lengths.append(dict(whole))
    for one in lengths:
        with suppress(ShapeError):
            last = _split(plan, one)
            if not last[-1]:
                break
    return last


def _split(plan: Plan, lengths: Lengths) -> tuple[list[Part], Opened, tuple[str, ...]]:
    """The model in parts: what each pass before the last one runs, and what is left; or why it cannot be.

    Figures are looked for in no more of the model than they are made of.
    """
    parts: list[Part] = []
    while not plan.exact and (pairs := _together(plan)):
        model, before, graph = apart(_with_weights(plan.model)), len(parts), plan.graph
        for tensors in _one_after_another(plan.analysis, pairs):
            elements = {name: ELEMENT_TYPES[graph.dtypes[name]] for name in _with_rows(graph, tensors)}
            part = Opened(cut(model, elements))
            part = with_free(part, {pair for pair in pairs if pair[0] in part.input_names})
            analysis = analyze(part, {name: lengths[name] for name in part.input_names})
            found = _figures(analysis, pairs)
            if refused := _refused(found):
                return parts, plan.model, refused
            for taken in dict.fromkeys(own for own, _ in found):
                statistics = tuple(one for own, one in found if own == taken and isinstance(one, Statistic))
                dtypes = [ELEMENT_TYPES[analysis.graph.dtypes[one.of]] for one in statistics]
                made = cut(model, dict(zip((one.of for one in statistics), dtypes, strict=True)))
                parts.append((Opened(made), statistics))
                lengths = {**lengths, **{name: one.shape for one in statistics for name in one.names}}
                model = given(model, statistics, dtypes)
        if not before < len(parts) <= MOST:
            return parts, plan.model, _refused(_figures(plan.analysis, pairs)) or plan.reasons
        rest = Opened(model)
        plan = make_plan(rest, {name: lengths[name] for name in rest.input_names})
    return parts, plan.model, ()


def _together(plan: Plan) -> Collection[Pair]:
    """Axes that cannot be tiled; where nothing says which are expected to be, all behind samples and channels."""
    return plan.whole or (() if plan.exact or plan.axes else behind_channels(plan.seen))


def _one_after_another(analysis: Analysis, pairs: Collection[Pair]) -> Iterator[list[str]]:
    """Tensors that take these axes together, in the order in which they follow from each other."""
    taken = dict.fromkeys(tensor for tensor, *_ in analysis.globals_along(list(pairs)))
    left = {name: None for name in taken if operator(analysis.tensors[name].op_type).statistic}
    while left:
        first = made_of_no_other(analysis, left)
        yield first
        left = {name: None for name in left if name not in first}


def _with_rows(graph: Graph, tensors: Sequence[str]) -> Iterator[str]:
    """Tensors, and what lays them out as they were before."""
    yield from tensors
    for node in graph.nodes:
        if node.inputs and node.inputs[0] in tensors and operator(node.kind).keeps == "order":
            yield node.outputs[0]


Found = list[tuple[tuple[Pair, ...], Statistic | str]]
"""The axes that a tensor takes together, and the figure; or why there is none."""


def _figures(analysis: Analysis, whole: Collection[Pair]) -> Found:
    """Of the tensors that take some of these axes together first."""
    pairs = [pair for pair in whole if pair[0] in analysis.inputs]
    taken = analysis.globals_along(pairs)
    found = {name: tuple(pair for pair in pairs if (name, *pair) in taken) for name in first_whole(analysis, pairs)}
    return [(own, statistic_of(analysis, name, own)) for name, own in found.items()]


def _refused(found: Found) -> tuple[str, ...]:
    return tuple(one for _, one in found if isinstance(one, str))


def _in_the_way(stage: Plan, statistics: Sequence[Statistic], whole: Graph | None) -> Iterator[str]:
    """Why figures of what a pass makes are not those of the whole. `whole`: the model's graph at that size, if there is one."""
    for one in statistics:
        if not all({axis for name, axis in cut.outputs if name == one.of} <= set(one.axes) for cut in stage.axes):
            yield f"{one.named} takes some of the axes together that tiles cut, and leaves others"
        elif whole and not one.holds(stage.output_shapes[one.of], whole.shapes.get(one.laid_out)):
            yield f"{one.named} takes other parts together at another size"


def _bound(model: Opened, shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """Shapes of all inputs."""
    inputs = true_inputs(model.proto.graph)
    given = {name: tuple(shape) for name, shape in shapes.items() if isinstance(shape, Sequence)}
    return given if all(entry.name in given for entry in inputs) else bind(inputs, shapes).shapes


def _fixed(model: Opened) -> Lengths:
    """Shapes of the inputs as the file declares them; 0 where it does not."""
    inputs = true_inputs(model.proto.graph)
    return {entry.name: tuple(dim.dim_value for dim in entry.type.tensor_type.shape.dim) for entry in inputs}


def _small(whole: Lengths, pairs: Collection[Pair], small: int) -> Lengths:
    """Shapes of a smaller whole, whose axes leave the same remainders by every grid that is a power of two up to `small`."""
    return {
        name: tuple(small + n % small if (name, axis) in pairs and n > 2 * small else n for axis, n in enumerate(shape))
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
    with naming(model.name):
        embed_all(made.graph.initializer, model.folder)
    return made
