"""Running sums and products. Spelling: `axis` (None when computed at run time), `exclusive`, `reverse`."""

from __future__ import annotations

import numpy as np

from rfonnx.graph.nodes import Node
from rfonnx.operators.access.indexing import MAX_TABLE, control_paths
from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Select, Step
from rfonnx.operators.row import Unknown
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare


@spelling("CumSum", "CumProd")
def spell_cumulate(call: SpellCall) -> Node:
    """axis is an input."""
    axis, rank = call.constant_int(1), call.rank(0)
    known = None if axis is None or rank is None else call.positive_axis(axis, rank)
    return call.with_attrs(axis=known, exclusive=call.int_attr("exclusive", 0), reverse=call.int_attr("reverse", 0))


@rule("CumSum", "CumProd")
def cumulate(op: Op) -> Access:
    """Position o reads `0..o` along the axis; `..o-1` when exclusive; `o..n-1` in reverse. Exact.

    Exclusive of 3: nothing, 0, 0..1.
    """
    shape, axis, name = op.shape(0), op.attrs["axis"], op.name(0)
    if axis is None and len(shape) > 1:
        paths = tuple(Path(name, (_running(op, axis, n),)) for axis, n in enumerate(shape))
        return Access((*paths, *control_paths(op, (1,))), False, "the axis is computed at run time: each is counted")
    step = _running(op, axis or 0, shape[axis or 0])
    narrow = isinstance(step, Select)
    return Access((Path(name, (step,)),), narrow, "" if narrow else "the axis is too long for a table of its positions")


def _running(op: Op, axis: int, n: int) -> Step:
    if n > MAX_TABLE:
        return Reduce((axis,))
    position, skip = np.arange(n, dtype=np.int64), int(bool(op.attrs["exclusive"]))
    if op.attrs["reverse"]:
        return Select(axis, position + skip, np.full(n, n - 1, np.int64))
    return Select(axis, np.zeros(n, np.int64), position - skip)


declare("CumProd", "CumSum", macs=0, manner=("regular",))
declare("CumProd", "CumSum", family="recurrence")
declare("CumSum", evaluation="fast")
declare("CumSum", carries="sum")
declare("CumProd", carries=Unknown("the product of what came: nobody wrote it"))
