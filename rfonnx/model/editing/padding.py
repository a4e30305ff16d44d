"""What becomes of the padding of a window whose kernel or dilation is changed: what it makes shall be as long as before."""

from __future__ import annotations


def followed(pads: tuple[int, int], before: int, after: int, cut: bool) -> tuple[int, int] | None:
    """Padding of one axis that goes with a window that spans another number of positions.

    What the window spans more is padded more, so that there are as many windows as before, whatever the input's length.

    - No padding stays none, where the window is longer than one position: such a network means to lose its border.
    - Padding that is all on one side stays there: a causal convolution. One position at the end is no such sign: so does SAME
      pad an even kernel.
    - What pads each side by the whole window goes on doing so: a causal convolution whose end is cut off behind it.
    - Else both sides share it. They differ by as much as before, or by one less; of equal ones the end gets the odd one.

    Args:
        pads: before and after the axis.
        before, after: positions that the window spans, `(kernel - 1) * dilation + 1`.
        cut: of a transposed convolution, where pads are what is cut off: there, no cut becomes one.

    Returns:
        None: there is no such padding, as it would have to be negative.

    >>> followed((1, 1), 3, 5, False), followed((0, 1), 3, 5, False), followed((2, 0), 3, 5, False), followed((0, 0), 3, 5, False)
    ((2, 2), (1, 2), (4, 0), (0, 0))
    >>> followed((2, 2), 3, 5, False), followed((0, 0), 1, 3, False), followed((0, 0), 2, 4, True), followed((0, 0), 2, 1, True)
    ((4, 4), (1, 1), (1, 1), None)
    >>> followed((1, 0), 2, 3, False), followed((0, 1), 2, 4, False)
    ((2, 0), (1, 2))
    """
    begin, end = pads
    grown = after - before
    if not grown or (not cut and before > 1 and begin == end == 0):
        return pads
    if not cut and before > 1 and min(begin, end) >= before - 1:
        return begin + grown, end + grown
    total = begin + end + grown
    if total < 0:
        return None
    one_sided = (begin > 0) != (end > 0) and (begin > 0 or end > 1) and (cut or begin + end == before - 1)
    if one_sided:
        return (total, 0) if begin else (0, total)
    apart = end - begin
    first = min(max(0, (total - apart + (apart > 0)) // 2), total)
    return first, total - first
