"""From a model to a plan of tiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import analyze
from rfonnx.errors import QueryError, ShapeError
from rfonnx.graph.text import quote
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import Shapes
from rfonnx.results.plain import counted
from rfonnx.results.tiling import Pair, TiledAxis
from rfonnx.tiling.dims import Dim, Lengths, lengths_of, longer
from rfonnx.tiling.line import Line
from rfonnx.tiling.plan import Cut, Plan
from rfonnx.tiling.proof import differences, drawn, misplaced
from rfonnx.tiling.sight import Blocked, Sight, axes_of, see, still, taken
from rfonnx.tiling.sized import Sized, of_size, sized

FIXED = "the file fixes the size of its input: the whole is what the network would give without that"

FOLLOWING = "export it with lengths that follow the input, or give a tile as long as the whole"

USUAL = {1: 65536, 2: 512, 3: 128}
"""Longest crop where none is asked for, by how many axes are tiled."""


def make_plan(
    model: Opened,
    shapes: Shapes | None = None,
    tile: Sequence[int] | Mapping[Pair, int] | None = None,
    size: Sequence[int] | None = None,
) -> Plan:
    """Plan the tiles of a model.

    Args:
        model: read when it is first needed.
        shapes: of the whole, as in `rfonnx.analyze`; None: no size yet: grid, halo and reasons are found, and no tiles.
        tile: longest crop along each group of axes (rows, columns), or by (input, axis); None: 512 for images.
        size: of the whole, along each group of axes, in positions of the first input that has it; instead of `shapes`, or beside
            those of other axes.

    Raises:
        ModelError: the file is not a model that can be read.
        QueryError: a tile has no room for what is kept of it, or for a proof, or is along an axis that cannot be tiled.
        ShapeError: the model does not take these shapes.
    """
    found = sized(model, shapes if size is None else of_size(model, shapes, size))
    seen = [(dim, one) for dim, one in found.seen if isinstance(one, Sight)]
    whole = {pair: one.reasons[0] for dim, one in found.seen if isinstance(one, Blocked) for pair in dim.rates}
    reasons = [] if seen else _blocked(found)
    if not found.seen:
        reasons += taken(found.analysis) or list(still(found.analysis))
    reasons += [
        f"output {quote(name)} is not computed from an input"
        for name in found.analysis.outputs
        if name not in found.analysis.tensors
    ]
    reasons += drawn(found.analysis.graph)
    axes = [_axis(sight, found.lengths) for _, sight in seen]
    cuts = _cuts(found, axes, [sight for _, sight in seen], tile, whole) if found.lengths and not reasons else ()
    plan = Plan(
        name=model.name,
        model=found.model,
        seen=lengths_of(found.analysis),
        input_dtypes={name: found.analysis.graph.dtypes[name] for name in found.analysis.inputs},
        exact=not reasons,
        reasons=tuple(reasons),
        axes=tuple(axes),
        whole=whole,
        input_shapes=found.lengths or {},
        output_shapes=_outputs(found.analysis, axes) if found.lengths else {},
        output_dtypes={
            name: found.analysis.tensors[name].dtype
            for name in found.analysis.outputs
            if name in found.analysis.tensors
        },
        cuts=tuple(cuts),
        again=lambda other: make_plan(model, other, tile),
        assumptions=(FIXED,) if found.fixed else (),
    )
    if reasons or found.fixed:
        return plan
    try:
        crop = _at_another_size(found, seen, plan)
    except ShapeError as error:
        if plan.cuts or not found.model.free:
            why = str(error).removesuffix(f"; {error.hint}")
            return replace(plan, exact=False, reasons=(f"the model does not take a crop: {why}; {FOLLOWING}",))
        return replace(plan, assumptions=(FIXED,))
    against = list(dict.fromkeys([*_against_whole(found, axes), *_against(found, crop)]))
    return replace(plan, exact=not against, reasons=tuple(against))


def _blocked(found: Sized) -> list[str]:
    """Why nothing can be tiled: each reason once, with the axes that it keeps whole."""
    pairs: dict[str, list[Pair]] = {}
    for dim, one in found.seen:
        for reason in one.reasons if isinstance(one, Blocked) else ():
            pairs.setdefault(reason, []).extend(dim.rates)
    return [f"{reason}, along {axes_of(axes)}" for reason, axes in pairs.items()]


def _axis(sight: Sight, lengths: Lengths | None) -> TiledAxis:
    """The axes at the size of the whole, which differs from the one that was looked at by whole steps."""
    further = 0
    if lengths:
        (pair, step), *_ = sight.inputs.items()
        further = (lengths[pair[0]][pair[1]] - sight.lengths[pair]) // step
    by_step = {**sight.inputs, **sight.outputs}
    grown = {pair: n + further * by_step[pair] for pair, n in sight.lengths.items()}
    for pair in sight.inputs:
        if lengths and grown[pair] != lengths[pair[0]][pair[1]]:
            step, rest = sight.inputs[pair], sight.lengths[pair] % sight.inputs[pair]
            raise ShapeError(
                f"axis {pair[1]} of input {quote(pair[0])} is {lengths[pair[0]][pair[1]]} long, expected a multiple of {step}"
                + (f" and {rest}" if rest else ""),
                f"pad it to {grown[pair] + (step if grown[pair] < lengths[pair[0]][pair[1]] else 0)}, or crop it",
            )
    return TiledAxis(sight.inputs, sight.outputs, sight.before, sight.after, sight.halo, grown)


def _outputs(analysis: Analysis, axes: Sequence[TiledAxis]) -> dict[str, tuple[int, ...]]:
    shapes = {
        name: [n or 0 for n in analysis.tensors[name].shape or ()]
        for name in analysis.outputs
        if name in analysis.tensors
    }
    for axis in axes:
        for name, place in axis.outputs:
            shapes[name][place] = axis.lengths[name, place]
    return {name: tuple(shape) for name, shape in shapes.items()}


def _cuts(
    found: Sized,
    axes: Sequence[TiledAxis],
    sights: Sequence[Sight],
    tile: Sequence[int] | Mapping[Pair, int] | None,
    whole: Mapping[Pair, str],
) -> Iterator[Cut]:
    limits = _limits(found, tile, whole)
    for axis, sight in zip(axes, sights, strict=True):
        (pair, step), *_ = axis.inputs.items()
        rest = sight.rest[pair]
        steps = (axis.lengths[pair] - rest) // step
        line = Line(steps, sight.kept + steps - sight.steps, axis.before, axis.after)
        least = (axis.before + axis.after + 1) * step + rest
        asked = [limits[member] for member in axis.inputs if member in limits]
        if found.fixed:
            asked = [sight.lengths[pair]]
        limit = min(asked) if asked else max(USUAL.get(len(axes), 64), 2 * least)
        count = line.count((limit - rest) // step)
        if not count:
            raise QueryError(
                f"a tile of {limit} along axis {pair[1]} of input {quote(pair[0])} keeps nothing: on a grid of {step} it needs a "
                f"halo of {axis.before * step} before and {axis.after * step} after",
                f"give {least} or more",
            )
        yield Cut(axis, line, count, (limit - rest) // step if found.fixed else line.crop(count))


def longest(groups: Sequence[Mapping[Pair, int]], tile: Sequence[int] | Mapping[Pair, int]) -> dict[Pair, int]:
    """Longest crop by (input, axis): of every axis of a group.

    Args:
        groups: rates by (input, axis).
        tile: along each group, in positions of its first axis; or by (input, axis).

    Raises:
        QueryError: there are more or fewer groups.
    """
    if isinstance(tile, Mapping):
        return {pair: int(length) for pair, length in tile.items()}
    if len(tile) != len(groups):
        axes = ", ".join(f"axis {axis} of {quote(name)}" for name, axis in map(next, map(iter, groups)))
        raise QueryError(
            f"a tile of {counted(len(tile), 'length')} was asked for, expected {len(groups)}: {axes}",
            "give a length for each",
        )
    return {
        pair: int(length) * rate // next(iter(rates.values()))
        for length, rates in zip(tile, groups, strict=True)
        for pair, rate in rates.items()
    }


def _limits(
    found: Sized, tile: Sequence[int] | Mapping[Pair, int] | None, whole: Mapping[Pair, str]
) -> dict[Pair, int]:
    """Longest crop by (input, axis), as asked for."""
    if tile is None:
        return {}
    limits = longest([dim.rates for dim, _ in found.seen], tile)
    for (name, axis), limit in limits.items():
        lengths = (found.lengths or {}).get(name, ())
        if not 0 <= axis < len(lengths):
            raise QueryError(
                f"a tile was asked for along axis {axis} of {quote(name)}, which there is not", "see `rfonnx report`"
            )
        if limit < 1:
            raise QueryError(
                f"a tile of {limit} was asked for along axis {axis} of {quote(name)}", "give a positive length"
            )
        if (name, axis) in whole and limit < lengths[axis]:
            raise QueryError(
                f"axis {axis} of input {quote(name)} cannot be tiled: {whole[name, axis]}",
                f"give its whole length, {lengths[axis]}",
            )
    return limits


def _at_another_size(found: Sized, seen: Sequence[tuple[object, Sight]], plan: Plan) -> Analysis:
    """The model at the size of a crop; where there are none, at a size that is two steps longer."""
    if plan.cuts:
        return analyze(found.model, plan.crop_shapes)
    further = {pair: 2 * step for _, sight in seen for pair, step in sight.inputs.items()}
    return analyze(found.model, longer(lengths_of(found.analysis), further))


def _against_whole(found: Sized, axes: Sequence[TiledAxis]) -> Iterator[str]:
    """What the model does otherwise at the size of the whole, where another was looked at to have room."""
    if not found.lengths or found.held or found.lengths == lengths_of(found.analysis):
        return
    whole = analyze(found.model, found.lengths)
    yield from differences(found.analysis.graph, whole.graph)
    pairs = []
    for axis, (dim, here) in zip(axes, [one for one in found.seen if isinstance(one[1], Sight)], strict=True):
        assert isinstance(here, Sight)
        lengths = {(name, at): (whole.tensors[name].shape or ())[at] or 0 for name, at in axis.outputs}
        lengths |= {(name, at): found.lengths[name][at] for name, at in axis.inputs}
        (pair, step), *_ = axis.inputs.items()
        further = (lengths[pair] - here.lengths[pair]) // step
        pairs.append((dim, here, replace(here, steps=here.steps + further, kept=here.kept + further, lengths=lengths)))
    yield from misplaced(found.analysis, whole, pairs)


def _too_short(found: Sized, crop: Analysis, dim: Dim, least: int) -> str:
    """Why a crop proves nothing, where the whole is no longer.

    Raises:
        QueryError: longer crops may.
    """
    (name, axis), rate = next(iter(dim.rates.items()))
    length = (crop.input_shapes[name] or ())[axis]
    where = f"crops of {length} along axis {axis} of input {quote(name)} are too short to prove anything of them"
    if found.lengths is None or found.lengths[name][axis] != length:
        raise QueryError(f"{where}: borders reach every position", f"give a tile of {least * rate} or more")
    return f"{where}, and the whole is no longer; run the model on the whole, without tiles"


def _against(found: Sized, crop: Analysis) -> Iterator[str]:
    """What the model does otherwise at the size of a crop."""
    yield from differences(found.analysis.graph, crop.graph)
    pairs = []
    for dim, sight in found.seen:
        if isinstance(sight, Sight):
            there = see(crop, dim)
            if isinstance(there, Blocked):
                if there.least:
                    yield _too_short(found, crop, dim, there.least)
                    return
                (name, axis), *_ = dim.rates
                length = (crop.input_shapes[name] or ())[axis]
                yield from (
                    f"{reason}, in crops of {length} along axis {axis} of input {quote(name)}; give longer tiles, or one "
                    "as long as the whole along that axis"
                    for reason in there.reasons
                )
                return
            pairs.append((dim, sight, there))
    yield from misplaced(found.analysis, crop, pairs)
