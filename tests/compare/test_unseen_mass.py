"""The mass outside, against brute force: linear nets whose Jacobian is read off one run over unit vectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import helper

import rfonnx
import small_nets
from rfonnx.model.runtime import open_session

LENGTH = 48


def random_net(seed: int) -> onnx.ModelProto:
    """Convolutions with positive weights, any padding and dilation, strides that are undone by repeating: x (n, 1, 48) to y."""
    draw = np.random.default_rng(seed)
    nodes: list[onnx.NodeProto] = []
    weights: dict[str, np.ndarray] = {}
    scale, last = 1, "x"
    for index in range(draw.integers(1, 4)):
        kernel, dilation = int(draw.integers(2, 6)), int(draw.integers(1, 4))
        stride = int(draw.choice([1, 1, 2, 3])) if scale == 1 else 1
        span = dilation * (kernel - 1)
        before = int(draw.integers(0, span + 1))
        pads = {"pads": [before, span - before], "dilations": [dilation], "strides": [stride]}
        weights[f"w{index}"] = draw.uniform(0.1, 1, (1, 1, kernel)).astype("f")
        nodes.append(helper.make_node("Conv", [last, f"w{index}"], [f"c{index}"], **pads))
        scale, last = scale * stride, f"c{index}"
    weights["scales"] = np.array([1, 1, scale], "f")
    repeat = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    nodes.append(helper.make_node("Resize", [last, "", "scales"], ["y"], **repeat))
    return small_nets.model(nodes, {"x": ("n", 1, LENGTH)}, {"y": ("n", 1, LENGTH)}, weights)


def jacobian(net: onnx.ModelProto) -> npt.NDArray[np.float64]:
    """Derivative of each answer (rows) by each input, of a linear net."""
    (made,) = open_session(net).run(None, {"x": np.eye(LENGTH, dtype=np.float32)[:, None]})
    return np.asarray(made)[:, 0].T.astype(np.float64)


@pytest.mark.parametrize("seed", range(12))
def test_random_nets(seed: int) -> None:
    teacher, student = random_net(2 * seed), random_net(2 * seed + 1)
    found = rfonnx.compare(teacher, student, samples=1, cost=False, kind="distilled")
    (one,) = [pair for pair in found.effective_fields if pair.role == "output"]
    uses, sees = jacobian(teacher), jacobian(student) != 0
    outside = []
    for mine, theirs in one.positions:
        assert mine == theirs
        index = mine[-1]
        assert index is not None
        outside.append(uses[index][~sees[index]].sum() / uses[index].sum())
    assert one.figures["unseen_mass"] == pytest.approx(np.mean(outside), abs=1e-6)


def test_random_nets_see_all_some_and_none_of_it() -> None:
    """What the test above compares is no constant."""
    shares = []
    for seed in range(12):
        uses, sees = jacobian(random_net(2 * seed)), jacobian(random_net(2 * seed + 1)) != 0
        shares.append(uses[24][~sees[24]].sum() / uses[24].sum())
    assert min(shares) < 0.2
    assert max(shares) > 0.5
