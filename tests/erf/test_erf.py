"""The measurement as a whole: self-checks over models, aggregation, channels, layers, and errors of users."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx
from erf.nets import Net, local_net
from rfonnx.errors import ModelError, QueryError, ShapeError

FILES = ("conv3d", "dilated", "inception", "resnet18", "se", "seed", "superres", "unet", "vit", "wavenet")


@pytest.mark.parametrize("file", FILES)
def test_no_gradient_from_outside_the_theoretical_field(models: Path, file: str) -> None:
    """Both halves check each other: on the whole input, for tensors all over the model, at the middle and at a corner."""
    path = models / f"{file}.onnx"
    analysis = rfonnx.analyze(path)
    names = [
        name for name, tensor in analysis.tensors.items() if tensor.dtype == "float32" and len(tensor.shape or ()) > 2
    ]
    place = [0.0] * len([axis for name, axis in analysis.windowed if name == analysis.inputs[0]])
    seen = 0
    for name in names[:: max(1, len(names) // 5)]:
        for erf in rfonnx.erf_many(path, name, ["center", place], n=1, channel="random", crop=False):
            assert erf.outside == 0
            seen += not erf.empty
    assert seen >= 3


def test_holes_of_dilated_convolutions_count_as_outside(models: Path) -> None:
    """`outside` knows the exact positions, not only the box."""
    from rfonnx.effective.place import find_place
    from rfonnx.effective.probing.outside import outside_share
    from rfonnx.effective.unit import find_unit

    analysis = rfonnx.analyze(models / "dilated.onnx")
    unit = find_unit(analysis, "grid", find_place(analysis, None, None, "center"))
    erf = rfonnx.erf(models / "dilated.onnx", "grid", n=1)
    assert outside_share(analysis, unit, erf.map) == 0
    top, left = erf.field[0][0], erf.field[1][0]
    moved = erf.map.copy()
    moved[top + 1, left] += 0.01
    assert outside_share(analysis, unit, moved) == pytest.approx(0.01 / 1.01)


def test_aggregation_and_reduction(models: Path) -> None:
    """Against the gradient itself."""
    path, sample = models / "superres.onnx", np.random.default_rng(0).standard_normal((1, 1, 32, 40)).astype(np.float32)
    seed = np.zeros((1, 9, 32, 40), np.float32)
    seed[0, :, 16, 20] = 1
    gradient = rfonnx.gradient(path, {"low": sample}, "conv4", seed)["low"].astype(np.float64)
    for aggregation, expected in (
        ("absolute", np.abs(gradient)), ("positive", np.clip(gradient, 0, None)), ("square", gradient**2),
    ):  # fmt: skip
        erf = rfonnx.erf(path, "conv4", data=sample, aggregation=aggregation)
        np.testing.assert_allclose(erf.map, expected[0, 0] / expected.sum(), atol=1e-6 * erf.map.max())
        assert erf.scale == pytest.approx(expected.sum(), rel=1e-5)
        assert erf.aggregation == aggregation


def test_channels_of_the_input_are_summed_or_averaged() -> None:
    total, mean = (rfonnx.erf(local_net(), "y", n=2, over=over) for over in ("sum", "mean"))
    np.testing.assert_allclose(total.map, mean.map, atol=1e-7)
    assert total.scale == pytest.approx(2 * mean.scale)


def test_channels_of_the_unit_add_up() -> None:
    """The gradient of the sum is the sum of the channels' gradients."""
    net = Net([1, 1, 9])
    weight = np.array([[[1.0, 2.0, 3.0]], [[0.5, 0.0, 5.0]]])
    net.conv("x", weight, name="y")
    model = net.model("y")
    first, second, both = (rfonnx.erf(model, "y", n=1, channel=channel) for channel in (0, 1, "sum"))
    np.testing.assert_allclose(first.map[3:6] * first.scale, weight[0, 0])
    np.testing.assert_allclose(second.map[3:6] * second.scale, weight[1, 0])
    np.testing.assert_allclose(both.map[3:6] * both.scale, weight.sum(0)[0])
    assert (first.position, both.position) == ((0, 0, 4), (0, None, 4))
    drawn = rfonnx.erf(model, "y", n=400, channel="random", aggregation="square")
    np.testing.assert_allclose(drawn.map[3:6] * drawn.scale, (weight**2).sum(0)[0], rtol=0.2)


def test_normalised_channels_are_warned_of() -> None:
    net = Net([1, 9, 4])
    net.op("LayerNormalization", "x", net.constant(np.ones(4, np.float32)), name="y")
    model = net.model("y")
    erf = rfonnx.erf(model, "y", n=2, axes=(1,), crop=False)
    assert any("channel 'random'" in note for note in erf.notes)
    assert rfonnx.erf(model, "y", n=2, axes=(1,), channel="random").scale > 1e3 * erf.scale


def test_dead_units_have_an_empty_map() -> None:
    net = Net([1, 1, 9])
    low = net.op("Sub", net.conv("x", np.ones((1, 1, 3))), net.constant(np.array(1e3, np.float32)))
    model = net.model(net.op("Relu", low, name="y"))
    erf = rfonnx.erf(model, "y", n=3)
    assert erf.empty
    assert erf.map.sum() == 0
    assert math.isnan(erf.sigma[0])
    assert any("nothing changes 'y' at this place" in note for note in erf.notes)


def test_many_places_are_as_one_by_one(models: Path) -> None:
    path = models / "resnet18.onnx"
    places = [(40.0, 50.0), (100.0, 100.0), (180.0, 20.0)]
    together = rfonnx.erf_many(path, "layer2.0", places, n=3)
    for place, erf in zip(places, together, strict=True):
        alone = rfonnx.erf(path, "layer2.0", place, n=3)
        assert (erf.position, erf.at) == (alone.position, place)
        np.testing.assert_allclose(erf.map, alone.map, atol=1e-5 * alone.map.max())


def test_positions_instead_of_places(models: Path) -> None:
    erf = rfonnx.erf(models / "seed.onnx", "pool", position=(0, 2, 3, 3), n=2)
    assert (erf.position, erf.field) == ((0, 2, 3, 3), ((4, 9), (4, 9)))


def test_layers_grow(models: Path) -> None:
    layers = list(rfonnx.erf_layers(models / "resnet18.onnx", n=2))
    assert [layer.tensor for layer in layers][:3] == ["conv1", "maxpool", "layer1.0.conv1"]
    assert layers[-1].tensor == "layer4.1.relu"
    assert [layer.field for layer in layers][:3] == [(7, 7), (11, 11), (19, 19)]
    assert all(layer.outside == 0 and not layer.problem for layer in layers)
    sizes = [layer.luo_size for layer in layers[:5]]
    assert sizes == sorted(sizes)
    assert layers[5].radius[0] < layers[5].radius[1] < layers[5].field[0]


def test_layers_behind_attention_and_gates_are_the_ends_of_blocks(models: Path) -> None:
    """There the theoretical field is the whole input from the first block on, and the effective one is what still changes."""
    tokens = [layer.tensor for layer in rfonnx.erf_layers(models / "vit.onnx", n=1)]
    blocks = [f"block{number}{part}" for number in range(3) for part in (".mixed", "")]
    assert tokens == ["patch_embed", "embedded", *blocks]
    gated = list(rfonnx.erf_layers(models / "se.onnx", n=1))
    assert [layer.tensor for layer in gated][-3:] == ["block1", "block2", "block2.relu"]
    assert all(layer.outside == 0 and not layer.problem for layer in gated)


def test_a_layer_that_cannot_be_measured_says_why(models: Path) -> None:
    layers = list(rfonnx.erf_layers(models / "seed.onnx", tensors=["conv1", "nothing"], n=1))
    assert layers[0].problem == ""
    assert "no tensor 'nothing' is computed from an input" in layers[1].problem
    assert math.isnan(layers[1].ratio)


def test_half_precision() -> None:
    net = Net([1, 1, 16, 16], onnx.TensorProto.FLOAT16)
    w = net.constant(np.random.default_rng(0).standard_normal((2, 1, 3, 3)).astype(np.float16))
    net.op("Conv", "x", w, pads=[1, 1, 1, 1], kernel_shape=[3, 3], name="y")
    model = net.model("y")
    model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    erf = rfonnx.erf(model, "y", n=2)
    assert erf.outside == 0
    assert [hi - lo + 1 for lo, hi in erf.field] == [3, 3]
    for probe in ("difference", "mean"):
        assert rfonnx.erf(model, "y", n=2, method="perturb", probe=probe).sigma == pytest.approx(erf.sigma, rel=0.3)


def test_a_tensor_of_one_number() -> None:
    net = Net([1, 1, 5])
    net.op("ReduceSum", net.conv("x", np.ones((1, 1, 3))), name="y", keepdims=0)
    assert rfonnx.erf(net.model("y"), "y", n=1).map.tolist() == pytest.approx([2 / 13, 3 / 13, 3 / 13, 3 / 13, 2 / 13])


def test_a_tensor_of_no_elements() -> None:
    net = Net([1, 1, 0])
    net.op("Sqrt", "x", name="y")
    with pytest.raises(QueryError, match=r"tensor 'y' sees nothing of input 'x'"):
        rfonnx.erf(net.model("y"), "y")


def test_an_input_of_one_number() -> None:
    net = Net([])
    net.op("Sqrt", "x", name="y")
    with pytest.raises(
        QueryError, match=r"input 'x' is a single number and has no places; choose another with --input"
    ):
        rfonnx.erf(net.model("y"))


def test_a_pool_of_one_tap() -> None:
    net = Net([1, 1, 9])
    net.op("MaxPool", net.conv("x", np.ones((1, 1, 3))), name="y", kernel_shape=[1])
    assert rfonnx.erf(net.model("y"), "y", n=1).map.tolist() == pytest.approx([0, 0, 0, 1 / 3, 1 / 3, 1 / 3, 0, 0, 0])


def test_dynamic_shapes_are_bound() -> None:
    net = Net(["N", 1, "H", "W"])
    model = net.model(net.conv("x", np.ones((1, 1, 3, 3)), name="y"))
    with pytest.raises(ShapeError, match=r"the lengths of axes 2, 3, 'H', 'W', are unknown; pass --shape H=224"):
        rfonnx.erf(model)
    assert rfonnx.erf(model, shapes={"H": 12, "W": 20}, n=1).map.shape == (12, 20)
    assert rfonnx.erf(model, shapes={"x": (1, 1, 8, 9)}, n=1).map.shape == (8, 9)


def test_weights_of_another_size_than_they_say() -> None:
    net = Net([1, 1, 24, 24])
    model = net.model(net.conv("x", np.ones((16, 1, 9, 9)), name="y"))
    model.graph.initializer[0].raw_data += b"?"
    with pytest.raises(
        ModelError, match=r"^net: the data of tensor 'w0' does not fit its shape \[16, 1, 9, 9\] .*; check"
    ):
        rfonnx.erf(model)


def test_errors_of_users(models: Path) -> None:
    path = models / "seed.onnx"
    with pytest.raises(QueryError, match=r"no tensor 'pol' is computed from an input; did you mean 'pool'"):
        rfonnx.erf(path, "pol")
    with pytest.raises(QueryError, match=r"'x' is an input; choose a tensor that is computed from it"):
        rfonnx.erf(path, "x")
    with pytest.raises(QueryError, match=r"place \(99, 99\) is not in the input's axes"):
        rfonnx.erf(path, at=(99, 99))
    with pytest.raises(ModelError, match=r"no such file"):
        rfonnx.erf("/nowhere.onnx")


def test_a_tensor_that_another_input_makes() -> None:
    net = Net([1, 1, 6])
    net.inputs.append(onnx.helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, [1, 1, 6]))
    net.op("Relu", "z", name="other")
    model = net.model(net.op("Add", "x", "other", name="y"), "other")
    with pytest.raises(QueryError, match=r"tensor 'other' sees nothing of input 'x'"):
        rfonnx.erf(model, "other", input="x")


def test_missing_weights_are_told(tmp_path: Path) -> None:
    model = local_net()
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    (tmp_path / "w.bin").unlink()
    assert rfonnx.analyze(tmp_path / "m.onnx").tensors["y"].fields["x", 2].size == 7
    for method in ("gradient", "perturb", "auto"):
        for crop in (True, False):
            with pytest.raises(
                ModelError, match=r"m.onnx: the weights of 'w\d' are missing: .* put the file beside the model"
            ):
                rfonnx.erf(tmp_path / "m.onnx", "y", method=method, crop=crop)
