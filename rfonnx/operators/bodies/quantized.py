"""Operators on quantised numbers."""

from __future__ import annotations

from rfonnx.operators.bodies.writer import CONV, Attrs, Kept, Writer, body


@body("QLinearConv", "com.microsoft.QLinearConv")
def _qlinear_conv(w: Writer) -> None:
    x, weight = w.dequantized(0, 1), w.dequantized(3, 4, axis=0)
    last = w.attr("channels_last", 0)
    if last:
        x = w.channels_first(x, len(w.shape(0)))
    operands = [x, weight]
    if w.has(8):  # the bias counts in units of both scales, per output channel
        operands.append(w("Mul", w.cast(w.inputs[8]), w("Mul", w.inputs[1], w.inputs[4])))
    made = w("Conv", *operands, **w.only(*CONV))
    w.quantized(w.channels_last(made, len(w.shape(0))) if last else made, 6)


@body("QLinearMatMul")
def _qlinear_matmul(w: Writer) -> None:
    w.quantized(w("MatMul", w.dequantized(0, 1), w.dequantized(3, 4, axis=1)), 6)


@body("com.microsoft.QLinearAdd")
def _qlinear_add(w: Writer) -> None:
    w.quantized(w("Add", w.dequantized(0, 1), w.dequantized(3, 4)), 6)


@body("com.microsoft.QLinearMul")
def _qlinear_mul(w: Writer) -> None:
    w.quantized(w("Mul", w.dequantized(0, 1), w.dequantized(3, 4)), 6)


@body("com.microsoft.QLinearSigmoid")
def _qlinear_sigmoid(w: Writer) -> None:
    w.quantized(w("Sigmoid", w.dequantized(0, 1)), 3)


@body("com.microsoft.QLinearLeakyRelu")
def _qlinear_leaky_relu(w: Writer) -> None:
    w.quantized(w("LeakyRelu", w.dequantized(0, 1), **w.only("alpha")), 3)


@body("com.microsoft.QLinearGlobalAveragePool")
def _qlinear_global_average_pool(w: Writer) -> None:
    _pooled(w, "GlobalAveragePool", {})


@body("com.microsoft.QLinearAveragePool")
def _qlinear_average_pool(w: Writer) -> None:
    names = ("auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides")
    _pooled(w, "AveragePool", w.only(*names))


def _pooled(w: Writer, op_type: str, attrs: Attrs) -> None:
    x = w.dequantized(0, 1)
    if w.attr("channels_last", 0):
        made = w(op_type, w.channels_first(x, len(w.shape(0))), **attrs)
        w.quantized(w.channels_last(made, len(w.shape(0))), 3)
    else:
        w.quantized(w(op_type, x, **attrs), 3)


@body("com.microsoft.QLinearConcat")
def _qlinear_concat(w: Writer) -> None:
    parts = [w.dequantized(i, i + 1) for i in range(2, len(w.inputs), 3)]
    w.quantized(w("Concat", *parts, axis=w.attr("axis", 0)), 0)


@body("com.microsoft.QGemm")
def _qgemm(w: Writer) -> None:
    a = w.dequantized(0, 1)
    b = w.dequantized(3, 4, axis=0 if w.attr("transB", 0) else 1)
    made = w("Gemm", a, b, **w.only("transA", "transB", "alpha"))
    if w.has(6):
        made = w("Add", made, w("Mul", w.cast(w.inputs[6]), w("Mul", w.inputs[1], w.inputs[4])))
    if w.has(7):
        w.quantized(made, 7)
    else:
        w("Identity", made, to=w.outputs[0])


@body("com.microsoft.QLinearSoftmax")
def _qlinear_softmax(w: Writer) -> None:
    if w.attr("opset", 13) < 13:
        raise Kept  # over all axes from one on
    w.quantized(w("Softmax", w.dequantized(0, 1), axis=w.attr("axis", -1)), 3)


@body("com.microsoft.QLinearWhere")
def _qlinear_where(w: Writer) -> None:
    w.quantized(w("Where", w.inputs[0], w.dequantized(1, 2), w.dequantized(4, 5)), 7)


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
