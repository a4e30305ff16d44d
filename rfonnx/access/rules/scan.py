"""Access of running sums and products."""

from __future__ import annotations

import numpy as np

from rfonnx.access.indexing import MAX_TABLE, control_paths
from rfonnx.access.primitives import Access, Path, Reduce, Select, Step
from rfonnx.access.registry import Op, rule


@rule("CumSum", "CumProd")
def cumulate(op: Op) -> Access:
    """Position o reads `0..o` along the axis; `..o-1` when exclusive; `o..n-1` in reverse. Exact.

    Exclusive of 3: nothing, 0, 0..1.
    """
    shape, axis, name = op.shape(0), op.attrs["axis"], op.name(0)
    control = control_paths(op, (1,))
    if axis is None:
        everywhere: Step = Reduce(tuple(range(len(shape))))
        return Access((Path(name, (everywhere,)), *control), False, "the axis is computed at run time")
    if shape[axis] > MAX_TABLE:
        return Access((Path(name, (Reduce((axis,)),)), *control), False, f"axis {axis} is too long for a table")
    n, skip = shape[axis], int(bool(op.attrs["exclusive"]))
    position = np.arange(n, dtype=np.int64)
    if op.attrs["reverse"]:
        step = Select(axis, position + skip, np.full(n, n - 1, np.int64))
    else:
        step = Select(axis, np.zeros(n, np.int64), position - skip)
    return Access((Path(name, (step,)), *control))
