"""Shapes that onnx's inference lets pass and no runtime takes are refused, and what onnxruntime takes is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

import rfonnx
from rfonnx.errors import MisfitError
from rfonnx.operators.table import kinds

Given = tuple[int, ...] | np.ndarray
"""A stored input: a shape, of ones, or a value."""


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def table(*rows: tuple[int, ...]) -> np.ndarray:
    return np.array(rows, np.int64)


CASES: list[tuple[str, tuple[int, ...], list[Given], list[Given], dict[str, Any]]] = [
    # operator, shape of its first input, other inputs that fit, and that do not, attributes
    ("Reshape", (1, 3, 4), [ints(2, 6)], [ints(2, 5)], {}),
    ("Reshape", (2, 6), [ints(0, 6)], [ints(0, 5)], {}),
    ("Reshape", (2, 6), [ints(0, -1, 3)], [ints(3, 0, 2)], {}),
    ("Reshape", (0, 6), [ints(0, 5)], [ints(1, 5)], {"allowzero": 1}),
    ("Conv", (1, 6, 8, 8), [(4, 3, 3, 3)], [(4, 2, 3, 3)], {"group": 2}),
    ("Conv", (1, 4, 8, 8), [(6, 2, 3, 3)], [(5, 2, 3, 3)], {"group": 2}),
    ("Conv", (1, 3, 8), [(4, 3, 3), (4,)], [(4, 3, 3), (5,)], {}),
    ("Conv", (1, 3, 8, 8), [(4, 3, 5, 5)], [(4, 3, 3, 3)], {"kernel_shape": [5, 5]}),
    ("ConvTranspose", (1, 3, 8, 8), [(3, 4, 3, 3)], [(4, 3, 3, 3)], {}),
    ("ConvTranspose", (1, 4, 8), [(4, 3, 3), (6,)], [(4, 3, 3), (3,)], {"group": 2}),
    ("Gemm", (2, 4), [(4, 3), (3,)], [(4, 3), (5,)], {}),
    ("Gemm", (2, 4), [(4, 3), (2, 1)], [(4, 3), (3, 1)], {}),
    ("PRelu", (1, 3, 4), [(3, 1)], [(5,)], {}),
    ("PRelu", (1, 3, 1), [(3, 4)], [(2, 4)], {}),  # the slope is longer, which only the specification forbids
    ("LayerNormalization", (2, 3, 4), [(3, 4)], [(12,)], {"axis": 1}),
    ("LayerNormalization", (1, 3, 4), [(4,)], [(5,)], {}),
    ("LayerNormalization", (1, 3, 4), [(4,), (4,)], [(4,), (3,)], {}),
    ("InstanceNormalization", (1, 3, 4), [(3,), (3,)], [(5,), (5,)], {}),
    ("Einsum", (2, 4), [(4, 3)], [(5, 3)], {"equation": "ij,jk->ik"}),
    ("Einsum", (2, 5, 4), [(2, 4, 3)], [(3, 4, 3)], {"equation": "b...j,bjk->b...k"}),
    ("LSTM", (5, 1, 4), [(1, 12, 4), (1, 12, 3)], [(1, 12, 7), (1, 12, 3)], {"hidden_size": 3}),
    ("LSTM", (5, 1, 4), [(1, 12, 4), (1, 12, 3), (1, 24)], [(1, 12, 4), (1, 12, 3), (1, 12)], {"hidden_size": 3}),
    (
        "LSTM",
        (5, 1, 4),
        [(2, 12, 4), (2, 12, 3)],
        [(1, 12, 4), (1, 12, 3)],
        {"hidden_size": 3, "direction": "bidirectional"},
    ),
    ("GRU", (5, 1, 4), [(1, 9, 4), (1, 9, 3)], [(1, 9, 4), (1, 12, 3)], {"hidden_size": 3}),
    ("RNN", (5, 1, 4), [(1, 3, 4), (1, 3, 3)], [(1, 3, 5), (1, 3, 3)], {"hidden_size": 3}),
    ("ScatterND", (4, 4), [table((1,)), (1, 4)], [table((1,)), (1, 5)], {}),
    ("GatherElements", (4, 4), [table((0, 1, 2), (3, 1, 0))], [np.zeros((2, 5), np.int64)], {"axis": 0}),
]
"""Those whose attributes alone fit or not stand in `ALONE`."""

ALONE: list[tuple[str, tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    # operator, shape of its input that fits, and that does not, attributes
    ("Transpose", (3, 4), (1, 3, 4), {"perm": [1, 0]}),
    ("DepthToSpace", (1, 4, 3, 3), (1, 3, 4, 4), {"blocksize": 2}),
    ("SpaceToDepth", (1, 3, 4, 6), (1, 3, 5, 6), {"blocksize": 2}),
]


def model(kind: str, shape: tuple[int, ...], others: list[Given], attributes: dict[str, Any]) -> ModelProto:
    """x and stored inputs -> y."""
    stored = {f"i{n}": np.ones(one, np.float32) if isinstance(one, tuple) else one for n, one in enumerate(others)}
    node = helper.make_node(kind, ["x", *stored], ["y"], name="here", **attributes)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in stored.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def runs(proto: ModelProto, shape: tuple[int, ...]) -> bool:
    """Whether onnxruntime gives an answer."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
        session.run(None, {"x": np.ones(shape, np.float32)})
    except Exception:  # its errors have no class of their own
        return False
    return True


def held(proto: ModelProto, shape: tuple[int, ...], fits: bool) -> None:
    assert runs(proto, shape) is fits
    if fits:
        rfonnx.analyze(proto)
        return
    with pytest.raises(
        MisfitError, match=r"node 'here' \(\w+\) that makes 'y': its inputs do not fit: .*; check"
    ) as found:
        rfonnx.analyze(proto)
    assert "\n" not in str(found.value)
    assert (found.value.makes, found.value.shapes["x"]) == ("y", shape)


@pytest.mark.parametrize("fits", [True, False], ids=["fits", "does not fit"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[4]}")
def test_what_does_not_fit_is_refused_and_what_fits_is_not(case: Any, fits: bool) -> None:
    kind, shape, right, wrong, attributes = case
    held(model(kind, shape, right if fits else wrong, attributes), shape, fits)


@pytest.mark.parametrize("fits", [True, False], ids=["fits", "does not fit"])
@pytest.mark.parametrize("case", ALONE, ids=lambda case: case[0])
def test_attributes_that_do_not_fit_the_shape_are_refused(case: Any, fits: bool) -> None:
    kind, right, wrong, attributes = case
    shape = right if fits else wrong
    held(model(kind, shape, [], attributes), shape, fits)


def test_every_check_has_a_case() -> None:
    assert kinds("misfit") == {case[0] for case in (*CASES, *ALONE)}


def test_a_branch_that_is_not_taken_may_hold_what_does_not_fit() -> None:
    wrong = helper.make_graph(
        [helper.make_node("Reshape", ["x", "s"], ["w"])],
        "wrong",
        [],
        [helper.make_tensor_value_info("w", TensorProto.FLOAT, None)],
    )
    right = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["r"])],
        "right",
        [],
        [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)],
    )
    graph = helper.make_graph(
        [helper.make_node("If", ["c"], ["y"], then_branch=right, else_branch=wrong)],
        "g",
        [
            helper.make_tensor_value_info("c", TensorProto.BOOL, [1]),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(ints(2, 5), "s")],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    session.run(None, {"c": np.array([True]), "x": np.ones((1, 3, 4), np.float32)})
    assert "y" in rfonnx.analyze(proto).tensors
