"""Sums of all frames that come out near 0: held to what is summed, and still found wrong when they are."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.results.streaming import METADATA
from rfonnx.streaming.cancelling import conditions
from rfonnx.streaming.offline import hold, within
from rfonnx.streaming.stream_plan import StreamPlan
from streaming.nets import Net


def opposite(kind: str, channels: int = 64) -> onnx.ModelProto:
    """What is summed has a part of about 1 of both signs, and one of 0.0001; the half of the sum, by 3, is the output."""
    net = Net()
    other = net.add("Mul", net.add("Neg", "x"), net.number(1.0001))
    whole = net.add("Concat", "x", other, axis=1)
    made = net.add(kind, whole, **({} if kind == "GlobalAveragePool" else {"keepdims": 1}))
    return net.model([1, channels, "t"], net.add("Div", net.add("Mul", made, net.number(0.5)), net.number(3.0)))


def found(plan: StreamPlan, model: onnx.ModelProto, held: bool) -> tuple[bool, float]:
    sums = conditions(plan.source.offline, plan.manifest.finals) if held else None
    verified = hold(within(plan.source.offline), rfonnx.Stream(model), "net", sums=sums)
    return verified.passed, verified.worst


@pytest.mark.parametrize("kind", ["ReduceMean", "ReduceSum"])
def test_sums_that_cancel_are_held_to_what_is_summed(kind: str) -> None:
    model = opposite(kind)
    plan = rfonnx.stream(model, "x", 2, 1)
    assert not found(plan, plan.model, held=False)[0]
    assert found(plan, plan.model, held=True)[0]
    assert plan.verify().passed


def test_how_much_cancels_is_what_numpy_says() -> None:
    plan = rfonnx.stream(opposite("ReduceMean"), "x", 2, 1)
    x = np.random.default_rng(0).standard_normal((1, 64, 50))
    summed = np.concatenate([x, -1.0001 * x], 1)
    (size,) = conditions(plan.source.offline, plan.manifest.finals)({"x": x.astype(np.float32)}).values()
    # The sum is what float32 makes of it, and as far from the true one as float32 is.
    assert size == pytest.approx(np.abs(summed).sum() / abs(summed.sum()), rel=0.5)
    assert size > 1000


def test_what_is_no_sum_is_held_to_itself() -> None:
    net = Net()
    plan = rfonnx.stream(net.model([1, 2, "t"], net.add("ReduceMax", "x", axes=[2])), "x", 2, 4)
    assert set(
        conditions(plan.source.offline, plan.manifest.finals)({"x": np.ones((1, 2, 9), np.float32)}).values()
    ) == {1}


def test_a_sum_that_cancels_and_lacks_a_frame_is_found() -> None:
    """The state begins with a ten-thousandth of what is summed."""
    plan = rfonnx.stream(opposite("ReduceSum"), "x", 2, 1)
    told = json.loads(plan.model.metadata_props[0].value)
    (state,) = [one for one in told["states"] if "so far" in one["meaning"] and one["dtype"] == "float64"]
    state["initial"] = 1.0
    changed = onnx.ModelProto()
    changed.CopyFrom(plan.model)
    assert changed.metadata_props[0].key == METADATA
    changed.metadata_props[0].value = json.dumps(told)
    assert not found(plan, changed, held=True)[0]
