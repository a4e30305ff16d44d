"""Recurrent layers: products with the weights; what gates multiply is elementwise. Sequences count as long as the tensor."""

from __future__ import annotations

from math import prod

from rfonnx.operators.products.registry import Call, counts


@counts("RNN", "GRU", "LSTM", "com.microsoft.DynamicQuantizeLSTM")
def recurrent(call: Call) -> int:
    """Each step of each direction multiplies the input by W (directions, gates * hidden, input) and the state by R (directions,
    gates * hidden, hidden)."""
    return prod(call.shape(0)[:2]) * (prod(call.shape(1)) + prod(call.shape(2)))
