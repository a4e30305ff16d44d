"""LSTM, GRU and RNN, backpropagated through time by a Scan with a small body.

All gates follow from x and the *previous* outputs, which the forward operator gives (its output Y), so they are computed for all
steps at once; only what flows from step to step is scanned. Letters as in the ONNX specification: T steps, B batch, H hidden
size; gates i, o, f, c of LSTM and z, r, h of GRU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rfonnx.gradient.loops import Step, scan
from rfonnx.gradient.op import Op
from rfonnx.gradient.registry import ZERO, Gradients, Unsupported, Zero, rule
from rfonnx.gradient.rules.shared import positive
from rfonnx.gradient.values import Value

_END = 2**31


@dataclass(frozen=True, slots=True)
class Activation:
    """A function, and its slope as a function of the function's value."""

    function: Callable[[Value], Value]
    slope: Callable[[Value], Value]


_ACTIVATIONS = {
    "Sigmoid": Activation(lambda x: x.emit("Sigmoid", x), lambda y: y * (1.0 - y)),
    "Tanh": Activation(lambda x: x.emit("Tanh", x), lambda y: 1.0 - y * y),
    "Relu": Activation(lambda x: x.emit("Relu", x), positive),
    "HardSigmoid": Activation(
        lambda x: x.emit("HardSigmoid", x, alpha=0.2, beta=0.5), lambda y: positive(y * (1.0 - y)) * 0.2
    ),
}


class Direction:
    """One direction of a recurrent operator: its weights, its tensors as (T, B, ...), and the order of its steps."""

    def __init__(self, op: Op, index: int, gates: int) -> None:
        self.op = op
        self.index = index
        self.backward = op.attrs.get("direction", "forward") == "reverse" or index == 1
        self.hidden = op.shape(2)[2]
        self.steps, self.batch = (op.shape()[1], op.shape()[0]) if _batch_first(op) else op.shape()[:2]
        self.w = self.part(op.x(1), 0)
        self.r = self.part(op.x(2), 0)
        self.bias = (
            self.part(op.x(3), 0) if op.has(3) else op.emit.constant(np.zeros(2 * gates * self.hidden, self.w.dtype))
        )
        self.x = _time_first(op, op.x(), 3)
        self.running = self._running()
        self.y = self.part(_time_first(op, op.demand(0), 4), 1)

    def _running(self) -> Value | None:
        """1 at the steps of each sequence and 0 behind its end, (T, B, 1); None when all run to the last step."""
        if not self.op.has(4):
            return None
        known = self.op.value(4)
        if known is not None and (known == self.steps).all():
            return None
        emit = self.op.emit
        place = emit.constant(np.arange(self.steps, dtype=np.int32).reshape(-1, 1, 1))
        return emit("Less", place, self.op.x(4).reshape([1, self.batch, 1])).cast(self.w.dtype)

    def scan(
        self, step: Step, states: list[Value], inputs: list[Value], backwards: bool = False
    ) -> tuple[list[Value], list[Value]]:
        """A step along time, in this direction or on the way back; inputs and outputs in the order of time.

        Behind the end of a sequence states stay as they are, and outputs are the states (or zeros, on the way back).
        """
        given = [self.ordered(v, backwards) for v in inputs]
        if self.running is None:
            last, outputs = scan(self.op.emit, step, states, given)
        else:

            def masked(before: list[Value], now: list[Value]) -> tuple[list[Value], list[Value]]:
                run = now[0]
                after, made = step(before, now[1:])
                kept = [b + (a - b) * run for a, b in zip(after, before, strict=True)]
                return kept, [m * run for m in made] if backwards else kept

            last, outputs = scan(self.op.emit, masked, states, [self.ordered(self.running, backwards), *given])
        return last, [self.ordered(v, backwards) for v in outputs]

    def part(self, value: Value, axis: int) -> Value:
        """This direction's slice of an axis of directions, which is dropped."""
        return value.slice(axis, self.index, self.index + 1).squeeze([axis])

    def initial(self, index: int) -> Value:
        """The initial state that input `index` gives, (1, B, H); zeros when it is left out."""
        if not self.op.has(index):
            return self.op.emit.constant(np.zeros((1, self.batch, self.hidden), self.w.dtype))
        state = self.op.x(index).transpose([1, 0, 2]) if _batch_first(self.op) else self.op.x(index)
        return state.slice(0, self.index, self.index + 1)

    def before(self, states: Value, initial: Value) -> Value:
        """Every step's previous state."""
        if self.steps == 1:
            return initial
        emit = self.op.emit
        if self.backward:
            after = states.slice(0, 1, self.steps)
            if self.running is not None:
                after = initial + (after - initial) * self.running.slice(0, 1, self.steps)
            return emit.concat([after, initial], 0)
        return emit.concat([initial, states.slice(0, 0, self.steps - 1)], 0)

    def ordered(self, value: Value, backwards: bool = False) -> Value:
        """In the order of the steps, or of the way back; the same call undoes it."""
        return value.slice(0, -1, -_END, -1) if self.backward != backwards else value

    def activations(self, defaults: list[str]) -> list[Activation]:
        """This direction's functions."""
        attrs = self.op.attrs
        names = attrs.get("activations") or defaults * (self.index + 1)
        chosen = names[self.index * len(defaults) : (self.index + 1) * len(defaults)]
        if any(name not in _ACTIVATIONS for name in chosen) or attrs.get("activation_alpha") or attrs.get("clip"):
            raise Unsupported(f"its activations are {chosen}, or have parameters or a clip")
        return [_ACTIVATIONS[name] for name in chosen]

    def weights(self, matrix: Value, gate: int) -> Value:
        """Rows of one gate."""
        return matrix.slice(0, gate * self.hidden, (gate + 1) * self.hidden)

    def arriving(self) -> tuple[Value, Value, Value]:
        """Gradients of this direction's output at every step (T, B, H), of the last one and of the last cell (B, H)."""
        op = self.op
        every, last, cell = (*op.gradients, None, None)[:3]
        found = None if every is None else self.part(_time_first(op, every, 4), 1)
        finals = [
            None if v is None else self.part(v.transpose([1, 0, 2]) if _batch_first(op) else v, 0) for v in (last, cell)
        ]
        known = next(
            v for v in (*finals, None if found is None else found.slice(0, 0, 1).squeeze([0])) if v is not None
        )
        none = zeros_like(known)
        if found is None:
            found = none.expand([self.steps, 1, 1])
        return found, finals[0] or none, finals[1] or none


def zeros_like(value: Value) -> Value:
    """Zeros of a value's shape."""
    return value.emit("Expand", value.emit.scalar(0.0, value.dtype), value.emit.shape_of(value))


def _batch_first(op: Op) -> bool:
    return bool(op.attrs.get("layout", 0))


def _time_first(op: Op, value: Value, rank: int) -> Value:
    """(T, [D,] B, n), from (B, T, [D,] n) in layout 1."""
    if not _batch_first(op):
        return value
    return value.transpose([1, 0, 2] if rank == 3 else [1, 2, 0, 3])


BackOneDirection = Callable[[Op, int], tuple[Value, list[Value]]]
"""Gives the gradient of x, (T, B, I), and those of the initial states, (B, H) each."""


def _backpropagate(op: Op, back: BackOneDirection) -> Gradients:
    """Both directions; gradients of x and of the initial states."""
    if any(op.needs(i) for i in (1, 2, 3, 4, 7)):
        raise Unsupported("its weights depend on the input")
    dx: Value | None = None
    states: list[list[Value]] = []
    for index in range(op.shape(1)[0]):
        part, initial = back(op, index)
        dx = part if dx is None else dx + part
        states.append(initial)
    assert dx is not None
    made: list[Value | Zero | None] = [ZERO] * len(op.node.inputs)
    made[0] = dx.transpose([1, 0, 2]) if _batch_first(op) else dx
    for position in range(len(states[0])):
        if op.needs(5 + position):
            stacked = op.emit.concat([initial[position].unsqueeze([0]) for initial in states], 0)
            made[5 + position] = stacked.transpose([1, 0, 2]) if _batch_first(op) else stacked
    return made


@rule("LSTM", every_output=True)
def lstm(op: Op, g: Value) -> Gradients:
    """c = f c' + i n, h = o tanh(c), with the new content n = tanh(...) that the specification calls c."""
    if op.attrs.get("input_forget", 0):
        raise Unsupported("its input and forget gates are coupled")
    return _backpropagate(op, _lstm_direction)


def _lstm_direction(op: Op, index: int) -> tuple[Value, list[Value]]:
    d = Direction(op, index, 4)
    size = d.hidden
    gate, content, squash = d.activations(["Sigmoid", "Tanh", "Tanh"])
    previous = d.before(d.y, d.initial(5))
    both = d.bias.slice(0, 0, 4 * size) + d.bias.slice(0, 4 * size, 8 * size)
    pre = d.x @ d.w.transpose([1, 0]) + previous @ d.r.transpose([1, 0]) + both
    pre_i, pre_o, pre_f, pre_n = (pre.slice(2, k * size, (k + 1) * size) for k in range(4))
    peep = [d.part(op.x(7), 0).slice(0, k * size, (k + 1) * size) for k in range(3)] if op.has(7) else None
    n = content.function(pre_n)

    def cell(states: list[Value], inputs: list[Value]) -> tuple[list[Value], list[Value]]:
        (c,), (a, b, new) = states, inputs
        i = gate.function(a + c * peep[0]) if peep else a
        f = gate.function(b + c * peep[2]) if peep else b
        c = f * c + i * new
        return [c], [c]

    if not peep:
        pre_i, pre_f = gate.function(pre_i), gate.function(pre_f)
    start = d.initial(6)
    _, (c,) = d.scan(cell, [start.squeeze([0])], [pre_i, pre_f, n])
    c_before = d.before(c, start)
    i = gate.function(pre_i + c_before * peep[0]) if peep else pre_i
    f = gate.function(pre_f + c_before * peep[2]) if peep else pre_f
    o = gate.function(pre_o + c * peep[1]) if peep else gate.function(pre_o)
    tanh_c = squash.function(c)
    slopes = [
        o * squash.slope(tanh_c),  # dc per dh
        tanh_c * gate.slope(o),  # d pre_o per dh
        n * gate.slope(i),  # d pre_i per dc
        c_before * gate.slope(f),
        i * content.slope(n),
        f,  # d c' per dc
    ]
    dy, dh_last, dc_last = d.arriving()

    def back(states: list[Value], inputs: list[Value]) -> tuple[list[Value], list[Value]]:
        (dh, dc), (arriving, to_c, to_o, to_i, to_f, to_n, kept) = states, inputs
        dh = dh + arriving
        d_o = dh * to_o
        dc = dc + dh * to_c
        if peep:
            dc = dc + d_o * peep[1]
        d_i, d_f = dc * to_i, dc * to_f
        before = dc * kept
        if peep:
            before = before + d_i * peep[0] + d_f * peep[2]
        d_pre = d_o.emit.concat([d_i, d_o, d_f, dc * to_n], 1)
        return [d_pre @ d.r, before], [d_pre]

    (dh0, dc0), (d_pre,) = d.scan(back, [dh_last, dc_last], [dy, *slopes], backwards=True)
    return d_pre @ d.w, [dh0, dc0]


@rule("GRU", every_output=True)
def gru(op: Op, g: Value) -> Gradients:
    """h = (1 - z) n + z h', with the new content n = tanh(...) that the specification calls h."""
    return _backpropagate(op, _gru_direction)


def _gru_direction(op: Op, index: int) -> tuple[Value, list[Value]]:
    d = Direction(op, index, 3)
    size = d.hidden
    reset_after = bool(op.attrs.get("linear_before_reset", 0))
    gate, content = d.activations(["Sigmoid", "Tanh"])
    previous = d.before(d.y, d.initial(5))
    from_x = d.x @ d.w.transpose([1, 0]) + d.bias.slice(0, 0, 3 * size)
    r_bias = d.bias.slice(0, 3 * size, 6 * size)
    r_z, r_r, r_n = (d.weights(d.r, k) for k in range(3))
    r_zr = d.r.slice(0, 0, 2 * size)
    in_z, in_r, in_n = (from_x.slice(2, k * size, (k + 1) * size) for k in range(3))
    bias_z, bias_r, bias_n = (r_bias.slice(0, k * size, (k + 1) * size) for k in range(3))
    z = gate.function(in_z + previous @ r_z.transpose([1, 0]) + bias_z)
    r = gate.function(in_r + previous @ r_r.transpose([1, 0]) + bias_r)
    if reset_after:
        recalled = previous @ r_n.transpose([1, 0]) + bias_n
        n = content.function(in_n + r * recalled)
        to_r = recalled * gate.slope(r)  # d pre_r per d pre_n
    else:
        n = content.function(in_n + (r * previous) @ r_n.transpose([1, 0]) + bias_n)
        to_r = previous * gate.slope(r)  # d pre_r per d (r h')
    slopes = [(previous - n) * gate.slope(z), (1.0 - z) * content.slope(n), to_r, z, r]
    dy, dh_last, _ = d.arriving()

    def back(states: list[Value], inputs: list[Value]) -> tuple[list[Value], list[Value]]:
        (dh,), (arriving, to_z, to_n, to_reset, kept, reset) = states, inputs
        dh = dh + arriving
        d_z, d_n = dh * to_z, dh * to_n
        concat = dh.emit.concat
        if reset_after:
            d_r = d_n * to_reset
            through = concat([d_z, d_r, d_n * reset], 1) @ d.r
        else:
            inner = d_n @ r_n
            d_r = inner * to_reset
            through = inner * reset + concat([d_z, d_r], 1) @ r_zr
        return [dh * kept + through], [concat([d_z, d_r, d_n], 1)]

    (dh0,), (d_pre,) = d.scan(back, [dh_last], [dy, *slopes], backwards=True)
    return d_pre @ d.w, [dh0]


@rule("RNN", every_output=True)
def rnn(op: Op, g: Value) -> Gradients:
    """h = tanh(x w + h' r + b)."""
    return _backpropagate(op, _rnn_direction)


def _rnn_direction(op: Op, index: int) -> tuple[Value, list[Value]]:
    d = Direction(op, index, 1)
    (content,) = d.activations(["Tanh"])
    dy, dh_last, _ = d.arriving()

    def back(states: list[Value], inputs: list[Value]) -> tuple[list[Value], list[Value]]:
        (dh,), (arriving, slope) = states, inputs
        d_pre = (dh + arriving) * slope
        return [d_pre @ d.r], [d_pre]

    (dh0,), (d_pre,) = d.scan(back, [dh_last], [dy, content.slope(d.y)], backwards=True)
    return d_pre @ d.w, [dh0]
