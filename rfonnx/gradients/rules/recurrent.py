"""LSTM, GRU and RNN, backpropagated through time by a Scan with a small body.

All gates follow from x and the *previous* outputs, which the forward operator gives (its output Y), so they are computed for all
steps at once; only what flows from step to step is scanned. Letters as in the ONNX specification: T steps, B batch, H hidden
size; gates i, o, f, c of LSTM and z, r, h of GRU. `direction` holds what the three have in common.
"""

from __future__ import annotations

from collections.abc import Callable

from rfonnx.gradients.answers import ZERO, Gradients, Unsupported, Zero
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.rules.direction import Direction, batch_first
from rfonnx.gradients.values import Value

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
    made[0] = dx.transpose([1, 0, 2]) if batch_first(op) else dx
    for position in range(len(states[0])):
        if op.needs(5 + position):
            stacked = op.emit.concat([initial[position].unsqueeze([0]) for initial in states], 0)
            made[5 + position] = stacked.transpose([1, 0, 2]) if batch_first(op) else stacked
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
