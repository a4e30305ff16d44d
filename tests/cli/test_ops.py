"""The support table against the registries and the installed onnx, and the page made from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import onnx.defs
import pytest

from outcome import Outcome
from rfonnx.operators.access.op import registered
from rfonnx.operators.support import newest_opset, support
from rfonnx.report.mark import SIGNED
from rfonnx.report.operators.people import STATES

Run = Callable[..., Outcome]
PAGE = Path(__file__).parents[2] / "docs" / "operators.md"


def test_every_registered_operator_is_listed_as_registered() -> None:
    listed = {f"{op.domain}.{op.op_type}".lstrip("."): op.state for op in support()}
    assert {kind: listed[kind] for kind in registered()} == registered()


def test_every_operator_of_onnx_is_listed() -> None:
    listed = {(op.domain, op.op_type) for op in support()}
    assert {("", schema.name) for schema in onnx.defs.get_all_schemas() if not schema.domain} <= listed


def test_opsets() -> None:
    ops = {op.op_type: op for op in support() if not op.domain}
    assert (ops["Conv"].first, ops["Conv"].last) == (1, newest_opset())
    assert (ops["Upsample"].first, ops["Upsample"].last) == (1, 9)
    # deprecated in 18, brought back in 21
    assert (ops["GroupNormalization"].first, ops["GroupNormalization"].last) == (18, newest_opset())
    assert ops["Constant"].state == "constant"


def test_every_everything_has_a_reason() -> None:
    assert [op.op_type for op in support() if (op.state == "everything") != bool(op.reason)] == []


def test_text_counts_what_it_lists(rfonnx: Run) -> None:
    lines = rfonnx("ops").out.splitlines()
    for state in STATES:
        listed = sum(line.split()[2:3] == [state] for line in lines if re.match(r"\S+ +\d+\.\.\d+ ", line))
        stated = next((int(line.split()[0]) for line in lines if re.match(rf"\d+ {state}:", line)), 0)
        assert listed <= stated  # operators outside onnx have no opsets
    assert lines[-1] == f"{len(support())} operators"


def test_the_page_is_the_table(rfonnx: Run) -> None:
    """`rfonnx ops --format markdown -o docs/operators.md` rewrites it."""
    made = rfonnx("ops", "--format", "markdown").out
    page = PAGE.read_text(encoding="utf-8").removesuffix(SIGNED["markdown"])
    documented = re.search(r"up to opset (\d+)", page)
    assert documented
    if int(documented[1]) != newest_opset():
        pytest.skip(f"the page was made with an onnx that knows opset {documented[1]}")
    assert page == made
