"""Modules that only annotations name: what loads this package need not load them too."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Late:
    """A module that is imported when one of its names is asked for.

    Annotations with names that are imported under TYPE_CHECKING alone cannot be evaluated. With `np = Late("numpy")` in the
    other branch they can: by `typing.get_type_hints`, and by `inspect.signature` where it is told to.
    """

    def __init__(self, module: str) -> None:
        """`module`: its full name. Nothing is imported yet."""
        self._module = module

    def __getattr__(self, name: str) -> Any:
        """What the module calls `name`; it has no private names, so that tools that look for marks on objects load nothing."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(import_module(self._module), name)
