"""Effective fields side by side, on nets whose fields and masses are known by construction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import rfonnx
import small_nets
from rfonnx.results.comparison import Comparison


def compared(teacher: object, student: object, data: Path | None = None, **options: object) -> Comparison:
    return rfonnx.compare(teacher, student, data, cost=False, **options)  # type: ignore[arg-type]


def conv(
    kernel: Sequence[int], before: Sequence[int], after: Sequence[int], size: int | str = 41, dilation: int = 1
) -> onnx.ModelProto:
    """One convolution of equal weights, stride 1, that pads so many positions: x (n, 1, size, ...) to y of the same shape."""
    rank = len(kernel)
    weights = {"w": np.full((1, 1, *kernel), 1 / np.prod(kernel), np.float32)}
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[*before, *after], dilations=[dilation] * rank)
    shape = ("n", 1, *[size] * rank)
    return small_nets.model([node], {"x": shape}, {"y": shape}, weights)


def stack(*kernels: int, size: int = 21) -> onnx.ModelProto:
    """One conv per kernel, all weights 1, same size out; x (n, 1, size, size) to y."""
    nodes, weights = [], {}
    for index, kernel in enumerate(kernels):
        weights[f"w{index}"] = np.ones((1, 1, kernel, kernel), "f") / kernel**2
        before, after = (f"y{index - 1}" if index else "x"), ("y" if index == len(kernels) - 1 else f"y{index}")
        nodes.append(helper.make_node("Conv", [before, f"w{index}"], [after], pads=[kernel // 2] * 4))
    shape = ("n", 1, size, size)
    return small_nets.model(nodes, {"x": shape}, {"y": shape}, weights)


def every_third(kernel: int) -> onnx.ModelProto:
    """A window of equal weights at every third position, each answer given three times: x (n, 1, 42) to y of the same shape."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], strides=[3], pads=[kernel // 2, kernel // 2]),
        helper.make_node("Resize", ["c", "", "scales"], ["y"], mode="nearest", coordinate_transformation_mode="asymmetric",
                         nearest_mode="floor"),
    ]  # fmt: skip
    weights = {"w": np.full((1, 1, kernel), 1 / kernel, np.float32), "scales": np.array([1, 1, 3], np.float32)}
    return small_nets.model(nodes, {"x": ("n", 1, 42)}, {"y": ("n", 1, 42)}, weights)


def test_a_model_against_itself() -> None:
    found = compared(stack(3, 3), stack(3, 3)).effective
    assert (found["overlap_50"], found["overlap_95"], found["unseen_mass"]) == (1, 1, 0)
    assert found["correlation"] == pytest.approx(1, abs=1e-12)
    assert found["area_95_teacher"] == found["area_95_student"]


SYMMETRIC = conv([15], [7], [7])


@pytest.mark.parametrize(
    ("teacher", "student", "outside"),
    [
        pytest.param(SYMMETRIC, SYMMETRIC, 0, id="itself"),
        pytest.param(SYMMETRIC, conv([17], [8], [8]), 0, id="wider"),
        pytest.param(conv([14], [7], [6]), conv([7], [3], [3]), 1 / 2, id="centred, half as wide"),
        pytest.param(SYMMETRIC, conv([15], [14], [0]), 7 / 15, id="causal: the 7 after the position are not seen"),
        pytest.param(conv([15, 15], [7, 7], [7, 7]), conv([15, 15], [13, 13], [1, 1]), 1 - (9 / 15) ** 2, id="shifted by 6"),
        pytest.param(conv([9], [4], [4]), conv([3], [4], [4], dilation=4), 6 / 9, id="strided: every fourth of nine"),
        pytest.param(conv([3], [2], [0], size=42), every_third(1), 2 / 3, id="strided: every third, given three times"),
        pytest.param(conv([3], [1], [1], size=42), every_third(3), (0 + 1 / 3 + 2 / 3) / 3, id="strided windows of three"),
        pytest.param(conv([3], [1], [1], size=42), every_third(7), 0, id="strided, and wide enough"),
        pytest.param(stack(5), stack(3), 16 / 25, id="a box of 5 by 5 for one of 3 by 3"),
        pytest.param(stack(3, 3), stack(3), 1 - (7 / 9) ** 2, id="two convolutions weigh 1 2 3 2 1 along each axis"),
    ],
)  # fmt: skip
def test_the_mass_outside_is_the_true_one(teacher: onnx.ModelProto, student: onnx.ModelProto, outside: float) -> None:
    found = compared(teacher, student, kind="distilled")
    assert found.effective["unseen_mass"] == pytest.approx(outside, abs=1e-6)
    verdict = next(v for v in found.verdicts if v.measure == "unseen_mass")
    assert verdict.passed == (outside < 0.05)


def test_of_axes_of_other_lengths_the_same_share_is_compared() -> None:
    """The student gives every third of the teacher's answers: its q sees what 3 q + 1 does, and two thirds of what that one's
    neighbours do."""
    student = every_third(3)
    student.graph.node[1].CopyFrom(helper.make_node("Identity", ["c"], ["y"]))
    del student.graph.node[0].attribute[:]
    student.graph.node[0].attribute.append(helper.make_attribute("strides", [3]))
    student.graph.output[0].type.tensor_type.shape.dim[2].ClearField("dim_value")
    found = units_compared(conv([3], [1], [1], size=42), student)
    assert found["unseen_mass"] == pytest.approx((1 / 3 + 0 + 1 / 3) / 3, abs=1e-6)


def units_compared(teacher: onnx.ModelProto, student: onnx.ModelProto) -> dict[str, float]:
    """Effective figures of outputs that are too unlike to be compared number by number."""
    from rfonnx.comparing.fields.parity import compare_fields
    from rfonnx.comparing.pairs.pair import Pair
    from rfonnx.comparing.settings import Settings

    feed = {"x": np.ones((1, 1, 42), np.float32)}
    pair = Pair(
        teacher, student, Settings(outputs={"y[...]": "y[...]"}, threads=1)
    )  # of parts shapes are not compared yet
    return compare_fields(pair, [(feed, feed)], ()).flat


def test_the_region_of_a_box_in_a_box() -> None:
    found = compared(stack(5), stack(3), kind="distilled")
    assert found.effective["overlap_95"] == pytest.approx(9 / 24)  # 24 of 25 equal positions hold 95%


def test_a_classifier_is_measured_twice(models: Path) -> None:
    folder = models / "digits"
    found = compared(folder / "teacher.onnx", folder / "teacher_int8.onnx", folder / "test.npz", samples=16)
    assert [pair.role for pair in found.effective_fields] == ["whole", "features"]
    assert found.effective["correlation"] > 0.95
    assert 0.95 < found.effective["output_correlation"] < 1
    assert found.effective["unseen_mass"] == found.effective["output_unseen_mass"] == 0


def test_every_output_is_measured() -> None:
    """Two heads; the student's second one sees 3 of the 5 positions along each axis that the teacher's does."""
    nets = []
    for kernel in (5, 3):
        weights = {"a": np.ones((1, 1, 3, 3), "f"), "b": np.ones((1, 1, kernel, kernel), "f")}
        nodes = [
            helper.make_node("Conv", ["x", "a"], ["near"], pads=[1] * 4),
            helper.make_node("Conv", ["x", "b"], ["far"], pads=[kernel // 2] * 4),
        ]
        shape = ("n", 1, 21, 21)
        nets.append(small_nets.model(nodes, {"x": shape}, {"near": shape, "far": shape}, weights))
    found = compared(*nets, kind="distilled")
    outside = {pair.output[0]: pair.figures["unseen_mass"] for pair in found.effective_fields}
    assert outside == {"near": 0, "far": pytest.approx(16 / 25, abs=1e-6)}
    missed = [v.subject for v in found.verdicts if v.measure == "unseen_mass" and not v.passed]
    assert missed == ["effective field of far on x"]


def test_every_input_is_measured() -> None:
    """y = conv5(x) + conv3(z); the student's taps on x are 3 by 3."""
    nets = []
    for kernel in (5, 3):
        weights = {"a": np.ones((1, 1, kernel, kernel), "f"), "b": np.ones((1, 1, 3, 3), "f")}
        nodes = [
            helper.make_node("Conv", ["x", "a"], ["p"], pads=[kernel // 2] * 4),
            helper.make_node("Conv", ["z", "b"], ["q"], pads=[1] * 4),
            helper.make_node("Add", ["p", "q"], ["y"]),
        ]
        shape = ("n", 1, 21, 21)
        nets.append(small_nets.model(nodes, {"x": shape, "z": shape}, {"y": shape}, weights))
    found = compared(*nets, kind="distilled")
    outside = {pair.input[0]: pair.figures["unseen_mass"] for pair in found.effective_fields}
    assert outside == {"x": pytest.approx(16 / 25, abs=1e-6), "z": 0}


@pytest.mark.parametrize("given", ["samples", "shape"])
def test_open_axes_are_bound_by_samples_and_by_shapes(given: str, tmp_path: Path) -> None:
    teacher, student = conv([5], [2], [2], size="length"), conv([3], [1], [1], size="length")
    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((4, 1, 30)).astype("f"))
    if given == "samples":
        found = compared(teacher, student, tmp_path / "x.npy", kind="distilled")
    else:
        found = compared(teacher, student, shapes={"length": 30}, kind="distilled")
    assert found.effective["unseen_mass"] == pytest.approx(2 / 5, abs=1e-6)


def test_samples_of_several_shapes_are_measured_by_the_first_ones(tmp_path: Path) -> None:
    net = conv([3], [1], [1], size="length")
    for index, length in enumerate((30, 20, 30)):
        np.save(tmp_path / f"{index}.npy", np.ones((1, length), "f"))
    found = compared(net, net, tmp_path, batch=1)
    assert found.effective_fields[0].samples == 2


def test_what_has_no_gradient_is_a_warning_and_a_missed_limit() -> None:
    net = conv([3], [1], [1])
    net.graph.node[0].output[0] = "c"
    net.graph.node.append(helper.make_node("Sign", ["c"], ["y"]))
    found = compared(net, net)
    assert not found.effective
    assert found.passed
    assert any("effective fields of 'y' on 'x' were not compared" in line for line in found.warnings)
    asked = compared(net, net, limits={"correlation": 0.9})
    (missed,) = [verdict for verdict in asked.verdicts if not verdict.passed]
    assert missed.measure == "correlation"
    assert "not measured: " in missed.reason


@pytest.mark.parametrize("measure", ["correlation", "unseen_mass", "overlap_50", "overlap_95", "field_ratio"])
@pytest.mark.parametrize("left_out", [{"fields": False}, {"effective": False}, {}])
def test_an_asked_for_limit_without_a_figure_is_missed(measure: str, left_out: dict[str, bool]) -> None:
    """A net of vectors has no axis that windows slide along."""
    net = small_nets.model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": ("n", 4)}, {"y": ("n", 4)}, {"w": np.eye(4, dtype="f")}
    )
    found = compared(net, net, limits={measure: 0.5}, **left_out)
    (missed,) = [verdict for verdict in found.verdicts if not verdict.passed]
    assert missed.measure == measure
    assert "not measured: " in missed.reason


def test_a_limit_that_is_asked_for_is_held() -> None:
    found = compared(stack(3), stack(3), limits={"correlation": 0.9, "overlap_95": 0.9, "field_ratio": 1.0})
    assert {v.measure for v in found.verdicts if v.passed} >= {"correlation", "overlap_95", "field_ratio"}
    assert found.passed


def test_limits_of_single_outputs_hold_for_their_fields(models: Path) -> None:
    """A whole output has no default limit, and none of all outputs; one that names it is held. Others' limits are not."""
    folder = models / "digits"
    files = (folder / "teacher.onnx", folder / "teacher_int8.onnx", folder / "test.npz")
    found = compared(*files, samples=8, limits={"correlation": 0.5})
    judged = [verdict.subject for verdict in found.verdicts if verdict.measure == "correlation"]
    assert judged == ["effective field of /features/relu6/Relu_output_0 on image"]
    found = compared(*files, samples=8, output_limits={"logits": {"correlation": 0.9999}})
    judged = [verdict.subject for verdict in found.verdicts if verdict.measure == "correlation" and not verdict.passed]
    assert judged == ["effective field of logits on image", "effective field of /features/relu6/Relu_output_0 on image"]


def test_class_numbers_are_measured_by_the_scores_that_they_come_from() -> None:
    nets = []
    for kernel in (5, 3):
        weights = {"w": np.random.default_rng(0).standard_normal((3, 1, kernel, kernel)).astype("f")}
        nodes = [
            helper.make_node("Conv", ["x", "w"], ["scores"], pads=[kernel // 2] * 4),
            helper.make_node("ArgMax", ["scores"], ["y"], axis=1, keepdims=0),
        ]
        types = {"y": onnx.TensorProto.INT64}
        nets.append(small_nets.model(nodes, {"x": ("n", 1, 21, 21)}, {"y": ("n", 21, 21)}, weights, types))
    found = compared(*nets, kind="distilled")
    (one,) = found.effective_fields
    assert (one.role, one.output, one.leads_to) == ("features", ("scores", "scores"), ("y",))
    assert 0.3 < one.figures["unseen_mass"] < 0.9
    assert not any("not compared" in line for line in found.warnings)


def test_behind_a_saturated_sigmoid_the_scores_before_it_are_measured() -> None:
    """Its slope is 0 in float32 where it gives 1; the student's is not saturated."""
    nets = []
    for kernel, gain in ((5, 1e4), (3, 1.0)):
        net = stack(kernel)
        net.graph.node[0].output[0] = "c"
        net.graph.initializer.append(numpy_helper.from_array(np.array(gain, "f"), "gain"))
        net.graph.initializer.append(numpy_helper.from_array(np.array(gain * 10, "f"), "offset"))
        net.graph.node.append(helper.make_node("Mul", ["c", "gain"], ["m"]))
        net.graph.node.append(helper.make_node("Add", ["m", "offset"], ["s"]))
        net.graph.node.append(helper.make_node("Sigmoid", ["s"], ["y"]))
        nets.append(net)
    found = compared(*nets, kind="distilled")
    assert found.effective["unseen_mass"] == pytest.approx(16 / 25, abs=1e-6)


def test_tokens_have_no_gradient_and_that_is_said_once() -> None:
    weights = {"t": np.random.default_rng(0).standard_normal((9, 4)).astype("f"), "w": np.ones((4, 4, 3), "f")}
    nodes = [
        helper.make_node("Gather", ["t", "ids"], ["e"]),
        helper.make_node("Transpose", ["e"], ["c"], perm=[0, 2, 1]),
        helper.make_node("Conv", ["c", "w"], ["y"], pads=[1, 1]),
    ]
    net = small_nets.model(nodes, {"ids": ("n", 12)}, {"y": ("n", 4, 12)}, weights, {"ids": onnx.TensorProto.INT64})
    found = compared(net, net)
    (told,) = [line for line in found.warnings if "not compared" in line]
    assert told == "effective fields on input 'ids' were not compared: it holds whole numbers, which have no gradient"
    (missed,) = [v for v in compared(net, net, limits={"unseen_mass": 0.1}).verdicts if not v.passed]
    assert missed.measure == "unseen_mass"


def test_units_that_look_at_one_place_are_paired_by_index_where_maps_see_the_same() -> None:
    """Four units of an upsampled map look at one place; the model itself must be compared at one of them."""
    weights = {"w": np.ones((1, 1, 3), "f"), "scales": np.array([1, 1, 4], "f"), "head": np.ones((40, 5), "f")}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1]),
        helper.make_node("Resize", ["c", "", "scales"], ["u"], mode="linear"),
        helper.make_node("Flatten", ["u"], ["f"]),
        helper.make_node("MatMul", ["f", "head"], ["y"]),
    ]
    net = small_nets.model(nodes, {"x": ("n", 1, 10)}, {"y": ("n", 5)}, weights)
    features = next(pair for pair in compared(net, net).effective_fields if pair.role == "features")
    assert [a == b for a, b in features.positions] == [True]
    assert features.figures["overlap_95"] == 1
