"""What effective fields cost: ratios of two ways to the same maps, in one process. Needs nothing but rfonnx.

python benchmarks/erf.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx

import rfonnx
from rfonnx.results.effective import ERF

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))
from recipes.graph import GraphWriter

REPEATS = 3


def main() -> None:
    crop()
    many()
    probes()


def crop() -> None:
    """A unit that sees 99 of 1024 pixels, on its field alone and on the whole image."""
    net = stages(1024)
    options = {"tensor": "layer2.1.relu", "n": 4, "batch": 1}
    cropped, short = best(lambda: rfonnx.erf(net, **options))
    uncropped, long = best(lambda: rfonnx.erf(net, crop=False, **options), 1)
    assert np.allclose(cropped.map, uncropped.map, atol=1e-5 * uncropped.map.max())
    sizes = [hi - lo + 1 for lo, hi in cropped.field]
    times = f"{short:.2f} s cropped, {long:.2f} s whole: {long / short:.1f}x"
    print(f"unit that sees {sizes[0]} of 1024 pixels, 4 samples, all in: {times}")


def many() -> None:
    """16 positions over one forward run, and one after the other, sessions kept."""
    from rfonnx.gradients import GradientSession

    net = stages(224)
    session = GradientSession(net, "layer2.1.relu")
    sample = {"x": np.random.default_rng(0).standard_normal(session.inputs["x"], np.float32)}
    seeds = np.zeros((16, *session.shape), np.float32)
    for number, seed in enumerate(seeds):
        seed[0, :, 2 + 6 * (number // 4), 2 + 6 * (number % 4)] = 1
    session.run(sample, seeds[0])
    session.run_many(sample, seeds)
    one_by_one, apart = best(lambda: [session.run(sample, seed)["x"] for seed in seeds])
    together, joint = best(lambda: session.run_many(sample, seeds)["x"])
    assert np.allclose(np.stack(one_by_one), together, atol=1e-5 * np.abs(together).max())
    print(f"16 positions of one image: {joint:.2f} s together, {apart:.2f} s one by one: {joint / apart:.2f}x")


def probes() -> None:
    """Model runs: naive perturbation, compressed perturbation, gradients."""
    net = stages(224)
    gradient = rfonnx.erf(net, "layer1.0.relu", n=1)
    print(
        f"gradient at 224 pixels: {gradient.runs} run for {gradient.naive_runs:,} of naive differences: {ratio(gradient)}"
    )
    occluded = rfonnx.erf(net, "layer1.0.relu", n=1, method="perturb")
    print(
        f"occlusion of a unit that sees 27 pixels: {occluded.runs:,} runs for {occluded.naive_runs:,}: {ratio(occluded)}"
    )
    places = [(20 + 30 * i, 20 + 30 * j) for i in range(7) for j in range(7)]
    units = rfonnx.erf_many(net, "layer1.0.relu", places, n=1, method="perturb", probe="difference")
    print(f"differences for {len(units)} units: {units[0].runs:,} runs for {units[0].naive_runs:,}: {ratio(units[0])}")


def ratio(erf: ERF) -> str:
    return f"{erf.naive_runs / erf.runs:,.0f}x fewer"


def stages(size: int) -> onnx.ModelProto:
    """The first two stages of ResNet-18."""
    net = GraphWriter("stages")
    x = net.conv_relu(net.input("x", (1, 3, size, size)), "conv1", 64, 7, stride=2)
    x = net.max_pool(x, "maxpool", 3, 2, pad=1)
    for stage, channels in (("layer1", 64), ("layer2", 128)):
        for block in range(2):
            name, stride = f"{stage}.{block}", 2 if (stage, block) == ("layer2", 0) else 1
            inner = net.conv(
                net.conv_relu(x, f"{name}.conv1", channels, 3, stride=stride), f"{name}.conv2", channels, 3
            )
            shortcut = net.conv(x, f"{name}.downsample", channels, 1, stride=2, pad=0) if stride == 2 else x
            x = net.relu(net.add(inner, shortcut, name))
    return net.model([x], "The first two stages of ResNet-18.")


def best(work: Callable[[], object], repeats: int = REPEATS) -> tuple[Any, float]:
    """The result, and the shortest time."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return result, min(times)


if __name__ == "__main__":
    main()
