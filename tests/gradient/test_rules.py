"""Every gradient rule against central differences of the reference evaluator in float64, and again under onnxruntime."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from gradient.reference import evaluate
from gradient.table import TABLE, Case
from rfonnx.gradients import rules  # noqa: F401
from rfonnx.gradients.build import SEED, GradientModel, build
from rfonnx.gradients.decompose import decomposed
from rfonnx.gradients.forward import Forward, read_forward
from rfonnx.gradients.preparing.large_weights import lighten
from rfonnx.gradients.preparing.prepare import finish, prepare
from rfonnx.gradients.rule_table import registered
from rfonnx.graph.tensors import DTYPES
from rfonnx.model import runtime

STEP = 1e-6
TESTED_ELSEWHERE = {
    # on channels in blocks (test_saved), on whole numbers (test_whole_numbers): each has a test that none is missing
    *(kind for kind in decomposed() if any(part in kind for part in (".nchwc.", "Quantize", "Integer", "Nhwc"))),
    *(kind for kind in decomposed() if kind.rpartition(".")[2].startswith("Q")),
    # straight-through: not what differences show (test_quantize)
    # groups of nodes (test_patterns)
    *(
        "rfonnx.ConvOfConcat",
        "rfonnx.MaxPoolOfRelu",
        "rfonnx.Swish",
        "rfonnx.HardSwish",
        "rfonnx.MaskedSoftmax",
        "rfonnx.ReluOfAffine",
    ),
    *("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"),
    *("com.microsoft.QuantizeLinear", "com.microsoft.DequantizeLinear"),
}


def forward_of(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> Forward:
    """A Forward without onnxruntime, which has no float64 for many operators: types from a run of the evaluator."""
    names = [o for node in model.graph.node for o in node.output if o]
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(n) for n in names)
    values = [np.asarray(v) for v in evaluate(model, feeds)]
    types = {
        n: (DTYPES[onnx.helper.np_dtype_to_tensor_dtype(v.dtype)], v.shape) for n, v in zip(names, values, strict=True)
    }
    return read_forward(lighten(model, "case"), types)


def gradients(made: GradientModel, feeds: dict[str, np.ndarray], seed: np.ndarray) -> dict[str, np.ndarray]:
    for tensor in made.model.graph.initializer:
        if tensor.name in made.weights:
            tensor.CopyFrom(onnx.numpy_helper.from_array(made.weights[tensor.name], tensor.name))
    values = evaluate(made.model, {**feeds, SEED: seed}, list(made.outputs.values()))
    return dict(zip(made.outputs, values, strict=True))


@pytest.mark.parametrize("case", [c for c in TABLE if not c.contrib], ids=str)
def test_matches_differences(case: Case) -> None:
    feeds = case.arrays()
    model = case.model(np.float64)
    tensor = f"y{case.seed}"
    forward = forward_of(model, feeds)
    made = build(forward, tensor, list(feeds))
    rng = np.random.default_rng(11)
    seed = rng.standard_normal(forward.graph.shapes[tensor])
    found = gradients(made, feeds, seed)
    for name, value in feeds.items():
        assert found[name].shape == value.shape
        assert found[name].dtype == np.float64
        direction = rng.standard_normal(value.shape)
        ahead = evaluate(model, {**feeds, name: value + STEP * direction}, [tensor])[0]
        behind = evaluate(model, {**feeds, name: value - STEP * direction}, [tensor])[0]
        expected = float((seed * (ahead - behind)).sum() / (2 * STEP))
        scale = float(np.abs(seed * (ahead - behind)).sum() / (2 * STEP))
        assert float((found[name] * direction).sum()) == pytest.approx(
            expected, rel=0, abs=1e-8 + case.tolerance * scale
        )


@pytest.mark.parametrize("case", [c for c in TABLE if c.runtime], ids=str)
def test_onnxruntime_agrees(case: Case) -> None:
    """The same graph in float32: standard operators only, which onnxruntime takes and computes alike."""
    feeds = case.arrays()
    tensor = f"y{case.seed}"
    small = {k: np.asarray(v, np.float32) for k, v in feeds.items()}
    model = case.model(np.float32)
    shapes = {k: v.shape for k, v in feeds.items()}
    forward = prepare(model, [tensor]) if case.op in decomposed() else finish(lighten(model, "case"), shapes)
    made = build(forward, tensor, list(feeds))
    seed = np.random.default_rng(11).standard_normal(forward.graph.shapes[tensor])
    session = runtime.open_session(made.model, weights=made.weights)
    values = runtime.run(session, list(made.outputs.values()), {**small, SEED: seed.astype(np.float32)})
    if case.contrib:
        expected = _differences(case, feeds, tensor, seed)
        tolerance = 2e-3
    else:
        exact = forward_of(case.model(np.float64), feeds)
        expected = gradients(build(exact, tensor, list(feeds)), feeds, seed)
        tolerance = 1e-4
    for name, value in zip(made.outputs, values, strict=True):
        error = np.linalg.norm(value - expected[name]) / (np.linalg.norm(expected[name]) + 1e-30)
        assert error < tolerance


def _differences(case: Case, feeds: dict[str, np.ndarray], tensor: str, seed: np.ndarray) -> dict[str, np.ndarray]:
    """Central differences under onnxruntime in float32: for operators that only onnxruntime has."""
    session = runtime.open_session(case.model(np.float32))
    found = {}
    for name, value in feeds.items():
        column = np.zeros_like(value)
        for index in np.ndindex(value.shape):
            step = np.zeros_like(value)
            step[index] = 1e-2
            ahead, behind = (
                runtime.run(
                    session, [tensor], {k: v.astype(np.float32) for k, v in {**feeds, name: value + side}.items()}
                )
                for side in (step, -step)
            )
            column[index] = (seed * (ahead[0].astype(np.float64) - behind[0])).sum() / 2e-2
        found[name] = column
    return found


def test_every_rule_has_a_case() -> None:
    covered = {case.op for case in TABLE} | TESTED_ELSEWHERE
    assert ({kind for kind, state in registered().items() if state == "rule"} | decomposed()) - covered == set()
