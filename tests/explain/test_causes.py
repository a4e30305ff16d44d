"""Causes have one name however they are written, and little is left without one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import rfonnx
from rfonnx.report.explanation.growth import growth
from rfonnx.report.fields.view import View
from rfonnx.report.formats import FIELDS
from rfonnx.results.fields import ExplainStep

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
MODELS = Path(__file__).parents[2] / "models"
LENGTH, CHANNELS = 16, 4

HEAD = '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]> g'


def weights(**shapes: tuple[int, ...]) -> list[onnx.TensorProto]:
    return [numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in shapes.items()]


def chain(body: str, *tensors: onnx.TensorProto) -> tuple[ExplainStep, ...]:
    """What follows a convolution of kernel 3 over (1, CHANNELS, LENGTH), explained."""
    model = onnx.parser.parse_model(
        f"{HEAD} (float[1,{CHANNELS},{LENGTH}] x) => (y) {{ c = Conv<kernel_shape = [3], pads = [1, 1]>(x, k) {body} }}"
    )
    model.graph.initializer.extend([*weights(k=(CHANNELS, CHANNELS, 3)), *tensors])
    analysis = rfonnx.analyze(model)
    steps = analysis.explain("y", "x", 2)
    assert 1 + sum(step.added for step in steps) == analysis.tensors["y"].fields["x", 2].size
    return steps


LAST = "t = Transpose<perm = [0, 2, 1]>(c)"
RECURRENT = weights(w=(2, 4 * 5, CHANNELS), r=(2, 4 * 5, 5))
GLOBAL = {
    "GlobalAveragePool": ("y = GlobalAveragePool(c)",),
    "GlobalMaxPool": ("y = GlobalMaxPool(c)",),
    "ReduceMean": ("y = ReduceMean<axes = [2], keepdims = 0>(c)",),
    "mean over channels too": ("y = ReduceMean<axes = [1, 2]>(c)",),
    "AveragePool": (f"y = AveragePool<kernel_shape = [{LENGTH}]>(c)",),
    "AveragePool, padded": (f"y = AveragePool<kernel_shape = [{LENGTH + 1}], pads = [0, 1]>(c)",),
    "MaxPool": (f"y = MaxPool<kernel_shape = [{LENGTH}]>(c)",),
    "dense": ("f = Flatten(c) y = Gemm(f, d)", *weights(d=(CHANNELS * LENGTH, 3))),
    "dense over time": ("y = MatMul(c, d)", *weights(d=(LENGTH, 5))),
    "Conv": ("y = Conv(c, d)", *weights(d=(2, CHANNELS, LENGTH))),
    "gate": ("m = GlobalAveragePool(c) s = Sigmoid(m) y = Mul(c, s)",),
    "InstanceNormalization": ("y = InstanceNormalization(c, s, s)", *weights(s=(CHANNELS,))),
    "Softmax": ("y = Softmax<axis = 2>(c)",),
    "attention": (f"{LAST} q = MatMul(t, c) p = Softmax(q) y = MatMul(p, t)",),
    "fused attention": (f"{LAST} y = com.microsoft.MultiHeadAttention<num_heads = 2>(t, t, t)",),
    "LSTM": (
        "t = Transpose<perm = [2, 0, 1]>(c) y = LSTM<hidden_size = 5, direction = \"bidirectional\">(t, w, r)",
        *RECURRENT,
    ),
    "CumSum": ("y = CumSum(c, two)", numpy_helper.from_array(np.array(2), "two")),
    "resized to one": ('y = Resize<mode = "linear", antialias = 1>(c, , , n)',
                       numpy_helper.from_array(np.array([1, CHANNELS, 1]), "n")),
}  # fmt: skip


@pytest.mark.parametrize("written", GLOBAL)
def test_all_of_an_axis_is_one_cause(written: str) -> None:
    body, *tensors = GLOBAL[written]
    if written == "resized to one":
        body = body.replace("(c, , , n)", '(c, "", "", n)')
    steps = chain(body, *tensors)
    parts = growth(steps)
    assert (set(parts), parts["kernels"]) == ({"kernels", "global"}, 2)


def test_part_of_an_axis_is_a_block() -> None:
    """Attention within four windows of four positions."""
    cut = numpy_helper.from_array(np.array([4, 4, CHANNELS]), "cut")
    steps = chain(
        "t = Transpose<perm = [0, 2, 1]>(c) w = Reshape(t, cut) v = Transpose<perm = [0, 2, 1]>(w) "
        "q = MatMul(w, v) p = Softmax(q) y = MatMul(p, w)",
        cut,
    )
    assert growth(steps) == {"kernels": 2, "blocks": 3}


def test_two_directions_that_meet_are_no_misaligned_branches() -> None:
    """Behind a dense layer every position reads both states: the one sees all up to the position, the other all from it on."""
    tensors = weights(m=(2 * 5, 3))
    steps = chain(
        't = Transpose<perm = [2, 0, 1]>(c) h = LSTM<hidden_size = 5, direction = "bidirectional">(t, w, r) '
        "p = Transpose<perm = [0, 2, 1, 3]>(h) f = Reshape(p, rows) y = MatMul(f, m)",
        *RECURRENT,
        *tensors,
        numpy_helper.from_array(np.array([LENGTH, 2 * 5]), "rows"),
    )
    assert [(step.op_type, step.cause) for step in steps if step.added] == [
        ("Conv", "kernel"),
        ("LSTM", "block"),
        ("MatMul", "global"),
    ]
    assert set(growth(steps)) == {"kernels", "blocks", "global"}


def test_the_wide_branch_of_a_concat_is_followed() -> None:
    steps = chain(
        "wide = Conv<kernel_shape = [7], pads = [3, 3]>(c, seven) both = Concat<axis = 1>(c, wide, c) y = Conv(both, one)",
        *weights(seven=(CHANNELS, CHANNELS, 7), one=(1, 3 * CHANNELS, 1)),
    )
    assert [(step.tensor, step.kernel, step.added) for step in steps if step.added] == [("c", 3, 2), ("wide", 7, 6)]


MISALIGNED = (
    "late = Conv<kernel_shape = [4], pads = [0, 3]>(c, four) early = Conv<kernel_shape = [4], pads = [3, 0]>(c, four)"
)
FOUR = weights(four=(CHANNELS, CHANNELS, 4), mix=(1, 2 * CHANNELS, 3))


def test_misaligned_branches_have_a_name() -> None:
    """One sees o-1..o+4, the other o-4..o+1: 6 each, 9 together."""
    *_, last = chain(f"{MISALIGNED} y = Add(late, early)", *FOUR)
    assert (last.cause, last.size, last.added, last.misaligned) == ("join", 9, 3, 3)


def test_a_window_over_misaligned_channels_adds_both() -> None:
    *_, last = chain(f"{MISALIGNED} both = Concat<axis = 1>(late, early) y = Conv<pads = [1, 1]>(both, mix)", *FOUR)
    assert (last.cause, last.size, last.added, last.misaligned) == ("kernel", 11, 5, 3)
    assert growth([last]) == {"kernels": 2, "joins": 3}


def test_reports_name_misaligned_branches() -> None:
    analysis = rfonnx.analyze(MODELS / "inception.onnx")
    text = "".join(FIELDS.write("text", analysis, View()))
    assert "global 70%, misaligned branches 3%\n" in text


@pytest.mark.parametrize(
    "path", [*sorted(LIGHT.glob("*.onnx")), *sorted(MODELS.glob("*.onnx"))], ids=lambda path: path.stem
)
def test_little_is_left_without_a_cause(path: Path) -> None:
    analysis = rfonnx.analyze(path)
    explained = 0
    for output in analysis.outputs:
        for input, axis in analysis.windowed:
            steps = analysis.explain(output, input, axis)
            size = analysis.tensors[output].fields[input, axis].size
            assert (steps[-1].size, sum(step.added for step in steps)) == (size, size - 1)
            for step in steps:
                lo, hi = analysis.intervals(step.tensor, input, axis, clip=False)
                at = tuple(min(p, n - 1) for p, n in zip(step.position, lo.shape, strict=True))
                assert hi[at] - lo[at] + 1 == step.size
            parts = growth(steps)
            assert parts.get("other", 0) <= 0.02 * sum(parts.values())
            explained += 1
    assert explained


def test_densenets_chain_runs_through_every_window() -> None:
    """Each of its 58 layers has one window of 3, and no convolution of kernel 1 adds anything."""
    steps = rfonnx.analyze(LIGHT / "light_densenet121.onnx").explain("r907", "data_0", 2)
    windows = [step for step in steps if step.op_type == "Conv" and step.kernel == 3]
    assert len(windows) == 58
    assert not any(step.added for step in steps if step.op_type == "Conv" and step.kernel == 1)
