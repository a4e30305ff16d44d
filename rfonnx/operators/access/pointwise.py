"""Operators whose output at a position is made of their operands' same (numpy-broadcast) position, and of nothing else."""

from __future__ import annotations

UNARY = [
    "Abs",
    "Acos",
    "Acosh",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "BitwiseNot",
    "Cast",
    "Ceil",
    "Celu",
    "Cos",
    "Cosh",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "IsInf",
    "IsNaN",
    "LeakyRelu",
    "Log",
    "Mish",
    "Neg",
    "Not",
    "Reciprocal",
    "Relu",
    "Round",
    "Selu",
    "Shrink",
    "Sigmoid",
    "Sign",
    "Sin",
    "Sinh",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Swish",
    "Tan",
    "Tanh",
    "ThresholdedRelu",
    "Bernoulli",
    "BitCast",
]
BINARY = ("Add", "Sub", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less")
VARIADIC = ("Max", "Min", "Mean", "Sum", "Clip")
NUMPY_BROADCAST = (
    "BitShift",
    "BitwiseAnd",
    "BitwiseOr",
    "BitwiseXor",
    "GreaterOrEqual",
    "LessOrEqual",
    "Mod",
    "SwiGLU",
)

POINTWISE = frozenset({*UNARY, *BINARY, *VARIADIC, *NUMPY_BROADCAST, "Mul", "Where", "PRelu"})
"""All of them. Up to opset 6, binary ones may line up otherwise: they then have an attribute `axis`."""
