"""Models that take figures over all of the input, in stages, held to the whole run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import rfonnx
from rfonnx import TilePlan
from tiling.nets import Net, vae_decoder


def unet(norm: Callable[[Net, str], str]) -> onnx.ModelProto:
    net = Net()
    early = net.relu(norm(net, net.conv("x", 4)))
    down = net.relu(norm(net, net.conv(early, 8, stride=2)))
    up = net.up(down)
    joined = net.add("Concat", [up, early], 12, axis=1)
    return net.model(net.conv(net.relu(norm(net, net.conv(joined, 4))), 2))


def sequence(norm: Callable[[Net, str], str], opset: int = 18) -> onnx.ModelProto:
    net = Net()
    return net.model(net.conv(net.relu(norm(net, net.conv(norm(net, net.conv("x", 4)), 4))), 3), opset=opset)


def group_normalization(net: Net, x: str) -> str:
    c = net.channels[x]
    return net.add("GroupNormalization", [x, net.numbers(c), net.numbers(c)], c, num_groups=2)


MODELS = {
    "a U-Net with GroupNorm as PyTorch exports it": (lambda: unet(lambda n, x: n.group_norm(x, 2)), 3),
    "InstanceNorm": (lambda: unet(Net.instance_norm), 3),
    "squeeze and excitation": (lambda: sequence(Net.gate), 2),
    "means and variances by elementwise operators": (lambda: sequence(Net.decomposed_norm), 4),
    "the decoder of a latent diffusion model": (vae_decoder, 7),
    "GroupNormalization of opset 21": (lambda: sequence(group_normalization, 21), 2),
}


def channels(model: onnx.ModelProto) -> int:
    return int(model.graph.input[0].type.tensor_type.shape.dim[1].dim_value)


def worst(plan: TilePlan, model: onnx.ModelProto) -> float:
    """The largest difference to the whole run, as a share of the largest value."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    x = np.random.default_rng(0).standard_normal((1, channels(model), 96, 80)).astype(np.float32)
    (whole,) = session.run(None, {"x": x})
    tiled = np.full_like(whole, np.nan)
    plan.run(x, tiled)
    return float(np.abs(tiled - whole).max() / np.abs(whole).max())


@pytest.mark.parametrize("case", MODELS)
def test_the_stages_give_what_the_whole_gives(case: str) -> None:
    make, passes = MODELS[case]
    model = make()
    plan = rfonnx.tile(model, {"x": (1, channels(model), 96, 80)}, (48, 40), stages=True)
    assert plan.exact, plan.reasons
    assert len(plan.stages) == passes
    assert len(plan.tiles) > 4
    assert all(len(stage.plan.tiles) > 4 for stage in plan.stages)
    assert worst(plan, model) < 1e-5


@pytest.mark.parametrize(
    "case", ["InstanceNorm", "squeeze and excitation", "means and variances by elementwise operators"]
)
def test_verified_in_passes(case: str) -> None:
    make, passes = MODELS[case]
    plan = rfonnx.tile(make(), stages=True)
    found = plan.verify()
    assert found.passed
    assert found.least
    assert not found.identical  # figures are summed otherwise
    assert len(found.sizes) == 3
    assert {one.kind for one in found.opposites} >= {"halo", "crop"}
    for size in found.sizes:
        assert size.tiles == size.run > 4 * passes
        assert len(size.off) == passes + 1  # of what each pass makes


def test_figures_of_another_halo_are_found() -> None:
    """Tiles of the pass that gathers get what a smaller kernel needs."""
    narrow, wide = (MODELS["InstanceNorm"][0](), MODELS["InstanceNorm"][0]())
    weights = next(one for one in wide.graph.initializer if list(one.dims) == [4, 2, 3, 3])
    random = np.random.default_rng(1).standard_normal((4, 2, 7, 7)).astype(np.float32)
    weights.CopyFrom(onnx.numpy_helper.from_array(random, weights.name))
    first = next(node for node in wide.graph.node if weights.name in node.input)
    next(one for one in first.attribute if one.name == "pads").ints[:] = [3] * 4
    shapes = {"x": (1, 2, 96, 80)}
    plan, other = (rfonnx.tile(model, shapes, (48, 40), stages=True) for model in (narrow, wide))
    assert plan.verify().passed
    stage = replace(plan.stages[0], plan=replace(plan.stages[0].plan, model=other.stages[0].plan.model))
    found = replace(plan, stages=(stage, *plan.stages[1:])).verify()
    assert not found.passed
    assert found.sizes[0].leaks
    assert not found.sizes[0].off[stage.statistics[0].of].passed


def test_a_tile_that_is_smaller_than_the_first_size_looked_at_waits_for_the_size_of_the_whole() -> None:
    model = sequence(Net.gate)
    plan = rfonnx.tile(model, tile=(20, 24), stages=True)
    assert plan.exact
    assert not plan.tiles
    assert worst(plan, model) < 1e-5


def test_a_classifier_is_one_run_on_what_was_gathered(models: Path) -> None:
    plan = rfonnx.tile(models / "resnet18.onnx", {"x": (1, 3, 768, 800)}, (512, 512), stages=True)
    assert plan.exact
    assert len(plan.stages) == 1
    assert len(plan.tiles) == 1
    assert len(plan.stages[0].plan.tiles) > 1


def test_a_decoder_with_attention_is_refused_by_name() -> None:
    plan = rfonnx.tile(vae_decoder(attention=True), stages=True)
    assert not plan.exact
    assert len(plan.reasons) == 1
    assert "(Softmax) takes everything together, and that is no sum over positions" in plan.reasons[0]


def test_attention_over_everything_is_refused_by_name(models: Path) -> None:
    plan = rfonnx.tile(models / "vit.onnx", stages=True)
    assert not plan.exact
    assert plan.reasons == (
        "'block0.attn.weights' (Softmax) takes everything together, and that is no sum over positions",
    )


def test_a_mean_along_rows_alone_is_refused() -> None:
    """Parts of it along columns do not add up."""
    net = Net()
    x = net.conv("x", 4)
    x = net.add("Add", [x, net.add("ReduceMean", [x, net.constant(np.array([2]))], 4)], 4)
    x = net.add("Add", [x, net.add("ReduceMean", [x, net.constant(np.array([3]))], 4)], 4)
    for shapes in (None, {"x": (1, 2, 100, 100)}, {"x": (1, 2, 900, 900)}):
        plan = rfonnx.tile(net.model(net.conv(x, 2)), shapes, stages=True)
        assert not plan.exact
        assert "(ReduceMean) takes some of the axes together that tiles cut, and leaves others" in plan.reasons[0]


def test_what_is_drawn_behind_the_last_figure_is_refused() -> None:
    net = Net()
    pooled = net.add("GlobalAveragePool", [net.conv("x", 4)], 4)
    drawn = net.add("RandomNormalLike", [pooled], 4)
    plan = rfonnx.tile(net.model(net.add("Add", [pooled, drawn], 4)), {"x": (1, 2, 100, 100)}, stages=True)
    assert not plan.exact
    assert "randomnormallike2" in plan.reasons[0]


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("ReduceProd", {}),
        ("ReduceSumSquare", {}),
        ("ReduceL1", {}),
        ("ReduceL2", {}),
        ("ReduceLogSum", {}),
        ("ReduceLogSumExp", {}),
        ("GlobalLpPool", {"p": 1}),
        ("GlobalLpPool", {"p": 2}),
    ],
)
def test_figures_beyond_means(op: str, attrs: dict[str, int]) -> None:
    net = Net()
    x = net.add("Sigmoid", [net.conv("x", 4)], 4)
    of = net.scaled(x, 0.01)
    of = net.add("Exp", [of], 4) if op == "ReduceProd" else of
    axes = [] if op == "GlobalLpPool" else [net.constant(np.array([2, 3]))]
    figure = net.add(op, [of, *axes], 4, **attrs)
    model = net.model(net.conv(net.add("Div", [x, figure], 4), 2))
    plan = rfonnx.tile(model, {"x": (1, 2, 96, 80)}, (48, 40), stages=True)
    assert plan.exact, plan.reasons
    assert len(plan.stages) == 1
    assert worst(plan, model) < 1e-5


def test_a_pool_of_another_power_is_refused() -> None:
    net = Net()
    x = net.conv("x", 4)
    plan = rfonnx.tile(net.model(net.add("Mul", [x, net.add("GlobalLpPool", [x], 4, p=3)], 4)), stages=True)
    assert not plan.exact
    assert "(GlobalLpPool) takes everything together" in plan.reasons[0]


def test_figures_of_the_input_itself_and_of_one_number() -> None:
    net = Net()
    middle = net.add("ReduceMean", ["x"], 1, keepdims=0)
    model = net.model(net.conv(net.add("Sub", ["x", middle], 2), 2))
    plan = rfonnx.tile(model, {"x": (1, 2, 96, 80)}, (48, 40), stages=True)
    assert plan.exact, plan.reasons
    assert worst(plan, model) < 1e-5
    assert plan.verify().passed


def test_groups_that_are_laid_out_at_the_size_of_the_file() -> None:
    net = Net(lengths=(96, 80))
    x = net.conv("x", 4)
    rows = net.add("Reshape", [x, net.constant(np.array([0, 2, -1]))], 2)
    normal = net.add("InstanceNormalization", [rows, net.numbers(2), net.numbers(2)], 2)
    back = net.add("Reshape", [normal, net.constant(np.array([1, 4, 96, 80]))], 4)
    model = net.model(net.conv(back, 2))
    plan = rfonnx.tile(model, {"x": (1, 2, 96, 80)}, (48, 40), stages=True)
    assert plan.exact, plan.reasons
    assert len(plan.tiles) > 4
    assert worst(plan, model) < 1e-5


def test_what_is_left_to_the_norm_s_own_channels_is_not_gathered() -> None:
    net = Net()
    x = net.conv("x", 4)
    scores = net.add("Softmax", [x], 4, axis=1)
    plan = rfonnx.tile(net.model(net.conv(scores, 2)), stages=True)
    assert plan.exact
    assert not plan.stages
