"""What is used within a field, the weight of its positions, and where its size comes from: known cases."""

from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx

MODELS = Path(__file__).parents[2] / "models"


def test_three_convs_of_dilation_2_use_7_of_13():
    a = rfonnx.analyze(MODELS / "dilated.onnx")
    assert a.tensors["grid"].fields["x", 2].size == 13
    used = np.zeros((1, 3, 80, 96), bool)
    used[:, :, 34:47:2, 42:55:2] = True
    assert np.array_equal(a.support("grid", (0, 0, 40, 48), input="x"), used)


def test_the_seed_uses_all_of_its_6():
    a = rfonnx.analyze(MODELS / "seed.onnx")
    used = np.zeros((1, 3, 32, 40), bool)
    used[:, :, 4:10, 6:12] = True
    assert np.array_equal(a.support("pool", (0, 0, 3, 4), input="x"), used)


def test_seed_paths_are_the_product_of_its_windows():
    a = rfonnx.analyze(MODELS / "seed.onnx")
    one_axis = np.convolve(np.convolve([1, 1, 1], [1, 1, 1]), [1, 1])  # taps of conv1, conv2, pool: 1 3 5 5 3 1
    expected = np.zeros((1, 3, 32, 40))
    expected[:, :, 4:10, 6:12] = np.outer(one_axis, one_axis)
    np.testing.assert_allclose(a.paths("pool", (0, 0, 3, 4), input="x"), expected / expected.sum(), atol=1e-12)


@pytest.mark.parametrize(("layers", "kernel"), [(1, 3), (5, 3), (10, 5), (20, 3), (8, 7)])
def test_paths_of_uniform_stacks_are_as_wide_as_luo_et_al_say(recipes, layers, kernel):
    a = rfonnx.analyze(recipes.uniform_stack(layers, kernel, length=129))
    weight = a.paths(a.outputs[0], (0, 0, 64), input="x").ravel()
    offset = np.arange(129) - 64
    assert weight @ offset == pytest.approx(0, abs=1e-9)
    assert np.sqrt(weight @ offset**2) == pytest.approx(np.sqrt(layers * (kernel**2 - 1) / 12), rel=1e-4)


def test_explain_adds_up_the_seed():
    chain = rfonnx.analyze(MODELS / "seed.onnx").explain("pool", input="x", axis=2)
    assert [(step.tensor, step.added, step.jump) for step in chain if step.added] == [
        ("conv1", 2, 1),
        ("conv2", 2, 1),
        ("pool", 1, 1),
    ]


def test_explain_finds_what_made_resnet18_large():
    chain = rfonnx.analyze(MODELS / "resnet18.onnx").explain("layer4.1.relu", input="x", axis=3)
    added = {step.tensor: step.added for step in chain if step.added}
    assert added["conv1"] == 6
    assert added["maxpool"] == 4
    stages = [
        sum(value for name, value in added.items() if name.startswith(f"layer{stage}.")) for stage in (1, 2, 3, 4)
    ]
    assert stages == [32, 56, 112, 224]
    assert sum(added.values()) == 434


def test_explain_of_a_unet_adds_up():
    chain = rfonnx.analyze(MODELS / "unet.onnx").explain("mask", input="x", axis=2)
    assert 1 + sum(step.added for step in chain) == 204
    assert {"bottom.conv1", "bottom.conv2", "down3.conv1"} <= {step.tensor for step in chain}


def test_paths_of_a_position_that_reads_nothing():
    """Channel 1 of the concat is constant, though the tensor as a whole depends on x."""
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[1,1,4] x) => (float[1,2,4] y) '
        "<float[1,1,4] w = {1,2,3,4}> { y = Concat<axis = 1>(x, w) }"
    )
    a = rfonnx.analyze(model)
    assert a.paths("y", (0, 0, 2), input="x").sum() == 1
    assert not a.paths("y", (0, 1, 2), input="x").any()
