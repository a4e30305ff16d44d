"""A stream held against its offline model in its own chunks, in this process: a tenth of the time that verifying takes."""

from __future__ import annotations

from rfonnx.results.stream_checks import StreamVerification
from rfonnx.streaming.loop import Stream
from rfonnx.streaming.offline import hold, within
from rfonnx.streaming.stream_plan import StreamPlan


def right(plan: StreamPlan) -> bool:
    """Whether every frame of several lengths is what the offline model makes."""
    stream = Stream(plan.model, others=plan._others(0))
    return hold(within(plan.source.offline), stream, "net", measured=plan._measured(None)).passed


def verified(plan: StreamPlan) -> StreamVerification:
    """All that `StreamPlan.verify` looks at, with the offline models in this process."""
    untouched = plan.source.untouched
    return plan.held_against(within(plan.source.offline), untouched=None if untouched is None else within(untouched))


def assert_proven(plan: StreamPlan) -> None:
    """Every frame is what the offline model makes, and every tensor sees what it sees there."""
    found = verified(plan)
    assert found.passed
    assert found.structure is not None
    assert not found.structure.differences
