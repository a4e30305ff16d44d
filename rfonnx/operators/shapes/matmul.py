"""Matrix products: fused, quantised, or with packed weights."""

from __future__ import annotations

from onnx import TensorProto, TypeProto

from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.shapes.registry import Call, microsoft, shapes
from rfonnx.results.fields import Shape


def transposed(shape: Shape, swap: bool, rotate: bool) -> Shape:
    """A factor as FusedMatMul reads it: `rotate` (transBatch) takes the first axis behind the batch, `swap` swaps the last two.

    (2,4,3,5) rotated is (4,3,2,5).
    """
    if shape is None or len(shape) < 2:
        return shape
    if rotate:
        shape = (*shape[1:-1], shape[0], shape[-1])
    return (*shape[:-2], shape[-1], shape[-2]) if swap else shape


@shapes(*microsoft("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation"))
def fused_matmul(call: Call) -> list[TypeProto]:
    """MatMul of factors that are transposed first."""
    a = transposed(call.shape(0), bool(call.attr("transA", 0)), bool(call.attr("transBatchA", 0)))
    b = transposed(call.shape(1), bool(call.attr("transB", 0)), bool(call.attr("transBatchB", 0)))
    return [call.standard("MatMul", (a, b), call.elem(0))]


@shapes(*microsoft("GemmFastGelu", "DynamicQuantizeMatMul", "SparseToDenseMatMul"))
def plain_matmul(call: Call) -> list[TypeProto]:
    """MatMul of the first two inputs."""
    return [call.standard("MatMul", (0, 1))]


@shapes(*microsoft("MatMulInteger16"))
def matmul_integer(call: Call) -> list[TypeProto]:
    """MatMul of integers, into int32."""
    return [call.standard("MatMul", (0, 1), TensorProto.INT32)]


@shapes(*microsoft("MatMulIntegerToFloat"))
def matmul_to_float(call: Call) -> list[TypeProto]:
    """MatMul of integers, scaled to the scales' type."""
    return [call.standard("MatMul", (0, 1), call.elem(2))]


@shapes(*microsoft("FusedGemm", "GemmFloat8"))
def gemm(call: Call) -> list[TypeProto]:
    """Gemm; the activation changes no shape."""
    return [call.standard("Gemm", (0, 1))]


@shapes(*microsoft("QGemm"))
def quantized_gemm(call: Call) -> list[TypeProto]:
    """Gemm of A (input 0) and B (input 3); float when no output zero point (input 8) is given."""
    return [call.standard("Gemm", (0, 3), call.elem(8) or TensorProto.FLOAT)]


@shapes(*microsoft("MatMulNBits", "MatMulBnb4"))
def packed_matmul(call: Call) -> list[TypeProto]:
    """Weights are packed beyond recognition; attributes say (K, N): (2,8,K) gives (2,8,N)."""
    shape = call.shape(0)
    if not shape:
        return []
    # MatMulBnb4 multiplies by the transposed (N, K) unless training says otherwise.
    width = call.attr("N") if call.attr("transB", 1) else call.attr("K")
    return [tensor_type(call.elem(0), (*shape[:-1], int(width)))]
