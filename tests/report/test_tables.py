"""Which rows a table has, and how numbers are written."""

from __future__ import annotations

from fractions import Fraction

import pytest

from fake_analysis import FakeAnalysis, axis_field, fake, seed, square
from rfonnx.errors import QueryError
from rfonnx.report.document import ROWS, Table, number
from rfonnx.report.fields.people import overview
from rfonnx.report.fields.view import View
from rfonnx.results.plain import fraction, percent, shape_text


def table_of(analysis: FakeAnalysis, view: View) -> Table:
    found = overview(analysis, view).folds[0].parts[0]
    assert isinstance(found, Table)
    return found


def names(analysis: FakeAnalysis, view: View) -> list[str]:
    return [row[0] for row in table_of(analysis, view).rows]


def test_rows_only_where_something_changes() -> None:
    assert names(seed(), View()) == ["c1", "c2", "p"]


def test_all_shows_every_tensor() -> None:
    assert names(seed(), View(every=True)) == ["c1", "r1", "c2", "p"]


def test_named_tensors_come_in_the_order_of_the_model() -> None:
    assert names(seed(), View(tensors=("p", "r1"))) == ["r1", "p"]


def test_outputs_and_misaligned_joins_have_a_row_though_nothing_changes() -> None:
    one = axis_field(3)
    tensors = [square(name, "Relu", (1, 8, 32, 32), one) for name in ("first", "quiet", "join", "out")]
    analysis = fake(tensors, joins=(("join", "x", 2, (Fraction(0), Fraction(1))),))
    assert names(analysis, View()) == ["first", "join", "out"]


@pytest.mark.parametrize("change", [{"exact": False}, {"shape": (1, 4, 32, 32)}])
def test_a_change_of_shape_or_certainty_is_a_change(change: dict[str, object]) -> None:
    one = axis_field(3)
    tensors = [
        square("a", "Conv", (1, 8, 32, 32), one),
        square("b", "Conv", **{"shape": (1, 8, 32, 32), "one": one, **change}),  # type: ignore[arg-type]
        square("c", "Relu", **{"shape": (1, 8, 32, 32), "one": one, **change}),  # type: ignore[arg-type]
        square("d", "Relu", (1, 8, 32, 32), axis_field(5)),
    ]
    assert names(fake(tensors), View()) == ["a", "b", "d"]


def test_elision_starts_above_the_limit_and_all_has_none() -> None:
    tensors = [square(f"c{i}", "Conv", (1, 8, 32, 32), axis_field(i + 2)) for i in range(ROWS + 3)]
    whole = table_of(fake(tensors[:ROWS]), View())
    assert (len(whole.rows), whole.gap, whole.elision) == (ROWS, None, "")
    cut = table_of(fake(tensors), View())
    assert (len(cut.rows), cut.gap) == (ROWS, ROWS // 2)
    assert cut.elision == "... 3 rows left out here; --all shows every row ..."
    assert [row[0] for row in cut.rows[ROWS // 2 - 1 : ROWS // 2 + 1]] == ["c99", "c103"]
    every = table_of(fake(tensors), View(every=True))
    assert (len(every.rows), every.gap) == (ROWS + 3, None)


def test_alarm_rows_are_the_inexact_ones_that_are_shown() -> None:
    tensors = [square(f"c{i}", "Conv", (1,), axis_field(i + 2), exact=i < ROWS + 9) for i in range(ROWS + 10)]
    assert table_of(fake(tensors), View()).alarm == frozenset({ROWS - 1})


def test_spatial_axes_fall_back_to_all_where_nothing_slides() -> None:
    table = table_of(fake([square("t", "Gemm", (1, 8), axis_field(3))], windowed=()), View())
    assert table.rows[0][3] == "1x3x3x3"


def test_unknown_tensor() -> None:
    with pytest.raises(
        QueryError, match=r"^seed.onnx: no tensor 'c3' is computed from an input; did you mean 'c2', 'c1'\?$"
    ):
        overview(seed(), View(tensors=("c3",)))
    with pytest.raises(
        QueryError, match=r"^seed.onnx: no tensor 'weights' is computed from an input; --all lists every"
    ):
        overview(seed(), View(tensors=("weights",)))


def test_an_input_is_no_tensor() -> None:
    with pytest.raises(
        QueryError, match=r"^seed.onnx: 'x' is an input, which sees only itself; name a computed tensor$"
    ):
        overview(seed(), View(tensors=("x",)))


def test_unknown_axis() -> None:
    with pytest.raises(
        QueryError,
        match=r"^seed.onnx: no input has an axis 4; number of axes: 'x' 4; axes count from 0, batch included$",
    ):
        overview(seed(), View(axes=(2, 4)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(3), "3"),
        (Fraction(-1, 2), "-0.5"),
        (Fraction(1, 8), "0.125"),
        (Fraction(1, 3), "1/3"),
        (Fraction(1, 16), "1/16"),
    ],
)
def test_number(value: Fraction, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0%"), (1, "100%"), (0.5, "50%"), (0.123456, "12.3%"), (0.99999, "99.9%"), (1e-9, "<0.1%"), (0.29, "29%")],
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(("value", "plain"), [(Fraction(4), 4), (Fraction(-3, 2), "-3/2")])
def test_fraction(value: Fraction, plain: int | str) -> None:
    assert fraction(value) == plain


@pytest.mark.parametrize(("shape", "text"), [((1, 3), "1x3"), ((None, 2), "?x2"), ((), "scalar"), (None, "?")])
def test_shape_text(shape: tuple[int | None, ...] | None, text: str) -> None:
    assert shape_text(shape) == text
