"""The section on derived facts, from facts made by hand; the rate on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from click.testing import CliRunner

from fake_analysis import HOSTILE, FakeAnalysis, axis_field, fake, square
from rfonnx.cli.commands import cli
from rfonnx.report.fields.view import View
from rfonnx.report.formats import FIELDS
from rfonnx.results.fields import BatchFact, OutputFacts, PositionalConstant, ShiftFact, TimeFact
from rfonnx.results.plain import analysis_to_dict, facts_to_dict

APART = BatchFact("independent", 2, "", 0, (("x", 0),))


def facts_of(
    batch: BatchFact = APART,
    time: Sequence[TimeFact] = (),
    shifts: Sequence[ShiftFact] = (),
    positional: Sequence[PositionalConstant] = (),
    names: Sequence[str] = ("y",),
) -> FakeAnalysis:
    tensors = [square(name, "Conv", (1, 8, 32, 32), axis_field(3)) for name in names]
    facts = {name: OutputFacts(name, batch, tuple(time), tuple(shifts), tuple(positional)) for name in names}
    return fake(tensors, outputs=tuple(names), facts=facts)


def lines(source: FakeAnalysis, view: View | None = None) -> list[str]:
    """The section's lines in the text report."""
    text = "".join(FIELDS.write("text", source, view or View()))
    return [line.strip() for line in text.split("Derived facts\n")[1].split("\n\n")[0].splitlines()]


@pytest.mark.parametrize(
    ("batch", "line"),
    [
        (APART, "y: each sample (axis 0) sees only itself (found with a batch of 2)"),
        (
            BatchFact("mixed", 2, "a position sees several samples of 'x'", 0, (("x", 0),)),
            "y: samples (axis 0) are mixed: a position sees several samples of 'x'",
        ),
        (
            BatchFact("independent", 2, "", 1, (("x", 0), ("state", 1))),
            "y: each sample (axis 0 of x, axis 1 of state; axis 1 of the output) sees only itself (found with a batch of 2)",
        ),
        (
            BatchFact("independent", 2, "", None, (("x", 0),)),
            "y: no position sees two samples (axis 0; found with a batch of 2)",
        ),
        (
            BatchFact("independent", 2, "", 0, (("x", 0),), presumed=True),
            "y: each sample (axis 0, presumed to count them) sees only itself (found with a batch of 2)",
        ),
        (
            BatchFact("dropped", 2, "nothing of it depends on sample 1 of 2", None, (("x", 0),)),
            "y: not every sample (axis 0) has an answer: nothing of it depends on sample 1 of 2",
        ),
        (
            BatchFact("unknown", 0, "the batch is fixed to 1"),
            "y: not known whether a sample sees only itself: the batch is fixed to 1",
        ),
    ],
)
def test_batches(batch: BatchFact, line: str) -> None:
    assert lines(facts_of(batch)) == [line]


def test_outputs_that_answer_alike_share_a_line() -> None:
    found = lines(facts_of(names=("a", "b", "c")))
    assert found == ["a and 2 more outputs: each sample (axis 0) sees only itself (found with a batch of 2)"]


def test_two_outputs_that_answer_alike_are_one_and_one_more() -> None:
    assert lines(facts_of(names=("a", "b")))[0].startswith("a and 1 more output: ")


def test_time_is_told_along_any_axis_unless_others_were_named() -> None:
    """Frames that a recurrent layer takes one by one lie along an axis that no window slides along."""
    source = facts_of(time=[TimeFact("x", 0, 0, Fraction(1), True, 0, 4, 5)])
    told = "y along x axis 0: causal; left context 4 samples, lookahead 0 samples, at length 5"
    assert told in lines(source)
    assert told in lines(source, View(axes=(0,)))
    assert told not in lines(source, View(axes=(2, 3)))


TIMES = [
    (True, 0, None, "causal; left context 1023 samples, lookahead 0 samples"),
    (False, 1, None, "not causal; left context 1023 samples, lookahead 1 sample"),
    (None, 7, None, "not known to be causal; left context 1023 samples, lookahead at most 7 samples"),
    (False, 8, 16000.0, "not causal; left context 1023 samples (63.9 ms), lookahead 8 samples (0.5 ms)"),
    (False, 8, 4.0, "not causal; left context 1023 samples (256 s), lookahead 8 samples (2 s)"),
]


@pytest.mark.parametrize(("causal", "lookahead", "rate", "words"), TIMES)
def test_time(causal: bool | None, lookahead: int, rate: float | None, words: str) -> None:
    fact = TimeFact("x", 2, 2, Fraction(1), causal, lookahead, 1023)
    assert lines(facts_of(time=[fact]), View(rate=rate))[1:] == [f"y along x axis 2: {words}"]


def test_shifts_of_axes_that_agree_share_a_line() -> None:
    rows, columns = (ShiftFact("x", axis, axis, 16, 4, "") for axis in (2, 3))
    assert lines(facts_of(shifts=[rows, columns]))[1:] == [
        "a shift of x by 16 along axes 2, 3 shifts y by 4, borders aside"
    ]


def test_shifts_say_where_they_hold() -> None:
    rows = ShiftFact("x", 2, 2, 4, 4, "", 20, (3, 9))
    columns = ShiftFact("x", 3, 3, 4, 4, "", 20, (3, 13), (7, 30))
    assert lines(facts_of(shifts=[rows, columns]))[1:] == [
        "a shift of x by 4 along axes 2, 3 shifts y by 4, borders aside (at 3..9 and 3..13; of what is shown at 7..30 before "
        "a uniform background; from 20 positions on)"
    ]


def test_shifts_that_leave_the_output_and_such_as_are_not_followed() -> None:
    found = lines(facts_of(shifts=[ShiftFact("x", 2, None, 2, 0, ""), ShiftFact("x", 3, 3, None, 0, "rows differ")]))
    assert found[1:] == [
        "a shift of x by 2 along axis 2 leaves y as it is, borders aside",
        "no shift of x along axis 3 is known that y follows: rows differ",
    ]


def test_axes_that_are_not_shown_have_no_lines() -> None:
    source = facts_of(
        time=[TimeFact("x", 2, 2, Fraction(1), True, 0, 5)],
        shifts=[ShiftFact("x", 2, 2, 1, 1, ""), ShiftFact("x", 3, 3, 1, 1, "")],
    )
    assert lines(source, View(axes=(3,)))[1:] == ["a shift of x by 1 along axis 3 shifts y by 1, borders aside"]


def test_positional_constants_are_named_up_to_a_limit() -> None:
    constants = [PositionalConstant(f"table{i}", "added", "Add", (1, 2)) for i in range(7)]
    found = lines(facts_of(positional=constants))[1:]
    assert found[0] == "table0 treats positions differently, in added (Add) along axes 1, 2"
    assert found[-1] == "... and 2 more positional constants"
    assert len(found) == 6


def test_what_tiles_need_is_told_once_for_axes_that_are_alike() -> None:
    rows, columns = (ShiftFact("x", axis, axis, 16, 4, "", halo=(94, 94)) for axis in (2, 3))
    ends = " for y; whether they are exact, `rfonnx tile plan` tells"
    alike = lines(facts_of(shifts=[rows, columns]))
    assert alike[-1] == f"tiles of axes 2, 3 of x begin on a grid of 16, and need a halo of 94{ends}"
    other = lines(facts_of(shifts=[rows, columns._replace(period=1, halo=(7, 0))]))
    assert other[-1] == f"tiles of axis 3 of x begin on a grid of 1, and need a halo of 7 before and 0 after{ends}"


def test_names_of_the_model_are_escaped() -> None:
    source = facts_of(
        BatchFact("mixed", 2, HOSTILE),
        [TimeFact("x", 2, 2, Fraction(1), True, 0, 5)],
        [ShiftFact("x", 2, 2, None, 0, HOSTILE)],
        [PositionalConstant(HOSTILE, HOSTILE, HOSTILE, (1,))],
        names=(HOSTILE,),
    )
    for style in ("text", "markdown"):
        text = "".join(FIELDS.write(style, source, View()))
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_facts_as_plain_data() -> None:
    source = facts_of(
        time=[TimeFact("x", 2, 2, Fraction(1, 2), None, 1, 3)],
        shifts=[ShiftFact("x", 2, 2, 4, 8, "", 20, (3, 9))],
        positional=[PositionalConstant("table", "added", "Add", (2,))],
    )
    assert analysis_to_dict(source)["facts"] == [facts_to_dict(source.facts["y"])]
    assert facts_to_dict(source.facts["y"]) == {
        "name": "y",
        "batch": {
            "state": "independent",
            "batch": 2,
            "reason": "",
            "axis": 0,
            "inputs": {"x": 0},
            "presumed": False,
        },
        "time": [
            {"input": "x", "axis": 2, "tensor_axis": 2, "stride": "1/2", "causal": None, "lookahead": 1, "context": 3}
            | {"length": 0}
        ],
        "shifts": [
            {"input": "x", "axis": 2, "tensor_axis": 2, "period": 4, "shift": 8, "reason": ""}
            | {"least": 20, "positions": [3, 9], "room": None, "halo": None}
        ],
        "positional": [{"name": "table", "tensor": "added", "op_type": "Add", "axes": [2]}],
    }


def test_rate_on_the_command_line(models) -> None:
    made = CliRunner().invoke(cli, ["report", str(models / "wavenet.onnx"), "--rate", "16000"])
    assert "left context 1023 samples (63.9 ms), lookahead 0 samples (0 ms)" in made.stdout


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf"])
def test_rates_that_are_none(rate: str, models) -> None:
    made = CliRunner().invoke(cli, ["report", str(models / "seed.onnx"), "--rate", rate])
    assert made.exit_code == 2
    assert "is not a number above 0, at most 1e+12" in made.output
