"""Fused, blocked and quantised operators, written with the standard ones that they stand for.

A body is what gradients go through, and it gives the shapes of outputs where no rule does. Quantised arithmetic becomes
arithmetic on dequantised numbers, quantised again at the end: onnxruntime computes it the same way up to the last rounding.
"""

from rfonnx.operators.bodies import blocked, dynamic, fused, quantized  # noqa: F401
