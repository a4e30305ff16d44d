"""Windows over what rises, falls, or does neither: as runs they read what they read as tables."""

from __future__ import annotations

import itertools

import pytest

from core.test_runs import check
from rfonnx.analysis.lower import Program, Tensor
from rfonnx.operators.access.primitives import Select, Step, Window
from rfonnx.operators.access.runs import Run, Runs, constant, line

COURSES = {
    "rises": Runs([line(20, -3)]),
    "falls": Runs([line(20, 18, -1)]),
    "stays": Runs([constant(20, 5)]),
    "rises by steps": Runs([Run(20, (0, 0, 1), (1, 1, 1))]),
    "falls behind nothing": Runs([constant(4, 99), line(16, 15, -1)]),
    "rises before nothing": Runs([line(16, 0), constant(4, 99)]),
    "rises and falls": Runs([line(10, 0), line(10, 9, -1)]),
    "is a saw": Runs([Run(20, (0, 3, 1), (1, 1, 1))]),
    "has holes": Runs([Run(20, (0, 99), (1, 0))]),
}


@pytest.mark.parametrize("course", COURSES)
@pytest.mark.parametrize("dilation", [1, 2, 7, 23])
def test_windows(course: str, dilation: int) -> None:
    """Of widths up to that beyond which no copies of a border are written."""
    places = COURSES[course]
    for kernel, stride, pad in itertools.product((2, 3, 8, 9), (1, 3, -1), (-4, 0, 30)):
        length = 25
        window = Window(0, length, kernel, stride, dilation, pad if stride > 0 else -19 - pad)
        steps: tuple[Step, ...] = (Select(0, places, places), window)
        tensor = Tensor("y", (length,), ((0, steps),), True, "", "Test", "", 0)
        check(Program((("x", (16,)),), (tensor,)))


def test_a_window_far_wider_than_the_axis() -> None:
    steps: tuple[Step, ...] = (Window(0, 40, 2**30, 1, 1, 2**29),)
    tensor = Tensor("y", (40,), ((0, steps),), True, "", "Test", "", 0)
    check(Program((("x", (40,)),), (tensor,)))
