"""The sizes that a model fits: at each end, and one step beyond, what onnxruntime shows of the positions before a layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

import rfonnx
import small_nets
from advice.nets import changed, random_net, reaching
from checked import found
from rfonnx.analysis.derive.most_seen import most_seen
from rfonnx.report.fields.advice import advice_lines
from rfonnx.report.fields.view import pick_axes

SEEDS = range(100, 108)


def at_length(model: onnx.ModelProto, *lengths: int) -> onnx.ModelProto:
    """The same at other lengths of the last axes of x."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    dims = copy.graph.input[0].type.tensor_type.shape.dim
    for dim, length in zip(list(dims)[-len(lengths) :], lengths, strict=True):
        dim.dim_value = length
    del copy.graph.value_info[:]
    for output in copy.graph.output:
        output.type.tensor_type.ClearField("shape")
    return copy


def windows(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    weights = {one.name: one.dims for one in model.graph.initializer}
    return [
        node
        for node in model.graph.node
        if node.op_type == "AveragePool" or (node.op_type == "Conv" and weights[node.input[1]][-1] > 1)
    ]


def idle(model: onnx.ModelProto) -> list[str]:
    """Layers before which each position depends on both ends, of those that do not read the input itself."""
    return [node.output[0] for node in windows(model) if node.input[0] != "x" and reaching(model, node.input[0]).all()]


@pytest.mark.parametrize("seed", SEEDS)
def test_both_ends_are_where_the_runtime_shows_them(seed: int) -> None:
    model = random_net(seed).model
    (one,) = rfonnx.input_sizes(model)
    if not one.tensor:
        assert one.reason
        assert not windows(model)
        return
    assert not one.reason
    assert one.step
    assert one.sees_to is not None
    assert one.grows_from is not None
    assert reaching(at_length(model, one.sees_to), one.tensor).any()
    assert not reaching(at_length(model, one.sees_to + one.step), one.tensor).any()
    assert not idle(at_length(model, one.grows_from))
    if one.idle:
        assert one.idle in idle(at_length(model, one.grows_from - one.step))


def test_no_length_between_is_wasteful_and_none_above_is_seen_whole() -> None:
    for seed in SEEDS[:4]:
        model = random_net(seed).model
        (one,) = rfonnx.input_sizes(model)
        if one.grows_from is None or one.sees_to is None:
            continue
        for length in range(one.grows_from, one.size + 4, one.step):
            copy = at_length(model, length)
            assert not idle(copy), (seed, length)
            if length > one.sees_to:
                assert not reaching(copy, one.tensor).any(), (seed, length)


def square(pads: int = 1) -> onnx.ModelProto:
    """Two strides and three convolutions over rows and columns, whose sides the file fixes."""
    conv = {"kernel_shape": [3, 3], "pads": [pads] * 4}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], strides=[2, 2], **conv),
        helper.make_node("Conv", ["a", "w"], ["b"], strides=[2, 2], **conv),
        helper.make_node("Conv", ["b", "w"], ["c"], **conv),
        helper.make_node("GlobalAveragePool", ["c"], ["y"]),
    ]
    weights = {"w": np.full((1, 1, 3, 3), 0.3, "f")}
    return small_nets.model(nodes, {"x": (1, 1, 20, 20)}, {"y": (1, 1, 1, 1)}, weights)


def test_sides_of_a_square_are_changed_together() -> None:
    model = square()
    rows, columns = rfonnx.input_sizes(model)
    assert rows._replace(axis=3) == columns
    assert (rows.tensor, rows.size, rows.step) == ("c", 15, 1)
    assert rows.sees_to is not None

    def both(length: int) -> bool:
        copy = at_length(model, length, length)
        return bool((changed(copy, "c", 0, 3) & changed(copy, "c", -1, 3)).any())

    assert both(rows.sees_to)
    assert not both(rows.sees_to + 1)


def test_a_model_that_takes_no_other_size_says_so(tmp_path: Path) -> None:
    model = square()
    del model.graph.node[-1]
    model.graph.node.append(helper.make_node("Reshape", ["c", "shape"], ["y"]))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 25]), "shape"))
    model.graph.output[0].type.tensor_type.ClearField("shape")
    for one in rfonnx.input_sizes(model):
        assert (one.grows_from, one.sees_to, one.fits) == (None, None, None)
        assert one.reason.startswith("the model takes no other lengths of axis")
    statuses = {one.status for one in found(model, tmp_path, "input-size-fits")}
    assert statuses == {"fail"}


def test_the_report_says_both_ends_and_where_the_input_lies(tmp_path: Path) -> None:
    model = square()
    sizes = rfonnx.input_sizes(model)
    analysis = rfonnx.analyze(model)
    told = ["".join(line) for line in advice_lines(analysis, pick_axes(analysis, "spatial"), sizes)]
    one = sizes[0]
    assert told[:-1] == [
        f"lengths from {one.grows_from} to {one.sees_to} of axes 2, 3 of x fit ({one.tried} lengths tried)",
        f"below {one.grows_from}: at {(one.grows_from or 0) - 1} {one.idle} adds no context at any position",
        f"above {one.sees_to}: no position of c, which has the largest field of windows (15), sees from border to border",
        "the length that was asked about, 20, lies above these",
    ]
    (finding,) = {(one.status, one.severity) for one in found(model, tmp_path, "input-size-fits")}
    assert finding == ("fail", "note")
    fitting = {one.status for one in found(at_length(model, 12, 12), tmp_path, "input-size-fits")}
    assert fitting == {"pass"}


def test_an_input_shorter_than_a_window_is_not_taken() -> None:
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], strides=[8])]
    model = small_nets.model(nodes, {"x": (1, 1, 48)}, {"y": (1, 1, 6)}, {"w": np.ones((1, 1, 8), "f")})
    (one,) = rfonnx.input_sizes(model)
    assert (one.grows_from, one.idle, one.sees_to) == (8, "", 8)


@pytest.mark.parametrize("name", ["resnet18", "seed", "inception", "unet", *SEEDS])
def test_lengths_that_are_not_analysed_change_no_answer(
    models: Path, name: str | int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = random_net(name).model if isinstance(name, int) else models / f"{name}.onnx"
    few = rfonnx.input_sizes(model)
    monkeypatch.setattr("rfonnx.analysis.sizes.most_seen", lambda *_: None)
    all_tried = rfonnx.input_sizes(model)
    assert [one._replace(tried=0) for one in few] == [one._replace(tried=0) for one in all_tried]
    if name == "resnet18":
        assert few[0].tried < all_tried[0].tried


@pytest.mark.parametrize("what", ["as it is", "padded by the runtime", "cropped", "enlarged"])
def test_nothing_is_certain_of_all_lengths_where_not_only_windows_slide(what: str) -> None:
    model = square()
    last = model.graph.node.pop()
    if what == "padded by the runtime":
        del model.graph.node[1].attribute[:]
        model.graph.node[1].attribute.extend(
            [helper.make_attribute("auto_pad", "SAME_UPPER"), helper.make_attribute("strides", [2, 2])]
        )
    elif what != "as it is":
        numbers = {"from": [1], "to": [-1], "axes": [2], "scales": np.array([1, 1, 2, 2], "f")}
        model.graph.initializer.extend(onnx.numpy_helper.from_array(np.array(n), key) for key, n in numbers.items())
        crop = helper.make_node("Slice", ["b", "from", "to", "axes"], ["m"])
        model.graph.node.insert(
            2, crop if what == "cropped" else helper.make_node("Resize", ["b", "", "scales"], ["m"])
        )
        model.graph.node[3].input[0] = "m"
    model.graph.node.append(last)
    analysis = rfonnx.analyze(model)
    most = most_seen(model, analysis.local, "c", ("x", 2))
    assert (most is not None) == (what == "as it is")
    if most is not None:
        rows, _ = rfonnx.input_sizes(model)
        assert rows.sees_to is not None
        assert rows.grows_from is not None
        assert rows.sees_to <= most.some
        assert rows.grows_from - 1 <= most.all
