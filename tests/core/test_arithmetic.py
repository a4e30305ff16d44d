"""Positions at the ends of 64 bits: told as an overflow at the first number that does not fit, and right up to it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rfonnx import _core
from rfonnx.operators.access.primitives import Reshape, Spread, Step, Window

LONGEST = 2**40  # that a stride, a pad or a kernel may be
TOO_LONG_FOR_A_TABLE = 2**22 + 1  # kept as runs


def made(length: int, *steps: Step, to: int) -> _core.Result:
    """What the core makes of a tensor of `to` positions, which reads an input of `length` by the steps."""
    return _core.run([("x", (length,))], [("y", (to,), [(0, steps)], True)])


@given(st.integers(TOO_LONG_FOR_A_TABLE, 2**62), st.integers(1, 2**42))
@example(2**31, 2**31)
@example(2**32, 2**31 - 1)
@example(2**32, 2**31)
@example(2**62, 2)
@example(3037000499, 3037000499)
@example(3037000500, 3037000500)
def test_numbers_of_elements_are_refused_from_the_first_that_does_not_fit(rows: int, columns: int) -> None:
    if rows * columns >= 2**63:
        with pytest.raises(OverflowError):
            _core.run([("x", (rows, columns))], [])
    else:
        place = [rows - 1, columns - 1]
        assert _core.run([("x", (rows, columns))], []).box(0, place, True) == [(end, end) for end in place]


@pytest.mark.parametrize(
    ("stride", "fits"), [(2**23 - 1, True), (2**23, False), (-(2**23), True), (-(2**23) - 1, False)]
)
def test_products_are_refused_from_the_first_that_does_not_fit(stride: int, fits: bool) -> None:
    step = Window(0, LONGEST, 1, stride, 1, 0)
    if fits:
        result = made(4, step, to=LONGEST)
        assert result.widened == [False]
        assert result.box(1, [0], True) == [(0, 0)]
        assert result.box(1, [LONGEST - 1], False) == [((LONGEST - 1) * stride,) * 2]
    else:
        with pytest.raises(OverflowError, match="a position exceeds 64 bits"):
            made(4, step, to=LONGEST)


def far(first: int, position: int) -> tuple[int, int]:
    """What one position sees that reads, far beyond the border, a tensor of which position i reads i * 2^40 + first."""
    steps = (Window(0, 2, 1, LONGEST, 1, -first), Window(0, 1, 1, 1, 1, -position))
    return made(2, *steps, to=1).box(1, [0], False)[0]


def test_the_largest_position_is_exact_and_the_next_is_told() -> None:
    assert far(-1, 2**23) == (2**63 - 1, 2**63 - 1)
    with pytest.raises(OverflowError, match="a position exceeds 64 bits"):
        far(0, 2**23)


def test_the_smallest_position_is_exact_and_the_next_is_told() -> None:
    assert far(0, -(2**23)) == (-(2**63), -(2**63))
    with pytest.raises(OverflowError, match="a position exceeds 64 bits"):
        far(-1, -(2**23))


def test_a_field_at_the_smallest_position_has_a_middle_that_does_not_fit() -> None:
    steps = (Window(0, 2, 2, LONGEST, 1, 0), Window(0, 1, 1, 1, 1, 2**23))
    result = made(2, *steps, to=1)
    assert result.box(1, [0], False) == [(-(2**63), -(2**63) + 1)]
    with pytest.raises(OverflowError, match="a position exceeds 64 bits"):
        result.summaries()


@given(
    length=st.integers(1, 4),
    kernel=st.integers(1, LONGEST),
    stride=st.integers(1, LONGEST),
    dilation=st.integers(1, 2**20),
    tap=st.integers(0, LONGEST),
    o=st.integers(0, 3),
)
@example(length=1, kernel=LONGEST, stride=LONGEST, dilation=2**20 - 1, tap=LONGEST - 1, o=0)
def test_the_taps_of_long_strides_are_exact(
    length: int, kernel: int, stride: int, dilation: int, tap: int, o: int
) -> None:
    """A transposed convolution whose pad puts a tap onto position 0, or next to it."""
    dilation = max(1, min(dilation, (2**63 - 1) // kernel))
    pad = min(tap % kernel * dilation, LONGEST)
    read = [i for i in range(length) if hits(o + pad - i * stride, kernel, dilation)]
    box = made(length, Spread(0, 4, kernel, stride, dilation, pad), to=4).box(1, [o], True)[0]
    assert box == (read[0], read[-1]) if read else box[1] < box[0]


def hits(distance: int, kernel: int, dilation: int) -> bool:
    return distance % dilation == 0 and 0 <= distance // dilation < kernel


def test_reshapes_of_too_many_elements_are_told() -> None:
    with pytest.raises(OverflowError, match="tensor 'y'"):
        made(4, Reshape((2**32, 2**31)), to=1)
