"""Errors in a streaming model, such as a rule that is wrong would make."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper, numpy_helper

import rfonnx
from rfonnx.results.streaming import METADATA
from streaming.nets import NETS, Net

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


def held_back(model: onnx.ModelProto, joined: onnx.NodeProto) -> onnx.NodeProto:
    """The node that takes the delayed frames of a buffer and a chunk."""
    last = {output.name for output in model.graph.output}
    slices = [node for node in model.graph.node if node.op_type == "Slice" and node.input[0] == joined.output[0]]
    return next(node for node in slices if node.output[0] not in last)


def undelayed(model: onnx.ModelProto) -> bool:
    """A branch does not wait for the other: the delay's slice takes the chunk that has just come."""
    found = states(model, "delay of")
    for before, _ in found[:1]:
        joined = next(node for node in model.graph.node if node.op_type == "Concat" and node.input[0] == before)
        held = held_back(model, joined)
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


def short_length(model: onnx.ModelProto) -> bool:
    """The end falls where it does not: the length formula of a mask adds one."""
    entry = next(one for one in model.metadata_props if one.key == METADATA)
    said = entry.value.replace('"ends": [\n  []', '"ends": [\n  [[1, 3, 1]]')
    changed, entry.value = said != entry.value, said
    return changed


def unended(model: onnx.ModelProto) -> bool:
    """What comes behind the last frame moves a layer's state."""
    entry = next(one for one in model.metadata_props if one.key == METADATA)
    said = json.loads(entry.value)
    said["ends"] = [[*steps, [1, 9, 1]] for steps in said["ends"]]
    entry.value = json.dumps(said)
    return bool(said["ends"])


def unheld(model: onnx.ModelProto) -> bool:
    """The body of a Scan carries on at frames that there are not."""
    body = next(a.g for node in model.graph.node if node.op_type == "Scan" for a in node.attribute if a.name == "body")
    held = [node for node in body.node if node.op_type == "Where"]
    for node in held:
        node.op_type, node.input[:] = "Identity", [node.input[1]]
    return bool(held)


def bypassed(model: onnx.ModelProto) -> bool:
    """What should read a delayed branch reads the chunk that has just come."""
    last = {output.name for output in model.graph.output}
    befores = {before for before, _ in states(model, "")}
    joined = {n.output[0]: n.input[1] for n in model.graph.node if n.op_type == "Concat" and n.input[0] in befores}
    held = next(
        (n for n in model.graph.node if n.op_type == "Slice" and n.input[0] in joined and n.output[0] not in last), None
    )
    for node in model.graph.node if held is not None else ():
        node.input[:] = [joined[held.input[0]] if name == held.output[0] else name for name in node.input]
    return held is not None


def keeps_the_first(model: onnx.ModelProto) -> bool:
    """A cache keeps the first frames of what it has and gets, in the place of the last."""
    for before, after in states(model, "reads again"):
        joined = next((node for node in model.graph.node if node.op_type == "Concat" and before in node.input), None)
        kept = next((node for node in model.graph.node if after in node.output), None)
        if joined is not None and kept is not None and kept.op_type == "Slice":
            stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
            frames = stored[kept.input[2]] - stored[kept.input[1]]
            for place, value in ((1, np.zeros_like(frames)), (2, frames)):
                kept.input[place] = f"mutated{place}"
                model.graph.initializer.append(numpy_helper.from_array(value, f"mutated{place}"))
            return True
    return False


def swapped(model: onnx.ModelProto) -> bool:
    """Two states of one shape are taken for each other."""
    found = [one for one in rfonnx.Stream(model).manifest.states if one.dtype == "float32"]
    pair = next(((a, b) for a in found for b in found if a.shape == b.shape and a.input < b.input), None)
    if pair is None:
        return False
    names = {pair[0].output: pair[1].output, pair[1].output: pair[0].output}
    for node in model.graph.node:
        node.output[:] = [names.get(name, name) for name in node.output]
        node.input[:] = [names.get(name, name) for name in node.input]
    return True


def uncovered(model: onnx.ModelProto) -> bool:
    """Keys that nobody sees weigh as others do."""
    lowest = {one.name for one in model.graph.initializer if one.dims == [] and numpy_helper.to_array(one) == -np.inf}
    masks = [node for node in model.graph.node if node.op_type == "Where" and node.input[2] in lowest]
    for node in masks:
        node.op_type, node.input[:] = "Identity", [node.input[1]]
    return bool(masks)


def compares(model: onnx.ModelProto, op: str, other: str) -> bool:
    """A mask begins, or ends, one frame beside."""
    found = [node for node in model.graph.node if node.op_type == op]
    for node in found:
        node.op_type = other
    return bool(found)


def other_border(model: onnx.ModelProto) -> bool:
    """A mask puts another value than the border's."""
    masks = [node for node in model.graph.node if node.op_type == "Where"]
    for node in masks:
        node.input[2] = "mutated"
    model.graph.initializer.append(numpy_helper.from_array(np.array(1.0, np.float32), "mutated"))
    return bool(masks)


def weight(model: onnx.ModelProto) -> bool:
    """One weight by a tenth."""
    stored = next(t for t in model.graph.initializer if t.data_type == 1 and len(t.dims) == 3)
    value = numpy_helper.to_array(stored).copy()
    value.flat[np.flatnonzero(value)[0]] *= 1.1
    stored.CopyFrom(numpy_helper.from_array(value, stored.name))
    return True


PLAIN = "symmetric TCN without norms"

CASES: list[tuple[str, str, bool, Mutation]] = [
    ("symmetric TCN with norms", "cache not updated", True, lambda m: stale(m, "reads again")),
    ("symmetric TCN with norms", "delay not updated", True, lambda m: stale(m, "delay of")),
    ("symmetric TCN with norms", "residual does not wait", True, undelayed),
    ("symmetric TCN with norms", "mask missing", False, unmasked),
    ("symmetric TCN with norms", "caches begin with 1", False, lambda m: begun_with(m, 1.0)),
    ("symmetric TCN with norms", "position begins with 1", True, late_position),
    ("symmetric TCN with norms", "position not counted", True, lambda m: stale(m, "chunks so far")),
    ("symmetric TCN with norms", "delay one less", True, off_by_one),
    ("symmetric TCN with norms", "ends three later", False, short_length),
    ("symmetric TCN with norms", "weight", False, weight),
    (PLAIN, "cache not updated", True, lambda m: stale(m, "reads again")),
    (PLAIN, "cache keeps its first frames", True, keeps_the_first),
    (PLAIN, "states swapped", True, swapped),
    (PLAIN, "residual does not wait", True, undelayed),
    (PLAIN, "sum reads past the delay", True, bypassed),
    (PLAIN, "mask missing", False, unmasked),
    (PLAIN, "masks begin one late", True, lambda m: compares(m, "GreaterOrEqual", "Greater")),
    (PLAIN, "masks end one late", False, lambda m: compares(m, "Less", "LessOrEqual")),
    (PLAIN, "masks put 1 for 0", False, other_border),
    (PLAIN, "delay one less", True, off_by_one),
    (PLAIN, "weight", False, weight),
    ("causal TCN", "cache not updated", True, lambda m: stale(m, "reads again")),
    ("causal TCN", "caches begin with 1", False, lambda m: begun_with(m, 1.0)),
    ("U-Net, transposed", "skip does not wait", True, undelayed),
    ("U-Net, transposed", "join reads past the delay", True, bypassed),
    ("U-Net, nearest", "skip does not wait", True, undelayed),
    ("U-Net, nearest", "join reads past the delay", True, bypassed),
    ("codec with LSTM", "overlap not updated", True, lambda m: stale(m, "still to come")),
    ("codec with LSTM", "layer's state not updated", False, lambda m: stale(m, "carries for")),
    ("codec with LSTM", "states begin with 1", False, lambda m: begun_with(m, 1.0)),
    ("CRN with GRU", "layer's state not updated", True, lambda m: stale(m, "carries for")),
    ("CRN with GRU", "mask or freeze missing", False, unmasked),
    ("transformer, band", "keys not cached", False, lambda m: stale(m, "keys of")),
    ("transformer, band", "values not cached", False, lambda m: stale(m, "values of")),
    ("transformer, band", "keys that nobody sees weigh", True, uncovered),
    ("transformer, band", "keys begin one late", True, lambda m: compares(m, "GreaterOrEqual", "Greater")),
    ("transformer, band", "keys end one late", False, lambda m: compares(m, "Less", "LessOrEqual")),
    ("chunked conformer", "keys that nobody sees weigh", True, uncovered),
    ("chunked conformer", "values not cached", False, lambda m: stale(m, "values of")),
    ("Scan", "body's state not updated", False, lambda m: stale(m, "carries for")),
    ("Scan", "body not held before the first frame", False, unheld),
    ("Scan", "states begin with 1", False, lambda m: begun_with(m, 1.0)),
    ("mel classifier", "samples not cached", False, lambda m: stale(m, "reads again")),
    ("mel classifier", "layer's state not updated", False, lambda m: stale(m, "carries for")),
    ("mel classifier", "end not told", False, unended),
]
"""The net, what is wrong, whether it shows in what tensors see, and what makes it so."""


def plain_tcn() -> onnx.ModelProto:
    """Whole numbers stay whole."""
    net, x = Net(), "x"
    for dilation in (1, 2, 4):
        inner = net.conv(x, 4, 4, [3], dilations=[dilation], pads=[dilation, dilation])
        x = net.add("Add", x, net.add("Relu", inner))
    return net.model(["n", 4, "t"], x)


def net_of(name: str) -> tuple[onnx.ModelProto, int, int]:
    """The net, its axis of frames and unit."""
    if name == PLAIN:
        return plain_tcn(), 2, 1
    make, axis, unit, _ = NETS[name]
    return make(), axis, unit
