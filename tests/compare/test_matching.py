"""Outputs that belong together."""

from __future__ import annotations

import pytest

from rfonnx.comparing.pairs.matching import Port, match
from rfonnx.comparing.pairs.outputs import measured_pairs
from rfonnx.errors import QueryError


def ports(**shapes: tuple[int | str | None, ...]) -> list[Port]:
    return [Port(name, "tensor(float)", shape) for name, shape in shapes.items()]


def names(pairs: list[tuple[Port, Port]]) -> list[tuple[str, str]]:
    return [(a.name, b.name) for a, b in pairs]


def test_by_name_whatever_the_order() -> None:
    found = match("output", ports(a=("n", 2), b=("n", 3)), ports(b=("n", 3), a=(1, 2)), {}, True)
    assert names(found) == [("a", "a"), ("b", "b")]


def test_the_rest_by_order() -> None:
    found = match(
        "output", ports(a=("n", 2), b=("n", 3), c=("n", 4)), ports(x=("n", 2), b=("n", 3), y=("m", 4)), {}, True
    )
    assert names(found) == [("a", "x"), ("b", "b"), ("c", "y")]


def test_as_asked_and_nothing_else() -> None:
    found = measured_pairs(ports(a=("n", 2), b=("n", 2)), ports(a=("n", 2), b=("n", 2)), {"b": "a"})
    assert [one.names for one in found] == [("b", "a")]


def test_inputs_may_differ_in_shape() -> None:
    assert names(match("input", ports(x=(1, 3, 8, 8)), ports(image=(1, 4, 4, 3)), {}, False)) == [("x", "image")]


def test_axes_of_length_1_at_the_end_do_not_count() -> None:
    assert names(match("output", ports(a=("n", 10)), ports(a=(1, 10, 1, 1)), {}, True)) == [("a", "a")]


@pytest.mark.parametrize(
    ("teacher", "student", "wanted", "message"),
    [
        (ports(a=("n", 2)), ports(a=("n", 3)), {}, r"'a' .* \[n, 2\] of the teacher and 'a' .* \[n, 3\] of the student"),
        (ports(a=("n", 2)), ports(a=("n", 2, 4, 4)), {}, "differ in shape"),
        (ports(a=("n", 2)), ports(x=("n", 2), y=("n", 2)), {}, "the teacher has 'a' .*, the student 'x' .*, 'y' "),
        (ports(a=("n", 2)), ports(a=("n", 2), aux=("n", 2)), {}, "--map TEACHER=STUDENT"),
        (ports(a=("n", 2)), ports(a=("n", 2)), {"z": "a"}, "the teacher has no output 'z'"),
        (ports(a=("n", 2)), ports(a=("n", 2)), {"a": "z"}, "the student has no output 'z'"),
        ([Port("a", "seq(tensor(float))", ())], ports(a=("n", 2)), {}, "'a' seq.* of the teacher is no tensor of numbers"),
        (ports(a=("n", 2)), [Port("a", "tensor(string)", ("n",))], {}, "of the student is no tensor of numbers"),
    ],
)  # fmt: skip
def test_what_does_not_match(teacher: list[Port], student: list[Port], wanted: dict[str, str], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        measured_pairs(teacher, student, wanted)
