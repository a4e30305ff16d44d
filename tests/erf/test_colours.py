"""Positions that are probed together: no unit sees two of one colour, and there are as few colours as can be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rfonnx.effective.colours import colour_axis, seen_by_colour
from rfonnx.effective.probing.blocks import plan_blocks

intervals = st.tuples(st.integers(0, 20), st.integers(0, 6)).map(lambda pair: (pair[0], pair[0] + pair[1]))
fields = st.lists(intervals, min_size=1, max_size=8)
places = st.sets(st.integers(0, 27), min_size=1).map(sorted)


@given(places, fields)
def test_no_field_holds_two_places_of_one_colour(where: list[int], seen: list[tuple[int, int]]) -> None:
    colours = colour_axis(where, seen)
    for lo, hi in seen:
        own = [colour for place, colour in zip(where, colours, strict=True) if lo <= place <= hi]
        assert len(own) == len(set(own))


@given(places, fields)
def test_no_coloring_has_fewer(where: list[int], seen: list[tuple[int, int]]) -> None:
    """Places that share a field need colours of their own; interval graphs need no more (they are perfect)."""
    most = max(sum(lo <= place <= hi for place in where) for lo, hi in seen)
    assert max(colour_axis(where, seen)) + 1 == max(most, 1)


@given(places, fields)
def test_the_place_of_each_colour_is_found(where: list[int], seen: list[tuple[int, int]]) -> None:
    colours = colour_axis(where, seen)
    table = seen_by_colour(where, colours, seen)
    for unit, (lo, hi) in enumerate(seen):
        for colour in range(max(colours) + 1):
            own = [i for i, place in enumerate(where) if lo <= place <= hi and colours[i] == colour]
            assert table[unit, colour] == (own[0] if own else -1)


@given(st.lists(st.tuples(intervals, intervals), min_size=1, max_size=5), st.integers(1, 5))
def test_blocks_cover_the_fields(boxes: list[tuple[tuple[int, int], tuple[int, int]]], size: int) -> None:
    plan = plan_blocks(boxes, size)
    for axis in (0, 1):
        covered = [p for lo, hi in plan.spans[axis] for p in range(lo, hi + 1)]
        begin, end = min(box[axis][0] for box in boxes), max(box[axis][1] for box in boxes)
        assert covered == list(range(begin, end + 1))
        assert all(hi - lo < size for lo, hi in plan.spans[axis])
