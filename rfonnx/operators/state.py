"""Operators that carry a state from token to token: linear attention and causal convolutions."""

from __future__ import annotations

from math import prod

import numpy as np

from rfonnx.operators.access.attending import Heads, packed, unpacked
from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path, Permute, Reduce, Reshape, Select, Step
from rfonnx.operators.conv import convolution_macs
from rfonnx.operators.counting import CountCall, counts
from rfonnx.operators.row import Sequential
from rfonnx.operators.table import declare


@rule("LinearAttention")
def linear_attention(op: Op) -> list[Access]:
    """y[b,t] of a head reads query t, keys and values 0..t, gates up to t, and the past state; values feature by feature. Exact;
    the present state is a superset where it is gated or follows a delta rule."""
    attrs = op.attrs
    query = packed(op.name(0), op.shape(0), attrs["q_num_heads"])
    kv_heads = attrs["kv_num_heads"]
    key, value = packed(op.name(1), op.shape(1), kv_heads), packed(op.name(2), op.shape(2), kv_heads)
    batch, heads, time, _ = query.shape
    until = positions(time)
    past = Select(2, np.zeros_like(until), until)
    after_first = past if op.name(3) else Select(2, np.ones_like(until), until)  # the first decay meets an empty state
    delta = "delta" in str(attrs.get("update_rule", "gated_delta"))

    def serving(heads_of: Heads) -> tuple[Step, ...]:
        group = positions(heads) // (heads // heads_of.shape[1])
        return () if heads_of.shape[1] == heads else (Select(1, group, group),)

    paths = [query.then(Reduce((3,))), key.then(Reduce((3,)), past, *serving(key)), value.then(past, *serving(value))]
    state = [key.then(Reduce((2, 3)) if delta else Reduce((2,)), *(() if delta else (Permute((0, 1, 3, 2)),)))]
    state.append(value.then(Reduce((2,))))
    if op.reads(3):
        shape = op.shape(3)
        old = Heads(op.name(3), (), (shape[0], shape[1], shape[2], shape[3]))
        paths.append(old.then(Reduce((2,)), *serving(old)))
        state.append(old.then(Reduce((2,))) if delta else old.then())
    for index, steps in ((4, after_first), (5, past)):
        if op.reads(index):
            gate = packed(op.name(index), op.shape(index), op.shape(index)[2] if index == 5 else kv_heads)
            paths.append(gate.then(Reduce((3,)), steps, *(serving(gate) if gate.shape[1] > 1 else ())))
            state.append(gate.then(Reduce((2, 3))))
    y = op.temporary((batch, heads, time, value.shape[3]), Access(tuple(paths)))
    plain = not delta and not op.reads(4)
    note = "" if plain else "gates and keys are taken to act on the whole state"
    return [
        Access((Path(y, unpacked(time, op.out_shape()[2], batch)),)),
        Access(tuple(state), plain, note),
    ][: len(op.node.outputs)]


@rule("CausalConvWithState")
def causal_conv(op: Op) -> list[Access]:
    """y[b,c,t] reads x[b,c,t-k+1..t], the past state before that, weight and bias of c. Exact."""
    _, channels, length = op.shape(0)
    kernel = op.shape(1)[2]
    keep = kernel - 1
    time, places = positions(length), positions(keep)
    paths = [Path(op.name(0), (Select(2, np.maximum(time - keep, 0), time),))]
    if op.reads(1):
        first = np.zeros_like(time) if op.name(3) else np.maximum(keep - time, 0)
        taps = Select(2, first, np.full_like(time, keep))
        paths.append(Path(op.name(1), (taps, Reshape((channels, length)))))
    if op.reads(2):
        paths.append(Path(op.name(2), (Reshape((channels, 1)),)))
    state = [_inside(op.name(0), places + length - keep, length)]
    if op.reads(3):
        paths.append(Path(op.name(3), (Select(2, time, np.full_like(time, keep - 1)),)))
        state.append(_inside(op.name(3), places + length, keep))
    return [Access(tuple(paths)), Access(tuple(state))][: len(op.node.outputs)]


def _inside(name: str, places: np.ndarray, length: int) -> Path:
    """Each position reads one place of axis 2, or nothing when that lies outside."""
    inside = (places >= 0) & (places < length)
    return Path(name, (Select(2, places, np.where(inside, places, places - 1)),))


@counts("LinearAttention")
def linear_attention_macs(call: CountCall) -> int:
    """Each token adds the product of a key and a value to the state of its head, and multiplies the state by a query; delta rules
    multiply it by the key too. What decays it is elementwise."""
    batch, tokens, width = call.shape(1)
    heads, shared = call.attr("q_num_heads", 0), call.attr("kv_num_heads", 0)
    state = width // shared * (call.shape(2)[2] // shared)
    rule = call.attr("update_rule", "gated_delta")
    retrieved = shared if "delta" in (rule.decode() if isinstance(rule, bytes) else rule) else 0
    return prod((batch, tokens, state, shared + retrieved + heads))


counts("CausalConvWithState")(convolution_macs)

declare("CausalConvWithState", manner=(), recurrent=Sequential((0,), (3,)))
declare("LinearAttention", manner=(), recurrent=Sequential((0, 1, 2), (3,)))
