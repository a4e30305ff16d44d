"""Quantised operators: scales and zero points stand between the tensors that decide the shape."""

from __future__ import annotations

from onnx import TensorProto, TypeProto

from rfonnx.operators.shapes.registry import Call, microsoft, shapes
from rfonnx.operators.shapes.spatial import convolve


@shapes(*microsoft("QLinearAdd", "QLinearMul"))
def quantized_binary(call: Call) -> list[TypeProto]:
    """Inputs: A, scale, zero point, B, scale, zero point, and those of the result."""
    return [call.standard("Add", (0, 3))]


@shapes(*microsoft("MulInteger"))
def integer_product(call: Call) -> list[TypeProto]:
    """Inputs: A, zero point, B, zero point; into int32."""
    return [call.standard("Mul", (0, 2), TensorProto.INT32)]


@shapes(*microsoft("QLinearWhere"))
def quantized_where(call: Call) -> list[TypeProto]:
    """Inputs: condition, X, scale, zero point, Y, scale, zero point, and those of the result."""
    return [call.standard("Sum", (0, 1, 4), call.elem(1))]


@shapes(*microsoft("QLinearConcat"))
def quantized_concat(call: Call) -> list[TypeProto]:
    """Inputs: scale and zero point of the result, then (tensor, scale, zero point) each."""
    return [call.standard("Concat", tuple(range(2, len(call.node.inputs), 3)))]


@shapes(*microsoft("QLinearConv"))
def quantized_conv(call: Call) -> list[TypeProto]:
    """Inputs: X, scale, zero point, W, scale, zero point, and those of the result."""
    return [convolve(call, "Conv", (0, 3), bool(call.attr("channels_last", 0)), call.elem(7))]


@shapes(*microsoft("QLinearConvTranspose"))
def quantized_conv_transpose(call: Call) -> list[TypeProto]:
    """The same inputs as QLinearConv."""
    return [call.standard("ConvTranspose", (0, 3), call.elem(7))]


@shapes(*microsoft("QLinearAveragePool", "QLinearGlobalAveragePool"))
def quantized_pool(call: Call) -> list[TypeProto]:
    """The pool of the same name."""
    return [convolve(call, call.node.op_type.removeprefix("QLinear"), (0,), bool(call.attr("channels_last", 0)))]


@shapes(*microsoft("QLinearReduceMean"))
def quantized_mean(call: Call) -> list[TypeProto]:
    """ReduceMean with axes as an attribute."""
    return [call.standard("ReduceMean", (0,))]


@shapes(*microsoft("ReduceSumInteger"))
def integer_sum(call: Call) -> list[TypeProto]:
    """ReduceMean's shape, in int32."""
    return [call.standard("ReduceMean", (0,), TensorProto.INT32)]


@shapes(*microsoft("QuantizeLinear"))
def quantize(call: Call) -> list[TypeProto]:
    """The type of the zero point, else uint8."""
    return [call.like(0, call.elem(2) or TensorProto.UINT8)]


@shapes(*microsoft("DequantizeLinear"))
def dequantize(call: Call) -> list[TypeProto]:
    """The type of the scale."""
    return [call.like(0, call.elem(1))]
