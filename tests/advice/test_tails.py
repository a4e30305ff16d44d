"""Where a net ends with what is taken over all, advice needs no second analysis: it says what it says with one."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import rfonnx
from rfonnx.analysis.derive import idle
from rfonnx.analysis.derive.local import tail

DEEP = " ".join(f"a{i + 1} = Conv<pads = [1, 1, 1, 1]>(a{i}, k)" for i in range(6)).replace("(a0,", "(x,")

TAILS = {
    "a pool over everything": f"{DEEP} g = GlobalAveragePool(a6) y = Conv(g, one)",
    "as tokens": f"{DEEP} g = ReduceMean<axes = [2, 3], keepdims = 0>(a6) y = Gemm(g, w)",
    "two pools that meet": f"{DEEP} g = GlobalAveragePool(a6) h = GlobalMaxPool(a6) y = Add(g, h)",
    "nothing is taken": f"{DEEP} y = Relu(a6)",
}
"""Nets of which the end alone reads what is taken."""

GATES = {
    "a gate": f"{DEEP} g = GlobalAveragePool(a6) s = Sigmoid(g) y = Mul(a6, s)",
    "a norm over positions": f"{DEEP} n = InstanceNormalization(a6, b, b) y = Conv<pads = [1, 1, 1, 1]>(n, k)",
}
"""Those where it comes back in."""

WEIGHTS = {"k": (2, 2, 3, 3), "one": (3, 2, 1, 1), "w": (2, 3), "b": (2,)}


def analysed(body: str) -> rfonnx.Analysis:
    model = onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : 13]> net (float[1, 2, 6, 7] x) => (float[] y) {{ {body} }}'
    )
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in WEIGHTS.items() if name in used
    )
    return rfonnx.analyze(model)


def gone(analysis: rfonnx.Analysis) -> frozenset[int] | None:
    return tail(analysis.program, {name for name, *_ in analysis.globals})


@pytest.mark.parametrize("body", TAILS.values(), ids=TAILS)
def test_advice_of_a_tail_is_that_of_the_net_without_it(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    analysis = analysed(body)
    assert gone(analysis) is not None
    said = analysis.advice
    assert said.idle
    monkeypatch.setattr(idle, "tail", lambda program, taken: None)
    assert idle.advice(analysis) == said


def test_what_sees_nothing_without_the_pool_is_the_tail() -> None:
    analysis = analysed(TAILS["a pool over everything"])
    names = [name for name, _ in analysis.program.inputs] + [tensor.name for tensor in analysis.program.tensors]
    assert {names[number] for number in gone(analysis) or ()} == {"g", "y"}
    assert all(
        analysis.local.tensors[name].fields == analysis.tensors[name].fields
        for name in analysis.tensors
        if name not in ("g", "y")
    )


@pytest.mark.parametrize("body", GATES.values(), ids=GATES)
def test_what_comes_back_in_is_no_tail(body: str) -> None:
    assert gone(analysed(body)) is None
