"""Operators that quantise what they read by its own range, with weights in 8 bits."""

from __future__ import annotations

from rfonnx.operators.bodies.writer import Writer, body


@body("com.microsoft.DynamicQuantizeMatMul", manner=(), quantised=True, stands_for="MatMul", ranged=True)
def _dynamic_quantize_matmul(w: Writer) -> None:
    """A is quantised here; B has a scale and a zero point, for all or for each column."""
    made = [w.dynamically(w.inputs[0]), w.dequantized(1, 2, axis=w.rank(1) - 1)]
    w.done(w.plus(w("MatMul", *made), 4))


@body("com.microsoft.MatMulIntegerToFloat", manner=("by row",), quantised=True, stands_for="MatMul")
def _matmul_integer_to_float(w: Writer) -> None:
    """The scales come first (inputs 2 and 3), then the zero points (4 and 5)."""
    real = []
    for index in range(2):
        names = w.given(index, 2 + index, 4 + index)
        real.append(w("DequantizeLinear", *names, axis=w.rank(index) - 1))
    w.done(w.plus(w("MatMul", *real), 6))


@body("com.microsoft.DynamicQuantizeLSTM", ranged=True)
def _dynamic_quantize_lstm(w: Writer) -> None:
    """An LSTM with the weights that the bytes W (directions, inputs, 4 hidden) and R stand for; that it rounds x and h too is
    left out."""
    weights = [_lstm_weight(w, index, scale) for index, scale in ((1, 8), (2, 10))]
    inputs = [w.inputs[0], *weights, *w.inputs[3:8]]
    while not inputs[-1]:
        inputs.pop()
    attrs = w.only(
        *("activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "input_forget")
    )
    w.several("LSTM", inputs, w.outputs, **attrs)


def _lstm_weight(w: Writer, index: int, scale: int) -> str:
    """(directions, 4 hidden, inputs); a scale and a zero point per direction, or per direction and column."""
    directions = w.shape(index)[0]
    value = w.cast(w.inputs[index])
    shape = [directions, 1, -1]
    if w.has(scale + 1):
        value = w("Sub", value, w.reshaped(w.cast(w.inputs[scale + 1]), shape))
    value = w("Mul", value, w.reshaped(w.inputs[scale], shape))
    return w.transposed(value, [0, 2, 1])
