"""Errors in a streaming model, and which of the checks find them."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

import rfonnx
from rfonnx.model.opened import Opened
from rfonnx.streaming.offline import hold, within
from rfonnx.streaming.structure import of_twins, structure
from streaming.mutations import CASES, Mutation, net_of, stale
from streaming.nets import NETS
from streaming.whole_numbers import differs, whole_numbers

NUMBERS, SEEN, WHOLE = "numbers", "what is seen", "whole numbers"


def found_by(model: onnx.ModelProto, axis: int, unit: int, mutation: Mutation | None) -> dict[str, bool | None]:
    """Which of the checks finds a mutation; None: it cannot be made."""
    plan = rfonnx.stream(model, "x", axis, 2 * unit, flat=True)
    assert mutation is None or mutation(plan.model)
    stream = rfonnx.Stream(plan.model)
    numbers = hold(within(Opened(model)), stream, "stream")
    pairs = of_twins(plan.twins, stream.manifest)
    seen = structure(plan.source.ready, plan.source.shapes, plan.model, stream.manifest, pairs)
    assert not seen.skipped
    whole = whole_numbers(model)
    exact: bool | None = None
    if whole is not None:
        plan = rfonnx.stream(whole, "x", axis, 2 * unit, flat=True)
        assert mutation is None or mutation(plan.model)
        exact = differs(whole, rfonnx.Stream(plan.model))
    if not numbers.passed:
        assert numbers.worst > 10 * numbers.tolerance or any(run.missing for run in numbers.runs)
    return {SEEN: bool(seen.differences), NUMBERS: not numbers.passed, WHOLE: exact}


def rows() -> list[str]:
    """The table of docs/stream.md."""
    exact = {name: whole_numbers(net_of(name)[0]) is not None for name in {net for net, *_ in CASES}}
    said = {True: "found", False: "not seen"}
    return [
        f"| {net} | {what} | {said[seen]} | found | {'found' if exact[net] else '-'} |" for net, what, seen, _ in CASES
    ]


@pytest.mark.parametrize(("net", "what", "seen", "mutation"), CASES, ids=[f"{net}: {what}" for net, what, *_ in CASES])
def test_an_error_is_found(net: str, what: str, seen: bool, mutation: Mutation) -> None:
    found = found_by(*net_of(net), mutation)
    assert found[SEEN] is seen
    assert found[NUMBERS]
    assert found[WHOLE] in (True, None)


@pytest.mark.parametrize("net", dict.fromkeys(net for net, *_ in CASES))
def test_nothing_is_found_where_there_is_no_error(net: str) -> None:
    assert not any(found_by(*net_of(net), None).values())


def test_the_documentation_says_which_check_finds_what() -> None:
    told = (Path(__file__).parents[2] / "docs" / "stream.md").read_text()
    assert "\n".join(rows()) in told


def test_what_differs_is_not_written(tmp_path: Path) -> None:
    make, axis, _, _ = NETS["causal TCN"]
    plan = rfonnx.stream(make(), "x", axis)
    assert stale(plan.model, "reads again")
    with pytest.raises(rfonnx.RfonnxError, match="differs from the offline model"):
        plan.save(tmp_path / "s.onnx")
    assert not list(tmp_path.iterdir())
