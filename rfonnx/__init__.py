"""rfonnx: what each output of an ONNX model can see, from the exported file alone.

>>> import rfonnx
>>> rfonnx.analyze("models/seed.onnx").tensors["pool"].fields["x", 2].size
6
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rfonnx.analysis import Analysis, analyze
from rfonnx.errors import ModelError, QueryError, RfonnxError, ShapeError
from rfonnx.results import AxisField, ExplainStep, ModelInfo, TensorField
from rfonnx.version import __version__

if TYPE_CHECKING:
    from rfonnx.gradient import gradient as gradient

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
    "gradient",
]

_LAZY = {"gradient"}
"""Modules that are functions, too, and import onnxruntime: `rfonnx report` must not wait for that."""


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        import importlib

        return importlib.import_module(f"rfonnx.{name}")
    raise AttributeError(f"module 'rfonnx' has no attribute '{name}'")
