"""A plan of tiles as the arguments of MONAI's sliding window."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.errors import QueryError
from rfonnx.results.tiling import PlanSummary

WHY = """\
# Not exact: MONAI averages what overlapping windows say of a position, and some of them see a border of their own near it.
# `rfonnx tile run` keeps of each tile only what the whole image would have there.
"""


def inferer(plan: PlanSummary) -> Iterator[str]:
    """Python code that makes the inferer, with windows on the grid.

    Raises:
        QueryError: no tiles are exact, no size was asked for, or axes before the tiled ones are not batch and channels.
    """
    plan.refuse_inexact()
    if not plan.crop_shapes:
        raise QueryError("no size was given, and so no window follows", "give --size, and --tile for the window")
    (name, shape), *_ = plan.crop_shapes.items()
    if {place for axis in plan.axes for place in axis.inputs} != {(name, place) for place in range(2, len(shape))}:
        raise QueryError("MONAI slides along all axes but the first two, of one input", "use --format json")
    overlap = []
    for axis in plan.axes:
        (pair, step), *_ = axis.inputs.items()
        overlap.append((axis.before + axis.after) * step / shape[pair[1]])
    yield "from monai.inferers import SlidingWindowInferer\n\n"
    yield WHY
    yield f'inferer = SlidingWindowInferer(roi_size={shape[2:]}, overlap={tuple(overlap)}, mode="constant")\n'
