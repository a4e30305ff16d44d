"""Matrix product rules against the operators."""

import numpy as np
import pytest

from access.probe import probe, values


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((2, 3), (3, 2)),
        ((3,), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3,)),
        ((3,), (2, 3, 2)),
        ((2, 2, 3), (3,)),
        ((2, 1, 2, 3), (2, 3, 2)),
        ((1, 2, 2), (3, 2, 2)),
    ],
)
def test_matmul(a, b):
    probe("MatMul", {"a": values(*a), "b": values(*b, seed=1)})


@pytest.mark.parametrize("trans_a", [0, 1])
@pytest.mark.parametrize("trans_b", [0, 1])
@pytest.mark.parametrize("c", [(2, 4), (4,), (2, 1), ()])
def test_gemm(trans_a, trans_b, c):
    a, b = values(2, 3), values(3, 4, seed=1)
    inputs = {"a": a.T if trans_a else a, "b": b.T if trans_b else b, "c": values(*c, seed=2)}
    probe("Gemm", inputs, transA=trans_a, transB=trans_b)


def test_gemm_without_c():
    probe("Gemm", {"a": values(2, 3), "b": values(3, 2, seed=1)})
    probe("Gemm", {"a": values(2, 3), "b": values(3, 2, seed=1), "c": values(2, seed=2)}, beta=0.0)


@pytest.mark.parametrize("shape", [(2, 2), (2, 3, 3)])
def test_determinants(shape):
    probe("Det", {"x": values(*shape)}, opset=11)


def test_quantized_products():
    a, b = np.ones((2, 3), np.uint8), np.ones((3, 2), np.uint8)
    inputs = {"a": a, "b": b, "az": np.uint8(1), "bz": np.array([1, 2], np.uint8)}
    program = probe("MatMulInteger", inputs, vary=[])
    assert program.tensors[0].exact
    assert len(program.tensors[0].paths) == 4
    scale, zero = np.float32(0.5), np.uint8(1)
    inputs = {"a": a, "as": scale, "az": zero, "b": b, "bs": scale, "bz": zero, "ys": scale, "yz": zero}
    program = probe("QLinearMatMul", inputs, vary=[])
    assert program.tensors[0].exact
    assert len(program.tensors[0].paths) == 8


def test_scales_of_rows_and_of_stacked_products():
    """The specification has scales of one axis and of several; onnxruntime has none but one for all."""
    a, b = np.arange(12, dtype=np.uint8).reshape(2, 2, 3), np.arange(1, 7, dtype=np.uint8).reshape(3, 2)
    for shape in ((2,), (2, 2, 1)):
        scale = np.abs(values(*shape)) + 0.5
        inputs = {"a": a, "as": scale, "az": np.zeros(shape, np.uint8), "b": b, "bs": np.float32(1), "bz": np.uint8(0)}

        def run(feeds):
            return [(feeds["a"] * np.reshape(feeds["as"], (-1, 2, 1))) @ b.astype(np.float64)]

        inputs |= {"ys": np.float32(1), "yz": np.uint8(0)}
        probe("QLinearMatMul", inputs, ["az", "b", "bs", "bz", "ys", "yz"], vary=["a", "as"], run=run, deltas=(90, -90))
