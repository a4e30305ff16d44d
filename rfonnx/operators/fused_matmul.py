"""com.microsoft matrix products that transpose, add or activate as well."""

from __future__ import annotations

from math import prod

from onnx import TypeProto

from rfonnx.graph.nodes import Node
from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path
from rfonnx.operators.by_kind import microsoft
from rfonnx.operators.counting import CountCall, counts
from rfonnx.operators.matmul import gemm, gemm_macs, matmul_macs, product
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.table import declare
from rfonnx.results.fields import Shape


def _order(node: Node, letter: str, rank: int) -> tuple[int, ...]:
    """Axes of a factor in the order in which the product sees them.

    transBatch takes the first axis behind the batch, trans swaps the last two: (2,4,3,5) under transBatch is (4,3,2,5).
    """
    order = list(range(rank))
    if node.attrs.get(f"transBatch{letter}", 0) and rank > 2:
        order = [*order[1:-1], 0, order[-1]]
    if node.attrs.get(f"trans{letter}", 0) and rank > 1:
        order[-2], order[-1] = order[-1], order[-2]
    return tuple(order)


def _factor(call: ShapeCall, index: int, letter: str) -> Shape:
    """The shape of a factor as the product sees it."""
    shape = call.shape(index)
    return None if shape is None else tuple(shape[axis] for axis in _order(call.node, letter, len(shape)))


@shapes(*microsoft("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation"))
def fused_matmul_shape(call: ShapeCall) -> list[TypeProto]:
    """MatMul of factors that are transposed first."""
    return [call.standard("MatMul", (_factor(call, 0, "A"), _factor(call, 1, "B")), call.elem(0))]


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
    return product(op, _order(op.node, "A", len(op.shape(0))), _order(op.node, "B", len(op.shape(1))))


@rule(*microsoft("GemmFastGelu"))
def gemm_fast_gelu(op: Op) -> Access:
    """MatMul, bias added. Exact."""
    access = fused_matmul(op)
    return access._replace(paths=(*access.paths, Path(op.name(2)))) if op.reads(2) else access


@counts("com.microsoft.FusedMatMul", "com.microsoft.TransposeMatMul", "com.microsoft.FusedMatMulActivation")
def fused_matmul_macs(call: CountCall) -> int:
    """As MatMul of operands that are transposed first."""
    shape = call.shape(0)
    return prod(call.out()) * shape[_order(call.node, "A", len(shape))[-1]]


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
