"""Effective fields that theory predicts: Luo, Li, Urtasun and Zemel 2016."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest

import rfonnx
from erf.nets import Net, random_stack, uniform_stack
from rfonnx.results.effective import ERF


@pytest.mark.parametrize(("layers", "sigma"), [(5, 1.8257), (10, 2.5820), (20, 3.6515), (40, 5.1640)])
@pytest.mark.parametrize("axes", [1, 2])
def test_uniform_stacks_have_the_sigma_of_a_sum_of_uniform_steps(layers: int, sigma: float, axes: int) -> None:
    """n steps, each uniform over k positions: variance n (k^2 - 1) / 12."""
    model = uniform_stack(layers, axes=axes)
    erf = rfonnx.erf(model, "y", n=1)
    assert erf.sigma == pytest.approx((sigma,) * axes, abs=5e-5)
    analysis = rfonnx.analyze(model)
    paths = analysis.paths("y", tuple(p or 0 for p in erf.position), input="x")[0, 0]
    np.testing.assert_allclose(erf.map, paths, atol=1e-6 * paths.max())
    assert erf.outside == 0


def test_three_dimensions() -> None:
    erf = rfonnx.erf(uniform_stack(4, axes=3), "y", n=1)
    assert erf.sigma == pytest.approx((np.sqrt(4 * 8 / 12),) * 3, abs=5e-5)
    assert erf.anisotropy == pytest.approx(1, abs=1e-5)


def expected_square(layers: int, draws: int = 4) -> ERF:
    """The mean square gradient over nets that differ in their weights."""
    nets = (random_stack(layers, seed, channels=64, inputs=64) for seed in range(draws))
    found = [rfonnx.erf(net, "y", n=1, aggregation="square", crop=False) for net in nets]
    return replace(found[0], map=np.mean([erf.map for erf in found], axis=0))


def test_random_weights_give_a_gaussian_and_a_ratio_that_falls_as_the_root_of_the_depth() -> None:
    """Luo et al., section 2.2: with random weights the expected square gradient is the uniform-weight field."""
    depths = (5, 10, 20, 40, 70, 100)
    fields = [expected_square(n) for n in depths]
    np.testing.assert_allclose([erf.sigma[0] for erf in fields], np.sqrt(np.array(depths) * 8 / 12), rtol=0.1)
    slope = np.polyfit(np.log(depths), np.log([erf.ratio for erf in fields]), 1)[0]
    assert slope == pytest.approx(-0.48, abs=0.05)
    for erf in fields[2:]:
        assert erf.gaussian is not None
        assert erf.gaussian.residual < 0.15
        assert erf.gaussian.sigma[0] == pytest.approx(erf.sigma[0], rel=0.1)


def last(model: onnx.ModelProto) -> ERF:
    return rfonnx.erf(model, "y", n=1, crop=False)


def stack(length: int, *layers: tuple[int, int]) -> onnx.ModelProto:
    """Equal weights; (stride, dilation) per layer."""
    net = Net([1, 1, length])
    x = "x"
    for number, (stride, dilation) in enumerate(layers, 1):
        x = net.conv(
            x,
            np.full((1, 1, 3), 1 / 3),
            name="y" if number == len(layers) else "",
            strides=[stride],
            dilations=[dilation],
        )
    return net.model("y")


def test_stride_and_dilation_widen_the_field() -> None:
    """Variances add: (k^2 - 1)/12 times the square of the distance between taps on the input."""
    plain = last(stack(129, *[(1, 1)] * 6))
    strided = last(stack(129, (1, 1), (2, 1), (1, 1), (2, 1), (1, 1), (1, 1)))
    dilated = last(stack(129, *[(1, d) for d in (1, 2, 4, 8, 4, 2)]))
    assert plain.sigma[0] ** 2 == pytest.approx(6 * 8 / 12, rel=1e-4)
    assert strided.sigma[0] ** 2 == pytest.approx((1 + 1 + 4 + 4 + 16 + 16) * 8 / 12, rel=1e-4)
    assert dilated.sigma[0] ** 2 == pytest.approx((1 + 4 + 16 + 64 + 16 + 4) * 8 / 12, rel=1e-4)


def test_skips_narrow_the_field() -> None:
    """Luo et al., section 3.3: (1 + w)^n spreads mass like n/2 layers, at the same theoretical field."""
    net = Net([1, 1, 65])
    x = "x"
    for layer in range(12):
        x = net.op("Add", x, net.conv(x, np.full((1, 1, 3), 1 / 3)), name="y" if layer == 11 else "")
    skipping, plain = last(net.model("y")), last(stack(65, *[(1, 1)] * 12))
    assert skipping.field == plain.field
    assert skipping.sigma[0] ** 2 == pytest.approx(12 / 2 * 8 / 12, rel=1e-4)
    assert plain.sigma[0] ** 2 == pytest.approx(12 * 8 / 12, rel=1e-4)


def test_max_pooling_and_relu_leave_a_field_inside_the_theoretical_one() -> None:
    erf = rfonnx.erf(random_stack(10, relu=True, channels=8), "y", n=8)
    assert erf.outside == 0
    assert 1 < erf.sigma[0] < 4
    assert erf.luo_size <= 21
