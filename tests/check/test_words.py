"""Rules in words, over the table [check.rules]."""

from __future__ import annotations

from typing import Any

import pytest

import rfonnx
from rfonnx.checking.selection import choose


def chosen(words: list[str], table: dict[str, Any] | None = None) -> list[tuple[str, dict[str, Any], str]]:
    """Rule, values that are set, severity."""
    return [
        (one.info.id, {name: value for name, value in one.values.items() if value is not None}, one.severity)
        for one in choose(table or {}, words, "rfonnx.toml: [check.rules]")
    ]


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        (["field-minimum=64"], [{"min": 64}]),
        (["field-minimum.min=64"], [{"min": 64}]),
        (["RF001=64", "field-minimum.tensor=a b=c.1,2", "rf001.axis=3"], [{"min": 64, "tensor": "a b=c.1,2", "axis": 3}]),
        (["RF001=6", "RF001.tensor=a", "RF001=7", "RF001.tensor=b"], [{"min": 6, "tensor": "a"}, {"min": 7, "tensor": "b"}]),
        (["RF001=6", "RF001=6"], [{"min": 6}]),
        (["RF001.tensor=", "RF001.min=6"], [{"min": 6, "tensor": ""}]),
    ],
)  # fmt: skip
def test_words(words: list[str], runs: list[dict[str, Any]]) -> None:
    assert chosen(words) == [("RF001", run, "error") for run in runs]


def test_a_severity_in_words() -> None:
    assert chosen(["causal.severity=note", "finite"]) == [("RF005", {}, "note"), ("RF012", {}, "error")]


def test_words_go_over_the_table() -> None:
    table = {"field-minimum": {"min": 188, "tensor": "mask", "severity": "warning"}, "finite": True}
    assert chosen(["field-minimum=64"], table) == [("RF001", {"min": 64, "tensor": "mask"}, "warning")]
    assert chosen(["field-minimum"], table) == [("RF001", {"min": 188, "tensor": "mask"}, "warning")]
    several = {"field-minimum": [{"min": 6, "tensor": "a"}, {"min": 7, "tensor": "b"}]}
    assert chosen(["field-minimum.axis=2"], several) == [
        ("RF001", {"min": 6, "tensor": "a", "axis": 2}, "error"), ("RF001", {"min": 7, "tensor": "b", "axis": 2}, "error"),
    ]  # fmt: skip
    assert chosen(["finite"], {"finite": False}) == [("RF012", {}, "error")]


def test_which_rules_were_asked_for_by_name() -> None:
    assert {one.info.id for one in choose({"causal": True, "finite": False}, (), "rules") if one.named} == {"RF005"}
    assert all(one.named for one in choose({}, ["finite", "causal"], "rules"))
    assert not any(one.named for one in choose({}, (), "rules"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["caussal.axis=2"], "there is no rule 'caussal'; did you mean 'causal'"),
        (
            ["field-minimum.tensr=a"],
            "--rule field-minimum has 'tensr', which means nothing here; did you mean 'tensor'",
        ),
        (["field-minimum.tensor"], "field-minimum.tensor has no value; write --rule field-minimum.tensor=..."),
        (["field-minimum=3", "field-minimum.min=4"], "min is given twice, '3' and '4'; begin a second run"),
        (["field-minimum.tensor=a"], "needs 'min'.*--rule field-minimum.min=..."),
        (["no-global-operator=3"], "--rule no-global-operator takes no value"),
        (["field-minimum=3", "field-minimum.axis=two"], "axis is 'two', expected int; give a whole number"),
        (["finite.severity=bad"], "severity is 'bad'; it may be note, warning, error"),
        ([""], "there is no rule ''"),
        (["=3"], "there is no rule ''"),
    ],
)
def test_words_that_mean_nothing(words: list[str], message: str) -> None:
    with pytest.raises(rfonnx.RfonnxError, match=message):
        choose({}, words, "rules")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"causal": True, "RF005": False}, "has 'causal' and 'RF005', which are one rule"),
        ({"field-minimum": []}, "field-minimum is an empty list; write false"),
        ({"finite": 3}, "finite takes no value, but has 3; write true or false"),
    ],
)
def test_tables_that_mean_nothing(table: dict[str, Any], message: str) -> None:
    with pytest.raises(rfonnx.DataError, match=message):
        choose(table, (), "rules")
