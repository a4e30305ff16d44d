"""com.microsoft operators on quantised numbers."""

from __future__ import annotations

from math import prod

from rfonnx.operators.bodies.integer import scaled_bias
from rfonnx.operators.bodies.writer import CONV, POOL, Writer, body


@body("com.microsoft.QLinearAdd", manner=("elementwise",), quantised=True, stands_for="Add")
@body("com.microsoft.QLinearMul", manner=("elementwise",), quantised=True, stands_for="Mul")
def _of_two(w: Writer) -> None:
    w.quantized(w(_plain(w), w.dequantized(0, 1), w.dequantized(3, 4)), 6)


@body("com.microsoft.QLinearSigmoid", manner=("elementwise",), quantised=True, stands_for="Sigmoid")
@body("com.microsoft.QLinearLeakyRelu", manner=("elementwise",), quantised=True, stands_for="LeakyRelu")
def _of_one(w: Writer) -> None:
    w.quantized(w(_plain(w), w.dequantized(0, 1), **w.only("alpha")), 3)


def _plain(w: Writer) -> str:
    """The operator on real numbers."""
    return w.kind.removeprefix("QLinear")


@body(
    "com.microsoft.QLinearGlobalAveragePool",
    manner=("order free", "pool"),
    quantised=True,
    stands_for="GlobalAveragePool",
)
@body(
    "com.microsoft.QLinearAveragePool",
    manner=("order free", "pool"),
    quantised=True,
    stands_for="AveragePool",
    border="uncounted",
    zero_point=2,
    switched_off="pads",
)
def _pool(w: Writer) -> None:
    x = w.dequantized(0, 1)
    attrs = w.only(*POOL, "count_include_pad")
    if w.attr("channels_last", 0):
        made = w(_plain(w), w.channels_first(x, w.rank(0)), **attrs)
        w.quantized(w.channels_last(made, w.rank(0)), 3)
    else:
        w.quantized(w(_plain(w), x, **attrs), 3)


@body("com.microsoft.QLinearConcat", manner=("joined", "regular"), quantised=True, stands_for="Concat")
def _qlinear_concat(w: Writer) -> None:
    parts = [w.dequantized(i, i + 1) for i in range(2, len(w.inputs), 3)]
    w.quantized(w("Concat", *parts, axis=w.attr("axis", 0)), 0)


@body("com.microsoft.QGemm", manner=(), quantised=True, stands_for="MatMul")
def _qgemm(w: Writer) -> None:
    a = w.dequantized(0, 1)
    b = w.dequantized(3, 4, axis=0 if w.attr("transB", 0) else 1)
    made = w("Gemm", a, b, **w.only("transA", "transB", "alpha"))
    for bias in scaled_bias(w, 6):
        made = w("Add", made, bias)
    if w.has(7):
        w.quantized(made, 7)
    else:
        w.done(made)


@body("com.microsoft.QLinearSoftmax", manner=("norm",), quantised=True, stands_for="Softmax")
def _qlinear_softmax(w: Writer) -> None:
    real, axis = w.dequantized(0, 1), w.attr("axis", -1)
    if w.attr("opset", 13) >= 13:
        w.quantized(w("Softmax", real, axis=axis), 3)
        return
    shape = w.shape(0)  # over all axes from one on
    rows = w.reshaped(real, [prod(shape[:axis]), prod(shape[axis:])])
    w.quantized(w.reshaped(w("Softmax", rows, axis=1), shape), 3)


@body("com.microsoft.QLinearReduceMean", manner=("order free",), quantised=True, stands_for="ReduceMean")
def _qlinear_reduce_mean(w: Writer) -> None:
    axes = [w.ints(w.attrs["axes"])] if w.attr("axes", None) else []
    w.quantized(w("ReduceMean", w.dequantized(0, 1), *axes, **w.only("keepdims")), 3)


@body("com.microsoft.QLinearConvTranspose", manner=("by channel",), quantised=True, stands_for="ConvTranspose")
def _qlinear_conv_transpose(w: Writer) -> None:
    operands = [w.dequantized(0, 1), w.dequantized(3, 4, axis=1), *scaled_bias(w)]
    w.quantized(w("ConvTranspose", *operands, **w.only(*CONV, "output_padding", "output_shape")), 6)


@body("com.microsoft.QLinearWhere", manner=("elementwise",), quantised=True, stands_for="Where")
def _qlinear_where(w: Writer) -> None:
    w.quantized(w("Where", w.inputs[0], w.dequantized(1, 2), w.dequantized(4, 5)), 7)
