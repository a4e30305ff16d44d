"""A small network with a grid of 2, an image, and what the network makes of the whole of it."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from tiling.nets import Net


@pytest.fixture(scope="module")
def net() -> onnx.ModelProto:
    made = Net()
    down = made.relu(made.conv(made.relu(made.conv("x", 4)), 4, stride=2))
    return made.model(made.conv(made.up(down), 3))


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((1, 2, 96, 80)).astype(np.float32)


@pytest.fixture(scope="module")
def whole(net: onnx.ModelProto, image: np.ndarray) -> np.ndarray:
    (made,) = onnxruntime.InferenceSession(net.SerializeToString()).run(None, {"x": image})
    return np.asarray(made)
