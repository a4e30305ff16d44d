"""Files of IR 3 and opset 9, whose initializers are listed among the inputs and computed by ConstantOfShape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
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


def _normalising(opset: int, output: str = "y") -> onnx.ModelProto:
    """BatchNormalization of (4, 3, 2) numbers in training mode, as files before opset 14 have it: with five outputs."""
    names = ("scale", "bias", "mean", "var")
    values = [np.array(v, np.float32) for v in ([1.5, -0.5, 2], [0.1, 0.2, 0.3], [1, 2, 3], [4, 5, 6])]
    node = onnx.helper.make_node(
        "BatchNormalization", ["x", *names], ["y", "mean2", "var2", "own_mean", "own_var"], "norm", epsilon=1e-2
    )
    graph = onnx.helper.make_graph(
        [node],
        "training",
        [onnx.helper.make_tensor_value_info("x", 1, (4, 3, 2))],
        [onnx.helper.make_tensor_value_info(output, 1, (4, 3, 2) if output == "y" else (3,))],
        [onnx.numpy_helper.from_array(v, n) for n, v in zip(names, values, strict=True)],
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=8)


@pytest.mark.parametrize("opset", [7, 9, 12, 13])
def test_batch_normalization_in_training_mode(opset: int) -> None:
    x, seed = np.random.default_rng(0).standard_normal((2, 4, 3, 2))

    def loss(x: np.ndarray) -> float:
        middle = x - x.mean((0, 2), keepdims=True)
        normal = middle / np.sqrt((middle**2).mean((0, 2), keepdims=True) + 1e-2)
        return float((seed * normal * np.array([1.5, -0.5, 2])[:, None]).sum())

    steps = np.eye(x.size).reshape(-1, *x.shape) * 1e-6
    exact = np.array([loss(x + step) - loss(x - step) for step in steps]).reshape(x.shape) / 2e-6
    found = rfonnx.gradient(_normalising(opset), {"x": x}, "y", seed)["x"]
    np.testing.assert_allclose(found, exact, rtol=1e-3, atol=1e-5)


def test_statistics_of_the_batch_that_opset_14_no_longer_gives() -> None:
    with pytest.raises(
        rfonnx.RfonnxError, match=r"node 'norm' \(BatchNormalization\) gives .* as 'own_mean'.*opset 14"
    ):
        rfonnx.gradient(_normalising(9, "own_mean"), {"x": np.ones((4, 3, 2))}, "own_mean", np.ones(3))


def test_resizing_up_and_down_at_once() -> None:
    """Before opset 11 nearest is below when enlarging and above when shrinking: one Resize of today says one of the two."""
    make = onnx.helper.make_node
    scales = onnx.numpy_helper.from_array(np.array([1, 1, 1.5, 0.5], np.float32), "s")
    graph = onnx.helper.make_graph(
        [make("Resize", ["x", "s"], ["y"], "r", mode="nearest")],
        "resized",
        [onnx.helper.make_tensor_value_info("x", 1, (1, 1, 10, 20))],
        [onnx.helper.make_tensor_value_info("y", 1, None)],
        [scales],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 10)], ir_version=5)
    x = np.random.default_rng(0).standard_normal((1, 1, 10, 20)).astype(np.float32)
    (y,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    seed = np.random.default_rng(1).standard_normal(y.shape)
    gradient = rfonnx.gradient(model, {"x": x}, "y", seed)["x"]
    assert float((gradient * x).sum()) == pytest.approx(float((y * seed).sum()), rel=1e-4)
