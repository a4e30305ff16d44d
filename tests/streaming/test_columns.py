"""The columns of the table of operators that streams stand on: no operator that they are about is left out."""

from __future__ import annotations

import onnx.defs
import pytest

from rfonnx.operators.row import Unknown
from rfonnx.operators.table import kinds, operator, operators

SCHEMAS = onnx.defs.get_all_schemas()
PADDING = {one.name for one in SCHEMAS if "pads" in one.attributes or any(entry.name == "pads" for entry in one.inputs)}
SHAPED = {one.name for one in SCHEMAS if any(entry.name == "shape" for entry in one.inputs)}


@pytest.mark.parametrize("kind", sorted(PADDING))
def test_what_an_operator_that_pads_takes_for_frames_outside_is_known_or_said_to_be_unknown(kind: str) -> None:
    assert "border" in operator(kind).filled


@pytest.mark.parametrize("kind", sorted(kinds("border")))
def test_an_operator_with_a_known_border_can_be_run_without_its_padding(kind: str) -> None:
    row = operator(kind)
    assert isinstance(row.border, Unknown) or row.switched_off or row.border == ""


@pytest.mark.parametrize("kind", sorted(row.kind for row in operators() if row.border == "zero point"))
def test_an_operator_whose_border_is_a_zero_point_says_where_it_is(kind: str) -> None:
    assert operator(kind).zero_point is not None


def test_every_recurrence_says_what_it_carries() -> None:
    found = {row.kind for row in operators() if row.layered or row.family == "recurrence"}
    standard = {kind for kind in found if "." not in kind}
    assert standard >= {"CumSum", "GRU", "LSTM", "RNN"}
    assert {kind for kind in standard if operator(kind).carries == ""} == {"Loop"}


@pytest.mark.parametrize("kind", sorted(SHAPED))
def test_an_operator_that_is_given_a_shape_says_where(kind: str) -> None:
    row = operator(kind)
    assert row.shaped_by == 1 or isinstance(row.border, Unknown)
