"""Models that onnxruntime saved at its highest level, with channels in blocks, against differences of the exported ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from gradient.reference import evaluate
from rfonnx.gradients import GradientSession
from rfonnx.gradients.decompose import decomposed

TEXTS = {
    "an image of few channels": """(float[1, 3, 8, 8] x) => (float[1, 12, 8, 8] y) {
        a = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(x, w_24_3_3_3, b_24)  b = Tanh(a)
        y = Conv(b, w_12_24_1_1, b_12)
    }""",
    "many channels, that fill no block": """(float[1, 36, 5, 5] x) => (float[1, 20, 3, 3] y) {
        a = Conv<kernel_shape = [3, 3]>(x, w_20_36_3_3, b_20)  y = Sigmoid(a)
    }""",
    "groups and depthwise": """(float[1, 3, 8, 8] x) => (float[1, 4, 4, 4] y) {
        a = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(x, w_32_3_3_3, b_32)  b = HardSigmoid<alpha = 0.1>(a)
        c = Conv<group = 32, strides = [2, 2], pads = [1, 1, 1, 1]>(b, w_32_1_3_3, b_32)
        d = Conv<group = 2, dilations = [2, 2], pads = [2, 2, 2, 2]>(c, w_32_16_3_3)
        y = Conv(d, w_4_32_1_1)
    }""",
    "a residual sum": """(float[1, 16, 6, 6] x) => (float[1, 16, 6, 6] y) {
        a = Conv<kernel_shape = [1, 1]>(x, w_16_16_1_1, b_16)  b = Tanh(a)
        c = Conv<pads = [1, 1, 1, 1]>(b, w_16_16_3_3, b_16)  d = Add(c, b)  e = Sigmoid(d)
        y = Conv(e, w_16_16_1_1, b_16)
    }""",
    "pools, joined": """(float[1, 3, 8, 8] x) => (float[1, 5, 4, 4] y) {
        a = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(x, w_16_3_3_3, b_16)  s = Tanh(a)
        m = MaxPool<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]>(s)
        n = AveragePool<kernel_shape = [2, 2], strides = [2, 2]>(s)
        o = AveragePool<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1], count_include_pad = 1>(s)
        c = Concat<axis = 1>(m, n, o)  y = Conv(c, w_5_48_1_1)
    }""",
    "pools over everything": """(float[1, 3, 8, 8] x) => (float[1, 10, 1, 1] y) {
        a = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(x, w_16_3_3_3, b_16)  s = Tanh(a)
        m = GlobalAveragePool(s)  n = GlobalMaxPool(s)  o = Add(m, n)  y = Conv(o, w_10_16_1_1)
    }""",
    "enlarged": """(float[1, 3, 4, 4] x) => (float[1, 3, 8, 8] y) {
        a = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(x, w_16_3_3_3, b_16)  s = Tanh(a)
        u = Resize<mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor">(s, , twice)
        v = Resize<mode = "linear", coordinate_transformation_mode = "half_pixel">(s, , twice)
        w = Sub(u, v)  y = Conv(w, w_3_16_1_1)
    }""",
    "channels last": """(float[1, 8, 8, 16] x) => (float[1, 8, 8, 16] y) {
        t = Transpose<perm = [0, 3, 1, 2]>(x)
        a = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(t, w_16_16_3_3, b_16)  s = Tanh(a)
        y = Transpose<perm = [0, 2, 3, 1]>(s)
    }""",
}


def exported(name: str, dtype: type) -> onnx.ModelProto:
    """Names of constants tell their shapes."""
    text = TEXTS[name] if dtype is np.float32 else TEXTS[name].replace("float[", "double[")
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]> g {text}')
    rng = np.random.default_rng(4)
    for constant in dict.fromkeys(i for node in model.graph.node for i in node.input if i[:2] in ("w_", "b_")):
        shape = [int(n) for n in constant.split("_")[1:]]
        value = rng.standard_normal(shape) / np.sqrt(max(np.prod(shape[1:]), 1))
        model.graph.initializer.append(onnx.numpy_helper.from_array(value.astype(dtype), constant))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "twice"))
    return model


def saved(name: str, path: Path) -> Path:
    """As onnxruntime writes it for this machine."""
    settings = ort.SessionOptions()
    settings.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    settings.optimized_model_filepath = str(path)
    settings.log_severity_level = 4  # it warns that the file is for this machine only
    ort.InferenceSession(exported(name, np.float32).SerializeToString(), settings)
    return path


@pytest.mark.parametrize("name", TEXTS)
def test_saved_at_the_highest_level(name: str, tmp_path: Path) -> None:
    session = GradientSession(saved(name, tmp_path / "saved.onnx"), "y")
    exact = exported(name, np.float64)
    rng = np.random.default_rng(0)
    x, seed = rng.standard_normal(session.inputs["x"]), rng.standard_normal(session.shape)
    found = session.run({"x": x}, seed)["x"]
    assert found.shape == x.shape
    for _ in range(3):
        direction = rng.standard_normal(x.shape)
        ahead, behind = (evaluate(exact, {"x": x + side * 1e-6 * direction}, ["y"])[0] for side in (1, -1))
        scale = np.abs(seed * (ahead - behind)).sum() / 2e-6
        expected = (seed * (ahead - behind)).sum() / 2e-6
        assert (found * direction).sum() == pytest.approx(expected, abs=1e-5 * scale)


def test_every_operator_on_blocks_has_a_case(tmp_path: Path) -> None:
    """On machines whose onnxruntime has blocks at all."""
    found = set()
    for number, name in enumerate(TEXTS):
        nodes = onnx.load(saved(name, tmp_path / f"{number}.onnx")).graph.node
        found.update(f"{node.domain}.{node.op_type}" for node in nodes if node.domain == "com.microsoft.nchwc")
    assert found in (set(), {kind for kind in decomposed() if ".nchwc." in kind})
