"""Networks of the kinds that people stream: unit, delay, and every frame as in the offline run."""

from __future__ import annotations

import pytest

import rfonnx
from streaming.holding import verified
from streaming.nets import NETS


@pytest.mark.parametrize("name", NETS)
def test_a_stream_is_what_the_offline_model_makes(name: str) -> None:
    make, axis, unit, delays = NETS[name]
    plan = rfonnx.stream(make(), "x", axis)
    assert plan.unit == unit
    assert tuple(plan.delay.values()) == delays
    assert [one.delay + one.held for one in plan.manifest.outputs] == [one.least for one in plan.manifest.outputs]
    found = verified(plan)
    assert found.passed, found
    run = [one for one in found.runs if not one.skipped]
    assert {one.chunk for one in run} == {unit, 2 * unit, 8 * unit}
    assert any(one.length % one.chunk for one in run)
    assert not plan.assumptions


@pytest.mark.parametrize("chunk", [3, 7, 16])
def test_delay_does_not_depend_on_the_chunk(chunk: int) -> None:
    plan = rfonnx.stream(NETS["symmetric TCN with norms"][0](), "x", 2, chunk)
    assert list(plan.delay.values()) == [7]
    assert plan.verify().passed


def test_offline_models_in_processes_of_their_own_give_what_they_give_in_this_one() -> None:
    plan = rfonnx.stream(NETS["causal TCN"][0](), "x", 2)
    assert plan.verify() == verified(plan)


def test_a_causal_net_has_no_masks() -> None:
    """Nothing that comes is a frame before the first: zeros are what caches hold at first."""
    assert rfonnx.stream(NETS["causal TCN"][0](), "x", 2).masks == 0
    assert rfonnx.stream(NETS["symmetric TCN with norms"][0](), "x", 2).masks > 0
