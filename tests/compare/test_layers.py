"""Inner tensors: which are paired, where two models part, and which layer differs by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from onnx import helper, numpy_helper

import rfonnx
import small_nets
from compare import layer_nets
from compare.layer_nets import CONVS, altered, folded, quantised, residual
from rfonnx.comparing.layers import inner_tensors as inner
from rfonnx.report.comparison.people import compare_document
from rfonnx.report.comparison.view import ComparisonView
from rfonnx.report.formats import render
from rfonnx.results.measures import limitable
from rfonnx.results.parting import LayerAgreement, Parting

WHOLE = ComparisonView(verbose=True)
OTHER = {"cost": False, "effective": False, "fields": False}


def parted(teacher: onnx.ModelProto, student: onnx.ModelProto, folder: Path, **options: object) -> Parting:
    data = folder / "samples.npy"
    np.save(data, layer_nets.samples())
    files = [small_nets.save(net, folder / f"{name}.onnx") for name, net in (("t", teacher), ("s", student))]
    found = rfonnx.compare(*files, data, layers=True, **{**OTHER, **options}).parting
    assert found is not None
    return found


def own(found: Parting) -> list[str]:
    return [layer.teacher for layer in found.damaged]


# --- the damaged layer --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["scaled", "moved"])
@pytest.mark.parametrize("weight", CONVS)
@pytest.mark.parametrize("fold", [False, True], ids=["as it is", "folded"])
def test_own_error_names_the_damaged_layer_alone(tmp_path: Path, fold: bool, weight: str, how: str) -> None:
    """Twenty nets, half of them against a teacher whose BatchNormalizations are not folded."""
    teacher = residual()
    student = altered(teacher, weight, how)
    found = parted(teacher, folded(student) if fold else student, tmp_path)
    number = weight[1:]
    assert own(found) == [f"b{number}" if fold else f"c{number}"]
    assert found.first is found.damaged[0]
    assert found.first.node == f"conv{number}"
    later = [layer.teacher for layer in found.layers if layer.sqnr_db < found.limit_db]
    assert len(later) > 1  # accumulated error names what reads the layer, too
    assert found.unfed == ()


def test_another_preparation_is_no_fault_of_the_layer_that_reads_it(models: Path) -> None:
    """The same file twice: every layer is itself on what the teacher reads, and the input is named."""
    teacher, data = (models / "digits" / name for name in ("teacher.onnx", "test.npz"))
    found = rfonnx.compare(teacher, teacher, data, layers=True, samples=8, student_prep={"mean": 0.3}, **OTHER)
    assert not found.passed
    assert found.parting is not None
    assert found.parting.damaged == ()
    assert {layer.own_db for layer in found.parting.layers} == {np.inf}
    assert [one.teacher for one in found.parting.unlike_inputs] == ["image"]
    text = "".join(render(compare_document(found, WHOLE), "text"))
    assert "none differs by itself; what they read does: input image is not prepared alike" in text
    assert "small errors add up" not in text


def test_nodes_without_a_name_are_told_by_their_operator(tmp_path: Path) -> None:
    files = []
    for factor in (1.0, 1.5):
        text = f"""<ir_version: 8, opset_import: ["" : 17]> m (float[n,4] x) => (float[n,4] y)
            {{ k = Constant<value_float={factor}>() t = Mul(x, k) y = Tanh(t) }}"""
        files.append(small_nets.save(onnx.parser.parse_model(text), tmp_path / f"{factor}.onnx"))
    text = "".join(render(compare_document(rfonnx.compare(*files, layers=True, **OTHER), WHOLE), "text"))
    assert "layer: Mul differs by itself: t (6.021 dB" in text  # 20 log10(1 / 0.5)
    assert "look at Mul of the student, which makes t\n" in text


@pytest.mark.parametrize("make", [lambda net: net, folded], ids=["itself", "folded"])
def test_nothing_is_named_where_outputs_agree(tmp_path: Path, make) -> None:
    net = residual()
    found = parted(net, make(net), tmp_path)
    assert (found.first, found.damaged, found.behind) == (None, (), ())
    assert all(layer.own_db is not None and layer.own_db > 100 for layer in found.layers)


def test_a_lost_batch_normalization_is_named(tmp_path: Path) -> None:
    net = residual()
    lost = onnx.ModelProto()
    lost.CopyFrom(net)
    node = next(node for node in lost.graph.node if node.name == "norm1")
    node.CopyFrom(helper.make_node("Identity", ["c1"], ["b1"], "norm1"))
    found = parted(net, folded(lost), tmp_path)
    assert own(found) == ["r1"]
    assert found.damaged[0].nodes == (("Relu", "relu1"),)
    assert found.damaged[0].teacher_nodes == (("BatchNormalization", "norm1"), ("Relu", "relu1"))


def test_what_the_next_weight_makes_good_is_not_where_they_part(tmp_path: Path) -> None:
    """Weights equalised across layers: a factor of 2 in one, of a half in the next."""
    net = small_nets.classifier(channels=layer_nets.CHANNELS)
    student = small_nets.damaged(small_nets.damaged(net, "w1", 2.0), "w2", 0.5)
    found = parted(net, student, tmp_path)
    assert (found.first, found.damaged) == (None, ())
    assert [name for name, _ in found.unfed] == ["c1", "r1"]


def test_nothing_is_named_where_the_limits_say_that_outputs_agree(tmp_path: Path) -> None:
    net = residual()
    student = altered(net, "w3", "scaled")
    assert own(parted(net, student, tmp_path)) == ["c3"]
    limits = {**dict.fromkeys(limitable()), "max_abs": 1e6}
    assert own(parted(net, student, tmp_path, limits=limits)) == []


def test_steepest_starts_from_the_first_that_is_not_exact(tmp_path: Path) -> None:
    net = residual()
    found = parted(net, folded(altered(net, "w3", "scaled")), tmp_path)
    assert found.steepest is found.first
    assert found.layers[0].sqnr_db < 150


# --- pairs --------------------------------------------------------------------------------------------------------------


def test_a_folded_layer_is_paired_with_what_bears_its_name(tmp_path: Path) -> None:
    net = residual()
    found = parted(net, folded(net), tmp_path)
    pairs = {layer.teacher: layer.student for layer in found.layers}
    assert all(name == other for name, other in pairs.items())
    assert found.unmatched == len(CONVS)
    assert "b0" in pairs
    assert "c0" not in pairs


def test_no_tensor_is_paired_twice(tmp_path: Path) -> None:
    net = residual()
    for style in ("qdq", "qoperator", "dynamic"):
        found = parted(net, quantised(folded(net), tmp_path, style), tmp_path)
        assert len({layer.student for layer in found.layers}) == len(found.layers)
        assert len({layer.teacher for layer in found.layers}) == len(found.layers)


def test_a_folded_layer_without_names_is_paired_with_the_end_of_the_teachers(tmp_path: Path) -> None:
    net = residual()
    student = folded(altered(net, "w2", "scaled"))
    names = {output for node in student.graph.node for output in node.output} - {"y"}
    for node in student.graph.node:
        for values in (node.input, node.output):
            for index, name in enumerate(values):
                if name in names:
                    values[index] = f"other/{name}"
    found = parted(net, student, tmp_path)
    assert {layer.teacher: layer.student.removeprefix("other/") for layer in found.layers} == {
        layer.teacher: layer.teacher for layer in found.layers
    }
    assert own(found) == ["b2"]


def test_names_that_are_numbers_mean_other_tensors_in_another_export(tmp_path: Path) -> None:
    net = residual()
    student = folded(altered(net, "w2", "scaled"))
    for model in (net, student):
        outputs = [output for node in model.graph.node for output in node.output if output != "y"]
        number = {name: str(index) for index, name in enumerate(outputs)}
        for node in model.graph.node:
            for values in (node.input, node.output):
                for index, name in enumerate(values):
                    values[index] = number.get(name, name)
    found = parted(net, student, tmp_path)
    assert [layer.node for layer in found.damaged] == ["conv2"]


@pytest.mark.parametrize(("style", "least"), [("qdq", 13), ("qoperator", 10), ("dynamic", 13)])
def test_quantised_models_are_paired_through_their_quantisers(tmp_path: Path, style: str, least: int) -> None:
    net = folded(residual())
    student = quantised(net, tmp_path, style)
    found = parted(net, student, tmp_path)
    assert len(found.layers) >= least
    assert (found.first, found.damaged) == (None, ())
    found = parted(residual(), student, tmp_path)
    assert (found.first, found.damaged) == (None, ())


@pytest.mark.parametrize("style", ["qdq", "qoperator", "dynamic"])
@pytest.mark.parametrize("weight", ["w1", "w2", "w4"])
def test_the_damaged_layer_of_a_quantised_model_is_named(tmp_path: Path, style: str, weight: str) -> None:
    net = residual()
    student = quantised(folded(altered(net, weight, "moved")), tmp_path, style)
    found = parted(net, student, tmp_path)
    named = {layer.node.removesuffix("_quant") for layer in found.damaged}
    assert named == {f"conv{weight[1:]}"}


# --- tails --------------------------------------------------------------------------------------------------------------


def with_tail(net: onnx.ModelProto, nodes: list[onnx.NodeProto], **weights: np.ndarray) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(net)
    for node in copy.graph.node:
        for index, name in enumerate(node.output):
            if name == "y":
                node.output[index] = "before"
    copy.graph.node.extend(nodes)
    copy.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in weights.items())
    return copy


def test_a_tail_that_the_teacher_has_not_is_where_they_part(tmp_path: Path) -> None:
    net = residual()
    turned = with_tail(net, [helper.make_node("Slice", ["before", "a", "z", "i", "k"], ["y"], "turn")],
                       a=np.array([-1]), z=np.array([-9]), i=np.array([1]), k=np.array([-1]))  # fmt: skip
    found = parted(net, turned, tmp_path)
    assert (found.first, own(found)) == (None, [])
    assert [(layer.teacher, layer.nodes) for layer in found.behind] == [("y", (("Slice", "turn"),))]


def test_a_tail_that_the_student_lacks_is_where_they_part(tmp_path: Path) -> None:
    net = residual()
    softmax = with_tail(net, [helper.make_node("Softmax", ["before"], ["y"], "probabilities")])
    found = parted(softmax, net, tmp_path, kind="fp32")
    assert [(layer.nodes, layer.teacher_nodes) for layer in found.behind] == [((), (("Softmax", "probabilities"),))]


def test_an_offset_at_the_end_is_named(tmp_path: Path) -> None:
    net = residual()
    moved = with_tail(net, [helper.make_node("Add", ["before", "d"], ["y"], "offset")], d=np.full(4, 2, "f"))
    found = parted(net, moved, tmp_path)
    assert own(found) == ["y"]
    assert ("Add", "offset") in found.damaged[0].nodes


# --- figures ------------------------------------------------------------------------------------------------------------


def layer(found: Parting, name: str) -> LayerAgreement:
    return next(layer for layer in found.layers if layer.teacher == name)


def decibels(signal: np.ndarray, noise: np.ndarray) -> float:
    return float(10 * np.log10((signal.astype(float) ** 2).sum() / (noise.astype(float) ** 2).sum()))


def test_the_error_of_a_scaled_layer_is_known(tmp_path: Path) -> None:
    net = residual()
    found = layer(parted(net, altered(net, "w1", "scaled"), tmp_path), "c1")
    assert found.own_db == pytest.approx(20 * np.log10(2), abs=1e-4)  # half of the signal too much
    assert found.weight_db == pytest.approx(20 * np.log10(2), abs=1e-4)


def test_weights_are_compared_with_the_normalization_folded_in(tmp_path: Path) -> None:
    net = residual()
    found = parted(net, folded(altered(net, "w1", "scaled")), tmp_path)
    figures = {layer.teacher: layer.weight_db for layer in found.layers if layer.weight_db is not None}
    assert set(figures) == {"b0", "b1", "b2", "b3", "b4", "y"}
    assert figures.pop("b1") == pytest.approx(20 * np.log10(2), abs=1e-4)
    assert min(figures.values()) > 130


@pytest.mark.parametrize("style", ["qdq", "qoperator", "dynamic"])
def test_the_error_of_quantised_weights(tmp_path: Path, style: str) -> None:
    """Against numpy: onnxruntime's quantiser spreads 256 steps over the weight's range."""
    net = folded(residual())
    student = quantised(net, tmp_path, style)
    name = next(node.input[1] for node in net.graph.node if node.name == "conv0")
    weight = numpy_helper.to_array(next(t for t in net.graph.initializer if t.name == name))
    low, high = min(weight.min(), 0), max(weight.max(), 0)
    scale = np.float32((high - low) / 255)
    zero = np.round(-low / scale)
    real = (np.clip(np.round(weight / scale) + zero, 0, 255) - zero) * scale
    found = parted(net, student, tmp_path)
    figures = [layer.weight_db for layer in found.layers if layer.weight_db is not None]
    assert len(figures) == 6
    assert figures[0] == pytest.approx(decibels(weight, real - weight), abs=0.1)


def test_the_error_of_a_quantiser_is_that_of_its_steps(tmp_path: Path) -> None:
    """x is quantised by the scale that stands in the student."""
    net = folded(residual())
    student = quantised(net, tmp_path, "qdq")
    stored = {t.name: numpy_helper.to_array(t) for t in student.graph.initializer}
    scale, zero = stored["x_scale"], stored["x_zero_point"].astype(float)
    x = layer_nets.samples().astype(float)
    real = (np.clip(np.round(x / scale) + zero, 0, 255) - zero) * scale
    found = parted(net, student, tmp_path)
    assert [entry.teacher for entry in found.inputs] == ["x"]
    assert found.inputs[0].quantised_db == pytest.approx(decibels(x, real - x), abs=0.01)


# --- what cannot be taken apart -----------------------------------------------------------------------------------------


def with_branch(scale: float) -> onnx.ModelProto:
    """conv, If (its body reads the convolution's result from outside), conv."""
    draw = np.random.default_rng(3).standard_normal
    weights = {
        "w0": draw((6, 6, 3, 3)).astype("f"),
        "w1": (draw((6, 6, 3, 3)) * scale).astype("f"),
        "zero": np.zeros((), "f"),
    }
    bodies = [
        helper.make_graph([helper.make_node(op, ["c0"], [op])], op, [], [helper.make_tensor_value_info(op, 1, None)])
        for op in ("Relu", "Neg")
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["c0"], "conv0", pads=[1, 1, 1, 1]),
        helper.make_node("ReduceSum", ["c0"], ["sum"], "sum", keepdims=0),
        helper.make_node("Greater", ["sum", "zero"], ["positive"], "positive"),
        helper.make_node("If", ["positive"], ["chosen"], "if", then_branch=bodies[0], else_branch=bodies[1]),
        helper.make_node("Conv", ["chosen", "w1"], ["y"], "conv1", pads=[1, 1, 1, 1]),
    ]
    return small_nets.model(nodes, {"x": layer_nets.SHAPE}, {"y": layer_nets.SHAPE}, weights)


def test_bodies_read_the_teachers_tensors_too(tmp_path: Path) -> None:
    found = parted(with_branch(1.0), with_branch(1.5), tmp_path)
    assert own(found) == ["y"]
    assert layer(found, "chosen").own_db == np.inf


@pytest.mark.parametrize("lowest", [-np.inf, np.finfo("f").min, -1e9])
def test_what_a_mask_hides_says_nothing_of_what_it_shows(tmp_path: Path, lowest: float) -> None:
    draw = np.random.default_rng(4).standard_normal
    stored = {"mask": np.where(np.tri(8) > 0, 0, lowest).astype("f"), "w": draw((8, 8)).astype("f")}
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["scores"], "scores"),
        helper.make_node("Add", ["scores", "mask"], ["masked"], "mask"),
        helper.make_node("Softmax", ["masked"], ["y"], "softmax"),
    ]
    net = small_nets.model(nodes, {"x": layer_nets.SHAPE}, {"y": layer_nets.SHAPE}, stored)
    same = parted(net, net, tmp_path, task="values")
    assert [entry.sqnr_db for entry in same.layers] == [np.inf] * 3
    found = parted(net, small_nets.damaged(net, "w", 1.5), tmp_path, task="values")
    assert own(found) == ["scores"]
    assert layer(found, "masked").sqnr_db < 10


def test_the_largest_tensors_are_left_out_where_all_are_too_large(tmp_path: Path, monkeypatch) -> None:
    net = residual()
    monkeypatch.setattr(inner, "MAX_ELEMENTS", 100)
    found = parted(net, altered(net, "w_end", "scaled"), tmp_path)
    assert [entry.teacher for entry in found.layers] == ["p", "f", "y"]
    assert own(found) == ["y"]
    assert [reason for _, reason in found.unfed] == ["the largest, over 1 GiB in all"] * 2


def test_what_is_no_quantised_tensor_is_not_taken_for_one(tmp_path: Path) -> None:
    """Lengths of a quantised tensor reach a Reshape of it."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("Shape", ["c"], ["shape"], "shape"),
        helper.make_node("Reshape", ["c", "shape"], ["r"], "reshape"),
        helper.make_node("Conv", ["r", "w"], ["y"], "end", pads=[1, 1, 1, 1]),
    ]
    weight = np.random.default_rng(2).standard_normal((6, 6, 3, 3)).astype("f") * np.float32(0.2)
    net = small_nets.model(nodes, {"x": layer_nets.SHAPE}, {"y": layer_nets.SHAPE}, {"w": weight})
    found = parted(net, quantised(net, tmp_path, "qoperator"), tmp_path)
    assert [entry.teacher for entry in found.layers] == ["c", "r", "y"]
    assert found.unfed == ()


def test_weights_of_transposed_convolutions_and_of_groups(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    norm = {f"{name}{i}": draw.uniform(0.5, 1.5, 6).astype("f") for i in (0, 1) for name in "gomv"}
    weights = {"w0": draw.standard_normal((6, 3, 3, 3)), "w1": draw.standard_normal((6, 6, 2, 2)) * 0.3}
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["c0"], "conv", pads=[1, 1, 1, 1], group=2),
        helper.make_node("BatchNormalization", ["c0", *(f"{n}0" for n in "gomv")], ["b0"], "norm0"),
        helper.make_node("ConvTranspose", ["b0", "w1"], ["c1"], "up", strides=[2, 2]),
        helper.make_node("BatchNormalization", ["c1", *(f"{n}1" for n in "gomv")], ["y"], "norm1"),
    ]
    stored = {**norm, **{name: value.astype("f") for name, value in weights.items()}}
    net = small_nets.model(nodes, {"x": layer_nets.SHAPE}, {"y": (1, 6, 16, 16)}, stored)
    student = onnx.ModelProto()
    student.CopyFrom(net)
    factor = stored["g1"] / np.sqrt(stored["v1"] + np.float32(1e-5))
    for tensor in student.graph.initializer:  # folded by hand: onnxruntime leaves the transposed convolution as it is
        if tensor.name == "w1":
            tensor.CopyFrom(numpy_helper.from_array(1.5 * stored["w1"] * factor[:, None, None].astype("f"), "w1"))
    shift = stored["o1"] - stored["m1"] * factor
    student.graph.initializer.append(numpy_helper.from_array(shift.astype("f"), "shift"))
    student.graph.node[2].CopyFrom(
        helper.make_node("ConvTranspose", ["b0", "w1", "shift"], ["y"], "up", strides=[2, 2])
    )
    del student.graph.node[3]
    found = parted(net, folded(student), tmp_path, kind="fp32")
    assert own(found) == ["y"]
    assert layer(found, "b0").weight_db is not None
    assert layer(found, "y").weight_db == pytest.approx(20 * np.log10(2), abs=1e-4)


def test_an_input_that_is_handed_on_is_a_pair(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Identity", ["x"], ["same"], "same"),
        helper.make_node("Conv", ["same", "w"], ["y"], "conv", pads=[1, 1, 1, 1]),
    ]
    weight = np.random.default_rng(6).standard_normal((6, 6, 3, 3)).astype("f")
    net = small_nets.model(nodes, {"x": layer_nets.SHAPE}, {"y": layer_nets.SHAPE}, {"w": weight})
    found = parted(net, small_nets.damaged(net, "w", 1.5), tmp_path)
    assert [(entry.teacher, entry.node) for entry in found.layers] == [("same", "same"), ("y", "conv")]
    assert own(found) == ["y"]
