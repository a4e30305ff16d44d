"""The unbounded field against sets over all integers: the textbook field, as if no tensor had a border."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, note, settings

from core.borderless import Borderless
from core.hulls import Hull, claims, covers, hull, run
from core.programs import ALONG_CHANNELS, programs, side_by_side, unbroken_programs
from rfonnx import _core
from rfonnx.analysis.lower import Program
from rfonnx.operators.access.primitives import Step


@settings(max_examples=300)
@given(unbroken_programs())
def test_against_sets_without_borders(program: Program) -> None:
    """Never more than the sets, never less where all joins are aligned.

    Of paths with different strides one may hide another within the tensor and yet reach less far beyond its border;
    that is not always followed.
    """
    note(str(program))
    truth, result = Borderless(program), run(program)
    for where, said, real in compared(program, result, truth):
        assert covers(real, said), f"too much: {where}"
        assert said == real or result.misaligned_joins, f"too little: {where}"


@settings(max_examples=200)
@given(unbroken_programs(("window", "spread", "repeat", "permute", "reduce")))
def test_where_some_axes_are_reduced(program: Program) -> None:
    """Never more than the sets. What slides inside a global field is not followed beyond the border, so it may be less there."""
    note(str(program))
    for where, said, real in compared(program, run(program), Borderless(program)):
        assert covers(real, said), f"too much: {where}"


def compared(program: Program, result: _core.Result, truth: Borderless) -> Iterator[tuple[str, Hull, Hull]]:
    """(a description, what the core says, what the sets say) for every position and input axis."""
    for claim in claims(program, result, clip=False):
        tensor = program.tensors[claim.tensor].name
        for p, said in claim.hulls.items():
            reads = truth.reads(len(program.inputs) + claim.tensor, p)
            real = hull(q[claim.axis] for source, q in reads if source == claim.input)
            yield (
                f"{tensor}{list(p)} of input {claim.input} axis {claim.axis}: really {real}, claimed {said}",
                said,
                real,
            )


@settings(max_examples=200)
@given(programs())
def test_holds_the_clipped_field(program: Program) -> None:
    """A program whose run-time reads are also its borderless ones reads no less when borders are taken away."""
    note(str(program))
    check_holds_the_clipped(program)


@pytest.mark.parametrize("step", ALONG_CHANNELS, ids=str)
def test_holds_the_clipped_field_of_branches_side_by_side(step: Step) -> None:
    check_holds_the_clipped(side_by_side(step))


def check_holds_the_clipped(program: Program) -> None:
    bare = without_tables_of_their_own(program)
    result = run(bare)
    for free, clipped in zip(claims(bare, result, clip=False), claims(bare, result, clip=True), strict=True):
        for p, said in clipped.hulls.items():
            assert covers(free.hulls[p], said), (free.tensor, p, free.axis, free.hulls[p], said)


@settings(max_examples=100)
@given(unbroken_programs(("window",)))
def test_moves_with_the_position(program: Program) -> None:
    """Behind windows alone, each step along an axis moves the interval by the same jump."""
    for claim in claims(program, run(program), clip=False):
        shape = program.tensors[claim.tensor].shape
        if None in claim.hulls.values():
            continue  # not read at all
        lo = np.reshape([said[0] for said in claim.hulls.values() if said is not None], shape)
        for axis, n in enumerate(shape):
            assert n < 2 or len(np.unique(np.diff(lo, axis=axis))) == 1


def without_tables_of_their_own(program: Program) -> Program:
    """The program with every select's run-time reads used for the borderless ones too."""

    def plain(step):  # type: ignore[no-untyped-def]
        return step._replace(free_first=None, free_last=None, period=0) if hasattr(step, "free_first") else step

    return Program(
        program.inputs,
        tuple(t._replace(paths=tuple((s, tuple(map(plain, steps))) for s, steps in t.paths)) for t in program.tensors),
    )
