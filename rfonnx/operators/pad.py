"""Pad in its four modes (negative pads crop), and CenterCropPad.

Spelling: `pads` (begins of all axes, then ends; negative crops; None when computed at run time), `mode` ("constant", "reflect",
"edge", "wrap"), `value` (a float; None when computed at run time). CenterCropPad: `axes`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rfonnx.errors import malformed
from rfonnx.graph.nodes import Node
from rfonnx.operators.access.indexing import MAX_TABLE, control_paths, crop
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Select, Step, Window
from rfonnx.operators.access.runs import Run, Runs, constant, line, places, repeated
from rfonnx.operators.row import Unknown
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare

MOST_REPEATED = 64
"""Mirrored or wrapped around more often, what is padded with is told as one turn of it."""


@spelling("Pad")
def spell_pad(call: SpellCall) -> Node:
    """pads: attribute `paddings` in opset 1, `pads` in 2, an input from 11; from 18 for the axes of another input alone."""
    mode = call.word_attr("mode", "constant", ("constant", "reflect", "edge", "wrap"))
    if call.node.version < 11:
        pads = call.ints_attr("pads" if call.node.version >= 2 else "paddings")
        return call.with_attrs(pads=pads, mode=mode, value=call.float_attr("value", 0.0))
    return call.with_attrs(pads=_pads(call), mode=mode, value=_value(call))


def _pads(call: SpellCall) -> list[int] | None:
    pads, rank = call.constant_ints(1), call.rank(0)
    if pads is None or rank is None:
        return None
    axes: list[int] | None = list(range(rank))
    if call.name(3):
        axes = call.constant_ints(3)
    if axes is None:
        return None
    if len(pads) != 2 * len(axes):
        raise malformed(f"{call.node}: pads must have 2 values for each of {len(axes)} axes, but has {len(pads)}")
    full = [0] * 2 * rank
    for i, axis in enumerate(axes):
        along = call.positive_axis(axis, rank)
        full[along], full[rank + along] = pads[i], pads[len(axes) + i]
    return full


def _value(call: SpellCall) -> float | None:
    name = call.name(2)
    if not name:
        return 0.0
    value = call.graph.value(name)
    numeric = value is not None and value.size == 1 and value.dtype.kind in "fiub"
    return float(value.reshape(-1)[0]) if numeric and value is not None else None


@spelling("CenterCropPad")
def spell_center_crop_pad(call: SpellCall) -> Node:
    """axes default to all."""
    axes, rank = call.ints_attr("axes"), call.rank(0)
    if rank is not None:
        axes = list(range(rank)) if axes is None else [call.positive_axis(axis, rank) for axis in axes]
    return call.with_attrs(axes=axes)


@rule("Pad")
def pad(op: Op) -> Access:
    """Reads `o - begin`; beyond the border nothing (constant), the mirrored, the nearest or the opposite position. Exact.

    Reflect 1 of 3: 1,0,1,2,1. Edge 1 of 3: 0,0,1,2,2. Wrap 1 of 3: 2,0,1,2,0.
    """
    pads, mode, shape = op.attrs["pads"], op.attrs["mode"], op.shape(0)
    control = control_paths(op, (1, 3))
    if pads is None:
        return _unknown_pads(op)
    steps: list[Step] = []
    notes = []
    for axis, n in enumerate(shape):
        begin, end = pads[axis], pads[len(shape) + axis]
        length = n + begin + end
        if not begin and not end:
            continue
        if length < 0:
            raise Unproven(f"pads {begin}, {end} crop more than axis {axis} of length {n} has")
        if mode == "constant" or (begin <= 0 and end <= 0):
            steps.append(Window(axis, length, 1, 1, 1, begin))
        else:
            index = places(*source_positions(n, begin, end, mode))
            free = places(line(length, -begin))
            steps.append(Select(axis, index, index, 1, 1, 1, free, free))
    paths = [Path(op.name(0), tuple(steps)), *control]
    if op.reads(2) and any(p > 0 for p in pads):
        paths += control_paths(op, (2,))
        notes.append("the value padded with is counted everywhere, though only padding reads it")
    return Access(tuple(paths), not notes, "; ".join(notes))


def source_positions(n: int, begin: int, end: int, mode: str) -> Iterator[Run]:
    """Position read by each position of a padded axis of length n; negative pads crop first, as onnxruntime does.

    Raises:
        Unproven: there is nothing to pad with, or it is repeated too often to say.

    >>> Runs(source_positions(4, 2, -1, "reflect")).table().tolist()
    [2, 1, 0, 1, 2]
    """
    start, count = max(-begin, 0), n - max(-end, 0) - max(-begin, 0)
    before, after = max(begin, 0), max(end, 0)
    if count < 1:
        raise Unproven(f"mode {mode} has nothing to pad with")
    if mode == "edge" or count == 1:
        yield from (constant(before, start), line(count, start), constant(after, start + count - 1))
        return
    # One turn of what is read again and again: all of it, and back again where it is mirrored.
    sides = [line(count, start)] if mode == "wrap" else [line(count - 1, start), line(count - 1, start + count - 1, -1)]
    turn, total = sum(side.length for side in sides), before + count + after
    if total // count > MOST_REPEATED and turn > MAX_TABLE:
        raise Unproven(f"{count} positions are repeated {total // count} times")
    phase = -before % turn
    if total // count > MOST_REPEATED:
        yield repeated(total, np.roll(Runs(sides).table(), -phase), 0)
        return
    while total > 0:
        for side in sides:
            skipped, phase = min(phase, side.length), max(phase - side.length, 0)
            part = min(side.length - skipped, total)
            (slope,) = side.increments
            yield line(part, side.values[0] + skipped * slope, slope)
            total -= part


def _unknown_pads(op: Op) -> Access:
    """Pads computed at run time: axes that keep their length may still be shifted; all is read."""
    note = "pads are computed at run time"
    axes = tuple(range(len(op.shape(0))))
    return Access((Path(op.name(0), (Reduce(axes),)), *control_paths(op, (1, 2, 3))), False, note)


@rule("CenterCropPad")
def center_crop_pad(op: Op) -> Access:
    """Output o reads `o + (n-m)//2` when cropping n to m, `o - (m-n)//2` when padding. Exact."""
    shape, out = op.shape(0), op.out_shape()
    steps = [
        crop(axis, (n - m) // 2 if n > m else -((m - n) // 2), m)
        for axis, (n, m) in enumerate(zip(shape, out, strict=True))
        if n != m
    ]
    return Access((Path(op.name(0), tuple(steps)),))


declare("CenterCropPad", macs=0, manner=("regular",), moves=True)
declare("Pad", evaluation="fast", macs=0, manner=("regular",), moves=True, placed=True, takes_along=True)
declare("Pad", border="value", switched_off="padding")
declare("CenterCropPad", border=Unknown("where it begins depends on the length of the whole"))
