"""What made a field as large as it is: shares of its growth, from the chain of operators that `explain` gives."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rfonnx.results.fields import ExplainStep

Share = int | Fraction
"""Input positions: whole, and so quick to add up, but after upsampling."""

CAUSES = ("kernels", "depth", "strides", "dilation", "pooling", "upsampling", "global", "blocks", "joins", "other")

NAMES = {"joins": "misaligned branches"}
"""Causes whose name in sentences is another than in data."""


def growth(steps: Sequence[ExplainStep]) -> dict[str, Share]:
    """Splits what the steps added into causes, in input positions.

    A window of kernel k and dilation d, where one step is j input positions (the jump, the product of the strides
    before it), adds `(k - 1) * d * j`. That is split into

    - `k - 1`: what it adds by itself, at jump and dilation 1;
    - `(k - 1) * (d - 1)`: "dilation", what spreading its taps adds to that;
    - the rest, `(k - 1) * d * (j - 1)`: "strides", what the strides before it multiply it by.

    Of the convolutions' own `k - 1`, the largest is "kernels": what the largest kernel alone would give; the others are
    "depth": what stacking more layers gives. Of a pooling it is "pooling". What the other operators add goes to them
    whole: "upsampling" (interpolation, transposed convolution), "global" (all of an axis is read: pooling over everything,
    dense layers, attention, recurrences), "blocks" (a part of it: attention in windows, a recurrence up to a position),
    "other". "joins": misaligned branches, which see different places; a convolution that reads such a concatenation adds its
    window and their distance. Two directions of a recurrence that meet are none: together they see all.

    After upsampling j may be below 1: the first two parts are then scaled down to what was added, and "strides" get
    nothing. Steps that add nothing or less (a crop) count for nothing, so the parts sum to the sum of all positive
    `added`, which is `size - 1` for a chain that only grows.

    Worked example: conv 3, conv 3, pool 2 with stride 2, conv 3: size 10. kernels 2, depth 2 + 2, pooling 1, strides 2.

    Returns:
        Positions by cause, in the order of `CAUSES`, without the causes that gave nothing.
    """
    parts: dict[str, Share] = dict.fromkeys(CAUSES, 0)
    largest: Share = 0
    for step in steps:
        if step.added <= 0:
            continue
        added = step.added - step.misaligned
        parts["joins"] += step.misaligned
        if step.cause not in ("kernel", "pooling") or step.kernel <= 1:
            parts[_WHOLE.get(step.cause, "other")] += added
            continue
        own: Share = step.kernel - 1
        dilated: Share = own * (step.dilation - 1)
        if own + dilated > added:
            scale = Fraction(added) / (own + dilated)
            own, dilated = own * scale, dilated * scale
        parts["dilation"] += dilated
        parts["strides"] += added - own - dilated
        if step.cause == "pooling":
            parts["pooling"] += own
        else:
            parts["depth"] += own
            largest = max(largest, own)
    parts["kernels"], parts["depth"] = largest, parts["depth"] - largest
    return {cause: part for cause, part in parts.items() if part}


_WHOLE = {"upsampling": "upsampling", "global": "global", "block": "blocks", "join": "joins"}


def shares(steps: Sequence[ExplainStep]) -> str:
    """The percentages of a chain's growth in words, or "" when nothing grew: "kernels 17%, depth 83%"."""
    parts = percentages(growth(steps))
    return ", ".join(f"{NAMES.get(cause, cause)} {share}%" for cause, share in parts.items())


def percentages(parts: dict[str, Share]) -> dict[str, int]:
    """Whole percents that sum to 100: rounded down, then those with the largest remainders up (ties: the earlier)."""
    total = sum(parts.values())
    if not total:
        return {}
    exact = {cause: Fraction(100 * part) / total for cause, part in parts.items()}
    whole = {cause: int(share) for cause, share in exact.items()}
    by_remainder = sorted(parts, key=lambda cause: whole[cause] - exact[cause])
    for cause in by_remainder[: 100 - sum(whole.values())]:
        whole[cause] += 1
    return whole


def cause_words(cause: str) -> str:
    """The cause of one step (`ExplainStep.cause`) as sentences call it."""
    return NAMES["joins"] if cause == "join" else cause
