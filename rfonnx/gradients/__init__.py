"""Gradients of any tensor of an ONNX model with plain onnxruntime: the backward pass is written as ONNX nodes.

`rfonnx.gradient(model, inputs, tensor, seed)` is the function for users. `GradientSession` runs many seeds and images; `prepare`
reads a model once for many tensors.

    prepare -> Forward -> differentiate (one rule per operator, rules/) -> build -> GradientSession
"""

from rfonnx.gradients.forward import Forward
from rfonnx.gradients.preparing.prepare import prepare
from rfonnx.gradients.reverse import GradientError
from rfonnx.gradients.session import GradientSession

__all__ = ["Forward", "GradientError", "GradientSession", "prepare"]
