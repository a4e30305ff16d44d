"""`NamedTuple` as `typing` has it, at less than half the cost of each class.

`typing.NamedTuple` compiles the text of each annotation when a class is made. A report makes 80 such classes and looks at none of
their annotations, so here they stay text; `typing.get_type_hints` reads them as it reads those of any class.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

__all__ = ["NamedTuple"]

if TYPE_CHECKING:
    from typing import NamedTuple
else:

    class _Named(type):
        """Makes of `class Size(NamedTuple)` what `collections.namedtuple` makes of its fields, and adds its other members."""

        def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, Any]) -> type:
            """A subclass of tuple. The file of the class must import annotations from `__future__`, so that they are there."""
            if not bases:
                return super().__new__(cls, name, bases, members)
            fields = members["__annotations__"]
            defaults = [members.pop(field) for field in fields if field in members]
            made = namedtuple(name, fields, defaults=defaults, module=members.pop("__module__"))
            for member, value in members.items():
                setattr(made, member, value)
            return made

    class NamedTuple(metaclass=_Named):
        """A tuple whose items have names: `class Size(NamedTuple)`, and a line such as `height: int` for each."""
