"""The clipped field against sets: what is really read at run time."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, note, settings

from access.brute import program_reads
from core.hulls import claims, covers, hull, run
from core.programs import ALONG_CHANNELS, programs, side_by_side
from rfonnx.analysis.lower import Program, Tensor
from rfonnx.operators.access.primitives import Select, Spread, Step, Window


def one_step(step: Step, source: tuple[int, ...], target: tuple[int, ...]) -> Program:
    return Program((("x", source),), (Tensor("y", target, ((0, (step,)),), True, "", "Test", "", 0),))


def check(program: Program) -> None:
    """Sound everywhere; the hull itself wherever the core claims to be exact."""
    truth = program_reads(program)
    for claim in claims(program, run(program), clip=True):
        name, tensor = program.inputs[claim.input][0], program.tensors[claim.tensor].name
        reads = truth[tensor].get(name, {})
        for p, said in claim.hulls.items():
            real = hull(q[claim.axis] for q in reads.get(p, ()))
            where = f"{tensor}{list(p)} of {name} axis {claim.axis}: really {real}, claimed {said}"
            assert covers(said, real), f"unsound: {where}"
            assert said == real or not claim.exact, f"not tight: {where}"


@pytest.mark.parametrize("kind", [Window, Spread])
def test_every_small_window_and_spread(kind: type[Window] | type[Spread]) -> None:
    strides = [-2, -1, 1, 2, 3] if kind is Window else [1, 2, 3, 4]
    for n, length, kernel in itertools.product([1, 2, 5], [1, 4, 7], [1, 2, 3, 4]):
        for stride, dilation, pad in itertools.product(strides, [1, 2, 3, 4, 6], [-3, 0, 1, 2, 5]):
            program = one_step(kind(0, length, kernel, stride, dilation, pad), (n,), (length,))
            check(program)


def test_every_small_select() -> None:
    for n, step in itertools.product([1, 3], [1, 2]):
        pairs = list(itertools.product(range(-2, n + 2), range(-3, n + 3)))
        first, last = (np.array(column) for column in zip(*pairs, strict=True))
        check(one_step(Select(0, first, last, step), (n,), (len(pairs),)))


@settings(max_examples=400)
@given(programs())
def test_random_programs(program: Program) -> None:
    note(str(program))
    check(program)


@settings(max_examples=100)
@given(programs(max_tensors=4))
def test_an_inexact_tensor_taints_what_reads_it(program: Program) -> None:
    """`exact` of a tensor is a promise about all that leads to it."""
    tainted = Program(program.inputs, (program.tensors[0]._replace(exact=False), *program.tensors[1:]))
    result = run(tainted)
    exact: list[bool] = [True] * len(program.inputs)
    for index, tensor in enumerate(tainted.tensors):
        exact.append(tensor.exact and all(exact[source] for source, _ in tensor.paths))
        assert exact[-1] or not result.exact[index]


@pytest.mark.parametrize("step", ALONG_CHANNELS, ids=str)
def test_branches_side_by_side_and_a_step_along_their_channels(step: Step) -> None:
    check(side_by_side(step))


def test_tables_are_small() -> None:
    """An image's rows cost one entry per row, whatever the other axes hold."""
    shape = (1, 64, 4096, 4096)
    tensor = Tensor(
        "y", shape, ((0, (Window(2, 4096, 3, 1, 1, 1), Window(3, 4096, 3, 1, 1, 1))),), True, "", "Test", "", 0
    )
    lo, hi = run(Program((("x", shape),), (tensor,))).intervals(1, 2, True)
    assert math.prod(np.broadcast_shapes(lo.shape, hi.shape)) == 4096
