"""Reductions over axes.

Spelling: `axes` (sorted list; None when computed at run time or the rank is unknown) and `keepdims`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from rfonnx.graph.nodes import Node
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Step
from rfonnx.operators.access.shared import axes_of
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare, named

_REDUCTIONS = named(
    """
    ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare
    """
)


@spelling(*_REDUCTIONS)
def spell_reduce(call: SpellCall) -> Node:
    """Axes are an attribute or, since opset 13 (ReduceSum) and 18, an input; none at all means all, or with
    `noop_with_empty_axes` none."""
    rank = call.rank(0)
    keepdims = call.int_attr("keepdims", 1)
    axes = call.ints_attr("axes")
    index = len(call.node.inputs) if call.node.domain else 1  # elsewhere input 1 is no list of axes
    if axes is None and call.name(index):
        axes = call.constant_ints(index)
        if axes is None:
            return call.with_attrs(axes=None, keepdims=keepdims)
    if rank is None:
        return call.with_attrs(axes=None, keepdims=keepdims)
    if not axes:
        axes = [] if call.int_attr("noop_with_empty_axes", 0) else list(range(rank))
    return call.with_attrs(axes=call.positive_axes(axes, rank), keepdims=keepdims)


@spelling("ArgMax", "ArgMin")
def spell_arg_reduce(call: SpellCall) -> Node:
    """One axis, 0 by default."""
    rank = call.rank(0)
    axes = None if rank is None else [call.axis_attr(0, rank)]
    return call.with_attrs(axes=axes, keepdims=call.int_attr("keepdims", 1))


@rule(*_REDUCTIONS, "ArgMax", "ArgMin")
def reduce(op: Op) -> Access:
    """y reads x along `axes`. Exact.

    Axes that are computed at run time show in the output's shape; where several fit, all of them are taken,
    and the axes are read.
    """
    if op.attrs["axes"] is not None:
        return Access((Path(op.name(0), reduce_steps(op)),))
    shape, out = op.shape(0), op.out_shape()
    choices = list(itertools.islice(_possible_axes(shape, out, bool(op.attrs["keepdims"])), _MOST + 1))
    if not 0 < len(choices) <= _MOST:
        raise Unproven("its axes are computed at run time")
    paths = [Path(op.name(0), (Reduce(axes), Reshape(out))) for axes in choices]
    if len(choices) == 1:
        return Access(tuple(paths))
    note = "its axes are computed at run time: all that fit its shape are taken"
    paths += [Path(op.name(1), (Reduce((0,)), Reshape(())))] if op.reads(1) else []
    return Access(tuple(paths), False, note)


_MOST = 8
"""Most sets of axes that are told apart."""


def _possible_axes(shape: tuple[int, ...], out: tuple[int, ...], keepdims: bool) -> Iterator[tuple[int, ...]]:
    """Sets of axes whose reduction turns one shape into the other; axes of length 1 are left out where they do not matter.

    >>> list(_possible_axes((3, 2, 2), (3, 2), False))
    [(1,), (2,)]
    """
    if keepdims:
        if len(shape) == len(out) and all(b in (a, 1) for a, b in zip(shape, out, strict=True)):
            yield tuple(i for i, (a, b) in enumerate(zip(shape, out, strict=True)) if a != b)
        return
    gone = max(len(shape) - len(out), 0)
    seen = set()
    for axes in itertools.islice(itertools.combinations(range(len(shape)), gone), _TRIED):
        if tuple(n for i, n in enumerate(shape) if i not in axes) == out:
            matter = tuple(i for i in axes if shape[i] != 1)
            if matter not in seen:
                seen.add(matter)
                yield matter


_TRIED = 1000
"""Most sets of axes that are tried."""


def reduce_steps(op: Op) -> tuple[Step, ...]:
    """Everything along `axes`, which stay as ones or go, as `keepdims` says."""
    reduction = Reduce(axes_of(op))
    return (reduction,) if op.attrs["keepdims"] else (reduction, Reshape(op.out_shape()))


declare("ArgMax", "ArgMin", macs=0, manner=("regular",))
declare("ArgMax", "ArgMin", family="pooling")
declare(*_REDUCTIONS, macs=0, manner=("order free",))
declare(*named("ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum"), evaluation="fast")
declare(*named("ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin ReduceSum ReduceSumSquare"), sums_to_zero=True)
declare("ReduceMean", maps=True, statistic="mean")
declare("ReduceSum", statistic="sum")
declare("ReduceMax", statistic="max")
declare("ReduceMin", statistic="min")
declare("ReduceProd", statistic="product")
declare("ReduceSumSquare", statistic="squares")
declare("ReduceL1", statistic="l1")
declare("ReduceL2", statistic="l2")
declare("ReduceLogSum", statistic="log sum")
declare("ReduceLogSumExp", statistic="log sum exp")
