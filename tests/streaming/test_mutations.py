"""Errors in a streaming model that running it against the offline one must find."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import helper, numpy_helper

import rfonnx
from rfonnx.model.opened import Opened
from rfonnx.results.streaming import METADATA
from rfonnx.streaming.offline import hold, within
from streaming.nets import NETS

Mutation = Callable[[onnx.ModelProto], bool]


def states(model: onnx.ModelProto, label: str) -> list[tuple[str, str]]:
    """Inputs and outputs of states of a kind."""
    manifest = rfonnx.Stream(model).manifest
    return [(one.input, one.output) for one in manifest.states if label in one.meaning]


def stale(model: onnx.ModelProto, label: str) -> bool:
    """A state stays what it was."""
    found = states(model, label)
    if not found:
        return False
    before, after = found[-1]
    for node in model.graph.node:
        node.output[:] = [f"{name}/unused" if name == after else name for name in node.output]
        node.input[:] = [f"{name}/unused" if name == after else name for name in node.input]
    model.graph.node.append(helper.make_node("Identity", [before], [after]))
    return True


def undelayed(model: onnx.ModelProto) -> bool:
    """A branch does not wait for the other: the delay's slice takes the chunk that has just come."""
    found = states(model, "delay of")
    for before, _ in found[:1]:
        joined = next(node for node in model.graph.node if node.op_type == "Concat" and node.input[0] == before)
        held = next(
            node for node in model.graph.node if node.op_type == "Slice" and node.input[0] == joined.output[0]
            and node.output[0] not in {output.name for output in model.graph.output}
        )  # fmt: skip
        held.op_type, held.input[:], held.name = "Identity", [joined.input[1]], "mutated"
    return bool(found)


def unmasked(model: onnx.ModelProto) -> bool:
    """A mask lets everything through."""
    masks = [node for node in model.graph.node if node.op_type == "Where" and "/mask" not in node.name]
    for node in masks[:1]:
        node.op_type, node.input[:] = "Identity", [node.input[1]]
    return bool(masks)


def begun_with(model: onnx.ModelProto, number: float) -> bool:
    """States hold something else at first."""
    entry = next(one for one in model.metadata_props if one.key == METADATA)
    said = entry.value.replace('"initial": 0.0', f'"initial": {number}')
    changed, entry.value = said != entry.value, said
    return changed


def late_position(model: onnx.ModelProto) -> bool:
    """Masks lie one chunk off."""
    entry = next(one for one in model.metadata_props if one.key == METADATA)
    said = entry.value.replace('"initial": 0,', '"initial": 1,', 1)
    changed, entry.value = said != entry.value, said
    return changed


def off_by_one(model: onnx.ModelProto) -> bool:
    """The manifest's delay is one frame less than it is."""
    entry = next(one for one in model.metadata_props if one.key == METADATA)
    for number in range(1, 60):
        said = entry.value.replace(f'"delay": {number},', f'"delay": {number - 1},')
        if said != entry.value:
            entry.value = said
            return True
    return False


def unended(model: onnx.ModelProto) -> bool:
    """What comes behind the last frame moves a layer's state."""
    entry = next(one for one in model.metadata_props if one.key == METADATA)
    said = json.loads(entry.value)
    said["ends"] = [[*steps, [1, 9, 1]] for steps in said["ends"]]
    entry.value = json.dumps(said)
    return bool(said["ends"])


def short_length(model: onnx.ModelProto) -> bool:
    """The end falls where it does not: the length formula of a mask adds one."""
    entry = next(one for one in model.metadata_props if one.key == METADATA)
    said = entry.value.replace('"ends": [\n  []', '"ends": [\n  [[1, 3, 1]]')
    changed, entry.value = said != entry.value, said
    return changed


def unheld(model: onnx.ModelProto) -> bool:
    """The body of a Scan carries on at frames that there are not."""
    body = next(a.g for node in model.graph.node if node.op_type == "Scan" for a in node.attribute if a.name == "body")
    held = [node for node in body.node if node.op_type == "Where"]
    for node in held:
        node.op_type, node.input[:] = "Identity", [node.input[1]]
    return bool(held)


def weight(model: onnx.ModelProto) -> bool:
    """One weight by a tenth."""
    stored = next(t for t in model.graph.initializer if t.data_type == 1 and len(t.dims) == 3)
    value = numpy_helper.to_array(stored).copy()
    value.flat[0] *= 1.1
    stored.CopyFrom(numpy_helper.from_array(value, stored.name))
    return True


CASES: list[tuple[str, str, Mutation]] = [
    ("symmetric TCN with norms", "cache not updated", lambda m: stale(m, "reads again")),
    ("symmetric TCN with norms", "delay not updated", lambda m: stale(m, "delay of")),
    ("symmetric TCN with norms", "residual does not wait", undelayed),
    ("symmetric TCN with norms", "mask missing", unmasked),
    ("symmetric TCN with norms", "caches begin with 1", lambda m: begun_with(m, 1.0)),
    ("symmetric TCN with norms", "position begins with 1", late_position),
    ("symmetric TCN with norms", "position not counted", lambda m: stale(m, "chunks so far")),
    ("symmetric TCN with norms", "delay one less", off_by_one),
    ("symmetric TCN with norms", "ends three later", short_length),
    ("symmetric TCN with norms", "weight", weight),
    ("causal TCN", "cache not updated", lambda m: stale(m, "reads again")),
    ("causal TCN", "caches begin with 1", lambda m: begun_with(m, 1.0)),
    ("U-Net, transposed", "skip does not wait", undelayed),
    ("U-Net, nearest", "skip does not wait", undelayed),
    ("codec with LSTM", "overlap not updated", lambda m: stale(m, "still to come")),
    ("codec with LSTM", "layer's state not updated", lambda m: stale(m, "carries for")),
    ("CRN with GRU", "layer's state not updated", lambda m: stale(m, "carries for")),
    ("CRN with GRU", "mask or freeze missing", unmasked),
    ("Scan", "body's state not updated", lambda m: stale(m, "carries for")),
    ("Scan", "body not held before the first frame", unheld),
    ("Scan", "states begin with 1", lambda m: begun_with(m, 1.0)),
    ("mel classifier", "samples not cached", lambda m: stale(m, "reads again")),
    ("mel classifier", "layer's state not updated", lambda m: stale(m, "carries for")),
    ("mel classifier", "end not told", unended),
]


@pytest.mark.parametrize(("net", "what", "mutation"), CASES, ids=[f"{net}: {what}" for net, what, _ in CASES])
def test_an_error_is_found(net: str, what: str, mutation: Mutation) -> None:
    make, axis, unit, _ = NETS[net]
    plan = rfonnx.stream(make(), "x", axis, 2 * unit)
    good = hold(within(Opened(make())), rfonnx.Stream(plan.model), "stream")
    assert good.passed
    assert mutation(plan.model)
    bad = hold(within(Opened(make())), rfonnx.Stream(plan.model), "stream")
    assert not bad.passed
    assert bad.worst > 10 * bad.tolerance or any(run.missing for run in bad.runs)


def test_what_differs_is_not_written(tmp_path: Path) -> None:
    make, axis, _, _ = NETS["causal TCN"]
    plan = rfonnx.stream(make(), "x", axis)
    assert stale(plan.model, "reads again")
    with pytest.raises(rfonnx.RfonnxError, match="differs from the offline model"):
        plan.save(tmp_path / "s.onnx")
    assert not list(tmp_path.iterdir())
