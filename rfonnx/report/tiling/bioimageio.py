"""The axes of a model's tensors as a bioimage.io description has them (model format 0.5), for its `inputs` and `outputs`.

That format has one halo for both sides of an axis of an output, and no grid: the halo is rounded up so that tiles that are cut by
it lie on the grid.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from rfonnx.errors import QueryError
from rfonnx.results.tiling import Pair, PlanSummary, TiledAxis, ValidLengths

IDS = {1: "x", 2: "yx", 3: "zyx"}
"""By number of axes that are tiled: what each is called."""


def axes_yaml(plan: PlanSummary) -> Iterator[str]:
    """The snippet; strings are quoted as in JSON, which YAML reads.

    Raises:
        QueryError: no tiles are exact, or the format cannot say it.
    """
    plan.refuse_inexact()
    if len(plan.axes) not in IDS:
        raise QueryError(
            f"{len(plan.axes)} groups of axes are tiled, and bioimage.io names at most 3", "use --format json"
        )
    yield "# The axes of a bioimage.io model description, format 0.5; halo and grid as proven by rfonnx.\n"
    for key, tensors in (("inputs", plan.seen_inputs), ("outputs", plan.seen_outputs)):
        yield f"{key}:\n"
        for name, shape in tensors.items():
            yield f"- id: {json.dumps(name)}\n  axes:\n"
            for axis, length in enumerate(shape):
                yield f"  - {json.dumps(_axis(plan, (name, axis), length))}\n"


def _axis(plan: PlanSummary, pair: Pair, length: int) -> dict[str, Any]:
    ids = IDS[len(plan.axes)]
    for group, axis in zip(ids, plan.axes, strict=True):
        if pair in axis.inputs:
            step = plan.valid[pair].step
            return {"type": "space", "id": group, "size": {"min": _least(axis, pair, plan.valid[pair]), "step": step}}
        if pair in axis.outputs:
            return {"type": "space", "id": group, **_output(axis, pair, group)}
    if pair[1] == 0:
        return {"type": "batch"}
    return {"type": "channel", "id": f"channel{pair[1]}", "channel_names": [f"c{i}" for i in range(length)]}


def _least(axis: TiledAxis, pair: Pair, valid: ValidLengths) -> int:
    """The shortest input that leaves a position of each output between its halos, as the format wants it."""
    steps = max(
        Fraction(2 * max(axis.before, axis.after) * moved + 1 - _offset(axis, output), moved)
        for output, moved in axis.outputs.items()
    )
    return valid.least + max(0, math.ceil((steps * axis.inputs[pair] - valid.least) / valid.step)) * valid.step


def _offset(axis: TiledAxis, output: Pair) -> int:
    """Of an output's length, beside that of the first input times the ratio of their grids."""
    (first, step), *_ = axis.inputs.items()
    return axis.lengths[output] - axis.lengths[first] * axis.outputs[output] // step


def _output(axis: TiledAxis, pair: Pair, group: str) -> dict[str, Any]:
    """Size and halo of an output: its length is that of the input times the ratio of their grids, and an offset."""
    (first, step), *_ = axis.inputs.items()
    moved = axis.outputs[pair]
    return {
        "size": {"tensor_id": first[0], "axis_id": group, "offset": _offset(axis, pair)},
        "scale": step / moved,
        "halo": max(axis.before, axis.after) * moved,
    }
