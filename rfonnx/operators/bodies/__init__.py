"""Fused, blocked and quantised operators, written with the standard ones that they stand for.

What an operator reads and costs, the shapes of what it makes and its gradient follow from its body where no rule says them.
Quantised arithmetic becomes arithmetic on dequantised numbers, quantised again at the end: onnxruntime computes it the same way
up to the last rounding.

Those of other domains than ai.onnx stand in `others`, which loads when the first of them is met.
"""
