"""What `stream latency` times a stream against: the offline model on the last frames gives the newest frames of the stream."""

from __future__ import annotations

import pytest

import rfonnx
from rfonnx.streaming.offline import within
from rfonnx.streaming.rerun import Rerun, newest_differ, rerun
from streaming.nets import NETS

PAST = {
    "codec with LSTM", "codec padded by the edge", "codec padded by reflection", "causal CRN", "CRN with GRU", "CRN with LSTM",
    "Scan", "mel classifier", "table of positions", "picked positions",
}  # fmt: skip
"""Nets that carry something from the first frame on, or count frames from there."""


def found(name: str, chunks: int) -> tuple[Rerun, rfonnx.Stream, rfonnx.StreamPlan]:
    make, axis, unit, _ = NETS[name]
    plan = rfonnx.stream(make(), "x", axis, chunks * unit)
    stream = rfonnx.Stream(plan.model)
    return rerun(plan.source, stream, within(plan.source.offline), 20 * unit, 1e-5), stream, plan


@pytest.mark.parametrize("name", NETS)
def test_the_last_frames_give_what_the_newest_chunk_gives(name: str) -> None:
    """And the offline model makes something else of half as many, where it is a window."""
    again, stream, plan = found(name, 2)
    assert again.length, again.reason
    assert again.whole == (name in PAST)
    offline = within(plan.source.offline)
    assert newest_differ(stream, offline, again.length, again.whole) <= 1e-5
    if not again.whole:
        unit = plan.unit
        assert newest_differ(stream, offline, again.length // 2 // unit * unit, False) > 1e-3
