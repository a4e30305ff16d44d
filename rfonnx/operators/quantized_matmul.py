"""com.microsoft matrix products of integers, of weights that are packed, and of sparse ones."""

from __future__ import annotations

from math import prod

from onnx import TensorProto, TypeProto

from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce
from rfonnx.operators.access.shared import known
from rfonnx.operators.counting import CountCall, UncountedError, counts
from rfonnx.operators.matmul import matmul, matmul_macs
from rfonnx.operators.shaping import ShapeCall, like_standard, shapes
from rfonnx.operators.table import declare, microsoft

shapes(*microsoft("MatMulInteger16"))(like_standard("MatMul", (0, 1), TensorProto.INT32))
shapes(*microsoft("SparseToDenseMatMul"))(like_standard("MatMul", (0, 1)))
shapes(*microsoft("GemmFloat8"))(like_standard("Gemm", (0, 1)))


@shapes(*microsoft("MatMulNBits MatMulBnb4"))
def packed_matmul_shape(call: ShapeCall) -> list[TypeProto]:
    """Weights are packed beyond recognition; attributes say (K, N): (2,8,K) gives (2,8,N)."""
    shape = call.shape(0)
    if not shape:
        return []
    # MatMulBnb4 multiplies by the transposed (N, K) unless training says otherwise.
    width = call.attr("N") if call.attr("transB", 1) else call.attr("K")
    return [tensor_type(call.elem(0), (*shape[:-1], int(width)))]


@shapes(*microsoft("MatMulFpQ4"))
def packed_float_matmul_shape(call: ShapeCall) -> list[TypeProto]:
    """Input 2 holds the shape (K, N) of the weights: (2,8,K) gives (2,8,N)."""
    shape, weights = call.shape(0), call.value(2)
    if not shape or weights is None:
        return []
    return [tensor_type(call.elem(0), (*shape[:-1], int(weights.reshape(-1)[-1])))]


@rule(*microsoft("MatMulNBits MatMulBnb4 MatMulFpQ4"))
def matmul_packed(op: Op) -> Access:
    """y[..., j] reads a[..., :] and bias[j]; the packed weights are constant. Exact."""
    known(op, 1, 2, 3, 4)
    row = Path(op.name(0), (Reduce((len(op.shape(0)) - 1,)),))
    return Access((row, Path(op.name(5))) if op.reads(5) else (row,))


@counts(*microsoft("MatMulNBits MatMulBnb4"))
def packed_matmul_macs(call: CountCall) -> int:
    """Every element of A meets every column of the weights, which are packed: attributes say (K, N)."""
    return prod(call.shape(0)) * int(call.attr("N" if call.attr("transB", 1) else "K", 0))


@counts("com.microsoft.MatMulFpQ4")
def packed_float_matmul_macs(call: CountCall) -> int:
    """Every element of A meets every column of the weights, which are packed: input 2 holds their shape (K, N)."""
    columns = call.number(2)
    if columns is None:
        raise UncountedError("the shape of its weights is no constant")
    return prod(call.shape(0)) * columns


rule(*microsoft("MatMulInteger16"))(matmul)
counts(*microsoft("MatMulInteger16"))(matmul_macs)

declare(*microsoft("GemmFloat8 SparseToDenseMatMul"), manner=())
declare("com.microsoft.MatMulInteger16", manner=(), quantised=True, stands_for="MatMul")
declare(*microsoft("MatMulBnb4 MatMulFpQ4"), packed={1: ("", 4)})
declare("com.microsoft.MatMulNBits", packed={1: ("bits", 4)})
declare(
    *microsoft("MatMulBnb4 MatMulFpQ4 MatMulNBits"), manner=("by row", "packed"), quantised=True, stands_for="MatMul"
)
