"""rfonnx: what each output of an ONNX model can see, from the exported file alone.

>>> import rfonnx
>>> rfonnx.analyze("models/seed.onnx").tensors["pool"].fields["x", 2].size
6
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

if not PathFinder.find_spec("rfonnx._core", __path__):
    # Python was started in the root of a checkout, and found the sources; the modules that pip installed are meant.
    _folders = (f"{entry}/rfonnx" for entry in sys.path)
    __path__[:] = [folder for folder in _folders if PathFinder.find_spec("rfonnx._core", [folder])][:1]
    if not __path__:
        raise ImportError("rfonnx has no compiled core here: run `pip install .` in the root of the checkout")

from rfonnx.api import analyze, check, compare, erf, erf_layers, erf_many, gradient, input_sizes, stream, tile, whatif
from rfonnx.errors import DataError, ModelError, QueryError, RfonnxError, ShapeError
from rfonnx.version import __version__

if TYPE_CHECKING:
    from rfonnx.types import (
        ERF,
        Analysis,
        AxisField,
        ExplainStep,
        ModelInfo,
        OutputFacts,
        Stream,
        StreamPlan,
        TensorField,
        TilePlan,
        WhatIf,
    )

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
    "Stream",
    "StreamPlan",
    "TensorField",
    "TilePlan",
    "WhatIf",
    "__version__",
    "analyze",
    "check",
    "compare",
    "erf",
    "erf_layers",
    "erf_many",
    "gradient",
    "input_sizes",
    "stream",
    "tile",
    "whatif",
]


def __getattr__(name: str) -> Any:
    """A class, loaded when it is asked for: classes bring in numpy and onnx, which the function that needs them loads."""
    if name in __all__:
        return getattr(import_module("rfonnx.types"), name)
    raise AttributeError(f"module 'rfonnx' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
