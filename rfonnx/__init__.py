"""rfonnx: what each output of an ONNX model can see, from the exported file alone.

>>> import rfonnx
>>> rfonnx.analyze("models/seed.onnx").tensors["pool"].fields["x", 2].size
6
"""

from rfonnx.analysis import Analysis, analyze
from rfonnx.errors import ModelError, QueryError, RfonnxError, ShapeError
from rfonnx.results import AxisField, ExplainStep, ModelInfo, TensorField
from rfonnx.version import __version__

__all__ = [
    "Analysis",
    "AxisField",
    "ExplainStep",
    "ModelError",
    "ModelInfo",
    "QueryError",
    "RfonnxError",
    "ShapeError",
    "TensorField",
    "__version__",
    "analyze",
]
