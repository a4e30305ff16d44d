"""rfonnx: what each output of an ONNX model can see, from the exported file alone.

>>> import rfonnx
>>> rfonnx.analyze("models/seed.onnx").tensors["pool"].fields["x", 2].size
6
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rfonnx.check import check
from rfonnx.compare import compare
from rfonnx.errors import DataError, ModelError, QueryError, RfonnxError, ShapeError
from rfonnx.version import __version__

if TYPE_CHECKING:
    from rfonnx.analysis import Analysis, analyze
    from rfonnx.effective import ERF
    from rfonnx.erf import erf as erf
    from rfonnx.gradient import gradient as gradient
    from rfonnx.results import AxisField, ExplainStep, ModelInfo, OutputFacts, TensorField

__all__ = [
    "ERF",
    "Analysis",
    "AxisField",
    "DataError",
    "ExplainStep",
    "ModelError",
    "ModelInfo",
    "OutputFacts",
    "QueryError",
    "RfonnxError",
    "ShapeError",
    "TensorField",
    "__version__",
    "analyze",
    "check",
    "compare",
    "erf",
    "gradient",
]

_LAZY = {"erf", "gradient"}
"""Modules that are functions, too, and import onnxruntime: `rfonnx report` must not wait for that."""

_RESULTS = ("AxisField", "ExplainStep", "ModelInfo", "OutputFacts", "TensorField")

_LATE = {
    "ERF": "rfonnx.effective",
    "Analysis": "rfonnx.analysis",
    "analyze": "rfonnx.analysis",
    **dict.fromkeys(_RESULTS, "rfonnx.results"),
}
"""Names that are loaded when they are asked for: pytest loads our plugin, and with it this file, in every project it
is installed in."""


def __getattr__(name: str) -> Any:
    import importlib

    if name in _LAZY:
        return importlib.import_module(f"rfonnx.{name}")
    if name in _LATE:
        return getattr(importlib.import_module(_LATE[name]), name)
    raise AttributeError(f"module 'rfonnx' has no attribute '{name}'")
