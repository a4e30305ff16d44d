"""Einsum: each label is an axis; labels that the result has not are summed over."""

from __future__ import annotations

from math import prod

from rfonnx.operators.access.certain import twin
from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Permute, Reduce, Reshape, Select, Step
from rfonnx.operators.access.visible import MASK_NOTE, Range, range_steps, row_of, seen_in_product
from rfonnx.operators.access.zeros import fact
from rfonnx.operators.counting import CountCall, UncountedError, counts
from rfonnx.operators.misfits import FitCall, misfit
from rfonnx.operators.table import declare
from rfonnx.system.named import NamedTuple


@rule("Einsum")
def einsum(op: Op) -> Access:
    """y at the output's labels reads each operand there, and everything along labels that the output has not, less what another
    operand is certain to multiply by zero. Exact.

    "bij,bjk->bik": y[b,i,k] reads x[b,i,:] and z[b,:,k]. "ii->i" reads the diagonal.
    """
    operands, result = _terms(op)
    zeros = _zeros(op, operands, result)
    paths = []
    for index, labels in enumerate(operands):
        if op.reads(index):
            operand = _Operand(op.name(index), op.shape(index), labels)
            if zeros and zeros.summed in labels and len(set(labels)) == len(labels):
                operand = _less_zeros(op, operand, zeros, own=zeros.operand == index)
            last = _operand_steps(operand.shape, operand.labels, result)
            paths.append(Path(operand.source, (*operand.steps, *last)))
    exact = zeros is None or zeros.range.exact
    return Access(tuple(paths), exact, "" if exact else MASK_NOTE)


def _terms(op: Op) -> tuple[list[list[str]], list[str]]:
    """Labels of each operand, and of the result."""
    equation = str(op.attrs["equation"]).replace(" ", "")
    terms, arrow, result = equation.partition("->")
    operands = terms.split(",")
    if len(operands) != len(op.node.inputs):
        raise Unproven(f"equation {equation} does not name {len(op.node.inputs)} operands")
    if not arrow:  # labels that occur once, in alphabetical order, behind the ellipsis
        letters = sorted(c for c in set(terms) if c.isalpha() and terms.count(c) == 1)
        result = ("..." if "..." in terms else "") + "".join(letters)
    labels = [einsum_labels(term, len(op.shape(i))) for i, term in enumerate(operands)]
    return labels, einsum_labels(result, len(op.out_shape()))


class _Zeros(NamedTuple):
    """Operand whose zeros leave, for each place along the label `kept`, a range along the label `summed`."""

    operand: int
    summed: str
    kept: str
    range: Range


def _zeros(op: Op, operands: list[list[str]], result: list[str]) -> _Zeros | None:
    """The first such operand: attention weights, for instance; else one whose zeros are alike at every place along the others.
    None when no operand is known to hold zeros."""
    alike: _Zeros | None = None
    for index, labels in enumerate(operands):
        if len(set(labels)) == len(labels):
            for axis in (i for i, label in enumerate(labels) if label not in result):
                for by in (i for i, label in enumerate(labels) if label in result):
                    found = seen_in_product(op, op.name(index), axis, by)
                    if found is not None and found.by == by:
                        return _Zeros(index, labels[axis], labels[by], found)
                    if found is not None and found.by is None and alike is None:
                        n = op.shape(index)[by]
                        found = found._replace(by=by, first=found.first.repeat(n), last=found.last.repeat(n))
                        alike = _Zeros(index, labels[axis], labels[by], found)
    return alike


class _Operand(NamedTuple):
    """An operand, and the steps taken so far to the shape that has these labels."""

    source: str
    shape: tuple[int, ...]
    labels: list[str]
    steps: tuple[Step, ...] = ()


def _less_zeros(op: Op, operand: _Operand, zeros: _Zeros, own: bool) -> _Operand:
    """The operand, of which the summed label is read only where it is not multiplied by zero; `own`: by its own."""
    source, shape, labels, _ = operand
    axis, seen = labels.index(zeros.summed), zeros.range
    if zeros.kept not in labels:  # the summed axis becomes the one of the result that its range depends on
        labels = [zeros.kept if i == axis else label for i, label in enumerate(labels)]
        picked = (*shape[:axis], len(seen.first), *shape[axis + 1 :])
        return _Operand(source, picked, labels, (Select(axis, seen.first, seen.last),))
    reduced = (*shape[:axis], 1, *shape[axis + 1 :])
    row = row_of(op, source) if own else None
    if row is not None and row.shape == reduced:
        return _Operand(row.source, reduced, labels, row.steps)
    by = labels.index(zeros.kept)
    if shape[by] != len(seen.first):
        return operand
    source = twin(op, source, fact(op, source, "zero")) if own else source
    return _Operand(source, reduced, labels, range_steps(seen._replace(axis=axis, by=by)))


@misfit("Einsum")
def misfit_of(call: FitCall) -> str:
    """What is summed over, or taken together, is as long in all terms, or 1."""
    equation = str(call.node.attrs["equation"]).replace(" ", "")
    found: dict[str, int] = {}
    for term, shape in zip(equation.partition("->")[0].split(","), call.inputs, strict=False):
        for label, length in zip(einsum_labels(term, len(shape)), shape, strict=True) if shape is not None else ():
            if found.setdefault(label, length) != length and 1 not in (found[label], length):
                return f"'{label}' of '{equation}' is {found[label]} and {length} long"
            found[label] = max(found[label], length)
    return ""


def einsum_labels(term: str, rank: int) -> list[str]:
    """One label per axis; the ellipsis' axes are numbered from its end ("-1" last), as they broadcast."""
    before, dots, after = term.partition("...")
    hidden = rank - len(before) - len(after)
    if hidden < 0 or (hidden and not dots):
        raise Unproven(f"term '{term}' does not name {rank} axes")
    return [*before, *(str(i) for i in range(-hidden, 0)), *after]


def _operand_steps(shape: tuple[int, ...], labels: list[str], result: list[str]) -> tuple[Step, ...]:
    diagonals, shape, labels = _one_axis_each(shape, labels)
    steps = list(diagonals)
    gone = tuple(i for i, label in enumerate(labels) if label not in result)
    kept = [i for i in range(len(labels)) if i not in gone]
    if gone:
        steps += [Reduce(gone), Reshape(tuple(shape[i] for i in kept))]
    names = [labels[i] for i in kept]
    order = sorted(range(len(names)), key=lambda i: result.index(names[i]))
    if order != list(range(len(order))):
        steps.append(Permute(tuple(order)))
    sizes = dict(zip(names, (shape[i] for i in kept), strict=True))
    if names != result:
        steps.append(Reshape(tuple(sizes.get(label, 1) for label in result)))
    return tuple(steps)


def _one_axis_each(shape: tuple[int, ...], labels: list[str]) -> tuple[tuple[Step, ...], tuple[int, ...], list[str]]:
    """Steps that keep the diagonal of two axes with one label, and the shape and labels behind them."""
    steps: tuple[Step, ...] = ()
    while len(set(labels)) < len(labels):
        first = next(i for i, label in enumerate(labels) if label in labels[i + 1 :])
        second = labels.index(labels[first], first + 1)
        order = [i for i in range(len(labels)) if i not in (first, second)]
        others = tuple(shape[i] for i in order)
        steps += (Permute((*order, first, second)), *diagonal(others, shape[first], shape[second]))
        shape, labels = (*others, shape[first]), [*(labels[i] for i in order), labels[first]]
    return steps, shape, labels


def diagonal(before: tuple[int, ...], rows: int, columns: int) -> tuple[Step, ...]:
    """The last two axes of a tensor -> their diagonal. Position i reads (i, i)."""
    if rows != columns:
        raise Unproven(f"a diagonal of {rows} x {columns}")
    places = positions(rows) * (rows + 1)
    return (Reshape((*before, rows * columns)), Select(len(before), places, places))


@counts("Einsum")
def einsum_macs(call: CountCall) -> int:
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


declare("Einsum", evaluation="never", manner=("product",))
