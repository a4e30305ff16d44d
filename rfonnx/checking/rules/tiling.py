"""Rules on tiles: whether the model can be run in parts, and how much each part must see."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.checking.rule_table import Says, Values, holds, rule, unproven
from rfonnx.checking.rules.where import INPUT_AND_AXIS
from rfonnx.checking.subject import Subject
from rfonnx.errors import QueryError
from rfonnx.results.findings import Parameter
from rfonnx.tiling.plan import Plan
from rfonnx.tiling.planning import make_plan

Pair = tuple[str, int]


def planned(subject: Subject, values: Values) -> tuple[Plan, list[Pair], list[Says]]:
    """The plan, the axes that are asked about and tiled, and a failure for what is not.

    Raises:
        QueryError: there is no such input or axis.
        ShapeError: the model does not take the shapes.
    """
    plan = make_plan(subject.source, subject.shapes)
    if not plan.exact:
        return plan, [], [Says(f"no tiles are exact: {reason}") for reason in plan.reasons]
    if plan.assumptions:
        return plan, [], [unproven(f"tiles are not proven to be exact: {line}") for line in plan.assumptions]
    pairs = [pair for pair in [*plan.grid, *plan.whole] if _asked(subject, values, pair)]
    if not pairs:
        raise QueryError(f"{subject.path}: there is no such axis to tile", "rfonnx tile plan lists them")
    failures = [
        Says(f"is not tiled along {pair[0]} axis {pair[1]}: {plan.whole[pair]}") for pair in pairs if pair in plan.whole
    ]
    return plan, [pair for pair in pairs if pair in plan.grid], failures


def _asked(subject: Subject, values: Values, pair: Pair) -> bool:
    name, axis = values["input"], values["axis"]
    rank = len(subject.graph.shapes.get(pair[0]) or ())
    return name in (None, pair[0]) and (axis is None or axis % max(rank, 1) == pair[1])


@rule(
    "RF039",
    "tiles-exactly",
    "error",
    {"grid": Parameter("int", "largest grid that is allowed, in input positions"), **INPUT_AND_AXIS},
)
def tiles_exactly(subject: Subject, values: Values) -> Iterator[Says]:
    """The model can be run in tiles that together are exactly what the whole would be.

    For images and volumes that are larger than memory, and for streams. What takes all of the image together (global pools,
    norms over space, attention), constants by position, and numbers that follow from the size of the image keep tiles from being
    exact. It is proven from the file, at the given shapes and at those of a crop; `rfonnx tile verify` runs both.

    Way out: `rfonnx tile plan` names the operator; norms, gates and pools can be gathered in passes of their own (`--stages`).
    """
    plan, pairs, failures = planned(subject, values)
    yield from failures
    for pair in pairs:
        grid = plan.grid[pair]
        text = f"tiles exactly along {pair[0]} axis {pair[1]} on a grid of {grid} with halo {_sides(plan.halo[pair])}"
        if values["grid"] is None or grid <= values["grid"]:
            yield holds(text)
        else:
            yield Says(f"{text}; a grid of at most {values['grid']} is allowed")


@rule(
    "RF040",
    "halo-at-most",
    "error",
    {"max": Parameter("int", "positions that may be needed on each side", required=True), **INPUT_AND_AXIS},
)
def halo_at_most(subject: Subject, values: Values) -> Iterator[Says]:
    """Exact tiles need a halo of at most `max` input positions on each side.

    The halo is what a part of the output that begins on the grid sees of the input beside itself: work that tiles do twice.
    Where no tiles are exact no halo suffices, and the rule fails.

    Way out: fewer or smaller kernels at the coarsest levels; `rfonnx explain` shows what each operator adds.
    """
    plan, pairs, failures = planned(subject, values)
    yield from failures
    for pair in pairs:
        halo = plan.halo[pair]
        text = f"needs a halo of {_sides(halo)} of {pair[0]} axis {pair[1]}, at most {values['max']} are allowed"
        yield Says(text, failed=max(halo) > values["max"])


def _sides(halo: tuple[int, int]) -> str:
    """
    >>> _sides((94, 94)), _sides((1023, 0))
    ('94', '1023 before and 0 after')
    """
    before, after = halo
    return str(before) if before == after else f"{before} before and {after} after"
