"""Blocks of random nets that take something of all frames, and join it with frames: a host gives it as statistics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from streaming.maker import Maker, T


def gathers(seed: int) -> bool:
    """Whether the net of a seed has such blocks."""
    return seed % 6 == 1


def gathered(net: Maker, x: T) -> T:
    """One of them."""
    block = net.pick(gated, centred, scaled, ranged, instance_norm, layer_norm, norm_of_rows, last_state, last_frame)
    made: T = block(net, x)
    return made


def gated(net: Maker, x: T) -> T:
    """Squeeze and excitation, by a mean or a maximum of each channel."""
    op = net.pick("GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceMax")
    axes = {"axes": list(range(2, 3 + net.space)), "keepdims": 1} if op.startswith("Reduce") else {}
    gate = net.add("Conv", net.add(op, x.name, **axes), net.numbers(x.channels, x.channels, *net.along(1, 1)))
    return replace(x, name=net.add("Mul", x.name, net.add("Sigmoid", gate)))


def centred(net: Maker, x: T) -> T:
    """Without the mean over time, of each channel or of all."""
    axes = net.pick([net.axis], [1, net.axis])
    return replace(x, name=net.add("Sub", x.name, net.add("ReduceMean", x.name, axes=axes, keepdims=1)))


def scaled(net: Maker, x: T) -> T:
    """By the root of the mean square, or the length."""
    if net.chance():
        power = net.add("ReduceMean", net.add("Mul", x.name, x.name), axes=[net.axis], keepdims=1)
        size = net.add("Sqrt", power)
    else:
        size = net.add(net.pick("ReduceL2", "ReduceL1"), x.name, axes=[net.axis], keepdims=1)
    more = net.add("Add", size, net.constant(np.array(0.5, np.float32)))
    return replace(x, name=net.add("Div", x.name, more))


def ranged(net: Maker, x: T) -> T:
    """From the least of all to the largest."""
    axes = {"axes": [net.axis], "keepdims": 1} if net.chance() else {"keepdims": 0}
    least, most = (net.add(op, x.name, **axes) for op in ("ReduceMin", "ReduceMax"))
    wide = net.add("Add", net.add("Sub", most, least), net.constant(np.array(0.5, np.float32)))
    return replace(x, name=net.add("Div", net.add("Sub", x.name, least), wide))


def instance_norm(net: Maker, x: T) -> T:
    weights = net.numbers(x.channels), net.numbers(x.channels)
    return replace(x, name=net.add("InstanceNormalization", x.name, *weights, epsilon=0.05))


def layer_norm(net: Maker, x: T) -> T:
    """Over channels and all behind them."""
    weight = net.constant(np.array([0.9], np.float32))
    name = net.add("LayerNormalization", x.name, weight, net.numbers(1), axis=1, epsilon=0.05)
    return replace(x, name=name)


def norm_of_rows(net: Maker, x: T) -> T:
    """A norm of groups of channels as torch exports it."""
    groups = 1 if x.channels % 2 else 2
    if groups == x.channels:
        return x
    ones, zeros = (net.constant(np.full(groups, number, np.float32)) for number in (1, 0))
    laid = net.add("Reshape", x.name, net.ints(0, groups, -1))
    norm = net.add("InstanceNormalization", laid, ones, zeros, epsilon=0.05)
    return replace(x, name=net.add("Reshape", norm, net.add("Shape", x.name)))


def last_state(net: Maker, x: T) -> T:
    """Of a layer, added to all frames."""
    if net.space:
        return x
    turned, hidden = net.add("Transpose", x.name, perm=[2, 0, 1]), x.channels
    weights = net.numbers(1, 3 * hidden, x.channels), net.numbers(1, 3 * hidden, hidden)
    net.add("GRU", turned, *weights, outputs=2, hidden_size=hidden)
    layer = net.nodes[-1]
    layer.output[:] = ["", layer.output[0]]
    state = net.add("Unsqueeze", net.add("Squeeze", layer.output[1], net.ints(0)), net.ints(2))
    return replace(x, name=net.add("Add", x.name, state))


def last_frame(net: Maker, x: T) -> T:
    """Taken from all frames."""
    end = net.add("Slice", x.name, net.ints(-1), net.ints(2**40), net.ints(net.axis))
    return replace(x, name=net.add("Sub", x.name, end))
