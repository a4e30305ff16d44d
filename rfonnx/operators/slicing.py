"""Operators that cut and join along an axis. Spelling:

Slice: `axes` (None when computed at run time), `starts`, `ends`, `steps`: one per entry of axes, all resolved against the shape
    and clamped; `ends` is exclusive, and -1 for a negative step that runs through position 0. None when not known.
Split: `axis`, `split` (lengths of the outputs; None when not known). Concat: `axis`.
"""

from __future__ import annotations

import numpy as np

from rfonnx.errors import malformed
from rfonnx.graph.nodes import Node
from rfonnx.operators.access import runs
from rfonnx.operators.access.indexing import control_paths, crop
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Select, Step, Window
from rfonnx.operators.access.runs import line, places
from rfonnx.operators.access.shared import BY_DATA
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare


@spelling("Slice")
def spell_slice(call: SpellCall) -> Node:
    """starts, ends, axes: attributes in opset 1, inputs from 10, which also brought steps."""
    starts, ends, axes, steps = _given(call)
    shape = call.shape(0)
    if axes is not None and shape is not None:
        axes = [call.positive_axis(axis, len(shape)) for axis in axes]
    unresolved = call.with_attrs(axes=axes, starts=None, ends=None, steps=steps)
    if shape is None or starts is None or ends is None or axes is None or steps is None:
        return unresolved
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise malformed(
            f"{call.node}: starts, ends, axes and steps must have one length, and no step be 0, but came as"
            f" {starts}, {ends}, {axes}, {steps}"
        )
    lengths = [shape[axis] for axis in axes]
    return unresolved if None in lengths else _resolved(call, starts, ends, axes, steps, [n or 0 for n in lengths])


def _resolved(
    call: SpellCall, starts: list[int], ends: list[int], axes: list[int], steps: list[int], lengths: list[int]
) -> Node:
    """All of it known: sorted by axis, starts and ends counted from the front."""
    resolved = sorted(
        (axis, *slice_bounds(start, end, step, n), step)
        for axis, start, end, step, n in zip(axes, starts, ends, steps, lengths, strict=True)
    )
    names = ("axes", "starts", "ends", "steps")
    return call.with_attrs(**{name: [entry[i] for entry in resolved] for i, name in enumerate(names)})


def _given(call: SpellCall) -> tuple[list[int] | None, ...]:
    """starts, ends, axes and steps, those that are left out filled in; None where they are not known."""
    if call.node.version < 10:
        starts, ends, axes = (call.ints_attr(name) for name in ("starts", "ends", "axes"))
        steps, all_axes, ones = None, axes is None, True
    else:
        starts, ends, axes, steps = (call.constant_ints(i) for i in (1, 2, 3, 4))
        all_axes, ones = not call.name(3), not call.name(4)
    given = call.shape(1)
    count = len(starts) if starts is not None else given[0] if given else None
    rank = call.rank(0)
    if count is not None and rank is not None and count > rank:
        raise malformed(f"{call.node}: slices {count} axes of a tensor of {rank}")
    if all_axes and count is not None:
        axes = list(range(count))
    if ones and count is not None:
        steps = [1] * count
    return starts, ends, axes, steps


def slice_bounds(start: int, end: int, step: int, n: int) -> tuple[int, int]:
    """First position and exclusive end of a slice of an axis of length n, clamped as the Slice specification says.

    >>> slice_bounds(-3, 2**62, 1, 10), slice_bounds(2**62, -(2**62), -2, 10)
    ((7, 10), (9, -1))
    """
    start = start + n if start < 0 else start
    end = end + n if end < 0 else end
    if step > 0:
        return min(max(start, 0), n), min(max(end, 0), n)
    return min(max(start, 0), n - 1), min(max(end, -1), n - 1)


@spelling("Split")
def spell_split(call: SpellCall) -> Node:
    """split: an input in opset 1 and from 13, an attribute between; equal parts when left out, the last perhaps smaller."""
    shape = call.shape(0)
    axis = call.axis_attr(0, None if shape is None else len(shape))
    lengths = call.constant_ints(1) if call.name(1) else call.ints_attr("split")
    parts = call.int_attr("num_outputs", len(call.node.outputs))
    n = shape[axis] if shape else None
    if lengths is None and not call.name(1) and n is not None and parts > 0:
        each = -(-n // parts)
        lengths = [min(each, max(n - i * each, 0)) for i in range(parts)]
    return call.with_attrs(axis=axis, split=lengths)


@spelling("Concat")
def spell_concat(call: SpellCall) -> Node:
    """axis defaults to 1 in opset 1."""
    ranks = (call.rank(i) for i in range(len(call.node.inputs)))
    return call.with_attrs(axis=call.axis_attr(1, next((rank for rank in ranks if rank is not None), None)))


@rule("Slice")
def slice_(op: Op) -> Access:
    """Output o reads `start + o*step`. Exact, when starts are known or can only be one value.

    x[5:25:2]: 5, 7, 9 ... With starts computed at run time: every place where a slice of the output's length can lie.
    """
    axes, starts, ends, steps = (op.attrs[name] for name in ("axes", "starts", "ends", "steps"))
    shape, out = op.shape(0), op.out_shape()
    control = control_paths(op, range(1, len(op.node.inputs)))
    if starts is not None:
        windows = tuple(
            Window(axis, max(-(-(end - start) // step), 0), 1, step, 1, -start)
            for axis, start, end, step in zip(axes, starts, ends, steps, strict=True)
            if (start, end, step) != (0, shape[axis], 1)
        )
        return Access((Path(op.name(0), windows), *control), not control, BY_DATA if control else "")
    if axes is None:  # any axis may be one of them; steps are 1 when left out
        axes, steps = range(len(shape)), None if op.name(4) else [1] * len(shape)
    found = [
        _anywhere(axis, shape[axis], out[axis], step)
        for axis, step in zip(axes, steps or [None] * len(axes), strict=True)
    ]
    exact = not control and all(step is None for step in found)
    note = "" if exact else "where the slice starts is computed at run time"
    return Access((Path(op.name(0), tuple(step for step in found if step)), *control), exact, note)


def _anywhere(axis: int, n: int, length: int, step: int | None) -> Step | None:
    """A slice of unknown start: o reads any position that leaves room for the rest; None when that is o itself.

    Of an unknown step too: the room is largest for steps of 1 and -1.
    """
    if step == 1 and length == n:
        return None
    if length == 0:
        return crop(axis, 0, 0)
    # Positions before o, and behind it, that the slice reads too: they lie so far from either end.
    top, apart = n - 1, abs(step or 1)
    most = (length - 1) * apart
    if step is None:
        half = (length + 1) // 2
        nearer = [line(half, 0), line(length - half, length - half - 1, -1)]
        farther = [line(half, top, -1), line(length - half, top - (length - half - 1))]
        return Select(axis, places(*nearer), places(*farther))
    if step > 0:
        return Select(axis, places(line(length, 0, apart)), places(line(length, top - most, apart)))
    return Select(axis, places(line(length, most, -apart)), places(line(length, top, -apart)))


@rule("Split")
def split(op: Op) -> list[Access]:
    """Output k reads its own part. Exact."""
    axis, start, result = op.attrs["axis"], 0, []
    for number, name in enumerate(op.node.outputs):
        lengths = op.attrs["split"]
        length = lengths[number] if lengths is not None else op.out_shape(number)[axis] if name else None
        if length is None:
            raise Unproven("the lengths of the parts are computed at run time")
        result.append(Access((Path(op.name(0), (crop(axis, start, length),)),)))
        start += length
    return result


@rule("Concat")
def concat(op: Op) -> Access:
    """Each part is read in its own stretch of the axis. Exact.

    A part among zeros (put before a causal conv, say) goes on beyond its ends, as zero padding would; one among other constants
    (the class token of a transformer) does not.
    """
    axis, total = op.attrs["axis"], op.out_shape()[op.attrs["axis"]]
    parts = [i for i, name in enumerate(op.node.inputs) if name]
    others = [i for i in parts if not op.reads(i)]
    padded = len(parts) - len(others) == 1 and all(_zeros(op.value(i)) for i in others)
    paths, start = [], 0
    for i in parts:
        length = op.shape(i)[axis]
        if op.reads(i):
            step: Step = Window(axis, total, 1, 1, 1, start) if padded else stretch(axis, total, start, length)
            paths.append(Path(op.name(i), () if length == total else (step,)))
        start += length
    return Access(tuple(paths))


def _zeros(value: np.ndarray | None) -> bool:
    return value is not None and not value.any()


def stretch(axis: int, total: int, start: int, length: int) -> Select:
    """Of an axis of length total, `start .. start+length-1` reads 0 .. length-1; the rest reads nothing."""
    if start + length > total:
        raise Unproven(f"axis {axis} of length {total} is too short for its parts")
    return Select(axis, runs.stretch(total, start, length, 0), runs.stretch(total, start, length, -1))


declare(
    "Concat", evaluation="fast", inferred_since=11, macs=0, manner=("joined", "regular"), moves=True, takes_along=True
)
declare("Slice", evaluation="fast", macs=0, manner=("regular",), moves=True, placed=True, takes_along=True)
declare("Split", evaluation="fast", macs=0, manner=("regular",), moves=True, placed=True)
declare("Slice", switched_off="axes")
