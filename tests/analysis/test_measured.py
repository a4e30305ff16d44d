"""Shapes that only a run can tell: operators of onnxruntime without a rule of ours."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

import rfonnx


def distances(count: int) -> onnx.ModelProto:
    """Pairwise distances, `count` times over, each with the rows of the one before."""
    nodes, at = [], "x"
    for i in range(count):
        nodes.append(helper.make_node("CDist", [at, at], [f"d{i}"], domain="com.microsoft"))
        at = f"d{i}"
    nodes.append(helper.make_node("Relu", [at], ["y"]))
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [4, 3]), ("y", None))]
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(
        helper.make_graph(nodes, "distances", ends[:1], ends[1:]), opset_imports=domains, ir_version=8
    )


def test_shapes_are_those_of_a_run_and_the_report_says_so() -> None:
    model = distances(2)
    analysis = rfonnx.analyze(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (made,) = session.run(None, {"x": np.zeros((4, 3), np.float32)})
    assert analysis.tensors["y"].shape == made.shape
    assert not analysis.tensors["y"].exact
    assert analysis.warnings[0] == "2 tensors took the shape that a run of the model showed: 'd0', 'd1'"


def test_what_cannot_be_run_stays_unknown() -> None:
    model = distances(1)
    model.graph.node[0].op_type = "Strange"
    assert rfonnx.analyze(model).tensors["y"].shape is None


def test_no_run_where_nothing_is_open(models, monkeypatch) -> None:
    monkeypatch.setattr("rfonnx.analysis.analyze.measure", None)
    assert rfonnx.analyze(models / "seed.onnx").tensors["pool"].shape == (1, 8, 16, 20)


def test_what_may_take_long_is_not_run(monkeypatch) -> None:
    def run(*_: object, **__: object) -> None:
        raise AssertionError("the model was run")

    monkeypatch.setattr("rfonnx.model.runtime.trace_types", run)
    large = distances(1)
    for dim in large.graph.input[0].type.tensor_type.shape.dim:
        dim.dim_value = 2**14
    assert rfonnx.analyze(large).tensors["y"].shape is None

    looped = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]> m (float[4,3] x, int64 n) => (float[?,?] y, float[?] z)
        { y = com.microsoft.CDist(x, x) z = Loop(n, , x) <body = b (int64 i, bool c, float[4,3] s) => (bool c, float[4,3] t)
          { t = Neg(s) }> }"""
    )
    looped.graph.output[0].type.tensor_type.ClearField("shape")
    assert rfonnx.analyze(looped).tensors["y"].shape is None
