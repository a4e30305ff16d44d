"""States in one tensor for each of their types: the same frames, and the same model without the tensors."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

import rfonnx
from rfonnx.streaming.packing import unpacked
from streaming.nets import NETS
from streaming.test_states import classifier, own_states


@pytest.mark.parametrize("name", ["causal TCN", "CRN with LSTM"])
def test_a_packed_stream_makes_the_same(name: str) -> None:
    make, axis, unit, _ = NETS[name]
    plain, packed = rfonnx.stream(make(), "x", axis, 2 * unit), rfonnx.stream(make(), "x", axis, 2 * unit, pack=True)
    streams = rfonnx.Stream(plain.model), rfonnx.Stream(packed.model)
    shape = plain.manifest.shape
    for seed in range(4):
        chunk = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
        one, other = (stream.push(chunk) for stream in streams)
        assert all(np.array_equal(one[key], other[key]) for key in one)
    one, other = (stream.finish() for stream in streams)
    assert all(np.array_equal(one[key], other[key]) for key in one)


def test_there_is_one_input_and_output_for_each_type() -> None:
    make, axis, _, _ = NETS["symmetric TCN with norms"]
    plan = rfonnx.stream(make(), "x", axis, pack=True)
    packs = plan.manifest.packs
    assert [pack.dtype for pack in packs] == ["int64", "float32"]
    inputs = {entry.name for entry in plan.model.graph.input}
    assert inputs == {"x", plan.manifest.ends_input, *(pack.input for pack in packs)}
    assert len(plan.model.graph.output) == 1 + len(packs)


def test_a_host_finds_each_state_by_its_place() -> None:
    """As the page says: flat, one behind the other, in the order of `states`."""
    make, axis, _, _ = NETS["causal TCN"]
    plain, packed = rfonnx.stream(make(), "x", axis, 4), rfonnx.stream(make(), "x", axis, 4, pack=True)
    manifest = packed.manifest
    x = np.random.default_rng(0).standard_normal(manifest.shape).astype(np.float32)
    feeds = {"x": x} | {pack.input: np.zeros(pack.size, pack.dtype) for pack in manifest.packs}
    session = onnxruntime.InferenceSession(packed.model.SerializeToString())
    found = dict(zip([one.name for one in session.get_outputs()], session.run(None, feeds), strict=True))
    session = onnxruntime.InferenceSession(plain.model.SerializeToString())
    feeds = {"x": x} | {one.input: np.zeros(one.shape, one.dtype) for one in plain.states}
    expected = dict(zip([one.name for one in session.get_outputs()], session.run(None, feeds), strict=True))
    states = {one.input: one for one in manifest.states}
    for pack in manifest.packs:
        place = 0
        for name in pack.states:
            size = int(np.prod(states[name].shape))
            part = found[pack.output][place : place + size].reshape(states[name].shape)
            assert np.array_equal(part, expected[states[name].output])
            place += size
        assert place == pack.size


@pytest.mark.parametrize("model", [own_states(symmetric=True), classifier("LSTM")])
def test_states_of_the_models_own_and_last_ones_stay(model: object) -> None:
    plan = rfonnx.stream(model, "x", 2, 4, pack=True)  # type: ignore[arg-type]
    assert plan.verify().passed
    held = {name for pack in plan.manifest.packs for name in pack.states}
    assert all((one.input in held) == (one.initial is not None) for one in plan.states)


def test_what_was_packed_can_be_taken_apart() -> None:
    make, axis, _, _ = NETS["CRN with LSTM"]
    plain, packed = rfonnx.stream(make(), "x", axis), rfonnx.stream(make(), "x", axis, pack=True)
    again = unpacked(packed.model, packed.manifest)
    assert {entry.name for entry in again.graph.input} == {entry.name for entry in plain.model.graph.input}
    assert [node.name for node in again.graph.node] == [node.name for node in plain.model.graph.node]
