"""Which axis of a file is which axis of an input."""

from __future__ import annotations

KNOWN = "tsczyx"
"""Names of axes that are understood: time, the samples of a pixel, channels, depth, rows, columns."""

SPACE = "zyx"

OME_AXES = {2: "yx", 3: "cyx", 4: "tcyx", 5: "tczyx"}
"""Of what is written for OME, by number of axes; the batch is time."""

MOST_ADDED = 2


def arrange(shape: tuple[int, ...], names: str, rank: int, channels_last: bool) -> tuple[int | None, ...] | None:
    """By axis of the input: the axis of the file; None: one of length 1 that is added.

    Channels go before depth, rows and columns, or behind them; all else leads, in the file's order. Where the input has fewer
    axes, depth, time and channels of length 1 are dropped, in this order; where it has more, a channel and a batch are added.
    Axes that have no names stay as they are.

    Args:
        shape: of the file.
        names: one of `KNOWN` for each axis; "": they are not known.
        rank: of the input.
        channels_last: where the input has its channels.

    Returns:
        None: it does not fit.
    """
    channel = next((one for one in "sc" if one in names), "")
    order: list[int | None] = list(range(len(shape)))
    if names:
        places = {one: 2 + at for at, one in enumerate(SPACE)} | {channel: 9 if channels_last else 1}
        order = [*sorted(range(len(shape)), key=lambda axis: places.get(names[axis], 0))]
        for axis in [names.index(one) for one in "ztcs" if one in names]:
            if len(order) > rank and shape[axis] == 1:
                order.remove(axis)
    added = rank - len(order)
    if not 0 <= added <= MOST_ADDED:
        return None
    if added and not channel and set(names) & set(SPACE):
        first = next(at for at, axis in enumerate(order) if axis is not None and names[axis] in SPACE)
        order.insert(len(order) if channels_last else first, None)
    made = (*[None] * (rank - len(order)), *order)
    kept = [axis for axis, one in enumerate(names) if one == channel and axis in made]
    fits = not kept or channels_last or rank < 4 or made[1] == kept[0]
    return made if fits else None
