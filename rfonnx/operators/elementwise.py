"""Operators whose output at a position reads the same position of their operands.

Spelling: Add, Sub, Mul, Div, Pow, And, ... of opset 1..6 with `broadcast` have `axis`, where the second operand's axes begin in
the first's; operators that broadcast as numpy does have no `axis`.
"""

from __future__ import annotations

import math

import numpy as np
from onnx import TensorProto, TypeProto

from rfonnx.graph.nodes import Node
from rfonnx.operators.access.indexing import MAX_FLAT, positions
from rfonnx.operators.access.masks import along_one, either
from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path, Reshape, Select, Step
from rfonnx.operators.access.shared import first_alone, joined, per_channel
from rfonnx.operators.access.zeros import Fact, fact
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare, named

UNARY = named(
    """
    Abs Acos Acosh Asin Asinh Atan Atanh Bernoulli BitCast BitwiseNot Cast Ceil Celu Cos Cosh Elu Erf Exp Floor
    Gelu HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Shrink
    Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu
    """
)
_BINARY = named("Add And Div Equal Greater Less Or Pow Sub Xor")
_BROADCAST = named(
    """
    BitShift BitwiseAnd BitwiseOr BitwiseXor Clip GreaterOrEqual LessOrEqual Max Mean Min Mod Sum SwiGLU
    """
)


@spelling(*_BINARY, "Mul")
def spell_binary(call: SpellCall) -> Node:
    """Up to opset 6 the second operand lines up with the first at `axis`, by default at its end."""
    if call.node.version >= 7 or not call.int_attr("broadcast", 0):
        return call.node
    rank, other = call.rank(0), call.rank(1)
    if rank is None or other is None:
        return call.node
    if "axis" not in call.node.attrs:
        return call.with_attrs(axis=rank - other)
    return call.with_attrs(axis=call.axis_attr(0, rank))


@shapes("Dropout")
def dropout_shape(call: ShapeCall) -> list[TypeProto]:
    """onnx leaves out the shape of the mask, which was of the data's type before opset 10."""
    return [call.like(0), call.like(0, TensorProto.BOOL if call.node.version >= 10 else 0)]


rule(*UNARY, *_BROADCAST)(joined)


rule("CastLike")(first_alone)


@rule("Dropout")
def dropout(op: Op) -> list[Access]:
    """y reads x at its position, ratio and training flag; the mask those two alone. Exact."""
    flags = tuple(Path(op.name(index)) for index in (1, 2) if op.reads(index))
    return [Access((Path(op.name(0)), *flags)), Access(flags)][: len(op.node.outputs)]


@rule(*_BINARY)
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
        differs = along_one(value.astype(bool), len(op.out_shape()))
        if differs is not None:
            axis, chosen = differs
            return Access((_where(op, 1, axis, chosen), _where(op, 2, axis, ~chosen)))
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


_ALL = (*UNARY, *_BINARY, *_BROADCAST, "CastLike", "Dropout", "Mul", "PRelu", "Where")

declare(*_ALL, macs=0, manner=("elementwise",), pointwise=True)
declare(
    *named(
        """
        Abs Add And BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Clip Cos Div Equal Exp Floor Greater
        GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual Log Max Min Mod Mul Neg Not Or Pow Reciprocal Relu Round
        Sigmoid Sign Sin Sqrt Sub Sum Tanh Where Xor
        """
    ),
    evaluation="fast",
)
declare(*named("Abs Ceil Div Erf Floor Gelu LeakyRelu Neg Relu Round Sign Sin Sqrt Tanh"), keeps_zero=True)
declare(*named("Add And Div Min Mul Or Pow Sub Where"), may_fix=True)
declare(*UNARY, *_BINARY, *_BROADCAST, "Mul", by_shapes=True)  # a Mul is asked anew where a factor may be zero
declare("Add", "Div", "Mul", "Sub", affine=True, as_first=2)
declare(
    *named(
        "Abs Ceil Cos Erf Exp Floor Identity Log Neg Reciprocal Relu Sigmoid Sign Sin Softplus Softsign Sqrt Tan Tanh"
    ),
    as_first=1,
)
declare("Exp", "Relu", "Sigmoid", "Softplus", hides=True)
declare("BitCast", "Cast", "CastLike", "Identity", hands_on=True)
declare("Cast", "CastLike", "Dropout", "Identity", moves_values=True, takes_along=True)
declare("Identity", keeps="order", moves=True)
declare("HardSigmoid", "Sigmoid", ends=(0.0, 1.0))
declare("Tanh", ends=(-1.0, 1.0))
declare("GreaterOrEqual", "LessOrEqual", inferred_as="Greater")  # before onnx 1.20 they have no inference
declare("Bernoulli", draws=True)
declare("Dropout", training=(1, 2))
declare("And", "Div", "Mul", zero_wins=True)
