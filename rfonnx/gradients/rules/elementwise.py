"""Elementwise functions of one tensor: each rule gives the derivative in the form that costs the fewest passes over memory.

Where a kink has no derivative the value is PyTorch's: 0 for Abs at 0, the inner slope at the ends of Clip.
"""

from __future__ import annotations

from rfonnx.gradients.answers import ZERO, Gradients, Unsupported, Zero
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.rules.shared import not_below, positive
from rfonnx.gradients.values import Value


@rule("Exp")
def exp(op: Op, g: Value) -> Gradients:
    """dx = g y."""
    return [g * op.y()]


@rule("Log")
def log(op: Op, g: Value) -> Gradients:
    """dx = g / x."""
    return [g / op.x()]


@rule("Sqrt")
def sqrt(op: Op, g: Value) -> Gradients:
    """dx = g / (2 y)."""
    return [g / (op.y() * 2.0)]


@rule("Reciprocal")
def reciprocal(op: Op, g: Value) -> Gradients:
    """dx = -g y^2."""
    return [-(g * (op.y() * op.y()))]


@rule("Neg")
def neg(op: Op, g: Value) -> Gradients:
    """dx = -g."""
    return [-g]


@rule("Abs")
def absolute(op: Op, g: Value) -> Gradients:
    """dx = g sign(x)."""
    return [g * op.emit("Sign", op.x())]


@rule("Sin")
def sin(op: Op, g: Value) -> Gradients:
    """dx = g cos x."""
    return [g * op.emit("Cos", op.x())]


@rule("Cos")
def cos(op: Op, g: Value) -> Gradients:
    """dx = -g sin x."""
    return [-(g * op.emit("Sin", op.x()))]


@rule("Tan")
def tan(op: Op, g: Value) -> Gradients:
    """dx = g (1 + y^2)."""
    return [g * (op.y() * op.y() + 1.0)]


@rule("Asin")
def asin(op: Op, g: Value) -> Gradients:
    """dx = g / sqrt(1 - x^2)."""
    return [g / op.emit("Sqrt", 1.0 - op.x() * op.x())]


@rule("Acos")
def acos(op: Op, g: Value) -> Gradients:
    """dx = -g / sqrt(1 - x^2)."""
    return [-(g / op.emit("Sqrt", 1.0 - op.x() * op.x()))]


@rule("Atan")
def atan(op: Op, g: Value) -> Gradients:
    """dx = g / (1 + x^2)."""
    return [g / (op.x() * op.x() + 1.0)]


@rule("Sinh")
def sinh(op: Op, g: Value) -> Gradients:
    """dx = g cosh x."""
    return [g * ((op.emit("Exp", op.x()) + op.emit("Exp", -op.x())) * 0.5)]


@rule("Cosh")
def cosh(op: Op, g: Value) -> Gradients:
    """dx = g sinh x."""
    return [g * ((op.emit("Exp", op.x()) - op.emit("Exp", -op.x())) * 0.5)]


@rule("Asinh")
def asinh(op: Op, g: Value) -> Gradients:
    """dx = g / sqrt(x^2 + 1)."""
    return [g / op.emit("Sqrt", op.x() * op.x() + 1.0)]


@rule("Acosh")
def acosh(op: Op, g: Value) -> Gradients:
    """dx = g / sqrt(x^2 - 1)."""
    return [g / op.emit("Sqrt", op.x() * op.x() - 1.0)]


@rule("Atanh")
def atanh(op: Op, g: Value) -> Gradients:
    """dx = g / (1 - x^2)."""
    return [g / (1.0 - op.x() * op.x())]


@rule("Shrink")
def shrink(op: Op, g: Value) -> Gradients:
    """dx = g where |x| > lambd."""
    return [g * positive(op.emit("Abs", op.x()) - op.attrs.get("lambd", 0.5))]


@rule("Clip")
def clip(op: Op, g: Value) -> Gradients:
    """y = min(max(x, low), high): dx = g where low <= x <= high; a bound that is computed gets what it holds."""
    # the bounds of opsets 6..10 are attributes, and models older than 13 are converted up
    x, mask = op.x(), None
    made: list[Value | Zero | None] = [ZERO] * len(op.node.inputs)
    if op.has(1):
        mask = not_below(x, op.x(1))
    if op.has(2):
        below = not_below(op.x(2), x)
        mask = below if mask is None else mask * below
    made[0] = g if mask is None else g * mask
    every = list(range(len(op.shape())))
    if op.needs(1):
        held = 1.0 - not_below(x, op.x(1))
        held = held * not_below(op.x(2), op.x(1)) if op.has(2) else held
        made[1] = (g * held).sum(every, keepdims=False).reshape(op.shape(1))
    if op.needs(2):
        raised = op.emit("Max", x, op.x(1)) if op.has(1) else x
        made[2] = (g * (1.0 - not_below(op.x(2), raised))).sum(every, keepdims=False).reshape(op.shape(2))
    return made


@rule("Identity", "Dropout")
def identity(op: Op, g: Value) -> Gradients:
    """dx = g; Dropout outside training."""
    if op.node.op_type == "Dropout" and op.has(2):
        training = op.value(2)
        if training is None or bool(training):
            raise Unsupported("it is in training mode: the values it drops are random")
    return [g, *[ZERO] * (len(op.node.inputs) - 1)]


@rule("Cast", "CastLike")
def cast(op: Op, g: Value) -> Gradients:
    """dx = g between floating-point types (the engine casts it); integers and truth values are never on the way."""
    return [g, *[ZERO] * (len(op.node.inputs) - 1)]
