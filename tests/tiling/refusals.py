"""What tiles are refused for, by reason, and why each stays refused where a run of tiles happened to be right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

JUSTIFIED = {
    "everything together": (
        "it reads the whole by definition; a sample hides that where the largest value, or the range, lies in every "
        "crop, or where what comes of it is less than rounding shows"
    ),
    "treats positions differently": (
        "a constant by position is counted from a crop's own beginning; tiles are right where it differs near a border "
        "alone, or by less than rounding shows, which is not looked at"
    ),
    "picked by a table": (
        "single positions are set beside an image; tiles are right where they lie near the border at which they are "
        "set, and a table does not tell that from a list that wraps around"
    ),
    "from one end of an axis": (
        "each position sums up all before it; tiles are right where that is saturated, or less than rounding shows"
    ),
    "a fixed position is picked": (
        "it lies elsewhere in a crop; tiles are right where what is picked is less than rounding shows"
    ),
    "move by different amounts": (
        "branches drift apart by a part of each position (corners that are aligned, lengths that are rounded): from "
        "some size on no halo holds both, and at those that were tried they are still near each other"
    ),
    "does not move with it": "the same, where one branch comes from an input that is not moved",
    "rows are laid out differently": "rows of one rate whose lengths differ: a step of the one is no step of the other",
    "tells positions as numbers": (
        "places are numbers within a crop; tiles are right where MaxUnpool alone takes them back, in the same crop"
    ),
    "no room for": "the whole is too short for a shift by the grid, before which nothing repeats",
    "weighs positions differently": "a product has a weight for each position",
    "read across rows": (
        "a window reads the end of a row with the beginning of the next, which are not neighbours in a crop of fewer "
        "columns"
    ),
    "draws at random": "another run draws other numbers",
    "runs backwards": "what is kept is laid in the order of its crops",
    "go to outputs by different rates": "crops of two inputs that no one rate ties are not cut together",
}
"""By part of the text of a reason."""


def kind(reason: str) -> str:
    """The part of a reason's text that says what kind it is; "" where there is no justification of it."""
    return next((text for text in JUSTIFIED if text in reason), "")


def table(found: Iterable[tuple[str, str]]) -> Iterable[str]:
    """A Markdown table of (outcome, reason) of each axis of each refused net: "differs", "loose" or "untried".

    Reasons that nothing justifies come last, by their own text.
    """
    counts: dict[str, Counter[str]] = {}
    for outcome, reason in found:
        counts.setdefault(kind(reason) or reason, Counter())[outcome] += 1
    yield "| reason | axes | differ for every grid and halo tried | some did | could not be tried |"
    yield "|---|---|---|---|---|"
    for reason, one in sorted(counts.items(), key=lambda item: (item[0] not in JUSTIFIED, -item[1].total())):
        yield f"| {reason} | {one.total()} | {one['differs']} | {one['loose']} | {one['untried']} |"
    total = sum(counts.values(), Counter[str]())
    yield f"| all | {total.total()} | {total['differs']} | {total['loose']} | {total['untried']} |"
