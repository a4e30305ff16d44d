"""Theoretical fields side by side: which tensors are paired, what their ratio is, and which ratios are judged."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

import rfonnx
import small_nets
from rfonnx.results.comparison import Comparison, Verdict

QUICK = {"cost": False, "effective": False}


def compared(teacher: object, student: object, **options: object) -> Comparison:
    return rfonnx.compare(teacher, student, None, **{**QUICK, **options})  # type: ignore[arg-type]


def ratios(found: Comparison) -> list[Verdict]:
    return [verdict for verdict in found.verdicts if verdict.measure == "field_ratio"]


# --- which tensors are paired -------------------------------------------------------------------------------------------


def heads(order: str = "ab", prefix: str = "", gain: float = 1.0) -> onnx.ModelProto:
    """Two heads over x (n, 2, 24, 24): "a" sees 3 x 3, "b" sees 9 x 9 by dilation; each is pooled globally and flattened."""
    draw = np.random.default_rng(0).standard_normal
    weights = {"wa": draw((3, 2, 3, 3)).astype("f"), "wb": (gain * draw((3, 2, 3, 3))).astype("f")}
    made = {}
    for head, dilation in (("a", 1), ("b", 4)):
        conv, relu, pool = (f"{prefix}{head}_{step}" for step in ("conv", "relu", "pool"))
        made[head] = [
            helper.make_node("Conv", ["x", f"w{head}"], [conv], dilations=[dilation] * 2, pads=[dilation] * 4),
            helper.make_node("Relu", [conv], [relu]),
            helper.make_node("GlobalAveragePool", [relu], [pool]),
            helper.make_node("Flatten", [pool], [head]),
        ]
    nodes = [node for head in order for node in made[head]]
    return small_nets.model(nodes, {"x": ("n", 2, 24, 24)}, {"a": ("n", 3), "b": ("n", 3)}, weights)


@pytest.mark.parametrize("student", [heads("ba"), heads("ab", "renamed_"), heads("ba", "renamed_")])
def test_heads_in_another_order_are_paired_by_what_leads_to_them(student: onnx.ModelProto) -> None:
    found = compared(heads("ab"), student, limits={"field_ratio": 1.0})
    assert found.passed
    features = {pair.output[0]: pair for pair in found.fields if pair.role == "features" and pair.axis == (2, 2)}
    assert {name: pair.teacher.size for name, pair in features.items()} == {"a_relu": 3, "b_relu": 9}
    for name, pair in features.items():
        assert pair.output[1].endswith(name)
        assert pair.ratio == 1


def test_feature_maps_are_judged_when_that_is_asked_for() -> None:
    """Both outputs see all of the input, and agree; a smaller kernel before the pool is told, and missed if asked for."""
    wide, less = heads(), heads()
    less.graph.node[4].attribute[0].ints[:] = [2, 2]
    less.graph.node[4].attribute[1].ints[:] = [2] * 4
    by_default = compared(wide, less)
    assert [verdict.value for verdict in ratios(by_default)] == [1, 1, 1, 1]
    assert [pair.ratio for pair in by_default.fields if pair.output[0] == "b_relu"] == pytest.approx([5 / 9, 5 / 9])
    asked = ratios(compared(wide, less, limits={"field_ratio": 0.9}))
    assert [verdict.subject for verdict in asked if not verdict.passed] == [
        "b_relu along x axis 2",
        "b_relu along x axis 3",
    ]


def test_a_feature_map_of_single_positions_is_paired_too() -> None:
    teacher, student = heads(), heads()
    narrow = onnx.numpy_helper.to_array(student.graph.initializer[0])[:, :, 1:2, 1:2]
    student.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(narrow, "wa"))
    del student.graph.node[0].attribute[:]
    pairs = [pair for pair in compared(teacher, student).fields if pair.output == ("a_relu", "a_relu")]
    assert [pair.ratio for pair in pairs] == pytest.approx([1 / 3, 1 / 3])


def gated(kernel: int, gate: bool) -> onnx.ModelProto:
    """A convolution, perhaps a gate over everything, another one, a global pool: x (n, 1, 24, 24) to y (n, 3)."""
    draw = np.random.default_rng(0).standard_normal
    weights = {"w1": draw((3, 1, 3, 3)).astype("f"), "w2": draw((3, 3, kernel, kernel)).astype("f")}
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["c1"], pads=[1] * 4),
        helper.make_node("GlobalAveragePool", ["c1"], ["p1"]),
        helper.make_node("Sigmoid", ["p1"], ["s1"]),
        helper.make_node("Mul", ["c1", "s1"], ["g1"]),
        helper.make_node("Conv", ["g1" if gate else "c1", "w2"], ["c2"], pads=[kernel // 2] * 4),
        helper.make_node("GlobalAveragePool", ["c2"], ["p2"]),
        helper.make_node("Flatten", ["p2"], ["y"]),
    ]
    return small_nets.model(
        nodes if gate else [nodes[0], *nodes[4:]], {"x": ("n", 1, 24, 24)}, {"y": ("n", 3)}, weights
    )


def test_a_student_with_gates_is_judged_by_its_last_feature_map() -> None:
    found = compared(gated(9, False), gated(3, True), effective=True, kind="distilled", limits={"unseen_mass": 0.0})
    assert {pair.output for pair in found.fields if pair.role == "features"} == {("c2", "c2")}
    assert found.effective["unseen_mass"] == 0
    without = compared(gated(9, False), gated(3, False), effective=True, kind="distilled")
    assert without.effective["unseen_mass"] > 0.3


# --- the ratio ----------------------------------------------------------------------------------------------------------


def window(kernel: int, size: int = 12, before: int | None = None) -> onnx.ModelProto:
    """One convolution along x (n, 1, size), same length out."""
    first = kernel // 2 if before is None else before
    weights = {"w": np.full((1, 1, kernel), 1 / kernel, np.float32)}
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[first, kernel - 1 - first])
    return small_nets.model([node], {"x": ("n", 1, size)}, {"y": ("n", 1, size)}, weights)


def everything(size: int = 12) -> onnx.ModelProto:
    """Every position sees all of them, after a convolution of 3."""
    weights = {"w": np.ones((1, 1, 3), np.float32)}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1]),
        helper.make_node("GlobalAveragePool", ["c"], ["p"]),
        helper.make_node("Add", ["c", "p"], ["y"]),
    ]
    return small_nets.model(nodes, {"x": ("n", 1, size)}, {"y": ("n", 1, size)}, weights)


@pytest.mark.parametrize(
    ("teacher", "student", "ratio"),
    [
        pytest.param(window(5), window(5), 1, id="itself"),
        pytest.param(window(5), window(3), 3 / 5, id="narrower"),
        pytest.param(window(3), window(5), 5 / 3, id="wider"),
        pytest.param(window(47), everything(), 1, id="all that lies inside, for a window that reaches beyond the ends"),
        pytest.param(everything(), window(47), 1, id="the other way"),
        pytest.param(window(47), window(31), 1, id="two windows that see all of the input from everywhere"),
        pytest.param(window(47), window(13), 7 / 12, id="13 wide: 7 of 12 are seen from the first position"),
        pytest.param(everything(), window(5), 3 / 12, id="the first position sees 3 of all"),
        pytest.param(window(5), everything(), 12 / 5, id="all for five"),
        pytest.param(window(5), window(5, before=4), 1, id="shifted: no smaller, though the first position sees 1"),
    ],
)  # fmt: skip
def test_the_ratio_is_that_of_what_lies_inside_the_input(
    teacher: onnx.ModelProto, student: onnx.ModelProto, ratio: float
) -> None:
    found = compared(teacher, student, kind="fp32")
    (verdict,) = ratios(found)
    assert verdict.value == found.fields[0].ratio == pytest.approx(ratio)
    assert verdict.passed == (ratio >= 1)


def test_a_pool_of_the_whole_size_is_a_global_pool() -> None:
    """An average over a fixed window of all 24 positions reaches beyond the borders by as much as the convolution before it."""
    student = heads()
    for node in student.graph.node:
        if node.op_type == "GlobalAveragePool":
            node.CopyFrom(helper.make_node("AveragePool", node.input, node.output, kernel_shape=[24, 24]))
    for one, other in ((heads(), student), (student, heads())):
        assert compared(one, other, limits={"field_ratio": 1.0}).passed


# --- what is not known exactly ------------------------------------------------------------------------------------------


def roi(kernel: int) -> onnx.ModelProto:
    """A convolution, then a sample grid that is computed from it: what is read depends on the data."""
    weights = {"w": np.full((1, 1, kernel, kernel), 1 / kernel**2, np.float32)}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[kernel // 2] * 4),
        helper.make_node("GridSample", ["c", "grid"], ["y"], align_corners=0),
    ]
    inputs = {"x": ("n", 1, 12, 12), "grid": ("n", 12, 12, 2)}
    return small_nets.model(nodes, inputs, {"y": ("n", 1, 12, 12)}, weights)


def test_what_is_known_as_at_most_is_not_judged_unless_it_is_asked_for() -> None:
    net = roi(3)
    found = compared(net, net)
    assert {pair.exact for pair in found.fields if pair.role == "output"} == {(False, False)}
    assert not ratios(found)
    asked = ratios(compared(net, net, limits={"field_ratio": 1.0}))
    missed = [verdict for verdict in asked if not verdict.passed]
    assert missed
    for verdict in missed:
        assert "but the student's field is only known as at most this" in verdict.reason
