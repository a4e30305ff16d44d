"""Effective receptive fields: `rfonnx.erf` measures one, `rfonnx.erf.many` several of a tensor, `rfonnx.erf.layers` all layers.

`rfonnx.erf` is both the function of that name and the package that holds it.

    Subject -> Unit (nearest theoretical centre) -> Crop -> prober (gradient or perturbation) -> Running -> ERF
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from rfonnx.effective import ERF, Layer
from rfonnx.erf.api import erf, layers, many

__all__ = ["ERF", "Layer", "erf", "layers", "many"]


class _CallableModule(ModuleType):
    """Importing a submodule binds `rfonnx.erf` to this package, also where the function was meant: so it is both."""

    def __call__(self, *args: Any, **kwargs: Any) -> ERF:
        """See `rfonnx.erf.api.erf`."""
        return erf(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule
