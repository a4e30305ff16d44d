"""Gradients of any tensor of an ONNX model with plain onnxruntime: the backward pass is written as ONNX nodes.

`rfonnx.gradient(model, inputs, tensor, seed)` calls this module, which is both the function of that name and the package that
holds it. `GradientSession` runs many seeds and images; `prepare` reads a model once for many tensors.

    prepare -> Forward -> differentiate (one rule per operator, rules/) -> build -> GradientSession
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from rfonnx.gradient.cached import gradient
from rfonnx.gradient.forward import Forward
from rfonnx.gradient.prepare import prepare
from rfonnx.gradient.reverse import GradientError
from rfonnx.gradient.session import GradientSession

__all__ = ["Forward", "GradientError", "GradientSession", "gradient", "prepare"]


class _CallableModule(ModuleType):
    """Importing a submodule binds `rfonnx.gradient` to this package, also where the function was meant: so it is both."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """See `rfonnx.gradient.cached.gradient`."""
        return gradient(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule
