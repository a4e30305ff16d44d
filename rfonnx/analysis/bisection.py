"""Where something ends to hold that holds for smaller numbers."""

from __future__ import annotations

from collections.abc import Callable


def last_that(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The last number for which something holds, from one for which it does (not asked) to before one for which it does not.

    >>> last_that(lambda n: n * n <= 30, 0, 30)
    5
    """
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
