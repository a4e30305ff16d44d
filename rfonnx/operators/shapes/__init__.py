"""Shapes of operators that onnx cannot infer: those that onnxruntime writes into models, and a few of ai.onnx.

Rules follow onnxruntime's docs/ContribOperators.md and its type inference. An operator without a rule is left to what the
file declares, and to a run of the model.
"""

from rfonnx.operators.shapes import attention, matmul, pointwise, quantized, sampled, spatial, standard
from rfonnx.operators.shapes.registry import infer, registered

__all__ = ["attention", "infer", "matmul", "pointwise", "quantized", "registered", "sampled", "spatial", "standard"]
