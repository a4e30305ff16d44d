"""How the access primitives reach the core: by the names of their classes and fields, which both sides state."""

from __future__ import annotations

from typing import Any, NamedTuple, get_args

import pytest

from rfonnx import _core
from rfonnx.operators.access import primitives


def test_both_sides_know_the_same_primitives_with_the_same_fields_in_order() -> None:
    assert {kind.__name__: kind._fields for kind in get_args(primitives.Step)} == _core.PRIMITIVES


class Window(NamedTuple):
    """The primitive of that name, with two fields exchanged."""

    axis: int
    length: int
    kernel: int
    dilation: int
    stride: int
    pad: int


class Mirror(NamedTuple):
    """No primitive."""

    axis: int


class Fields:
    """A primitive's name and fields, on what is no tuple."""

    _fields = ("axes",)


Fields.__name__ = "Reduce"


@pytest.mark.parametrize("step", [Window(0, 2, 1, 1, 1, 0), Mirror(0), Fields(), (0, 2, 1, 1, 1, 0), None])
def test_what_is_no_primitive_is_refused(step: Any) -> None:
    with pytest.raises(ValueError, match=f"no access primitive with these fields: {type(step).__name__}$"):
        _core.run([("x", (2,))], [("y", (2,), [(0, (step,))], True)])


def test_a_program_of_numbers_alone_has_no_axis_to_ask_about() -> None:
    result = _core.run([("x", ())], [])
    assert result.axes == []
    for ask in (lambda: result.intervals(0, 0, False), lambda: result.explain(0, 0), lambda: result.centers(0, 0)):
        with pytest.raises(IndexError, match="no such input axis"):
            ask()
