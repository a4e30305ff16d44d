"""Functions by operator: a table that a family's module adds to with a decorator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class ByKind(Generic[Function]):
    """A decorator that registers a function for operators: "Conv", or "com.microsoft.FusedConv" outside ai.onnx.

    Attributes:
        found: function by operator.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.found: dict[str, Function] = {}

    def __call__(self, *kinds: str) -> Callable[[Function], Function]:
        """Register for these operators.

        Raises:
            ValueError: an operator is registered twice.
        """

        def register(function: Function) -> Function:
            for kind in kinds:
                if kind in self.found:
                    raise ValueError(f"the {self.what} of {kind} is registered twice")
                self.found[kind] = function
            return function

        return register
