"""Operators whose output at a position reads the same position of their operands, and those that read no values at all."""

from __future__ import annotations

import math

import numpy as np

from rfonnx.operators.access.indexing import MAX_FLAT, positions
from rfonnx.operators.access.masks import either
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.pointwise import BINARY, NUMPY_BROADCAST, UNARY, VARIADIC
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Step
from rfonnx.operators.access.rules.shared import joined, per_channel
from rfonnx.operators.access.zeros import Fact, fact

rule(*UNARY, *NUMPY_BROADCAST, *VARIADIC)(joined)


@rule("CastLike")
def first_operand(op: Op) -> Access:
    """y reads x at its position; of the operand whose type it takes it reads no value. Exact."""
    return Access((Path(op.name(0)),))


@rule("Dropout")
def dropout(op: Op) -> list[Access]:
    """y reads x at its position, ratio and training flag; the mask those two alone. Exact."""
    flags = tuple(Path(op.name(index)) for index in (1, 2) if op.reads(index))
    return [Access((Path(op.name(0)), *flags)), Access(flags)][: len(op.node.outputs)]


@rule(*BINARY)
def binary(op: Op) -> Access:
    """y reads both operands at its position, broadcast. Exact. Up to opset 6 the second lines up with the first at `axis`."""
    axis = op.attrs.get("axis")
    if axis is None:
        return joined(op)
    return Access((Path(op.name(0)), Path(op.name(1), _aligned(op, axis))))


def _aligned(op: Op, axis: int) -> tuple[Step, ...]:
    """x (2,3,4) + b (3) at axis 1: b as (3,1)."""
    shape = op.shape(1)
    behind = len(op.shape(0)) - axis - len(shape)
    return (Reshape((*shape, *(1,) * behind)),) if behind > 0 else ()


@rule("Mul")
def multiply(op: Op) -> Access:
    """As other binary operators; times a constant that is zero everywhere reads nothing. Exact."""
    for index in (0, 1):
        if not op.reads(index) and op.reads(1 - index):
            value = op.value(index)
            if value is not None and not value.any():
                return Access((), note="a product with a constant zero")
    return binary(op)


@rule("Where")
def where(op: Op) -> Access:
    """y reads condition, x and y at its position; a constant condition that is the same everywhere, or differs
    along one axis only, leaves one of x and y. Exact, but for constant conditions that differ along several axes."""
    if op.reads(0):
        return joined(op)
    value = op.value(0) if math.prod(op.shape(0)) <= MAX_FLAT else None  # larger ones are masks of two axes or more
    if value is not None and value.size:
        if value.all() or not value.any():
            return Access((Path(op.name(1 if value.all() else 2)),))
        rank = len(op.out_shape())
        value = value.astype(bool).reshape((1,) * (rank - value.ndim) + value.shape)
        differs = [axis for axis in range(rank) if (value != value.take([0], axis=axis)).any()]
        if len(differs) == 1:
            chosen = value.max(axis=tuple(axis for axis in range(rank) if axis != differs[0]))
            return Access((_where(op, 1, differs[0], chosen), _where(op, 2, differs[0], ~chosen)))
    if _hides_the_rest(op):
        return joined(op)
    return joined(op)._replace(exact=False, note="at each place its condition leaves one operand, but both are shown")


def _hides_the_rest(op: Op) -> bool:
    """True when an operand that is read is not taken only where the result is certain: what the mask leaves is exact."""
    name = op.node.outputs[0]
    hidden = either(fact(op, name, "hidden"), fact(op, name, "fixed"))
    conditions: tuple[tuple[int, Fact], ...] = ((1, "one"), (2, "zero"))
    for index, taken in conditions:
        where_taken = fact(op, op.name(0), taken) if op.reads(index) else None
        if op.reads(index) and (hidden is None or where_taken is None or (~where_taken & ~hidden).any()):
            return False
    return True


def _where(op: Op, index: int, axis: int, read: np.ndarray) -> Path:
    """An operand that is read at those places of the output's `axis` only."""
    shape = op.shape(index)
    lifted = (1,) * (len(op.out_shape()) - len(shape)) + shape
    place = positions(len(read)) if lifted[axis] > 1 else np.zeros(len(read), np.int64)
    return Path(op.name(index), (Reshape(lifted), Select(axis, place, np.where(read, place, place - 1))))


@rule("PRelu")
def prelu(op: Op) -> Access:
    """y reads x at its position, and its slope; up to opset 6 a list of slopes belongs to the channels. Exact."""
    shape, rank = op.shape(1), len(op.shape(0))
    if op.node.version < 7 and len(shape) == 1 and shape[0] > 1 and rank > 1:
        return Access((Path(op.name(0)), per_channel(op, 1, 1, rank)))
    return joined(op)


@rule("QuantizeLinear", "DequantizeLinear")
def quantize(op: Op) -> Access:
    """y reads x at its position, and the scale and zero point that belong to it: of all, of its place on
    `axis`, or of its block of `block_size` places. Exact."""
    return Access((Path(op.name(0)), *(Path(op.name(i), _scale_steps(op, i)) for i in (1, 2) if op.reads(i))))


def _scale_steps(op: Op, index: int) -> tuple[Step, ...]:
    shape, x_shape, axis = op.shape(index), op.shape(0), op.attrs["axis"]
    if len(shape) == len(x_shape) and op.attrs["block_size"]:
        blocks = positions(x_shape[axis]) // op.attrs["block_size"]
        return (Select(axis, blocks, blocks),)
    if len(shape) > 1:
        raise Unproven(f"a scale of shape {shape} does not fit a tensor of shape {x_shape}")
    if shape in ((), (1,)):
        return (Reshape(()),)
    return (Reshape((*shape, *(1,) * (len(x_shape) - axis - 1))),)


@rule("DynamicQuantizeLinear")
def dynamic_quantize(op: Op) -> Access:
    """The scale sees everything, and so does each quantised value. Exact."""
    return Access((Path(op.name(0), (Reduce(tuple(range(len(op.shape(0))))), Reshape(()))),))


@rule(
    "RandomNormal",
    "RandomUniform",
    "RandomNormalLike",
    "RandomUniformLike",
    "EyeLike",
)
def only_shape(op: Op) -> Access:
    """Reads its operand's shape, and no value. Exact."""
    return Access(())


@rule("Multinomial")
def multinomial(op: Op) -> Access:
    """Samples of row b read the probabilities x[b,:]. Exact."""
    return Access((Path(op.name(0), (Reduce((1,)),)),))
