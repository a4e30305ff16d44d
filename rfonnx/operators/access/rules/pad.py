"""Access of Pad in its four modes; negative pads crop."""

from __future__ import annotations

import numpy as np

from rfonnx.operators.access.indexing import MAX_TABLE, control_paths
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Select, Step, Window


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
        elif length > MAX_TABLE:
            steps.append(Reduce((axis,)))
            notes.append(f"axis {axis} is too long for a table of its positions")
        else:
            index = source_positions(n, begin, end, mode)
            free = np.arange(length, dtype=np.int64) - begin
            steps.append(Select(axis, index, index, 1, 1, 1, free, free))
    paths = [Path(op.name(0), tuple(steps)), *control]
    if op.reads(2) and any(p > 0 for p in pads):
        paths += control_paths(op, (2,))
        notes.append("the value padded with is counted everywhere, though only padding reads it")
    return Access(tuple(paths), not notes, "; ".join(notes))


def source_positions(n: int, begin: int, end: int, mode: str) -> np.ndarray:
    """Position read by each position of a padded axis of length n; negative pads crop first, as onnxruntime does.

    >>> source_positions(4, 2, -1, "reflect").tolist()
    [2, 1, 0, 1, 2]
    """
    kept = np.arange(max(-begin, 0), n - max(-end, 0), dtype=np.int64)
    before, after = max(begin, 0), max(end, 0)
    offset = np.arange(-before, len(kept) + after, dtype=np.int64)
    if not len(kept):
        raise Unproven(f"mode {mode} has nothing to pad with")
    if mode == "edge":
        offset = np.clip(offset, 0, len(kept) - 1)
    elif mode == "wrap":
        offset %= len(kept)
    else:
        turn = max(2 * (len(kept) - 1), 1)
        offset = np.minimum(offset % turn, -offset % turn)
    return kept[offset]


def _unknown_pads(op: Op) -> Access:
    """Pads computed at run time: axes that keep their length may still be shifted; all is read."""
    note = "pads are computed at run time"
    axes = tuple(range(len(op.shape(0))))
    return Access((Path(op.name(0), (Reduce(axes),)), *control_paths(op, (1, 2, 3))), False, note)
