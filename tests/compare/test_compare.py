"""Whole comparisons: small nets, damaged on purpose, and the trained digits models."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

import rfonnx
import small_nets
from rfonnx.comparing.run import compare_models
from rfonnx.comparing.settings import Settings
from rfonnx.data.preparation import Preparation
from rfonnx.errors import QueryError
from rfonnx.results.comparison import Comparison

QUICK = {"cost": False, "effective": False}


def value(found: Comparison, name: str) -> float:
    return found.outputs[0].measures[name].value


def failed(found: Comparison) -> set[str]:
    return {verdict.measure for verdict in found.verdicts if not verdict.passed}


# --- the digits story ---------------------------------------------------------------------------------------------------


def digits(models: Path, student: str, **options: object) -> Comparison:
    folder = models / "digits"
    return rfonnx.compare(folder / "teacher.onnx", folder / student, folder / "test.npz", **{**QUICK, **options})


def test_digits_teacher_and_student_are_what_they_claim(models: Path) -> None:
    found = digits(models, "student.onnx", cost=True, latency_runs=5)
    assert value(found, "accuracy_teacher") > 0.98
    assert found.costs is not None
    assert found.costs[1].parameters <= found.costs[0].parameters / 10


@pytest.mark.parametrize(
    ("student", "kind", "missed"),
    [
        ("teacher.onnx", "fp32", set()),
        ("student.onnx", "distilled", set()),
        ("twin.onnx", "distilled", {"kl", "calibration_difference"}),
        ("damaged.onnx", "fp32", {"sqnr_db", "top1"}),
        ("teacher_fp16.onnx", "fp16", set()),
        ("teacher_int8.onnx", "int8", set()),
    ],
)
def test_digits_story(models: Path, student: str, kind: str, missed: set[str]) -> None:
    found = digits(models, student)
    assert (found.kind, failed(found), found.passed) == (kind, missed, not missed)


@pytest.mark.parametrize("student", ["teacher_fp16.onnx", "teacher_int8.onnx"])
def test_lower_precision_fails_under_the_limits_of_fp32(models: Path, student: str) -> None:
    assert failed(digits(models, student, kind="fp32")) == {"sqnr_db"}


def test_the_damaged_layer_is_named(models: Path) -> None:
    found = digits(models, "damaged.onnx", layers=True, samples=8)
    assert found.parting is not None
    assert found.parting.first is found.parting.steepest
    assert found.parting.first is not None
    assert found.parting.first.node == "/features/conv4/Conv"


def test_int8_layers_are_compared_behind_the_quantiser(models: Path) -> None:
    found = digits(models, "teacher_int8.onnx", layers=True, samples=8)
    assert found.parting is not None
    assert found.parting.first is None
    assert len(found.parting.layers) >= 12


# --- layers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("weight", "node"), [("w1", "conv1"), ("w2", "conv2"), ("w3", "linear")])
def test_layers_name_what_was_damaged(tmp_path: Path, weight: str, node: str) -> None:
    net = small_nets.classifier()
    teacher = small_nets.save(net, tmp_path / "teacher.onnx")
    student = small_nets.save(small_nets.damaged(net, weight, 1.2), tmp_path / "student.onnx")
    found = rfonnx.compare(teacher, student, layers=True, **QUICK)
    assert found.parting is not None
    assert found.parting.first is not None
    assert found.parting.first.node == node


def test_layers_that_were_renamed_are_matched_in_order(tmp_path: Path) -> None:
    net = small_nets.classifier()
    renamed = small_nets.damaged(net, "w2", 1.5)
    for node in renamed.graph.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                if name not in ("x", "scores", "w1", "w2", "w3"):
                    names[index] = f"other_{name}"
    found = rfonnx.compare(net, renamed, layers=True, **QUICK)
    assert found.parting is not None
    assert [layer.student for layer in found.parting.layers] == [
        "other_c1", "other_r1", "other_c2", "other_r2", "other_p", "other_f", "scores",
    ]  # fmt: skip
    assert found.parting.first is not None
    assert found.parting.first.node == "conv2"


def test_layers_of_a_model_with_external_data(tmp_path: Path) -> None:
    net = small_nets.classifier()
    for name in ("teacher", "student"):
        copy = onnx.ModelProto()
        copy.CopyFrom(net)
        onnx.save(copy, tmp_path / f"{name}.onnx", save_as_external_data=True, location=f"{name}.bin", size_threshold=0)
    found = rfonnx.compare(tmp_path / "teacher.onnx", tmp_path / "student.onnx", layers=True, cost=True, latency_runs=5)
    assert found.passed
    assert found.costs is not None
    assert found.costs[0].file_bytes == sum((tmp_path / f"teacher.{end}").stat().st_size for end in ("onnx", "bin"))


# --- exact, mirrored, streamed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [small_nets.classifier, lambda: small_nets.segmenter(size=(6, 9))])
def test_against_itself(make) -> None:
    found = rfonnx.compare(make(), make(), **QUICK)
    assert found.passed
    assert value(found, "max_abs") == 0
    assert value(found, "cosine") == 1
    assert all(pair.ratio == 1 and not pair.notes for pair in found.fields)


def test_swapped_models_are_the_mirror_image() -> None:
    one, other = small_nets.classifier(0), small_nets.classifier(1)
    ab, ba = rfonnx.compare(one, other, **QUICK), rfonnx.compare(other, one, **QUICK)
    for name in ("max_abs", "mean_abs", "rmse", "cosine", "top1", "calibration_difference"):
        assert value(ab, name) == pytest.approx(value(ba, name), rel=1e-9)
    assert value(ab, "kl") == pytest.approx(value(ba, "kl_reverse"), rel=1e-9)
    assert value(ab, "confidence_shift") == pytest.approx(-value(ba, "confidence_shift"), rel=1e-9)


def test_batches_and_fixed_batches_give_the_same(tmp_path: Path) -> None:
    net = small_nets.classifier()
    fixed = onnx.ModelProto()
    fixed.CopyFrom(net)
    for info in (*fixed.graph.input, *fixed.graph.output):
        info.type.tensor_type.shape.dim[0].dim_value = 4
    other = small_nets.damaged(net, "w3", 1.1)
    found = [
        rfonnx.compare(teacher, other, samples=11, batch=batch, **QUICK)
        for teacher, batch in ((net, 1), (net, 3), (net, 64), (fixed, 8))
    ]
    assert {comparison.samples.count for comparison in found} == {11}
    for comparison in found[1:]:
        assert value(comparison, "rmse") == pytest.approx(value(found[0], "rmse"), rel=1e-5)


def test_figures_are_those_of_the_outputs(tmp_path: Path) -> None:
    """Through the whole pipeline: images on disk to figures, against numpy on onnxruntime's own outputs."""
    import onnxruntime

    teacher, student = small_nets.classifier(0), small_nets.classifier(1, size=(6, 6))
    pixels = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), np.uint8)
    for index, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{index:02}.png")
    settings = Settings(data=tmp_path, student=Preparation(mean=(0.5,), std=(0.25,)), task="classifier", **QUICK)
    found = compare_models(teacher, student, settings)

    small = np.stack([np.asarray(Image.fromarray(p).resize((6, 6), Image.Resampling.BILINEAR)) for p in pixels])
    feeds = [array.transpose(0, 3, 1, 2).astype("f") for array in (pixels / 255, (small / 255 - 0.5) / 0.25)]
    a, b = (
        onnxruntime.InferenceSession(net.SerializeToString()).run(None, {"x": feed})[0].astype(float)
        for net, feed in zip((teacher, student), feeds, strict=True)
    )
    assert value(found, "rmse") == pytest.approx(np.sqrt(((a - b) ** 2).mean()), rel=1e-4)
    assert value(found, "top1") == (a.argmax(1) == b.argmax(1)).mean()
    worst = np.abs(a - b).max(1).argmax()
    assert found.outputs[0].worst["max_abs"][0].sample == f"{worst:02}.png"


def test_layout_and_names_may_differ() -> None:
    """The student takes channels last under another name, and transposes; it is the teacher all the same."""
    teacher = small_nets.classifier()
    student = onnx.ModelProto()
    student.CopyFrom(teacher)
    student.graph.node.insert(0, helper.make_node("Transpose", ["image"], ["x"], perm=[0, 3, 1, 2]))
    student.graph.input[0].CopyFrom(helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 8, 8, 3]))
    found = rfonnx.compare(teacher, student, **QUICK)
    assert value(found, "max_abs") == 0
    assert [(pair.axis, pair.ratio) for pair in found.fields if pair.role == "features"] == [
        ((2, 1), 1.0),
        ((3, 2), 1.0),
    ]


# --- what is not finite -------------------------------------------------------------------------------------------------


def test_nan_fails_and_is_located(tmp_path: Path) -> None:
    """The square root of what a convolution gives is NaN where that is negative."""
    net = small_nets.classifier()
    student = onnx.ModelProto()
    student.CopyFrom(net)
    nodes = list(student.graph.node)
    nodes[1].CopyFrom(helper.make_node("Sqrt", ["c1"], ["r1"], "root"))
    del student.graph.node[:]
    student.graph.node.extend(nodes)
    data = np.full((6, 3, 8, 8), 0, np.float32)
    data[4] = np.random.default_rng(0).standard_normal((3, 8, 8))
    np.save(tmp_path / "x.npy", data)
    found = rfonnx.compare(net, student, tmp_path / "x.npy", **QUICK)
    verdict = next(verdict for verdict in found.verdicts if verdict.measure == "finite")
    assert not found.passed
    assert "student gives nan" in verdict.reason
    assert "x.npy[4]" in verdict.where
    assert "it begins in 'r1'" in verdict.where


# --- verdicts -----------------------------------------------------------------------------------------------------------


def test_every_limit_can_be_set_and_removed() -> None:
    one, other = small_nets.classifier(0), small_nets.damaged(small_nets.classifier(0), "w3", 1.01)
    assert failed(rfonnx.compare(one, other, **QUICK)) == {"sqnr_db"}
    assert failed(rfonnx.compare(one, other, limits={"sqnr_db": None}, **QUICK)) == set()
    assert failed(rfonnx.compare(one, other, limits={"sqnr_db": 39.0, "max_abs": 0.0}, **QUICK)) == {"max_abs"}
    with pytest.raises(rfonnx.QueryError, match="there is no measure 'sqnr' to limit"):
        rfonnx.compare(one, other, limits={"sqnr": 1.0}, **QUICK)


def test_a_smaller_field_is_no_re_export() -> None:
    teacher, student = small_nets.segmenter(size=(9, 9)), small_nets.segmenter(size=(9, 9))
    narrow = numpy_helper.to_array(student.graph.initializer[0])[:, :, 1:2, 1:2]
    student.graph.initializer[0].CopyFrom(numpy_helper.from_array(narrow, "w1"))
    del student.graph.node[0].attribute[:]
    found = rfonnx.compare(teacher, student, kind="fp32", **QUICK)
    assert "field_ratio" in failed(found)
    assert found.fields[0].notes == ("the student sees 1 of 9 positions, the teacher 3 of 9",)


def test_kinds_are_recognised(tmp_path: Path) -> None:
    teacher = small_nets.classifier()
    thin = small_nets.classifier()
    thin.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.ones((4, 5, 3, 3), "f"), "w2"))
    thin.graph.initializer[2].CopyFrom(numpy_helper.from_array(np.ones((4, 6), "f"), "w3"))
    assert rfonnx.compare(teacher, thin, **QUICK).kind == "distilled"
    assert rfonnx.compare(teacher, teacher, **QUICK).kind == "fp32"


def zeroed(net: onnx.ModelProto, share: float) -> onnx.ModelProto:
    pruned = onnx.ModelProto()
    pruned.CopyFrom(net)
    for weight in pruned.graph.initializer:
        array = numpy_helper.to_array(weight).copy()
        array[np.abs(array) <= np.quantile(np.abs(array), share)] = 0
        weight.CopyFrom(numpy_helper.from_array(array, weight.name))
    return pruned


def test_zeros_are_no_weights() -> None:
    teacher = small_nets.classifier()
    found = rfonnx.compare(teacher, zeroed(teacher, 0.3), **QUICK)
    assert found.kind == "distilled"
    assert found.kind_reason == "149 of the student's 492 weights are zero: it was pruned"
    assert rfonnx.compare(teacher, zeroed(teacher, 0.02), **QUICK).kind == "fp32"
    sparse = zeroed(teacher, 0.3)
    assert rfonnx.compare(sparse, sparse, **QUICK).kind == "fp32"  # the teacher has no more


# --- bad input ----------------------------------------------------------------------------------------------------------


def test_corrupt_image_fails_or_is_skipped_and_counted(tmp_path: Path) -> None:
    net = small_nets.classifier()
    for index in range(20):
        Image.fromarray(np.full((8, 8, 3), index, np.uint8)).save(tmp_path / f"{index:02}.png")
    (tmp_path / "13.png").write_bytes(b"broken")
    skipped = rfonnx.compare(net, net, tmp_path, on_error="skip", **QUICK)
    assert (skipped.samples.count, [name for name, _ in skipped.samples.skipped]) == (19, ["13.png"])
    assert skipped.passed
    stopped = rfonnx.compare(net, net, tmp_path, **QUICK)
    assert "13.png" in stopped.incomplete
    assert (stopped.samples.count, stopped.passed) == (13, False)
    assert value(stopped, "max_abs") == 0  # what was finished is still reported


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (small_nets.classifier(classes=7), "cannot be compared: they differ in shape"),
        (small_nets.segmenter(size=(8, 8)), "cannot be compared"),
        (small_nets.classifier(channels=1), "which takes 1x8x8 per sample"),
    ],
)
def test_models_that_do_not_compare(student: onnx.ModelProto, message: str) -> None:
    with pytest.raises(rfonnx.RfonnxError, match=message):
        rfonnx.compare(small_nets.classifier(), student, **QUICK)


def test_an_output_that_is_a_sequence() -> None:
    net = small_nets.classifier()
    nodes = [*net.graph.node, helper.make_node("SequenceConstruct", ["scores"], ["list"])]
    info = helper.make_tensor_sequence_value_info("list", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "net", net.graph.input, [*net.graph.output, info], net.graph.initializer)
    both = helper.make_model(graph, opset_imports=net.opset_import, ir_version=8)
    with pytest.raises(rfonnx.QueryError, match=re.escape("output 'list' seq(tensor(float))")):
        rfonnx.compare(both, both, **QUICK)
    assert rfonnx.compare(both, both, outputs={"scores": "scores"}, **QUICK).passed


def test_weights_that_are_not_there(tmp_path: Path) -> None:
    net = small_nets.classifier()
    onnx.save(net, tmp_path / "m.onnx", save_as_external_data=True, location="m.bin", size_threshold=0)
    (tmp_path / "m.bin").unlink()
    with pytest.raises(rfonnx.ModelError, match=r"its weights lie in 'm\.bin', which is not there"):
        rfonnx.compare(tmp_path / "m.onnx", tmp_path / "m.onnx", **QUICK)


def test_free_sizes_need_a_shape() -> None:
    net = small_nets.segmenter()
    with pytest.raises(rfonnx.ShapeError, match="h"):
        rfonnx.compare(net, net, **QUICK)
    assert rfonnx.compare(net, net, shapes={"h": 5, "w": 7}, **QUICK).passed


def test_integer_inputs_stay_in_their_tables() -> None:
    nodes = [helper.make_node("Gather", ["table", "ids"], ["y"])]
    weights = {"table": np.random.default_rng(0).standard_normal((11, 4)).astype("f")}
    net = small_nets.model(nodes, {"ids": ("n", 6)}, {"y": ("n", 6, 4)}, weights, {"ids": TensorProto.INT64})
    found = rfonnx.compare(net, net, **QUICK)
    assert found.passed
    assert found.outputs[0].task == "values"


def test_outputs_paired_by_order_are_said_to_be() -> None:
    nodes = [helper.make_node("Relu", ["x"], ["a"]), helper.make_node("Tanh", ["x"], ["b"])]
    teacher = small_nets.model(nodes, {"x": ("n", 4)}, {"a": ("n", 4), "b": ("n", 4)}, {})
    nodes = [helper.make_node("Relu", ["x"], ["c"]), helper.make_node("Tanh", ["x"], ["d"])]
    student = small_nets.model(nodes, {"x": ("n", 4)}, {"c": ("n", 4), "d": ("n", 4)}, {})
    told = "outputs whose names differ were paired by their order: 'a' with 'c', 'b' with 'd'; --map says otherwise"
    assert told in rfonnx.compare(teacher, student, **QUICK).warnings
    asked = rfonnx.compare(teacher, student, outputs={"a": "c", "b": "d"}, **QUICK)
    assert not any("paired" in line for line in asked.warnings)


def test_one_output_paired_by_order_is_said_to_be() -> None:
    nets = [small_nets.model([helper.make_node("Relu", ["x"], [y])], {"x": ("n", 4)}, {y: ("n", 4)}, {}) for y in "yz"]
    told = "outputs whose names differ were paired by their order: 'y' with 'z'; --map says otherwise"
    found = rfonnx.compare(*nets, **QUICK)
    assert found.passed
    assert told in found.warnings


@pytest.mark.parametrize("shape", [(), (1, 3), (8, 3), (2, 3, 4)])
def test_models_without_inputs_are_run_once(shape: tuple[int, ...]) -> None:
    def net(value: float) -> onnx.ModelProto:
        weights = {"c": np.full(shape, value, "f")}
        return small_nets.model([helper.make_node("Identity", ["c"], ["y"])], {}, {"y": shape}, weights)

    same, other = rfonnx.compare(net(1), net(1), **QUICK), rfonnx.compare(net(1), net(1.5), **QUICK)
    assert (same.passed, other.passed) == (True, False)
    assert (same.samples.count, same.samples.source, same.warnings) == (1, "one run, since there are no inputs", ())
    with pytest.raises(QueryError, match="data is given for models that take no inputs"):
        rfonnx.compare(net(1), net(1), np.__file__, **QUICK)


def test_every_option_is_documented_and_has_the_default_of_the_command_line() -> None:
    from rfonnx.cli.compare import command
    from rfonnx.comparing.settings import Settings
    from rfonnx.results.option import options as declared

    options = {option.name: option for option in command.params}
    for field in dataclasses.fields(Settings):
        assert re.search(rf"\b{field.name}\b", rfonnx.compare.__doc__ or "")
        words = (Settings.__doc__ or "").partition("Attributes:")[2]
        assert field.name in declared(Settings) or re.search(rf"\b{field.name}\b", words)
        told = re.search(r"\[default: ([\d.]+|yes|no)\]", getattr(options.get(field.name), "help", None) or "")
        if told:
            assert field.default == (told[1] == "yes" if told[1].isalpha() else float(told[1]))
