"""Operators on images whose channels come last. Weights of convolutions lie as always."""

from __future__ import annotations

from rfonnx.operators.bodies.fused import activated
from rfonnx.operators.bodies.writer import CONV, POOL, Writer, body
from rfonnx.operators.table import microsoft, named

_INTERNAL = "com.ms.internal.nhwc"
"""The domain that providers with such a layout write."""


@body(
    *microsoft("NhwcConv NhwcFusedConv"),
    *named("Conv", _INTERNAL),
    manner=("by channel", "channels last"),
    stands_for="Conv",
)
def _conv(w: Writer) -> None:
    rank = w.rank(0)
    made = w.channels_last(w("Conv", w.channels_first(w.inputs[0], rank), *w.given(1, 2), **w.only(*CONV)), rank)
    activated(w, made, added=3)


@body(*named("AveragePool GlobalAveragePool GlobalMaxPool MaxPool", _INTERNAL), manner=(), family="pooling")
def _pool(w: Writer) -> None:
    rank = w.rank(0)
    made = w(w.kind, w.channels_first(w.inputs[0], rank), **w.only(*POOL, "count_include_pad", "dilations"))
    w.channels_last(made, rank, to=w.outputs[0])


@body(
    "com.microsoft.NhwcMaxPool",
    manner=("order free", "pool"),
    stands_for="MaxPool",
    border="lowest",
    switched_off="pads",
    space=1,
)
def _max_pool_of_bytes(w: Writer) -> None:
    """8-bit numbers count as real ones meanwhile."""
    rank = w.rank(0)
    real = w("DequantizeLinear", w.inputs[0], w.scalar(1.0), w.zero(0))
    made = w("MaxPool", w.channels_first(real, rank), **w.only(*POOL, "dilations"))
    w("QuantizeLinear", w.channels_last(made, rank), w.scalar(1.0), w.zero(0), to=w.outputs[0])
