"""What becomes of a limit: held, missed, or too few samples to tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import rfonnx
import small_nets
from rfonnx.comparing.figures.meter import Meter
from rfonnx.comparing.figures.verdicts import judge, unjudged
from rfonnx.comparing.tasks.reader import Batch
from rfonnx.comparing.tasks.registry import READERS
from rfonnx.errors import QueryError
from rfonnx.results.agreement import Case, Measure, OutputAgreement
from rfonnx.results.comparison import Comparison, SampleInfo, Verdict
from rfonnx.results.measures import MEASURES, limitable

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


@pytest.mark.parametrize("given", [{"limits": {"top1": 95.0}}, {"output_limits": {"scores": {"top1": 95.0}}}])
def test_a_share_that_cannot_be_is_no_limit(given: dict[str, Any]) -> None:
    net = small_nets.classifier()
    with pytest.raises(QueryError, match=r"the limit top1=95 is out of range, at most 1; write 95% as 0\.95"):
        rfonnx.compare(net, net, cost=False, **given)


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


SHAPES = {
    "labels": (), "segmentation": (4, 5, 5), "tokens": (7, 6), "sequence": (7, 6), "detection": (9, 6), "rows": (9, 6),
}  # fmt: skip


def measured(task: str, samples: int, scale: float) -> OutputAgreement:
    """Outputs of a task; a scale of 0 makes the teacher's all zero."""
    generator = np.random.default_rng(0)
    shape = (samples, *SHAPES.get(task, (6,)))
    teacher, student = (generator.standard_normal(shape).astype("f") for _ in "ts")
    if task == "labels":
        teacher, student = (np.abs(np.rint(one)) for one in (teacher, student))
    meter = Meter(("y", "y"), task)
    meter.add(Batch([f"s{i}" for i in range(samples)], teacher * scale, student, np.full(samples, -1)))
    return meter.result()


@pytest.mark.parametrize("task", READERS)
@pytest.mark.parametrize(("samples", "scale"), [(1, 1.0), (1, 0.0), (3, 1.0), (3, 0.0)])
def test_no_limit_that_is_asked_for_is_passed_over(task: str, samples: int, scale: float) -> None:
    one = measured(task, samples, scale)
    for name in limitable():
        if not MEASURES[name].of_fields:
            for given, own in (({name: 0.5}, None), (None, {name: 0.5})):
                (found,) = (v for v in verdicts(one, "int8", given, own) if v.measure == name)
                assert found.asked
                if "not measured" in found.reason:
                    assert (found.outcome, found.passed) == ("missed", False)


def test_of_several_outputs_the_one_without_a_figure_is_missed() -> None:
    good, still = measured("regression", 3, 1.0), measured("regression", 3, 0.0)
    found = judge("int8", [good, still], {"r2": -1e9}, {})
    assert [v.outcome for v in found if v.measure == "r2"] == ["held", "missed"]
    assert "no column of the teacher varies" in found[-1].reason


def test_default_limits_without_a_figure_are_told() -> None:
    one = measured("embedding", 1, 1.0)
    told = (
        "output 'y' is not judged by found again (recall@1) (one sample has no others to be told from), neighbours kept"
    )
    assert [line[: len(told)] for line in unjudged("int8", [one], {}, {})] == [told]
    assert list(unjudged("int8", [measured("embedding", 3, 1.0)], {}, {})) == []
    assert list(unjudged("int8", [one], {"recall_1": None}, {"y": {"neighbours": None}})) == []


def test_outputs_that_a_limit_of_all_is_not_of_are_told() -> None:
    both = [measured("classifier", 3, 1.0), measured("values", 3, 1.0)]
    assert list(unjudged("fp32", both, {"top1": 0.5}, {})) == [
        "output 'y', read as values, has no top1: the limit is of others"
    ]


def test_rows_of_a_distilled_student_are_judged_by_more_than_their_number() -> None:
    found = {v.measure: v.outcome for v in verdicts(measured("rows", 3, 1.0), "distilled")}
    assert found == {"same_rows": "held", "cosine": "missed", "sqnr_db": "missed"}
