"""Matrix products: dense, fused, quantised, packed, and routed to experts. Added biases are no products."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from rfonnx.operators.products.registry import Call, UncountedError, counts
from rfonnx.operators.shapes.matmul import transposed


@counts(
    "MatMul",
    "MatMulInteger",
    "QLinearMatMul",
    "com.microsoft.DynamicQuantizeMatMul",
    "com.microsoft.GemmFastGelu",
    "com.microsoft.MatMulInteger16",
    "com.microsoft.MatMulIntegerToFloat",
)
def matmul(call: Call) -> int:
    """Every output element sums over the last axis of the first operand."""
    return prod(call.out()) * call.shape(0)[-1]


@counts("com.microsoft.FusedMatMul", "com.microsoft.TransposeMatMul", "com.microsoft.FusedMatMulActivation")
def fused_matmul(call: Call) -> int:
    """As MatMul of operands that are transposed first."""
    left = transposed(call.shape(0), bool(call.attr("transA", 0)), bool(call.attr("transBatchA", 0)))
    assert left is not None
    return prod(call.out()) * (left[-1] or 0)


@counts("Gemm", "com.microsoft.FusedGemm", "com.microsoft.QGemm")
def gemm(call: Call) -> int:
    """Every output element sums over the columns of A, or over its rows when it is transposed."""
    return prod(call.out()) * call.shape(0)[0 if call.attr("transA", 0) else 1]


@counts("com.microsoft.MatMulNBits", "com.microsoft.MatMulBnb4")
def packed_matmul(call: Call) -> int:
    """Every element of A meets every column of the weights, which are packed: attributes say (K, N)."""
    return prod(call.shape(0)) * int(call.attr("N" if call.attr("transB", 1) else "K", 0))


@counts("com.microsoft.MatMulFpQ4")
def packed_float_matmul(call: Call) -> int:
    """Every element of A meets every column of the weights, which are packed: input 2 holds their shape (K, N)."""
    columns = call.number(2)
    if columns is None:
        raise UncountedError("the shape of its weights is no constant")
    return prod(call.shape(0)) * columns


@counts("Einsum")
def einsum(call: Call) -> int:
    """One MAC for each combination of the indices that both operands or the result know. What is summed in one operand alone
    is summed before. Of one operand there are no products; of three and more, the order decides."""
    equation = str(call.attr("equation", "")).replace(" ", "")
    terms, _, result = equation.partition("->")
    operands = terms.split(",")
    if len(operands) == 1:
        return 0
    if len(operands) > 2:
        raise UncountedError("products of three and more operands cost what their order makes them cost")
    first, second = (_lengths(term, call.shape(index)) for index, term in enumerate(operands))
    # Without an arrow, the result keeps what stands once.
    kept = set(_spelt(result, 0)) if "->" in equation else set(first) ^ set(second)
    batch = {index for index in (*first, *second) if index.startswith(".")}
    return prod(max(first.get(i, 1), second.get(i, 1)) for i in (set(first) & set(second)) | kept | batch)


def _lengths(term: str, shape: tuple[int, ...]) -> dict[str, int]:
    """Length by index; the axes of an ellipsis are ".1", ".2", ... counted from its end."""
    letters = _spelt(term, len(shape))
    if len(letters) != len(shape):
        raise UncountedError(f"the term '{term}' does not fit the shape {shape}")
    return dict(zip(letters, shape, strict=True))


def _spelt(term: str, rank: int) -> list[str]:
    before, dots, after = term.partition("...")
    missing = rank - len(before) - len(after) if dots else 0
    return [*before, *(f".{number}" for number in range(missing, 0, -1)), *after]


@counts("AffineGrid")
def affine_grid(call: Call) -> int:
    """Every coordinate is a row of theta (batch, axes, axes + 1) times a position."""
    return prod(call.out()) * call.shape(0)[-1]


@counts("com.microsoft.MoE")
def mixture_of_experts(call: Call) -> int:
    """Each token passes k experts of two or three products. How tokens are routed is an input, and costs nothing here."""
    return _routed(call) * sum(prod(call.shape(index)[1:]) for index in (2, 4, 6) if call.has(index))


@counts("com.microsoft.QMoE")
def quantised_mixture_of_experts(call: Call) -> int:
    """As MoE; weights are packed along their last axis, several to a byte."""
    if call.attr("quant_type", "int") not in ("int", b"int") or call.attr("weights_prepacked", 0) not in (0, -1):
        raise UncountedError("how its weights are packed is not known")
    width = call.shape(0)[-1]
    experts = call.shape(2)[1] * width + prod(call.shape(5)[1:]) * _to_a_byte(call.node.attrs, "fc2_expert_weight_bits")
    return _routed(call) * (experts + (call.shape(8)[1] * width if call.has(8) else 0))


def _to_a_byte(attrs: Mapping[str, object], name: str) -> int:
    bits = attrs.get(name) or attrs.get("expert_weight_bits") or 4
    return 8 // int(str(bits))


def _routed(call: Call) -> int:
    """Tokens, each as often as it has experts."""
    return prod(call.shape(0)[:-1]) * min(int(call.attr("k", 1)), call.shape(2)[0])


@counts("ai.onnx.ml.LinearClassifier", "ai.onnx.ml.LinearRegressor")
def linear(call: Call) -> int:
    """Each row meets every coefficient: (targets, features), flat."""
    rows = call.shape(0)[0] if len(call.shape(0)) > 1 else 1
    return rows * len(call.attr("coefficients", ()))
