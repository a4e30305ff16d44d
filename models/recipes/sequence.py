"""Causal 1-D nets over time: every convolution is padded on the left only, by a Pad node as exporters write it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto

from recipes.graph import GraphWriter


def wavenet() -> ModelProto:
    """WaveNet (van den Oord et al. 2016): gated convs of kernel 2, dilation 1..512, residuals, and a sum of skips."""
    g = GraphWriter("wavenet")
    x = g.conv(g.input("audio", (1, 1, 1100)), "embed", 12, 1)
    total = ""
    for i in range(10):
        name = f"layer{i}"
        both = _causal(g, x, name, 24, 2, 2**i)
        filtered = g.node("Tanh", [_half(g, both, f"{name}.filter", 0)], f"{name}.tanh")
        gate = g.node("Sigmoid", [_half(g, both, f"{name}.gate", 1)], f"{name}.sigmoid")
        gated = g.node("Mul", [filtered, gate], f"{name}.gated")
        skip = g.conv(gated, f"{name}.skip", 16, 1)
        total = g.add(total, skip, f"{name}.total") if total else skip
        if i < 9:
            x = g.add(g.conv(gated, f"{name}.residual", 12, 1), x, f"{name}.out")
    x = g.conv_relu(g.relu(total), "post1", 16, 1)
    return g.model([g.conv(x, "logits", 32, 1)], "WaveNet, one stack: kernel 2, dilation 1..512")


def keras_tcn(kernel: int, dilations: Sequence[int], length: int = 512) -> ModelProto:
    """keras-tcn: per dilation a residual block of two causal convs."""
    g = GraphWriter("keras_tcn")
    x = g.input("x", (1, 4, length))
    for d in dilations:
        y = g.relu(_causal(g, x, f"d{d}.conv1", 8, kernel, d))
        y = g.relu(_causal(g, y, f"d{d}.conv2", 8, kernel, d))
        shortcut = x if g.channels[x] == 8 else g.conv(x, f"d{d}.shortcut", 8, 1)
        x = g.relu(g.add(y, shortcut, f"d{d}"))
    return g.model([x], f"keras-tcn, kernel {kernel}, dilations {list(dilations)}")


def _causal(g: GraphWriter, x: str, name: str, channels: int, kernel: int, dilation: int) -> str:
    pads = g.constant(f"{name}.pads", np.array([0, 0, dilation * (kernel - 1), 0, 0, 0], np.int64))
    padded = g.node("Pad", [x, pads], f"{name}.pad", mode="constant")
    return g.conv(padded, f"{name}.conv", channels, kernel, pad=0, dilation=dilation)


def _half(g: GraphWriter, x: str, name: str, which: int) -> str:
    """The first or second half of the channels, as `x[:, :n]` is exported."""
    size = g.channels[x] // 2
    bounds = {"starts": size * which, "ends": size * (which + 1), "axes": 1}
    ends = [g.constant(f"{name}.{key}", np.array([value], np.int64)) for key, value in bounds.items()]
    return g.node("Slice", [x, *ends], name, size)
