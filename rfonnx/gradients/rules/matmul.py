"""Matrix products."""

from __future__ import annotations

from rfonnx.gradients.answers import Gradients
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.values import Value


@rule("MatMul")
def matmul(op: Op, g: Value) -> Gradients:
    """da = g b^T, db = a^T g, summed over batch axes that were broadcast; vectors count as one row or one column."""
    a_shape, b_shape = op.shape(0), op.shape(1)
    a, b = op.x(0), op.x(1)
    rank = len(op.out_shape())
    if len(b_shape) == 1:
        b, g, b_shape, rank = b.unsqueeze([1]), g.unsqueeze([rank]), (*b_shape, 1), rank + 1
    if len(a_shape) == 1:
        a, g, a_shape = a.unsqueeze([0]), g.unsqueeze([rank - 1]), (1, *a_shape)
    da = db = None
    if op.needs(0):
        da = _reduced(g @ _swapped(b, len(b_shape)), a_shape, b_shape, op.lane(0))
        da = da.squeeze([0]) if len(op.shape(0)) == 1 else da
    if op.needs(1):
        db = _reduced(_swapped(a, len(a_shape)) @ g, b_shape, a_shape, op.lane(1))
        db = db.squeeze([1]) if len(op.shape(1)) == 1 else db
    return [da, db]


def _swapped(x: Value, rank: int) -> Value:
    return x.transpose([*range(rank - 2), rank - 1, rank - 2])


def _reduced(gradient: Value, shape: tuple[int, ...], other: tuple[int, ...], lane: int | None) -> Value:
    """Summed over batch axes that this operand lacks, or has once where the other has more."""
    rank = max(len(shape), len(other))
    extra = rank - len(shape)
    wide = [1] * (rank - len(other)) + list(other)
    once = [a for a in range(extra, rank - 2) if shape[a - extra] == 1 and wide[a] != 1 and a - extra != lane]
    return gradient.sum(once).sum(list(range(extra)), keepdims=False)


@rule("Gemm")
def gemm(op: Op, g: Value) -> Gradients:
    """y = alpha A' B' + beta C: dA' = alpha g B'^T, dB' = alpha A'^T g, dC = beta g. A' is A or its transpose."""
    alpha, beta = op.attrs.get("alpha", 1.0), op.attrs.get("beta", 1.0)
    trans_a, trans_b = op.attrs.get("transA", 0), op.attrs.get("transB", 0)
    emit = op.emit
    made: list[Value | None] = [None] * len(op.node.inputs)
    if op.needs(0):
        if trans_a:
            made[0] = emit("Gemm", op.x(1), g, alpha=alpha, transA=trans_b, transB=1)
        else:
            made[0] = emit("Gemm", g, op.x(1), alpha=alpha, transB=1 - trans_b)
    if op.needs(1):
        if trans_b:
            made[1] = emit("Gemm", g, op.x(0), alpha=alpha, transA=1, transB=trans_a)
        else:
            made[1] = emit("Gemm", op.x(0), g, alpha=alpha, transA=1 - trans_a)
    if op.needs(2):
        made[2] = op.unbroadcast(g if beta == 1.0 else g * beta, 2)
    return made
