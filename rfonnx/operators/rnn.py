"""Recurrent layers: each direction reads the steps that came before in its own order, with all their features.

MACs are products with the weights; what gates multiply is elementwise. Sequences count as long as the tensor.
"""

from __future__ import annotations

from math import prod

import numpy as np

from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, Unproven, declare_everything, rule
from rfonnx.operators.access.primitives import Access, Path, Permute, Reduce, Reshape, Select, Step
from rfonnx.operators.counting import CountCall, counts
from rfonnx.operators.misfits import FitCall, lengths, misfit
from rfonnx.operators.row import Sequential
from rfonnx.operators.table import declare, microsoft

_REVERSED = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}


@misfit("RNN", "GRU", "LSTM")
def misfit_of(call: FitCall) -> str:
    """W is (directions, gates * hidden, features), R (directions, gates * hidden, hidden), B (directions, 2 * gates * hidden)."""
    x, w, r = call.shape(0), call.shape(1), call.shape(2)
    if x is None or w is None or r is None or len(x) != 3 or len(w) != 3 or len(r) != 3:
        return ""
    directions = 2 if call.node.attrs.get("direction") == "bidirectional" else 1
    wrong = lengths(call, 1, "weight W", (directions, w[1], x[2])) or lengths(call, 2, "weight R", (*w[:2], r[2]))
    return wrong or lengths(call, 3, "bias", (w[0], 2 * w[1]))


@rule("RNN", "GRU", "LSTM")
def recurrent(op: Op) -> list[Access]:
    """Y[t,d,b] reads all features of x[0..t,b] forward, of x[t..,b] in reverse, and initial_h[d,b]; in an LSTM initial_c[d,b]
    too, of which the first step reads its own feature only. Exact.

    A temporary of shape (time, directions, batch, hidden) holds the state of each step; Y, Y_h and Y_c pick from it."""
    batch_first = bool(op.attrs.get("layout", 0))
    reverse = _REVERSED.get(str(op.attrs.get("direction", "forward")).lower())
    if reverse is None:
        raise Unproven(f"direction {op.attrs['direction']!r} is unknown")
    swap: tuple[Step, ...] = (Permute((1, 0, 2)),) if batch_first else ()
    time, batch, _ = (op.shape(0)[i] for i in ((1, 0, 2) if batch_first else (0, 1, 2)))
    shape = (time, len(reverse), batch, op.shape(2)[2])

    paths = []
    for d, backward in enumerate(reverse):
        steps = positions(time)
        first, last = (steps, np.full_like(steps, time - 1)) if backward else (np.zeros_like(steps), steps)
        seen = (*swap, Reduce((2,)), Select(0, first, last), Reshape((time, 1, batch, 1)))
        paths.append(Path(op.name(0), (*seen, *_only(d, 1, len(reverse), spread=True))))
        age = time - 1 - steps if backward else steps
        paths += _weights(op, age, d, len(reverse))
        paths += _first_cell(op, swap, age, d, len(reverse))
    if op.reads(4):
        paths.append(Path(op.name(4), (Reshape((batch, 1)),)))
    if op.reads(5):
        paths.append(Path(op.name(5), (*swap, Reduce((2,)))))
    states = op.temporary(shape, Access(tuple(paths), *_certainty(op, time)))

    y = Access((Path(states, (Permute((2, 0, 1, 3)),) if batch_first else ()),))
    ends = []
    for d, backward in enumerate(reverse):
        end = np.array([0 if backward else time - 1], np.int64)
        ends.append(Path(states, (Select(0, end, end), Reshape(shape[1:]), *_only(d, 0, len(reverse)), *swap)))
    return [y, *[Access(tuple(ends))] * (len(op.node.outputs) - 1)]


def _weights(op: Op, age: np.ndarray, direction: int, directions: int) -> list[Path]:
    """What the steps of one direction read of weights and biases; `age`: steps before each, in the direction's order.

    A step reads the rows of its own feature, of all gates; through the states before it, which mix features, it reads all rows.
    A GRU's reset gate acts on the state before features are mixed, so that all its rows are read as soon as there is a state.
    """
    found = []
    hidden = op.shape(2)[2]
    for index in (1, 2, 3, 7) if op.node.op_type == "LSTM" else (1, 2, 3):
        if op.reads(index):
            since = 1 if index == 2 and not op.name(5) else 0  # no state yet that recurrent weights could act on
            columns: tuple[Step, ...] = (Reduce((2,)),) if index in (1, 2) else ()
            by_gate = Reshape((directions, op.shape(index)[1] // hidden, hidden))
            own = (*columns, by_gate, Reduce((1,)), Reshape((1, directions, 1, hidden)), _from_age(age, since))
            mixed = (*own[:-1], Reduce((3,)), _from_age(age, since + 1))
            ways = [own, mixed]
            if op.node.op_type == "GRU" and not op.attrs.get("linear_before_reset", 0):
                ways.append((*columns, by_gate, *_reset_gate(op, index), _from_age(age, 0 if op.name(5) else 1)))
            found += [Path(op.name(index), (*steps, *_only(direction, 1, directions))) for steps in ways]
    return found


def _reset_gate(op: Op, index: int) -> tuple[Step, ...]:
    """All rows of the second of the gates z, r, h; a bias has those of W, then those of R."""
    gates = np.array([1, 4] if index == 3 else [1], np.int64)
    return (Select(1, gates, gates), Reduce((1, 2)), Reshape((1, op.shape(index)[0], 1, 1)))


def _first_cell(op: Op, swap: tuple[Step, ...], age: np.ndarray, direction: int, directions: int) -> list[Path]:
    """What the steps of one direction read of initial_c: their own feature, and through later states all."""
    if op.node.op_type != "LSTM" or not op.reads(6):
        return []
    batch = op.shape(6)[0 if swap else 1]
    lifted = (*swap, Reduce((2,)), Reshape((1, directions, batch, 1)), _from_age(age, 1))
    return [Path(op.name(6), swap), Path(op.name(6), (*lifted, *_only(direction, 1, directions)))]


def _from_age(age: np.ndarray, least: int) -> Select:
    """An axis of length 1 becomes that of the steps; those with fewer than `least` before them read nothing."""
    return Select(0, np.zeros_like(age), np.where(age >= least, 0, -1))


def _certainty(op: Op, time: int) -> tuple[bool, str]:
    lengths = op.value(4)
    if op.name(4) and (lengths is None or (lengths != time).any()):
        return False, "sequences end where sequence_lens says: taken as long as the tensor"
    if op.node.op_type == "LSTM" and op.reads(7) and not op.name(6):
        return False, "peepholes are taken to act in the first step, which has no cell to peep at"
    return True, ""


def _only(position: int, axis: int, length: int, spread: bool = False) -> tuple[Step, ...]:
    """An axis of which one position reads itself, or, when it was spread from length 1, what there is; the others nothing."""
    if length == 1:
        return ()
    places = positions(length)
    first = np.zeros_like(places) if spread else places
    return (Select(axis, first, np.where(places == position, first, first - 1)),)


@counts("RNN", "GRU", "LSTM", "com.microsoft.DynamicQuantizeLSTM")
def recurrent_macs(call: CountCall) -> int:
    """Each step of each direction multiplies the input by W (directions, gates * hidden, input) and the state by R (directions,
    gates * hidden, hidden)."""
    return prod(call.shape(0)[:2]) * (prod(call.shape(1)) + prod(call.shape(2)))


declare_everything("its scale is taken of all values at run time", *microsoft("DynamicQuantizeLSTM"))

declare("GRU", "RNN", layered=True, manner=(), recurrent=Sequential((0,), (5,)))
declare("LSTM", layered=True, manner=(), recurrent=Sequential((0,), (5, 6)))
declare(
    "com.microsoft.DynamicQuantizeLSTM",
    layered=True,
    manner=(),
    quantised=True,
    recurrent=Sequential((0,), (5, 6)),
    stands_for="LSTM",
)
declare("GRU", "LSTM", "RNN", carries="layer")
