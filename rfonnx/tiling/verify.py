"""Running tells whether a plan's tiles are what the whole is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np

from rfonnx.errors import RunError
from rfonnx.model.inputs import described, draw
from rfonnx.results.verification import Difference, Opposite, SizeCheck, Verification
from rfonnx.tiling.contrast import Contrast, types, worst
from rfonnx.tiling.opposites import opposites
from rfonnx.tiling.plan import Plan
from rfonnx.tiling.pools import pool
from rfonnx.tiling.runner import Arrays, Runner
from rfonnx.tiling.stages.gather import gather
from rfonnx.tiling.verified_sizes import at_sizes

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

    Of a plan in stages every pass is, by figures that were gathered tile by tile; and the last one against the undivided model.

    Args:
        plan: what is verified.
        inputs: the whole, by input; None: random.
        seed: of what is drawn.
        threads, providers: as of `Opened.session`.

    Raises:
        RunError: onnxruntime cannot run the model.
    """
    samples = described(1, seed) if inputs is None else "given inputs"
    reasons = plan.reasons or tuple(_trivial(plan))
    if reasons:
        return Verification(plan.name, reasons, (), (), samples)
    checked: list[SizeCheck] = []
    against: tuple[Opposite, ...] = ()
    for one in [plan] if plan.input_shapes else at_sizes(plan):
        if isinstance(one, SizeCheck):
            checked.append(one)
            continue
        try:
            passes = list(_contrasts(one, inputs or {}, seed, threads, providers))
        except RunError as error:
            if not one.stages:
                raise
            checked.append(SizeCheck(one.file_shapes, {}, 0, 0, {}, skipped=f"there is no run of the whole: {error}"))
            continue
        checked.append(_joined(one, [_checked(plan, contrast) for plan, contrast in passes]))
        last = next(pair for pair in reversed(passes) if pair[0].axes)
        against = against or tuple(opposites(*last))
    return Verification(plan.name, (), tuple(checked), against, samples)


def _trivial(plan: Plan) -> Iterator[str]:
    """Why a run at the plan's size would show nothing."""
    if plan.input_shapes and any(one.assumptions for one in plan.passes):
        yield UNHELD
    elif plan.input_shapes and all(len(one.tiles) == 1 for one in plan.passes):
        yield "there is one tile, which is the whole: ask for smaller ones, or for no size"


def _contrasts(
    plan: Plan,
    inputs: Mapping[str, np.ndarray],
    seed: int,
    threads: int | None,
    providers: str | Sequence[str] | None,
) -> Iterator[tuple[Plan, Contrast]]:
    """Of every pass; the last one is held against the undivided model."""
    kinds = {name: kind for one in plan.passes for name, kind in types(one).items() if name not in plan.figures}
    feeds = {**draw(kinds, seed, 0), **inputs}
    whole: Arrays | None = None
    if plan.stages:
        outputs = {name: tuple((0, n) for n in shape) for name, shape in plan.output_shapes.items()}
        whole = Runner(plan.undivided, list(outputs), threads, providers)(feeds, outputs)
        feeds |= gather(plan, feeds, partial(pool, threads=threads, providers=providers))
    for one in plan.passes:
        own = {name: feeds[name] for name in one.input_shapes}
        runner = Runner(one.model, list(one.output_shapes), threads, providers)
        yield one, Contrast(one, runner, own, seed, whole if one is plan else None)


def _joined(plan: Plan, passes: Sequence[SizeCheck]) -> SizeCheck:
    """Those of all passes: tiles are counted through, and what figures are taken of stands beside the outputs."""
    first = np.cumsum([0, *(one.tiles for one in passes)])
    return SizeCheck(
        plan.file_shapes,
        {name: shape for one in passes for name, shape in one.crops.items() if name in plan.file_shapes},
        sum(one.tiles for one in passes),
        sum(one.run for one in passes),
        {name: off for one in passes for name, off in one.off.items()},
        tuple(int(begin) + tile for begin, one in zip(first, passes, strict=False) for tile in one.leaks),
    )


def _checked(plan: Plan, contrast: Contrast) -> SizeCheck:
    """The tiles that are run, and what lies outside the crops of a few of them replaced."""
    chosen = list(_chosen(plan))
    off: dict[str, Difference] = {}
    for index in chosen:
        tile = plan.tiles[index]
        off = worst(off, contrast.cropped(tile.crops, tile.kept, tile.local, contrast.whole))
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
