"""Gradients of exported networks against PyTorch's autograd in float64."""

from __future__ import annotations

import copy
import io
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from gradient.more_nets import more_nets  # noqa: E402
from gradient.nets import Net, nets  # noqa: E402
from rfonnx.gradients import GradientSession  # noqa: E402


def export(module: torch.nn.Module, x: torch.Tensor, net: Net, path: Path) -> onnx.ModelProto:
    """The module as an ONNX model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters warn about their own future
        if net.dynamo:
            torch.onnx.export(
                module, (x,), path, opset_version=net.opset, dynamo=True, verbose=False, input_names=["x"]
            )
            return onnx.load(path)
        buffer = io.BytesIO()
        torch.onnx.export(module, (x,), buffer, opset_version=net.opset, dynamo=False, input_names=["x"])
        return onnx.load_from_string(buffer.getvalue())


def autograd(module: torch.nn.Module, x: np.ndarray, seed: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    """The gradient of the seeded output."""
    leaf = torch.tensor(x, dtype=dtype, requires_grad=True)
    module(leaf).backward(torch.tensor(seed, dtype=dtype))
    assert leaf.grad is not None
    return leaf.grad.double().numpy()


def error(found: np.ndarray, exact: np.ndarray) -> float:
    """Relative distance."""
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch, copying a scripted module
@pytest.mark.parametrize("net", [*nets(), *more_nets()], ids=lambda net: net.name)
def test_agrees_with_autograd(net: Net, tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = net.make().eval()
    for part in module.modules():
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
            part.running_mean.normal_(0, 0.2)
            part.running_var.uniform_(0.5, 1.5)
    double = copy.deepcopy(module).double()
    rng = np.random.default_rng(1)
    x = rng.standard_normal(net.shape)
    with torch.no_grad():
        shape = module(torch.tensor(x, dtype=torch.float32)).shape
    seed = rng.standard_normal(tuple(shape))
    model = export(module, torch.tensor(x, dtype=torch.float32), net, tmp_path / "net.onnx")
    (output,) = model.graph.output
    session = GradientSession(model, output.name, {"x": net.shape})
    (name,) = session.inputs
    found = session.run({name: x}, seed)[name]
    exact = autograd(double, x, seed, torch.float64)
    assert found.shape == exact.shape
    bound = 1e-4 if net.smooth else max(1e-3, 1.5 * error(autograd(module, x, seed, torch.float32), exact))
    assert error(found, exact) < bound
