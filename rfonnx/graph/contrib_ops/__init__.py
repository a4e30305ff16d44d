"""Shapes of operators that onnx has no schema for: those that onnxruntime's optimiser and quantiser put into models.

Rules follow onnxruntime's docs/ContribOperators.md and its type inference. An operator without a rule is left to what the
file declares, and to a run of the model.
"""

from rfonnx.graph.contrib_ops import attention, matmul, pointwise, quantized, spatial
from rfonnx.graph.contrib_ops.registry import infer, registered

__all__ = ["attention", "infer", "matmul", "pointwise", "quantized", "registered", "spatial"]
