"""Matrix products: rows of one operand against columns of the other. Added biases are no products."""

from __future__ import annotations

from math import prod

from rfonnx.operators.access.certain import twin
from rfonnx.operators.access.kernels import SCATTERED, nonzero, unread, zero_ends
from rfonnx.operators.access.masks import row_ranges
from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path, Permute, Reduce, Reshape, Select, Step
from rfonnx.operators.access.shared import per_channel
from rfonnx.operators.access.visible import MASK_NOTE, Range, range_steps, row_of, seen_in_product
from rfonnx.operators.access.zeros import fact
from rfonnx.operators.counting import CountCall, counts, declare_unknown
from rfonnx.operators.shaping import same, shapes
from rfonnx.operators.table import declare


@rule("MatMul")
def matmul(op: Op) -> Access:
    """y[..., i, j] reads a[..., i, :] and b[..., :, j], less what the other operand is certain to multiply
    by zero; operands of one axis as numpy has it. Exact."""
    return product(op, tuple(range(len(op.shape(0)))), tuple(range(len(op.shape(1)))))


def product(op: Op, left: tuple[int, ...], right: tuple[int, ...]) -> Access:
    """The numpy matrix product of the first two inputs, each with its axes in the order given."""
    a, b = (tuple(op.shape(i)[axis] for axis in order) for i, order in ((0, left), (1, right)))
    rows = columns = None
    if len(a) > 1 and len(b) > 1 and a[-1] > 1:
        rows = seen_in_product(op, op.name(0), left[-1], left[-2])
        columns = seen_in_product(op, op.name(1), right[-2], right[-1])
    if rows is None and columns is None:
        all_left, all_right = left_steps(a, drop=len(b) == 1), right_steps(b, drop=len(a) == 1)
        paths = (Path(op.name(0), (*_ordered(left), *all_left)), Path(op.name(1), (*_ordered(right), *all_right)))
        return Access(paths, note=zero_ends(op, 0, (), left[-1:]) or zero_ends(op, 1, (), right[-2:-1]))
    exact = all(r is None or r.exact for r in (rows, columns)) and (rows is None or columns is None)
    paths = (_operand(op, 0, left, left[-1], rows, columns), _operand(op, 1, right, right[-2], columns, rows))
    return Access(paths, exact, "" if exact else MASK_NOTE)


def _ordered(order: tuple[int, ...]) -> tuple[Step, ...]:
    return () if order == tuple(range(len(order))) else (Permute(order),)


def _operand(op: Op, index: int, order: tuple[int, ...], axis: int, own: Range | None, other: Range | None) -> Path:
    """One operand, reduced along `axis` to the range that the other one's zeros leave, or else its own."""
    name = op.name(index)
    row = row_of(op, name) if own is not None else None
    steps: tuple[Step, ...] = (Reduce((axis,)),)
    if other is not None:  # it may vary along the result's axis that this operand reduces away
        steps = (Select(axis, other.first, other.last),)
    elif row is not None and row.shape[axis] == 1:
        name, steps = row.source, row.steps
    elif own is not None:
        name, steps = twin(op, name, fact(op, name, "zero")), range_steps(own)
    return Path(name, (*steps, *_ordered(order)))


def product_paths(op: Op, left: int, right: int) -> tuple[Path, Path]:
    """The paths from both operands of a numpy matrix product, whose result is the operator's output."""
    a, b = op.shape(left), op.shape(right)
    return (
        Path(op.name(left), left_steps(a, drop=len(b) == 1)),
        Path(op.name(right), right_steps(b, drop=len(a) == 1)),
    )


def left_steps(shape: tuple[int, ...], drop: bool) -> tuple[Step, ...]:
    """Left operand: everything along its last axis, which goes when the right operand has no columns."""
    reduction = Reduce((len(shape) - 1,))
    return (reduction, Reshape(shape[:-1])) if drop or len(shape) == 1 else (reduction,)


def right_steps(shape: tuple[int, ...], drop: bool) -> tuple[Step, ...]:
    """Right operand: everything along its last axis but one, which goes when the left operand has no rows."""
    if len(shape) == 1:
        return (Reduce((0,)), Reshape(()))
    reduction = Reduce((len(shape) - 2,))
    return (reduction, Reshape((*shape[:-2], shape[-1]))) if drop else (reduction,)


@rule("Det", "com.microsoft.Inverse")
def whole_matrix(op: Op) -> Access:
    """Each determinant, and each element of an inverse, reads all of its matrix. Exact."""
    rank = len(op.shape(0))
    reduction = Reduce((rank - 2, rank - 1))
    steps: tuple[Step, ...] = (reduction, Reshape(op.out_shape())) if op.node.op_type == "Det" else (reduction,)
    return Access((Path(op.name(0), steps),))


@rule("MatMulInteger")
def matmul_integer(op: Op) -> Access:
    """As MatMul, with zero points: of a, one or one per row; of b, one or one per column. Exact."""
    paths = [*product_paths(op, 0, 1), *quantization(op, (2,), (3,))]
    return Access(tuple(paths))


@rule("QLinearMatMul")
def qlinear_matmul(op: Op) -> Access:
    """As MatMul, with scales and zero points of a (per row), b and y (per column), or one each. Exact. Not left to the body:
    scales may have several axes here, and in a DequantizeLinear they may not."""
    return Access((*product_paths(op, 0, 3), *quantization(op, (1, 2), (4, 5, 6, 7))))


def quantization(op: Op, of_rows: tuple[int, ...], of_columns: tuple[int, ...]) -> list[Path]:
    """Scales and zero points; with more than one axis they already line up with the product."""
    rank = len(op.out_shape())
    paths = []
    for index in (*of_rows, *of_columns):
        if op.reads(index):
            if len(op.shape(index)) > 1:
                paths.append(Path(op.name(index)))
            elif rank == 0:
                paths.append(Path(op.name(index), (Reshape(()),)))
            else:
                paths.append(per_channel(op, index, max(rank - 2, 0) if index in of_rows else rank - 1, rank))
    return paths


@rule("Gemm")
def gemm(op: Op) -> Access:
    """y[i,j] reads a[i,:] (a[:,i] when transposed), b[:,j] (b[j,:]), c[i,j] broadcast, unless beta is 0. Exact.

    Of a row of a, what constant weights b multiply by zero is left out when values count.
    """
    attrs = op.attrs
    swap = Permute((1, 0))
    a: tuple[Step, ...] = (swap,) if attrs.get("transA", 0) else ()
    b: tuple[Step, ...] = (swap,) if attrs.get("transB", 0) else ()
    row, exact, note = _row(op, transposed=bool(b))
    paths = [Path(op.name(0), (*a, row)), Path(op.name(1), (*b, Reduce((0,))))]
    if op.reads(2) and attrs.get("beta", 1.0) != 0.0:
        paths.append(Path(op.name(2)))
    return Access(tuple(paths), exact, note)


def _row(op: Op, transposed: bool) -> tuple[Step, bool, str]:
    """What the columns of the second operand leave of a row of the first one; whether exactly, and a note."""
    used = nonzero(op, 1)
    if used is None or used.all():
        return Reduce((1,)), True, unread(op, 1) or zero_ends(op, 1, (), (int(transposed),))
    first, last, contiguous = row_ranges(used if transposed else used.T)
    return Select(1, first, last), contiguous, "" if contiguous else SCATTERED


@counts("MatMul", "MatMulInteger")
def matmul_macs(call: CountCall) -> int:
    """Every output element sums over the last axis of the first operand."""
    return prod(call.out()) * call.shape(0)[-1]


@counts("Gemm")
def gemm_macs(call: CountCall) -> int:
    """Every output element sums over the columns of A, or over its rows when it is transposed."""
    return prod(call.out()) * call.shape(0)[0 if call.attr("transA", 0) else 1]


shapes("com.microsoft.Inverse")(same)
declare_unknown("the runtime chooses how it eliminates", "Det", "com.microsoft.Inverse")

declare("Det", "com.microsoft.Inverse", manner=())
declare("MatMulInteger", manner=("by row",), quantised=True, stands_for="MatMul")
declare("Gemm", manner=("product",), stands_for="MatMul", weighted=True)
declare("MatMul", manner=("product",), weighted=True)
