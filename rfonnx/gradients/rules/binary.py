"""Elementwise functions of several tensors. The engine sums gradients down to operands that were broadcast."""

from __future__ import annotations

from rfonnx.gradients.answers import ZERO, Gradients, Zero
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.rules.shared import positive
from rfonnx.gradients.values import Value


@rule("Add", "Sum", broadcasts=True)
def add(op: Op, g: Value) -> Gradients:
    """Every operand gets g."""
    return [g] * len(op.node.inputs)


@rule("Mean", broadcasts=True)
def mean(op: Op, g: Value) -> Gradients:
    """Every operand gets its share of g."""
    count = len(op.node.inputs)
    return [g / float(count)] * count


@rule("Sub", broadcasts=True)
def sub(op: Op, g: Value) -> Gradients:
    """da = g, db = -g."""
    return [g, -g if op.needs(1) else None]


@rule("Mul", broadcasts=True)
def mul(op: Op, g: Value) -> Gradients:
    """da = g b, db = g a."""
    return [g * op.x(1) if op.needs(0) else None, g * op.x(0) if op.needs(1) else None]


@rule("Div", broadcasts=True)
def div(op: Op, g: Value) -> Gradients:
    """da = g / b, db = -g y / b."""
    share = g / op.x(1)
    return [share, -(share * op.y()) if op.needs(1) else None]


@rule("Pow", broadcasts=True)
def power(op: Op, g: Value) -> Gradients:
    """da = g b a^(b-1), db = g y log a (0 where a is 0, as PyTorch has it). Pow is slow: small whole powers are products."""
    da: Value | Zero | None = None
    if op.needs(0):
        da = g * _power_slope(op)
    db: Value | Zero | None = None
    if op.needs(1):
        a = op.x(0)
        one = op.emit.scalar(1.0, a.dtype)
        zero = op.emit("Equal", a, op.emit.scalar(0.0, a.dtype))
        db = g * (op.y() * op.emit("Log", op.emit("Where", zero, one, a, dtype=a.dtype)))
    return [da, db]


def _power_slope(op: Op) -> Value:
    """b a^(b-1)."""
    a, exponent = op.x(0), op.value(1)
    if exponent is not None and exponent.size == 1:
        b = float(exponent.reshape(-1)[0])
        if b == 1.0:
            return op.emit.scalar(1.0, a.dtype)
        if b == 2.0:
            return a * 2.0
        if b == 3.0:
            return a * a * 3.0
        if b == 0.5:
            return op.emit("Reciprocal", op.y() * 2.0)
        if b == -1.0:
            return -(op.y() * op.y())
        return op.emit("Pow", a, op.emit.scalar(b - 1.0, a.dtype)) * b
    b_value = op.x(1).cast(a.dtype)
    return op.emit("Pow", a, b_value - 1.0) * b_value


@rule("Max", broadcasts=True)
def maximum(op: Op, g: Value) -> Gradients:
    """g goes to the first operand that is the maximum."""
    return _winner(op, g)


@rule("Min", broadcasts=True)
def minimum(op: Op, g: Value) -> Gradients:
    """g goes to the first operand that is the minimum."""
    return _winner(op, g)


def _winner(op: Op, g: Value) -> Gradients:
    emit = op.emit
    made: list[Value | Zero | None] = []
    rest = g
    for index in range(len(op.node.inputs)):
        won = emit("Equal", op.x(index), op.y()).cast(g.dtype)
        made.append(rest * won if op.needs(index) else None)
        if index + 1 < len(op.node.inputs):
            rest = rest * (1.0 - won)
    return made


@rule("Mod", broadcasts=True)
def mod(op: Op, g: Value) -> Gradients:
    """a mod b = a - b q with a whole q that is constant almost everywhere: da = g, db = -g q."""
    if not op.needs(1):
        return [g, None]
    q = (op.x(0) - op.y()) / op.x(1)
    return [g, -(g * op.emit("Round", q))]


@rule("Where", broadcasts=True)
def where(op: Op, g: Value) -> Gradients:
    """g goes where the value came from; the other side gets zero."""
    condition, zero = op.x(0), op.emit.scalar(0.0, g.dtype)
    return [
        ZERO,
        op.emit("Where", condition, g, zero, dtype=g.dtype) if op.needs(1) else None,
        op.emit("Where", condition, zero, g, dtype=g.dtype) if op.needs(2) else None,
    ]


@rule("PRelu", broadcasts=True)
def prelu(op: Op, g: Value) -> Gradients:
    """y = x above 0, slope x below: dx = g (slope + (1 - slope) [x > 0]), dslope = g min(x, 0)."""
    x, slope = op.x(0), op.x(1)
    step = positive(x)
    dslope: Value | None = None
    if op.needs(1):
        dslope = g * op.emit("Min", x, op.emit.scalar(0.0, x.dtype))
    return [g * (slope + step * (1.0 - slope)) if op.needs(0) else None, dslope]
