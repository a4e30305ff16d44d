"""Elementwise rules against the operators."""

import numpy as np
import pytest

from access.probe import probe, values
from rfonnx.operators.elementwise import UNARY

NUMPY_LIKE = ["Add", "Sub", "Mul", "Div", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"]
NOT_FLOAT = {"BitCast", "BitwiseNot", "Not", "Bernoulli"}
NEWER = {"Swish": 24, "Gelu": 20, "IsInf": 20}
WITHOUT_REACTION = {"IsInf", "IsNaN"}  # nothing finite changes them


@pytest.mark.parametrize("op_type", [op for op in UNARY if op not in NOT_FLOAT | WITHOUT_REACTION])
def test_unary(op_type):
    x = np.array([[0.3, 0.6, 0.9], [0.2, 0.5, 0.7]], np.float32)
    if op_type == "Acosh":
        x += 1
    attrs = {"to": 11} if op_type == "Cast" else {}
    probe(op_type, {"x": x}, opset=NEWER.get(op_type, 21), deltas=(0.0625, -2.5, 2.5), trials=1, **attrs)


@pytest.mark.parametrize("op_type", sorted(WITHOUT_REACTION))
def test_predicates(op_type):
    probe(op_type, {"x": values(2, 2)}, opset=20, deltas=(np.inf, np.nan))


@pytest.mark.parametrize("op_type", [*NUMPY_LIKE, "Max", "Min", "Mean", "Sum"])
@pytest.mark.parametrize("other", [(2, 3), (3,), (2, 1), ()])
def test_binary(op_type, other):
    probe(op_type, {"x": values(2, 3), "y": values(*other, seed=1)}, trials=6)


def test_old_broadcast_lines_up_at_an_axis():
    inputs = {"x": values(2, 3, 2), "y": values(3, seed=1)}
    probe("Add", inputs, opset=6, broadcast=1, axis=1, run=lambda feeds: [feeds["x"] + feeds["y"][:, None]])
    probe("Add", inputs, opset=6, broadcast=1, axis=-2, run=lambda feeds: [feeds["x"] + feeds["y"][:, None]])
    inputs = {"x": values(2, 3), "y": values(3, seed=1)}
    probe("Mul", inputs, opset=6, broadcast=1, run=lambda feeds: [feeds["x"] * feeds["y"]])


def test_bit_patterns():
    program = probe("BitCast", {"x": values(2, 2)}, opset=26, to=6, trials=1)
    assert program.tensors[0].paths == ((0, ()),)


def test_swiglu():
    inputs = {"a": values(2, 2), "b": values(2, 2, seed=1)}
    probe("SwiGLU", inputs, opset=28)


def test_variadic():
    probe("Sum", {"x": values(2, 3), "y": values(3, seed=1), "z": values(2, 1, seed=2)})


def test_a_product_with_zero_reads_nothing():
    program = probe("Mul", {"x": values(2, 3), "z": np.zeros((3,), np.float32)}, constants=["z"])
    assert program.tensors[0].paths == ()


@pytest.mark.parametrize("condition", [True, False, None])
def test_where(condition):
    c = np.array([[True, False], [False, True]]) if condition is None else np.full((2, 2), condition)
    inputs = {"c": c, "x": values(2, 2), "y": values(1, 2, seed=1)}
    known = condition is not None
    program = probe("Where", inputs, constants=["c"] if known else [], vary=["x", "y"] if known else [])
    assert program.tensors[0].exact


@pytest.mark.parametrize(
    ("condition", "x", "y"),
    [((3,), (2, 3), (2, 3)), ((2, 1), (2, 3), ()), ((2, 1, 1), (1, 3), (2, 2, 1)), ((1, 2, 1), (2, 1, 3), (3,))],
)
def test_where_by_one_axis(condition, x, y):
    c = (np.arange(np.prod(condition)) % 2 == 0).reshape(condition)
    probe("Where", {"c": c, "x": values(*x), "y": values(*y, seed=1)}, constants=["c"])


def test_where_by_two_axes_leaves_something_unread():
    """Of the diagonal and the rest, each place reads one: both are shown, and not called exact."""
    program = probe("Where", {"c": np.eye(3, dtype=bool), "x": values(3, 3), "y": values(3, 3)}, ["c"], exact=False)
    assert "leaves one operand" in program.tensors[-1].note


@pytest.mark.parametrize(("opset", "slope"), [(6, (3,)), (9, (3, 1)), (9, (2, 1, 1)), (9, (1,))])
def test_prelu(opset, slope):
    probe("PRelu", {"x": values(2, 3, 2), "s": values(*slope, seed=1)}, opset=opset, trials=12)


def test_clip_and_dropout():
    inputs = {"x": values(2, 2), "lo": np.float32(-0.5), "hi": np.float32(0.5)}
    probe("Clip", inputs, vary=["x"], deltas=(0.25, -1, 1, 2, -2), trials=6)
    probe("Dropout", {"x": values(2, 2)}, opset=13, outputs=2)


QUANTIZED = {
    "one scale": ((2, 3), (), {}),
    "list of one": ((2, 3), (1,), {}),
    "per axis": ((2, 3, 2), (3,), {"axis": 1}),
    "per last axis": ((2, 3), (3,), {"axis": -1}),
    "blocked": ((2, 4), (2, 2), {"axis": 1, "block_size": 2}),
    "blocked, ragged": ((5, 2), (3, 2), {"axis": 0, "block_size": 2}),
}


@pytest.mark.parametrize("case", QUANTIZED)
def test_quantize_and_dequantize(case):
    shape, scales, attrs = QUANTIZED[case]
    scale = np.full(scales, 0.01, np.float32)
    deltas = (0.7, -0.7, 1.5)
    probe(
        "QuantizeLinear",
        {"x": np.clip(values(*shape), -1, 1) / 2, "s": scale},
        vary=["x"],
        deltas=deltas,
        trials=1,
        **attrs,
    )
    q = (np.arange(np.prod(shape)) + 1).astype(np.int8).reshape(shape)
    probe("DequantizeLinear", {"x": q, "s": scale}, vary=["s"], trials=1, **attrs)


def test_dynamic_quantization_sees_everything():
    probe("DynamicQuantizeLinear", {"x": values(2, 3)}, outputs=3, deltas=(40.0, -40.0))


def test_operators_that_read_no_values():
    for op_type in ("RandomNormalLike", "EyeLike"):
        program = probe(op_type, {"x": values(2, 2)}, vary=[])
        assert program.tensors[0].paths == ()
