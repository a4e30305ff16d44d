"""Classes of named tuples are those that typing makes."""

from __future__ import annotations

import copy
import pickle
import typing
from typing import Any, get_type_hints

import pytest

from rfonnx.system import named

BODY = '''
from __future__ import annotations

class Box(NamedTuple):
    """Where something lies."""

    top: int
    lines: tuple[str, ...]
    note: str | None = None
    left: int = 3

    @property
    def far(self) -> int:
        """One more."""
        return self.top + 1

    @classmethod
    def of(cls, *lines: str) -> Box:
        return cls(0, lines)

    def __bool__(self) -> bool:
        return bool(self.lines)
'''


def box(base: Any) -> Any:
    """The class of `BODY` with this NamedTuple."""
    space: dict[str, Any] = {"NamedTuple": base, "__name__": __name__}
    exec(BODY, space)  # noqa: S102  # the same text, with either base
    return space["Box"]


Box = box(named.NamedTuple)


@pytest.mark.parametrize(
    "told",
    [
        lambda cls: (cls.__name__, cls.__qualname__, cls.__module__, cls.__doc__, cls.__mro__[1:]),
        lambda cls: (cls._fields, cls._field_defaults, list(cls.__annotations__), cls.__slots__),
        lambda cls: get_type_hints(cls, {"Box": cls}),
        lambda cls: (repr(cls(1, ("a",))), cls(1, ("a",), left=4), cls(top=1, lines=("a",))._replace(top=5)),
        lambda cls: (cls(1, ("a",)).far, cls(1, ("a",))._asdict(), cls._make([1, (), "n", 4]), cls.of("a", "b")),
        lambda cls: (bool(cls.of()), bool(cls.of("a")), cls.far.__doc__, hasattr(cls.of(), "__dict__")),
        lambda cls: sorted(set(vars(cls)) - {"__orig_bases__", "__static_attributes__", "__firstlineno__"}),
    ],
)
def test_a_class_is_what_typing_makes_of_it(told: Any) -> None:
    assert told(Box) == told(box(typing.NamedTuple))


@pytest.mark.parametrize("wrong", [{}, {"top": 1}, {"top": 1, "lines": (), "right": 2}])
def test_missing_and_unknown_items_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"Box\.__new__\(\)|missing|unexpected"):
        Box(**wrong)


def test_items_cannot_be_set_and_copies_are_equal() -> None:
    one = Box(1, ("a",))
    with pytest.raises(AttributeError):
        one.top = 2
    again = pickle.loads(pickle.dumps(one))  # noqa: S301
    assert (type(again), again, copy.deepcopy(one)) == (Box, one, one)
