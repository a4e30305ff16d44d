"""A plan of tiles, and what running showed of it, as JSON. Layout: `format` as in `rfonnx.results.plain`."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.report.data import as_json
from rfonnx.report.tiling.layout import VERIFIED, OppositeRow, TiledGroup, TiledInput, TiledOutput
from rfonnx.results.plain import plain
from rfonnx.results.tiling import PlanSummary, TiledAxis
from rfonnx.results.verification import Verification


def plan_json(plan: PlanSummary) -> Iterator[str]:
    """The plan, with a group of axes a line."""
    made = {
        "model": plan.model,
        "exact": plan.exact,
        "reasons": plan.reasons,
        "assumptions": plan.assumptions,
        "whole": [{"input": name, "axis": axis, "reason": reason} for (name, axis), reason in plan.whole.items()],
        "axes": [_axis(plan, axis, at) for at, axis in enumerate(plan.axes)],
        "input_shapes": plan.input_shapes,
        "output_shapes": plan.output_shapes,
        "crop_shapes": plan.crop_shapes,
        "recomputed": plan.recomputed if plan.counts else None,
        "memory": plan.memory,
        "stages": plan.stages,
        "staged": plan.staged,
        "approximate": [plain(one) for one in plan.approximate],
    }
    return as_json(made)


def verification_json(found: Verification) -> Iterator[str]:
    """The verdict, a line for each size, and what must go wrong."""
    opposites: list[OppositeRow] = [
        {
            "kind": one.kind,
            "input": one.pair[0],
            "axis": one.pair[1],
            "side": one.side,
            "by": one.by,
            "differs": one.differs,
            "share": None if one.off is None else one.off.share,
        }
        for one in found.opposites
    ]
    sizes = [{**plain(size), "passed": size.passed} for size in found.sizes]
    made = {**{name: getattr(found, name) for name in VERIFIED}, "sizes": sizes, "opposites": opposites}
    return as_json(plain(made))


def _axis(plan: PlanSummary, axis: TiledAxis, at: int) -> TiledGroup:
    inputs: list[TiledInput] = [
        {
            "input": name,
            "axis": place,
            "grid": step,
            "halo": axis.halo[name, place],
            "margin": (axis.before * step, axis.after * step),
            "least": plan.valid[name, place].least,
            "step": plan.valid[name, place].step,
            "length": axis.lengths[name, place] if plan.counts else None,
        }
        for (name, place), step in axis.inputs.items()
    ]
    outputs: list[TiledOutput] = [
        {"output": name, "axis": place, "grid": step, "length": axis.lengths[name, place] if plan.counts else None}
        for (name, place), step in axis.outputs.items()
    ]
    return {"inputs": inputs, "outputs": outputs, "tiles": plan.counts[at] if plan.counts else None}
