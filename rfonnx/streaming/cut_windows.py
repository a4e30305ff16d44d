"""Windows that are cut out by a table of positions: `x[o * stride + t * dilation]` under two axes, o and t, in any order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rfonnx.operators.access.primitives import Reshape, Select, Step, Window, tables


def windows(axis: int, steps: Sequence[Step]) -> Window | None:
    """What windows read, and along which axis they lie, where the next steps of a path pick positions and lay them in windows.

    Of the two new axes, that is the one whose windows lie farther apart; of two alike, the longer one.

    Args:
        axis: of frames.
        steps: the next ones.
    """
    if len(steps) < 2 or not isinstance(steps[0], Select | Window) or not isinstance(steps[1], Reshape):
        return None
    picked, into = _positions(steps[0]), steps[1].shape
    if steps[0].axis != axis or len(into) < axis + 2 or picked is None:
        return None
    rows, columns = into[axis : axis + 2]
    if rows * columns != len(picked) or min(rows, columns) < 2:
        return None
    table = picked.reshape(rows, columns)
    first, down, along = int(table[0, 0]), int(table[1, 0] - table[0, 0]), int(table[0, 1] - table[0, 0])
    even = first + down * np.arange(rows)[:, None] + along * np.arange(columns)
    if min(down, along) < 1 or not np.array_equal(table, even):
        return None
    if (down, rows) >= (along, columns):
        return Window(axis, rows, columns, down, along, -first)
    return Window(axis + 1, columns, rows, along, down, -first)


def _positions(step: Select | Window) -> np.ndarray | None:
    """The one position that each output position reads; None: not one."""
    if isinstance(step, Window):
        return np.arange(step.length) * step.stride - step.pad if step.kernel == 1 else None
    read = tables(step)
    return read.first if read is not None and np.array_equal(read.first, read.last) else None
