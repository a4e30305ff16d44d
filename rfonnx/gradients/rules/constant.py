"""Operators without a gradient: what they give does not move when their inputs move a little."""

from __future__ import annotations

from rfonnx.gradients.rule_table import declare_zero

declare_zero(
    "gives a shape, not values",
    "Shape",
    "Size",
    "ConstantOfShape",
    "EyeLike",
    "RandomNormalLike",
    "RandomUniformLike",
)
declare_zero(
    "depends on no input",
    "BlackmanWindow",
    "Constant",
    "HammingWindow",
    "HannWindow",
    "RandomNormal",
    "RandomUniform",
)
declare_zero("is drawn at random", "Bernoulli", "Multinomial")
declare_zero("is constant between its steps", "Ceil", "Floor", "Round", "Sign")
declare_zero(
    "gives truth values",
    "And",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "IsInf",
    "IsNaN",
    "Less",
    "LessOrEqual",
    "Not",
    "Or",
    "Xor",
)
declare_zero("gives positions", "ArgMax", "ArgMin", "Hardmax", "NonZero", "NonMaxSuppression")
declare_zero("works on integers", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor")
