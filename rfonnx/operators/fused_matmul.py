"""com.microsoft matrix products that transpose, add or activate as well."""

from __future__ import annotations

from math import prod

from onnx import TypeProto

from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path
from rfonnx.operators.by_kind import microsoft
from rfonnx.operators.counting import CountCall, counts
from rfonnx.operators.matmul import gemm, gemm_macs, matmul_macs, product
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.table import declare
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
def fused_matmul_shape(call: ShapeCall) -> list[TypeProto]:
    """MatMul of factors that are transposed first."""
    a = transposed(call.shape(0), bool(call.attr("transA", 0)), bool(call.attr("transBatchA", 0)))
    b = transposed(call.shape(1), bool(call.attr("transB", 0)), bool(call.attr("transBatchB", 0)))
    return [call.standard("MatMul", (a, b), call.elem(0))]


@shapes(*microsoft("GemmFastGelu", "SparseToDenseMatMul"))
def plain_matmul_shape(call: ShapeCall) -> list[TypeProto]:
    """MatMul of the first two inputs."""
    return [call.standard("MatMul", (0, 1))]


@shapes(*microsoft("GemmFloat8"))
def gemm_shape(call: ShapeCall) -> list[TypeProto]:
    """Gemm; the activation changes no shape."""
    return [call.standard("Gemm", (0, 1))]


@rule(*microsoft("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation"))
def fused_matmul(op: Op) -> Access:
    """MatMul of operands that are transposed first: their last two axes (transA), or their first axis behind the batch
    (transBatchA). Exact."""
    return product(op, _order(op, 0, "A"), _order(op, 1, "B"))


def _order(op: Op, index: int, letter: str) -> tuple[int, ...]:
    """Axes of an operand in the order in which the product sees them."""
    order = list(range(len(op.shape(index))))
    if op.attrs.get(f"transBatch{letter}", 0) and len(order) > 2:
        order = [*order[1:-1], 0, order[-1]]
    if op.attrs.get(f"trans{letter}", 0) and len(order) > 1:
        order[-2], order[-1] = order[-1], order[-2]
    return tuple(order)


@rule(*microsoft("GemmFastGelu"))
def gemm_fast_gelu(op: Op) -> Access:
    """MatMul, bias added. Exact."""
    access = fused_matmul(op)
    return access._replace(paths=(*access.paths, Path(op.name(2)))) if op.reads(2) else access


@counts("com.microsoft.FusedMatMul", "com.microsoft.TransposeMatMul", "com.microsoft.FusedMatMulActivation")
def fused_matmul_macs(call: CountCall) -> int:
    """As MatMul of operands that are transposed first."""
    left = transposed(call.shape(0), bool(call.attr("transA", 0)), bool(call.attr("transBatchA", 0)))
    assert left is not None
    return prod(call.out()) * (left[-1] or 0)


rule(*microsoft("FusedGemm"))(gemm)
counts(*microsoft("GemmFastGelu"))(matmul_macs)
counts(*microsoft("FusedGemm"))(gemm_macs)

declare(
    "com.microsoft.FusedGemm",
    "com.microsoft.FusedMatMul",
    "com.microsoft.TransposeMatMul",
    manner=("product",),
    stands_for="MatMul",
)
declare("com.microsoft.FusedMatMulActivation", "com.microsoft.GemmFastGelu", manner=(), stands_for="MatMul")
declare("com.microsoft.GemmFloat8", "com.microsoft.SparseToDenseMatMul", manner=())
