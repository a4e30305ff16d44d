"""Operators that make positions, or keep some: by a number, or by the values that they read. Spelling:

OneHot: `axis` (of the output), `depth` (None when not known). Trilu: `upper`, `k` (None when not known).
TopK: `axis`, `k`, `largest`, `sorted`.
"""

from __future__ import annotations

import numpy as np

from rfonnx.graph.nodes import Node
from rfonnx.operators.access.indexing import MAX_FLAT, control_paths, pick
from rfonnx.operators.access.masks import LARGEST
from rfonnx.operators.access.op import Op, declare_everything, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape
from rfonnx.operators.shaping import same, shapes
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare

declare_everything("which positions come out is data", "NonZero", "Unique", "NonMaxSuppression")


@spelling("OneHot")
def spell_one_hot(call: SpellCall) -> Node:
    """axis counts the axes of the output, one more than indices has."""
    rank = call.rank(0)
    axis = call.axis_attr(-1, None if rank is None else rank + 1)
    return call.with_attrs(axis=axis, depth=call.constant_int(1))


@spelling("Trilu", "com.microsoft.Trilu")
def spell_trilu(call: SpellCall) -> Node:
    """The diagonal k is an input, 0 when left out."""
    k = call.constant_int(1) if call.name(1) else 0
    return call.with_attrs(upper=call.int_attr("upper", 1), k=k)


@spelling("TopK")
def spell_top_k(call: SpellCall) -> Node:
    """k: an attribute in opset 1, an input from 10."""
    k = call.constant_int(1) if call.node.version >= 10 else call.int_attr("k", 1)
    return call.with_attrs(
        axis=call.axis_attr(-1, call.rank(0)),
        k=k,
        largest=call.int_attr("largest", 1),
        sorted=call.int_attr("sorted", 1),
    )


@rule("OneHot")
def one_hot(op: Op) -> Access:
    """Each output reads the index at its position. Exact for constant depth and values."""
    axis, indices = op.attrs["axis"], op.shape(0)
    control = control_paths(op, (1, 2))
    path = Path(op.name(0), (Reshape((*indices[:axis], 1, *indices[axis:])),))
    return Access((path, *control), not control, "depth or values are computed at run time" if control else "")


@rule("Trilu", "com.microsoft.Trilu")
def trilu(op: Op) -> Access:
    """Kept positions read themselves, zeroed ones nothing. Exact for a constant k; of matrices of over
    MAX_FLAT elements it is left to `rfonnx.operators.access.certain` what is zeroed."""
    *batch, rows, columns = op.shape(0)
    k = op.attrs["k"]
    if k is None:
        return Access((Path(op.name(0)), *control_paths(op, (1,))), False, "the diagonal is computed at run time")
    above, below = (k <= 1 - rows, k >= columns - 1)
    if above if op.attrs["upper"] else below:
        return Access((Path(op.name(0)),))
    if rows * columns > MAX_FLAT:
        known = rows * columns <= LARGEST
        return Access((Path(op.name(0)),), known, "" if known else "positions that are zeroed are counted")
    diagonal = np.arange(columns)[None, :] - np.arange(rows)[:, None]
    kept = diagonal >= k if op.attrs["upper"] else diagonal <= k
    index = np.where(kept.reshape(-1), np.arange(rows * columns), -1)
    merged = Reshape((*batch, rows * columns))
    return Access((Path(op.name(0), (merged, pick(len(batch), index), Reshape(op.shape(0)))),))


@rule("TopK")
def top_k(op: Op) -> Access:
    """Any of the k values can come from anywhere along the axis. Exact."""
    control = control_paths(op, (1,))
    path = Path(op.name(0), (Reduce((op.attrs["axis"],)),))
    return Access((path, *control), not control, "k is computed at run time" if control else "")


shapes("com.microsoft.Trilu")(same)

declare("NonMaxSuppression", "TopK", "com.microsoft.Trilu", macs=0, manner=())
declare("NonMaxSuppression", "NonZero", "TopK", "Unique", "com.microsoft.Trilu", family="movement")
declare("NonZero", evaluation="fast", macs=0, manner=(), sized_by_values=True)
declare("OneHot", macs=0, manner=(), shape_floats=(1,))
declare("Trilu", evaluation="fast", macs=0, manner=(), may_fix=True, moves=True)
declare("Unique", macs=0, manner=(), sized_by_values=True)
