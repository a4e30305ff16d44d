"""Operators of ai.onnx on quantised numbers and on integers."""

from __future__ import annotations

from rfonnx.operators.bodies.writer import CONV, Kept, Writer, body


@body(
    "QLinearConv",
    "com.microsoft.QLinearConv",
    manner=("by channel",),
    quantised=True,
    stands_for="Conv",
    border="zero point",
    zero_point=2,
    switched_off="pads",
)
def _qlinear_conv(w: Writer) -> None:
    x, weight = w.dequantized(0, 1), w.dequantized(3, 4, axis=0)
    last = w.attr("channels_last", 0)
    if last:
        x = w.channels_first(x, w.rank(0))
    made = w("Conv", x, weight, *scaled_bias(w), **w.only(*CONV))
    w.quantized(w.channels_last(made, w.rank(0)) if last else made, 6)


def scaled_bias(w: Writer, index: int = 8) -> list[str]:
    """It counts in units of both scales, per output channel; none where it is not given."""
    return [w("Mul", w.cast(bias), w("Mul", w.inputs[1], w.inputs[4])) for bias in w.given(index)]


@body("QLinearMatMul", manner=("by row",), quantised=True, stands_for="MatMul")
def _qlinear_matmul(w: Writer) -> None:
    """Scales of A belong to rows, those of B to columns, or to all."""
    factors = [w.dequantized(0, 1, axis=max(w.rank(0) - 2, 0)), w.dequantized(3, 4, axis=w.rank(3) - 1)]
    w.quantized(w("MatMul", *factors), 6)


@body("MatMulInteger")
def _matmul_integer(w: Writer) -> None:
    weight = w.cast(w.inputs[1])
    if w.has(3):
        weight = w("Sub", weight, w.cast(w.inputs[3]))
    w("MatMul", _counted(w), weight, to=w.outputs[0])


@body("ConvInteger")
def _conv_integer(w: Writer) -> None:
    weight = w.cast(w.inputs[1])
    if w.has(3):
        rank = len(w.attrs.get("kernel_shape", [1, 1]))
        weight = w("Sub", weight, w.reshaped(w.cast(w.inputs[3]), [-1, 1] + [1] * rank))
    w("Conv", _counted(w), weight, to=w.outputs[0], **w.only(*CONV))


def _counted(w: Writer) -> str:
    """The first input, less its zero point: the real numbers it stands for, in units of its scale, so that gradients find the
    way back to them. The integers of the result become real numbers; what comes next is a Cast that makes them so."""
    quantiser = w.quantised.get(w.inputs[0])
    if quantiser is None or not w.only_cast:
        raise Kept
    return w("Div", w("DequantizeLinear", w.inputs[0], *quantiser), quantiser[0])
