"""Branches that meet behind a gate over everything (squeeze-and-excitation): they have a place still, and may be misaligned."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

import rfonnx
import small_nets

LENGTH = 32
MAPS = f"(float[1,1,{LENGTH},{LENGTH}] x) => (y) {{ a = Conv<pads = [1,1,1,1]>(x, k)"
COARSE = "b = Conv<pads = [1,1,1,1], strides = [2,2]>(a, k)"
GATED = "g = GlobalAveragePool(b) s = Sigmoid(g) c = Mul(b, s)"
PLAIN = "c = Identity(b)"
REPEATED = (
    'u = Resize<mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor">(c, , scales)'
)


def built(gate: str, made: str) -> onnx.ModelProto:
    text = f'<ir_version: 8, opset_import: ["" : 17]> m {MAPS} {COARSE} {gate} {made} }}'
    model = onnx.parser.parse_model(text)
    values = {"k": np.ones((1, 1, 3, 3), "f"), "scales": np.array([1, 1, 2, 2], "f")}
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(numpy_helper.from_array(v, name) for name, v in values.items() if name in used)
    return model


def center(model: onnx.ModelProto, tensor: str, stride: int) -> Fraction:
    """Where two neighbours of a tensor look, less their own places: what a step of one row changes by more than the gate does."""
    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    seen.graph.output.append(onnx.ValueInfoProto(name=tensor))
    session = onnxruntime.InferenceSession(seen.SerializeToString(), providers=["CPUExecutionProvider"])
    middle = LENGTH // 2 // stride
    base = np.ones((LENGTH + 1, 1, LENGTH, LENGTH), "f")
    base[np.arange(LENGTH), 0, np.arange(LENGTH)] += 1
    ys = np.stack([session.run([tensor], {"x": x[None]})[0][0, 0, :, middle] for x in base])
    change = np.abs(ys[:-1] - ys[-1])
    offsets = []
    for own in (middle, middle + 1):
        rows = np.flatnonzero(change[:, own] > change[:, own].max() / 4)
        offsets.append(Fraction(int(rows[0] + rows[-1]), 2) - own * stride)
    return sum(offsets, Fraction(0)) / 2


@pytest.mark.parametrize("gate", [GATED, PLAIN])
def test_a_gate_does_not_hide_that_branches_are_misaligned(gate: str, tmp_path: Path) -> None:
    model = built(gate, f"{REPEATED} y = Add(a, u)")
    analysis = rfonnx.analyze(model)
    truth = (center(model, "a", 1), center(model, "u", 1))
    assert truth == (0, Fraction(-1, 2))
    assert analysis.joins == (("y", "x", 2, truth), ("y", "x", 3, truth))
    path = small_nets.save(model, tmp_path / "m.onnx")
    (said,) = [f for f in rfonnx.check(path, ["aligned-joins"]).findings if f.status == "fail"]
    assert said.message == "joins branches centred at 0, -1/2 along x axes 2, 3"


@pytest.mark.parametrize("made", ["y = Add(b, c)", "y = Mul(b, g)", "y = Concat<axis = 1>(b, c)"])
def test_what_a_gate_scales_is_aligned_with_what_it_came_from(made: str) -> None:
    model = built(GATED, made)
    assert center(model, "b", 2) == center(model, "c", 2)
    assert rfonnx.analyze(model).joins == ()
