"""The one table of operators: a column is filled once, and what nobody filled says that nobody knows."""

from __future__ import annotations

import pytest

from rfonnx.operators.table import Unknown, declare, kinds, operator


def test_a_column_is_filled_once() -> None:
    with pytest.raises(ValueError, match="reads of Conv is declared twice"):
        declare("Conv", reads=Unknown("again"))


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="has no column 'colour'"):
        declare("Conv", colour="red")


def test_an_operator_that_nobody_declared_is_unknown_in_every_column() -> None:
    row = operator("made.up.Operator")
    assert isinstance(row.reads, Unknown)
    assert isinstance(row.macs, Unknown)
    assert not row.filled
    assert "made.up.Operator" not in kinds("reads")
