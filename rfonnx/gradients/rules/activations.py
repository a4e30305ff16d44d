"""Activation functions: each rule gives the derivative in the form that costs the fewest passes over memory.

Where a kink has no derivative the value is PyTorch's: 0 for ReLU at 0.
"""

from __future__ import annotations

import math

from rfonnx.gradients.answers import ZERO, Gradients
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.rules.shared import complement, positive, scaled
from rfonnx.gradients.values import Value


@rule("Relu")
def relu(op: Op, g: Value) -> Gradients:
    """dx = g where y > 0. Asks for y, not x, so that the runtime may fuse Conv and Relu."""
    return [g * positive(op.y())]


@rule("rfonnx.ReluOfAffine")
def relu_of_affine(op: Op, g: Value) -> Gradients:
    """See rfonnx.gradients.patterns."""
    factor = op.emit.constant(op.attrs["factor"].astype(g.dtype))
    return [g * factor * positive(op.y())]


@rule("LeakyRelu")
def leaky_relu(op: Op, g: Value) -> Gradients:
    """dx = g (a + (1-a) [x > 0])."""
    alpha = op.attrs.get("alpha", 0.01)
    # y has the sign of x when alpha >= 0; and y is what the fused forward makes
    x = op.y() if alpha >= 0 else op.x()
    return [g * (positive(x) * (1.0 - alpha) + alpha)]


@rule("ThresholdedRelu")
def thresholded_relu(op: Op, g: Value) -> Gradients:
    """dx = g where x > alpha."""
    return [g * positive(op.x() - op.attrs.get("alpha", 1.0))]


@rule("Elu")
def elu(op: Op, g: Value) -> Gradients:
    """y = a (exp(x) - 1) below 0, where dy/dx = y + a = a exp(x)."""
    alpha = op.attrs.get("alpha", 1.0)
    return [g * _exponential_below(op.emit("Min", op.x(), op.emit.scalar(0.0, op.x().dtype)), op.x(), alpha)]


@rule("Celu")
def celu(op: Op, g: Value) -> Gradients:
    """y = a (exp(x/a) - 1) below 0, where dy/dx = exp(x/a)."""
    alpha = op.attrs.get("alpha", 1.0)
    low = op.emit("Min", op.x(), op.emit.scalar(0.0, op.x().dtype))
    return [g * _exponential_below(low / alpha, op.x(), 1.0)]


@rule("Selu")
def selu(op: Op, g: Value) -> Gradients:
    """y = gamma x above 0, gamma a (exp(x) - 1) below."""
    alpha = op.attrs.get("alpha", 1.67326319217681884765625)
    gamma = op.attrs.get("gamma", 1.05070102214813232421875)
    low = op.emit("Min", op.x(), op.emit.scalar(0.0, op.x().dtype))
    return [g * (_exponential_below(low, op.x(), alpha) * gamma)]


def _exponential_below(low: Value, x: Value, alpha: float) -> Value:
    """1 where x > 0, else alpha exp(low)."""
    slope = low.emit("Exp", low) * alpha
    if alpha == 1.0:
        return slope  # low is 0 above
    step = positive(x)
    return slope + step * (1.0 - alpha)


@rule("Sigmoid")
def sigmoid(op: Op, g: Value) -> Gradients:
    """dx = g y (1 - y)."""
    return [g * (op.y() * complement(op.y()))]


@rule("HardSigmoid")
def hard_sigmoid(op: Op, g: Value) -> Gradients:
    """dx = g alpha where 0 < alpha x + beta < 1."""
    inside = op.y() * complement(op.y())
    return [g * positive(inside) * op.attrs.get("alpha", 0.2)]


@rule("HardSwish")
def hard_swish(op: Op, g: Value) -> Gradients:
    """y = x clip(x/6 + 1/2, 0, 1)."""
    x = op.x()
    return [g * _hard_swish_slope(op, op.emit("HardSigmoid", x, alpha=1.0 / 6.0, beta=0.5))]


@rule("rfonnx.HardSwish")
def hard_swish_of_parts(op: Op, g: Value) -> Gradients:
    """See rfonnx.gradients.patterns: input 1 is the gate."""
    return [g * _hard_swish_slope(op, op.x(1)), ZERO]


def _hard_swish_slope(op: Op, gate: Value) -> Value:
    """gate + x/6 inside (-3, 3), 0 below and 1 above. A steep HardSigmoid of x^2 is 1 where x^2 < 9."""
    x = op.x()
    inside = op.emit("HardSigmoid", x * x, alpha=-1e37, beta=9e37)
    return gate + scaled(inside * x, op.shape(), 1.0 / 6.0)


@rule("Tanh")
def tanh(op: Op, g: Value) -> Gradients:
    """dx = g (1 - y^2)."""
    return [g * (1.0 - op.y() * op.y())]


@rule("Softplus")
def softplus(op: Op, g: Value) -> Gradients:
    """dx = g sigmoid(x)."""
    return [g * op.emit("Sigmoid", op.x())]


@rule("Softsign")
def softsign(op: Op, g: Value) -> Gradients:
    """dx = g / (1 + |x|)^2 = g (1 - |y|)^2."""
    rest = 1.0 - op.emit("Abs", op.y())
    return [g * (rest * rest)]


@rule("Mish")
def mish(op: Op, g: Value) -> Gradients:
    """y = x t with t = tanh(softplus(x)): dy/dx = t + x (1 - t^2) sigmoid(x)."""
    x = op.x()
    t = op.emit("Tanh", op.emit("Softplus", x))
    return [g * (t + x * ((1.0 - t * t) * op.emit("Sigmoid", x)))]


@rule("Swish")
def swish(op: Op, g: Value) -> Gradients:
    """y = x s with s = sigmoid(a x): dy/dx = s + a y (1 - s)."""
    alpha = op.attrs.get("alpha", 1.0)
    x = op.x()
    s = op.emit("Sigmoid", x if alpha == 1.0 else x * alpha)
    return [g * (s + op.y() * complement(s) * alpha)]


@rule("rfonnx.Swish")
def swish_of_parts(op: Op, g: Value) -> Gradients:
    """See rfonnx.gradients.patterns: y = x s, and input 1 is s = sigmoid(x), so that dy/dx = s + y (1 - s)."""
    s = op.x(1)
    return [g * (s + op.y() * complement(s)), ZERO]


@rule("com.microsoft.QuickGelu")
def quick_gelu(op: Op, g: Value) -> Gradients:
    """As Swish, with alpha 1.702."""
    alpha = op.attrs.get("alpha", 1.702)
    s = op.emit("Sigmoid", op.x() * alpha)
    return [g * (s + op.y() * complement(s) * alpha)]


@rule("Erf")
def erf(op: Op, g: Value) -> Gradients:
    """dx = g 2/sqrt(pi) exp(-x^2)."""
    x = op.x()
    return [g * (op.emit("Exp", -(x * x)) * (2.0 / math.sqrt(math.pi)))]


@rule("Gelu", "com.microsoft.Gelu")
def gelu(op: Op, g: Value) -> Gradients:
    """y = x P(x): dy/dx = P(x) + x p(x), P the normal distribution; or its tanh approximation."""
    if op.attrs.get("approximate", "none") == "tanh":
        return [g * _tanh_gelu_slope(op.x())]
    # in u = x / sqrt 2: P = (erf(u) + 1) / 2, which HardSigmoid computes in one pass, and x p = u exp(-u^2) / sqrt(pi)
    u = op.x() * math.sqrt(0.5)
    upto = op.emit("HardSigmoid", op.emit("Erf", u), alpha=0.5, beta=0.5)
    return [g * (upto + u * op.emit("Exp", -(u * u)) * (1.0 / math.sqrt(math.pi)))]


@rule("com.microsoft.FastGelu")
def fast_gelu(op: Op, g: Value) -> Gradients:
    """The tanh approximation, with an optional bias."""
    if op.has(1):
        dx = g * _tanh_gelu_slope(op.x() + op.x(1))
        return [dx, dx.sum(list(range(len(op.shape()) - 1)), keepdims=False) if op.needs(1) else None]
    return [g * _tanh_gelu_slope(op.x())]


def _tanh_gelu_slope(x: Value) -> Value:
    """y = x (1 + t) / 2, t = tanh(c (x + 0.044715 x^3)): dy/dx = (1 + t)/2 + x (1 - t^2) c (1 + 3*0.044715 x^2) / 2."""
    c = math.sqrt(2.0 / math.pi)
    square = x * x
    t = x.emit("Tanh", x * (square * (0.044715 * c) + c))
    return (t + 1.0) * 0.5 + x * ((1.0 - t * t) * (square * (1.5 * 0.044715 * c) + 0.5 * c))
