"""Chunks in the middle of a stream go without masks: what the two branches make, and when each is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import rfonnx
from rfonnx.model.opened import Opened
from rfonnx.results.streaming import ENDLESS
from rfonnx.streaming.branches import choice_of
from rfonnx.streaming.held import verify_file
from rfonnx.streaming.host import cut, first_states
from rfonnx.streaming.offline import drawn, hold, within
from streaming.nets import NETS

MASKED = ["symmetric TCN with norms", "U-Net, linear", "codec padded by reflection", "transformer, band", "Scan"]


def branch(model: onnx.ModelProto, name: str) -> onnx.GraphProto:
    choice = choice_of(model)
    assert choice is not None
    return next(attribute.g for attribute in choice.attribute if attribute.name == name)


def wrong(graph: onnx.GraphProto) -> None:
    """What comes first is 1 more."""
    output = graph.output[0].name
    for node in graph.node:
        node.output[:] = [f"{output}/before" if name == output else name for name in node.output]
    one = helper.make_node("Constant", [], [f"{output}/one"], value_float=1.0)
    graph.node.extend([one, helper.make_node("Add", [f"{output}/before", f"{output}/one"], [output])])


def moved(model: onnx.ModelProto, test: int, by: int) -> None:
    """A number that the choice rests on is another one."""
    node = [node for node in model.graph.node if node.op_type == "GreaterOrEqual"][test]
    stored = next(tensor for tensor in model.graph.initializer if tensor.name == node.input[1])
    stored.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(stored) + np.int64(by), stored.name))


def passes(name: str, change: Callable[[onnx.ModelProto], None]) -> bool:
    make, axis, unit, _ = NETS[name]
    plan = rfonnx.stream(make(), "x", axis, 2 * unit)
    change(plan.model)
    return hold(within(Opened(make())), rfonnx.Stream(plan.model), "stream").passed


CHANGES: dict[str, Callable[[onnx.ModelProto], None]] = {
    "wrong in the middle": lambda model: wrong(branch(model, "then_branch")),
    "wrong at the ends": lambda model: wrong(branch(model, "else_branch")),
    "the middle begins a chunk early": lambda model: moved(model, 0, -1),
    "the middle does not end": lambda model: moved(model, 1, -ENDLESS),
}


@pytest.mark.parametrize("name", MASKED)
def test_both_branches_are_run_and_held_against_the_model(name: str) -> None:
    assert passes(name, lambda model: None)
    for what in ("wrong in the middle", "wrong at the ends"):
        assert not passes(name, CHANGES[what]), what


@pytest.mark.parametrize("what", ["the middle begins a chunk early", "the middle does not end"])
def test_the_middle_is_no_longer_than_it_may_be(what: str) -> None:
    assert not passes("symmetric TCN with norms", CHANGES[what])


@pytest.mark.parametrize("name", MASKED)
def test_who_tells_the_end_from_the_first_chunk_on_has_the_same(name: str) -> None:
    """Chunks then go through the branch with masks, all of them."""
    make, axis, unit, _ = NETS[name]
    plan = rfonnx.stream(make(), "x", axis, 2 * unit)
    manifest, session = plan.manifest, Opened(plan.model).session()
    length = 12 * manifest.chunk
    whole = drawn(manifest, length)["x"]
    stream = rfonnx.Stream(plan.model)
    late = [stream.push(cut(whole, axis, at, at + manifest.chunk)) for at in range(0, length, manifest.chunk)]
    states = first_states(manifest, {})
    early: dict[str, list[np.ndarray]] = {one.name: [] for one in manifest.outputs}
    names = [*early, *(one.output for one in manifest.states)]
    for at in range(0, length, manifest.chunk):
        told = {manifest.ends_input: np.array([one(length) for one in manifest.ends], np.int64)}
        found = session.run(names, states | told | {"x": cut(whole, axis, at, at + manifest.chunk)})
        states = dict(zip((one.input for one in manifest.states), found[len(early) :], strict=True))
        for one, frames in zip(manifest.outputs, found, strict=False):
            early[one.name].append(frames)
    for one in manifest.outputs:
        made = np.concatenate(early[one.name], one.axis)
        given = np.concatenate([frames[one.name] for frames in late], one.axis)
        np.testing.assert_allclose(cut(made, one.axis, one.delay, one.delay + given.shape[one.axis]), given, atol=1e-6)


@pytest.mark.parametrize("name", MASKED)
def test_the_middle_has_no_masks(name: str) -> None:
    make, axis, unit, _ = NETS[name]
    plan = rfonnx.stream(make(), "x", axis, 2 * unit)
    flat = rfonnx.stream(make(), "x", axis, 2 * unit, flat=True)
    assert plan.masks == flat.masks > 0
    assert choice_of(flat.model) is None
    assert [node.op_type for node in branch(plan.model, "else_branch").node] == [
        n.op_type for n in flat.model.graph.node
    ]
    ends = plan.manifest.ends_input
    middle = branch(plan.model, "then_branch")
    assert not [node.name for node in middle.node if ends in node.input]
    assert len(middle.node) < len(flat.model.graph.node)


def test_what_needs_no_masks_has_no_branches() -> None:
    make, axis, _, _ = NETS["causal TCN"]
    assert choice_of(rfonnx.stream(make(), "x", axis).model) is None


@pytest.mark.parametrize("pack", [False, True])
def test_a_file_with_branches_is_verified(tmp_path: Path, pack: bool) -> None:
    make, axis, unit, _ = NETS["U-Net, transposed"]
    plan = rfonnx.stream(make(), "x", axis, 2 * unit, pack=pack)
    assert choice_of(plan.model)
    plan.save(tmp_path / "s.onnx")
    found = verify_file(Opened(make()), str(tmp_path / "s.onnx"))
    assert found.passed
    assert found.structure is not None
    assert (found.structure.skipped, found.structure.tensors) == ("", 1)


def test_other_chunks_of_a_flat_stream_are_flat() -> None:
    make, axis, unit, _ = NETS["U-Net, transposed"]
    plan = rfonnx.stream(make(), "x", axis, 2 * unit, flat=True)
    assert choice_of(plan._of(unit).model) is None
    assert choice_of(rfonnx.stream(make(), "x", axis, 2 * unit)._of(unit).model)
