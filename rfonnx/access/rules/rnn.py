"""Recurrent layers: each direction reads the steps that came before in its own order, with all their features."""

from __future__ import annotations

import numpy as np

from rfonnx.access.primitives import Access, Path, Permute, Reduce, Reshape, Select, Step
from rfonnx.access.registry import Op, Unproven, rule

_REVERSED = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}


@rule("RNN", "GRU")
def recurrent(op: Op) -> list[Access]:
    """Y[t,d,b] reads all features of x[0..t,b] forward, of x[t..,b] in reverse, and initial_h[d,b]. Exact for known weights."""
    return _recurrent(op)


@rule("LSTM")
def lstm(op: Op) -> list[Access]:
    """As `recurrent`, and initial_c[d,b], of which the first step reads its own feature only. Exact for constant weights."""
    return _recurrent(op)


def _recurrent(op: Op) -> list[Access]:
    """A temporary of shape (time, directions, batch, hidden) holds the state of each step; Y, Y_h and Y_c pick from it."""
    batch_first = bool(op.attrs.get("layout", 0))
    reverse = _REVERSED.get(str(op.attrs.get("direction", "forward")).lower())
    if reverse is None:
        raise Unproven(f"direction {op.attrs['direction']!r} is unknown")
    swap: tuple[Step, ...] = (Permute((1, 0, 2)),) if batch_first else ()
    time, batch, _ = (op.shape(0)[i] for i in ((1, 0, 2) if batch_first else (0, 1, 2)))
    shape = (time, len(reverse), batch, op.shape(2)[2])

    paths = []
    for d, backward in enumerate(reverse):
        steps = np.arange(time, dtype=np.int64)
        first, last = (steps, np.full_like(steps, time - 1)) if backward else (np.zeros_like(steps), steps)
        seen = (*swap, Reduce((2,)), Select(0, first, last), Reshape((time, 1, batch, 1)))
        paths.append(Path(op.name(0), (*seen, *_spread(1, len(reverse), d))))
        if op.node.op_type == "LSTM" and op.reads(6):
            later = Select(0, np.zeros_like(steps), np.where(steps == (time - 1 if backward else 0), -1, 0))
            lifted = (*swap, Reduce((2,)), Reshape((1, len(reverse), batch, 1)), later)
            paths.append(Path(op.name(6), (*lifted, *_keep(1, len(reverse), d))))
    paths += [Path(name, steps) for name, steps in _of_all_steps(op, swap, len(reverse), batch)]
    states = op.temporary(shape, Access(tuple(paths), *_certainty(op, time)))

    y = Access((Path(states, (Permute((2, 0, 1, 3)),) if batch_first else ()),))
    ends = []
    for d, backward in enumerate(reverse):
        end = np.array([0 if backward else time - 1], np.int64)
        ends.append(Path(states, (Select(0, end, end), Reshape(shape[1:]), *_keep(0, len(reverse), d), *swap)))
    return [y, *[Access(tuple(ends))] * (len(op.node.outputs) - 1)]


def _of_all_steps(op: Op, swap: tuple[Step, ...], directions: int, batch: int) -> list[Path]:
    """What every step reads: weights and biases (they mix all features from the second step on), lengths, initial states."""
    paths = []
    for index in (1, 2, 3, 7) if op.node.op_type == "LSTM" else (1, 2, 3):
        if op.reads(index):
            whole = Reduce(tuple(range(1, len(op.shape(index)))))
            paths.append(Path(op.name(index), (whole, Reshape((directions, 1, 1)))))
    if op.reads(4):
        paths.append(Path(op.name(4), (Reshape((batch, 1)),)))
    if op.reads(5):
        paths.append(Path(op.name(5), (*swap, Reduce((2,)))))
    if op.node.op_type == "LSTM" and op.reads(6):
        paths.append(Path(op.name(6), swap))
    return paths


def _certainty(op: Op, time: int) -> tuple[bool, str]:
    lengths = op.value(4)
    if op.name(4) and (lengths is None or (lengths != time).any()):
        return False, "sequences end where sequence_lens says: taken as long as the tensor"
    if any(op.reads(index) for index in (1, 2, 3, 7)):
        return False, "weights that are computed are taken to act in every step and on every feature"
    return True, ""


def _spread(axis: int, length: int, position: int) -> tuple[Step, ...]:
    """An axis of length 1 made `length` long, where one position reads it and the others nothing."""
    if length == 1:
        return ()
    places = np.arange(length, dtype=np.int64)
    return (Select(axis, np.zeros_like(places), np.where(places == position, 0, -1)),)


def _keep(axis: int, length: int, position: int) -> tuple[Step, ...]:
    """An axis of which one position reads itself and the others nothing."""
    if length == 1:
        return ()
    places = np.arange(length, dtype=np.int64)
    return (Select(axis, places, np.where(places == position, places, places - 1)),)
