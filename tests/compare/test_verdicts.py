"""What becomes of a limit: held, missed, or too few samples to tell."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import rfonnx
import small_nets
from rfonnx.compare.verdicts import judge
from rfonnx.comparison import Case, Comparison, Measure, OutputAgreement, SampleInfo, Verdict
from rfonnx.errors import QueryError

TOP1 = {"top1": Measure(0.975, 0.87, 0.995)}


def output(
    measures: Mapping[str, Measure], task: str = "classifier", samples: int = 40, **more: object
) -> OutputAgreement:
    measures = dict(measures)
    if "top1" in measures:
        measures.setdefault("top1_clear", measures["top1"])
    return OutputAgreement("y", "y", task, samples, measures, **{"worst": {}, **more})  # type: ignore[arg-type]


def verdicts(one: OutputAgreement, kind: str = "fp16", given: object = None, own: object = None) -> list[Verdict]:
    return list(judge(kind, [one], given or {}, {"y": own} if own else {}))  # type: ignore[arg-type, dict-item]


def passed(found: list[Verdict]) -> bool:
    info = SampleInfo("", False, 40, ())
    return Comparison("a", "b", "fp16", "", info, (), tuple(found), (), {}, None, None, 1, {}, ()).passed


def test_an_interval_that_reaches_the_limit_decides_nothing() -> None:
    (found,) = verdicts(output(TOP1))
    assert (found.outcome, found.passed, found.asked) == ("undecided", False, False)
    assert found.reason.endswith("at least 99% for fp16; too few samples to tell: the 95% interval is 87% to 99.5%")


@pytest.mark.parametrize(("low", "high"), [(0.8, 0.98), (None, None)])
def test_beyond_the_limit_with_its_interval_or_without_one_is_missed(low: float | None, high: float | None) -> None:
    (found,) = verdicts(output({"top1": Measure(0.975, low, high)}))
    assert (found.outcome, found.passed) == ("missed", False)


def test_upper_limits_too() -> None:
    kl = output({"kl": Measure(0.12, 0.09, 0.2)})
    assert [v.outcome for v in verdicts(kl, "int8")] == ["undecided"]
    assert [v.outcome for v in verdicts(output({"kl": Measure(0.12, 0.11, 0.2)}), "int8")] == ["missed"]
    assert [v.outcome for v in verdicts(output({"kl": Measure(0.08, 0.01, 0.2)}), "int8")] == ["held"]


def test_what_is_asked_for_must_be_shown() -> None:
    (found,) = verdicts(output(TOP1), given={"top1": 0.99})
    assert (found.outcome, found.asked) == ("missed", True)
    assert "a limit that is asked for must be shown" in found.reason


def test_limits_of_one_output_stand_over_those_of_all() -> None:
    assert [v.limit for v in verdicts(output(TOP1), given={"top1": 0.99}, own={"top1": 0.5})] == [0.5]
    assert verdicts(output(TOP1), given={"top1": 0.99}, own={"top1": None}) == []


@pytest.mark.parametrize("where", ["given", "own"])
def test_what_is_asked_for_and_not_measured_is_missed(where: str) -> None:
    (found,) = verdicts(output({"max_abs": Measure(0.0)}, "values"), **{where: {"kl": 0.1}})
    assert (found.outcome, found.measure) == ("missed", "kl")
    assert "not measured" in found.reason
    assert "values" in found.reason


def test_limits_for_what_is_not_there() -> None:
    net = small_nets.classifier()
    with pytest.raises(
        QueryError, match="a limit is given for output 'z', which is not compared; compared are 'scores'"
    ):
        rfonnx.compare(net, net, output_limits={"z": {"top1": 1.0}}, cost=False)
    with pytest.raises(QueryError, match="there is no measure 'topp' to limit"):
        rfonnx.compare(net, net, output_limits={"scores": {"topp": 1.0}}, cost=False)


def test_flips_are_named_and_near_ties_held_apart() -> None:
    measures = {"top1": Measure(0.9, 0.8, 0.95), "top1_clear": Measure(0.925, 0.85, 0.96)}
    cases = tuple(Case(f"{name}.png", 1.5) for name in "abcde")
    (found,) = verdicts(output(measures, worst={"flip_margin": cases}))
    assert "92.5% (90% with near ties), at least 99%" in found.reason
    assert found.where == "such as a.png, b.png, c.png"


def test_only_what_is_missed_fails() -> None:
    undecided, held = output(TOP1), {**TOP1, "sqnr_db": Measure(60.0)}
    assert not passed(verdicts(undecided))  # nothing was shown
    assert passed(verdicts(output(held)))
    assert not passed(verdicts(output({**held, "sqnr_db": Measure(20.0)})))
