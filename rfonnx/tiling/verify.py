"""Running tells whether a plan's tiles are what the whole is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np

from rfonnx.errors import QueryError, RfonnxError
from rfonnx.model.inputs import described, draw
from rfonnx.results.tiling import Pair
from rfonnx.results.verification import Difference, Opposite, SizeCheck, Verification
from rfonnx.tiling.contrast import Contrast, types, worst
from rfonnx.tiling.dims import Lengths
from rfonnx.tiling.opposites import opposites
from rfonnx.tiling.plan import Plan
from rfonnx.tiling.planning import make_plan
from rfonnx.tiling.runner import Runner
from rfonnx.tiling.valid import valid_lengths

ROOM = (1, 2, 4, 8)
"""Times as many steps as the halo needs that a crop has, until it is long enough for a proof."""

RUNS = 64
"""Tiles that are run at one size, at most, where all are not."""

UNHELD = "the model runs at no size but that of its file: there is no run of the whole that tiles could be held against"


def verify(
    plan: Plan,
    inputs: Mapping[str, np.ndarray] | None = None,
    seed: int = 0,
    threads: int | None = None,
    providers: str | Sequence[str] | None = None,
) -> Verification:
    """Hold the whole against tiles: at the plan's size, or, where it has none, at a few of different remainders by the grid.

    Args:
        plan: what is verified.
        inputs: the whole, by input; None: random.
        seed: of what is drawn.
        threads, providers: as of `Opened.session`.

    Raises:
        QueryError: the plan is in stages.
        RunError: onnxruntime cannot run the model.
    """
    if plan.stages:
        raise QueryError(
            f"the plan of {plan.name} is in stages, and only those of one pass are verified",
            "hold what it writes against a run on the whole",
        )
    samples = described(1, seed) if inputs is None else "given inputs"
    reasons = plan.reasons or tuple(_trivial(plan))
    if reasons:
        return Verification(plan.name, reasons, (), (), samples)
    checked: list[SizeCheck] = []
    against: tuple[Opposite, ...] = ()
    for sized in [plan] if plan.cuts else _plans(plan):
        if isinstance(sized, SizeCheck):
            checked.append(sized)
            continue
        runner = Runner(sized.model, list(sized.output_shapes), threads, providers)
        contrast = Contrast(sized, runner, {**draw(types(sized), seed, 0), **(inputs or {})}, seed)
        checked.append(_checked(sized, contrast))
        against = against or tuple(opposites(sized, contrast))
    return Verification(plan.name, (), tuple(checked), against, samples)


def _trivial(plan: Plan) -> Iterator[str]:
    """Why a run at the plan's size would show nothing."""
    if plan.cuts and plan.assumptions:
        yield UNHELD
    elif plan.cuts and len(plan.tiles) == 1:
        yield "there is one tile, which is the whole: ask for smaller ones, or for no size"


def _checked(plan: Plan, contrast: Contrast) -> SizeCheck:
    """The tiles that are run, and what lies outside the crops of a few of them replaced."""
    chosen = list(_chosen(plan))
    off: dict[str, Difference] = {}
    for index in chosen:
        tile = plan.tiles[index]
        off = worst(off, contrast.cropped(tile.crops, tile.kept, tile.local))
    spoilt = {chosen[0], chosen[len(chosen) // 2], chosen[-1]}
    leaks = [
        index
        for index in sorted(spoilt)
        for tile in [plan.tiles[index]]
        if any(one.largest > 0 for one in contrast.spoilt(tile.crops, tile.kept).values())
    ]
    return SizeCheck(plan.input_shapes, plan.crop_shapes, len(plan.tiles), len(chosen), off, tuple(leaks))


def _chosen(plan: Plan) -> Iterator[int]:
    """All tiles where they are few; else the first two, one in the middle and the last along each axis."""
    counts = [cut.count for cut in plan.cuts]
    if len(plan.tiles) <= RUNS:
        yield from range(len(plan.tiles))
        return
    for places in product(*(sorted({0, 1, count // 2, count - 1} & set(range(count))) for count in counts)):
        yield int(np.ravel_multi_index(places, counts))


def _plans(plan: Plan) -> Iterator[Plan | SizeCheck]:
    """The same at sizes that have tiles away from borders, of different remainders by the grid, as the model takes them."""
    valid = dict(one for axis in plan.axes for one in valid_lengths(plan.model, plan.seen, axis))
    for turn in range(3):
        made: Plan | SizeCheck | None = None
        for times in ROOM:
            lengths = {name: list(shape) for name, shape in plan.seen.items()}
            tile: dict[Pair, int] = {}
            for axis in plan.axes:
                steps = (axis.before + axis.after + 1) * times
                for (name, place), by in axis.inputs.items():
                    one = valid[name, place]
                    further = -(-((steps + 2) * by - one.least) // one.step) + turn * max(1, by // one.step // 2)
                    lengths[name][place] = one.least + max(0, further) * one.step
                    tile[name, place] = (steps + 1) * by
            shapes = {name: tuple(shape) for name, shape in lengths.items()}
            made = _planned(plan, shapes, tile)
            if isinstance(made, Plan):
                break
        if made is not None:
            yield made


def _planned(plan: Plan, shapes: Lengths, tile: Mapping[Pair, int]) -> Plan | SizeCheck:
    try:
        made = make_plan(plan.model, shapes, tile)
    except RfonnxError as error:
        return SizeCheck(shapes, {}, 0, 0, {}, skipped=str(error))
    return made if made.exact else SizeCheck(shapes, {}, 0, 0, {}, skipped="; ".join(made.reasons))
