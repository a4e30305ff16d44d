"""Files of IR 3 and opset 9, whose initializers are listed among the inputs and computed by ConstantOfShape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


@pytest.mark.parametrize(("name", "tensor", "size"), [("squeezenet", "r2", 7), ("resnet50", "r3", 11)])
def test_gradients_of_the_light_models(name: str, tensor: str, size: int) -> None:
    path = LIGHT / f"light_{name}.onnx"
    analysis = rfonnx.analyze(path)
    (source,) = analysis.inputs
    field = analysis.tensors[tensor]
    seed = np.zeros(field.shape, np.float32)
    seed[0, :, 20, 20] = 1
    image = np.abs(np.random.default_rng(0).standard_normal(analysis.input_shapes[source])).astype(np.float32)
    gradient = rfonnx.gradient(path, {source: image}, tensor, seed)[source]
    (_, _, (top, bottom), (left, right)) = analysis.box(tensor, (0, 0, 20, 20))[source]
    assert bottom - top + 1 == right - left + 1 == size
    assert gradient[..., top : bottom + 1, left : right + 1].any()
    gradient[..., top : bottom + 1, left : right + 1] = 0
    assert not gradient.any()
