"""What the tensors of a stream see, by chaining copies of it: the chain is what the loop does, and what differs is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx
from rfonnx.model.opened import Opened
from rfonnx.model.runtime import open_session
from rfonnx.results.stream_checks import StreamStructure
from rfonnx.streaming.chained import chained, in_copy, outside, runs
from rfonnx.streaming.flow import Twin
from rfonnx.streaming.held import verify_file
from rfonnx.streaming.relations import Bends, Same
from rfonnx.streaming.stream_plan import StreamPlan
from rfonnx.streaming.structure import lengths, of_outputs, of_twins, structure
from streaming.nets import NETS, Net


def compared(plan: StreamPlan) -> StreamStructure:
    pairs = of_twins(plan.twins, plan.manifest)
    return structure(plan.source.ready, plan.source.shapes, plan.model, plan.manifest, pairs)


def picked_where_read(plan: StreamPlan) -> set[str]:
    """Tensors with frames that are added at their ends, and what is made of these one by one: they are not in the stream."""
    found: set[str] = set()
    for placed in plan.layout.placed:
        for name, readings in placed.readings.items():
            relations = {operand: relation for operand, (_, relation) in readings.items()}
            bends = any(isinstance(one, Bends) for one in relations.values())
            alike = set(relations.values()) == {Same()} and relations.keys() <= found
            if bends or alike:
                found.add(name)
    return found


@pytest.mark.parametrize("name", NETS)
def test_every_tensor_sees_what_it_sees_in_the_offline_model(name: str) -> None:
    make, axis, unit, _ = NETS[name]
    plan = rfonnx.stream(make(), "x", axis, 8 * unit)
    found = compared(plan)
    framed = {twin.tensor for twin in plan.twins}
    absent = {"x"} | picked_where_read(plan)
    assert len(framed | absent) >= len(plan.layout.axes) - len(plan.layout.inner)
    assert (found.tensors, found.loose, found.differences, found.skipped) == (len(framed), 0, (), "")
    assert found.frames >= found.tensors
    assert found.copies == runs(plan.manifest, found.length) > 2
    assert found.length > plan.manifest.sees


@pytest.mark.parametrize("name", ["symmetric TCN with norms", "U-Net, transposed", "CRN with GRU", "codec with LSTM"])
def test_a_chain_makes_what_the_offline_model_makes(name: str) -> None:
    make, axis, unit, _ = NETS[name]
    plan = rfonnx.stream(make(), "x", axis, 2 * unit)
    length = lengths(plan.manifest)[1]
    chain = chained(plan.model, plan.manifest, length)
    shape = [n if i != axis else length for i, n in enumerate(plan.manifest.shape)]
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    (output,) = plan.manifest.outputs
    names = [in_copy(copy, output.name) for copy in range(runs(plan.manifest, length))]
    del chain.graph.output[:]
    chain.graph.output.extend(onnx.ValueInfoProto(name=one) for one in names)
    chunks = open_session(chain, level="none").run(names, {outside("x"): x})
    (whole,) = open_session(make(), level="none").run([output.name], {"x": x})
    frames = np.arange(whole.shape[output.axis]) + output.delay
    streamed = np.take(np.concatenate(chunks, output.axis), frames, output.axis)
    assert np.abs(streamed - whole).max() <= 1e-5 * np.abs(whole).max()


def test_a_tensor_that_is_taken_for_a_later_one_is_found() -> None:
    make, axis, _, _ = NETS["symmetric TCN with norms"]
    plan = rfonnx.stream(make(), "x", axis, 4)
    one = next(twin for twin in plan.twins if twin.flow.delay)
    wrong = Twin(
        one.tensor, type(one.flow)(one.flow.value, one.flow.shape, one.flow.axis, one.flow.delay - 1, one.flow.length)
    )
    pairs = of_twins([wrong], plan.manifest)
    found = structure(plan.source.ready, plan.source.shapes, plan.model, plan.manifest, pairs)
    assert len(found.differences) == 1
    assert one.tensor in found.differences[0]


@pytest.mark.parametrize("more", [1, 3])
def test_a_length_that_is_wrong_is_a_difference(more: int) -> None:
    """A file says what it likes of its frames: there are fewer to be compared."""
    make, axis, _, _ = NETS["U-Net, transposed"]
    plan = rfonnx.stream(make(), "x", axis)
    (output,) = plan.manifest.outputs
    wrong = replace(plan.manifest, outputs=(replace(output, length=output.length.then(1, more)),))
    found = structure(plan.source.ready, plan.source.shapes, plan.model, wrong, of_outputs(wrong))
    assert [one.partition(" frames")[0] for one in found.differences] == [f"'{output.name}' has other"]


def test_branches_that_meet_where_frames_are_mirrored() -> None:
    """The first chunk holds mirrored frames alone, which lie on the other side of what they are joined with."""
    net = Net()
    mirrored = net.add("Pad", "x", net.ints(0, 0, 2, 0, 0, 1), mode="reflect")
    early = net.add("Slice", mirrored, net.ints(0), net.ints(-3), net.ints(2))
    model = net.model([1, 2, "t"], net.conv(net.add("Concat", early, "x", axis=1), 4, 2, [4], strides=[3]))
    found = compared(rfonnx.stream(model, "x", 2))
    assert not found.differences
    assert found.tensors == 5


def test_what_sees_too_far_to_be_chained_is_not_said_to_be_the_same() -> None:
    make, axis, _, _ = NETS["CRN with GRU"]
    plan = rfonnx.stream(make(), "x", axis, 1)
    found = compared(plan)
    assert "nodes" in found.skipped
    assert not found.frames
    longer = plan.verify().structure
    assert longer is not None
    assert (longer.chunk, longer.skipped) == (8, "")
    assert longer.tensors > 10


def test_a_file_is_held_against_its_model(tmp_path: Path) -> None:
    make, axis, _, _ = NETS["two outputs"]
    rfonnx.stream(make(), "x", axis).save(tmp_path / "s.onnx")
    found = verify_file(Opened(make()), str(tmp_path / "s.onnx"))
    assert found.passed
    assert found.structure is not None
    assert found.structure.tensors == 2
