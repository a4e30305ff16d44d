"""Rules of quantised operators against onnxruntime."""

import numpy as np
import pytest

from access.probe import probe, values

MS = {"domain": "com.microsoft", "opset": 17}


NIBBLES = np.array([16 * a + b for a in range(16) for b in range(16) if 8 not in (a, b)], np.uint8)
"""Pairs of 4-bit weights, none of them at their zero point."""


def bytes_(*shape, seed=0):
    return np.random.default_rng(seed).integers(60, 190, shape).astype(np.uint8)


def scales(*names, scale=0.02):
    return {name: np.float32(scale) if name.endswith("s") else np.uint8(128) for name in names}


def check(op_type, tensors, inputs, steps=(40, -40, 90), **node):
    """Every scale and zero point is a constant; bytes vary by steps that quantisation does not swallow."""
    fixed = [name for name in inputs if name not in tensors]
    return probe(op_type, inputs, fixed, vary=tensors, deltas=steps, trials=1, **node, **MS)


@pytest.mark.parametrize("op_type", ["QLinearAdd", "QLinearMul"])
def test_arithmetic(op_type):
    inputs = {
        "a": bytes_(2, 3),
        **scales("as", "az"),
        "b": bytes_(3, seed=1),
        **scales("bs", "bz"),
        **scales("ys", "yz"),
    }
    check(op_type, ["a", "b"], inputs)


@pytest.mark.parametrize("op_type", ["QLinearSigmoid", "QLinearLeakyRelu"])
def test_activations(op_type):
    inputs = {"x": bytes_(2, 3), **scales("xs", "xz"), "ys": np.float32(1 / 256), "yz": np.uint8(0)}
    if op_type == "QLinearLeakyRelu":
        inputs |= scales("ys", "yz")
    check(op_type, ["x"], inputs)


@pytest.mark.parametrize(("opset", "axis"), [(13, 1), (11, 1)])
def test_softmax(opset, axis):
    inputs = {"x": bytes_(2, 2, 2), **scales("xs", "xz"), "ys": np.float32(1 / 512), "yz": np.uint8(0)}
    check("QLinearSoftmax", ["x"], inputs, steps=(100, -100, 200), axis=axis, attributes={"opset": opset})


@pytest.mark.parametrize("last", [0, 1])
def test_pools(last):
    inputs = {"x": bytes_(1, 4, 3, 2), **scales("xs", "xz"), **scales("ys", "yz")}
    check("QLinearAveragePool", ["x"], inputs, kernel_shape=[2, 2], pads=[1, 0, 0, 0], channels_last=last)
    check("QLinearGlobalAveragePool", ["x"], inputs, steps=(60, -50), channels_last=last)


def test_concat():
    inputs = {**scales("ys", "yz"), "a": bytes_(2, 1, 2), **scales("as", "az"), "b": bytes_(2, 2, 2, seed=1)}
    check("QLinearConcat", ["a", "b"], {**inputs, **scales("bs", "bz")}, axis=-2)


def test_concat_reads_the_scales_of_its_parts_there():
    inputs = {
        **scales("ys", "yz"),
        "a": bytes_(2, 1),
        **scales("as", "az"),
        "b": bytes_(2, 2, seed=1),
        **scales("bs", "bz"),
    }
    program = probe(
        "QLinearConcat", inputs, ["ys", "yz", "a", "az", "b", "bz"], vary=["as", "bs"], axis=1, trials=1, **MS
    )
    assert program.tensors[0].exact


@pytest.mark.parametrize("trans_b", [0, 1])
def test_gemm(trans_b):
    b = bytes_(3, 2, seed=1)
    inputs = {"a": bytes_(2, 3), **scales("as", "az"), "b": b.T.copy() if trans_b else b, **scales("bs", "bz")}
    inputs |= {"c": np.array([1, 2], np.int32), **scales("ys", "yz", scale=0.04)}
    check("QGemm", ["a", "b"], inputs, transB=trans_b, alpha=1.0)


def test_matmul_integer_to_float():
    inputs = {"a": bytes_(2, 3), "b": bytes_(3, 2, seed=1), "as": np.float32(0.1), "bs": np.float32([0.1, 0.2])}
    inputs |= {"az": np.uint8(128), "bz": np.uint8([128, 127]), "c": values(2)}
    program = probe("MatMulIntegerToFloat", inputs, ["as", "az", "bz"], vary=["bs", "c"], trials=1, **MS)
    assert len(program.tensors[0].paths) == 4


def test_dynamic_quantization_sees_all_of_a():
    inputs = {"a": values(2, 3), "b": bytes_(3, 2, seed=1), "bs": np.float32(0.1), "bz": np.uint8(128), "c": values(2)}
    program = probe("DynamicQuantizeMatMul", inputs, ["b", "bs", "bz"], deltas=(9.0, -9.0), **MS)
    assert program.tensors[0].exact


def test_packed_weights():
    inputs = {"a": values(2, 32), "b": NIBBLES[:48].reshape(3, 1, 16), "s": np.abs(values(3)) + np.float32(0.1)}
    attrs = {"K": 32, "N": 3, "bits": 4, "block_size": 32}
    program = probe("MatMulNBits", inputs, ["b", "s"], trials=1, deltas=(0.5,), exact=True, **attrs, **MS)
    assert program.tensors[0].exact


def test_packed_weights_that_are_computed_are_not_guessed():
    inputs = {"a": values(1, 32), "b": bytes_(2, 1, 16), "s": np.abs(values(2))}
    attrs = {"K": 32, "N": 2, "bits": 4, "block_size": 32}
    probe("MatMulNBits", inputs, ["b"], vary=["s"], trials=1, exact=False, **attrs, **MS)


@pytest.mark.parametrize("op_type", ["QuantizeLinear", "DequantizeLinear"])
def test_quantization(op_type):
    x = values(2, 3) if op_type == "QuantizeLinear" else bytes_(2, 3)
    inputs = {"x": x, "s": np.float32([0.01, 0.02, 0.03]), "z": np.uint8([128] * 3)}
    probe(op_type, inputs, ["z"], vary=["s"], deltas=(0.5,), trials=1, axis=1, **MS)


def test_sums_and_products_of_integers():
    """Against numpy: onnxruntime has kernels of these for no type that is quantised to today."""
    x = bytes_(2, 3, 2)
    check("ReduceSumInteger", ["x"], {"x": x}, axes=[1], keepdims=0, run=lambda feeds: [feeds["x"].astype(int).sum(1)])
    inputs = {"a": bytes_(2, 3).astype(np.int16), "b": bytes_(3, 2, seed=1).astype(np.int16)}
    check("MatMulInteger16", ["a", "b"], inputs, run=lambda feeds: [feeds["a"].astype(int) @ feeds["b"].astype(int)])


@pytest.mark.parametrize(("axis", "indices"), [(0, [[1, 0, 2]]), (1, [2, 1])])
def test_packed_embeddings_read_their_index(axis, indices):
    table = np.ones((4, 4, 16), np.uint8)
    inputs = {"t": table, "i": np.array(indices, np.int64), "s": np.ones((4, 4, 1), np.float32)}

    def run(feeds):
        return [np.take(np.arange(64).reshape(4, 4, 4), feeds["i"], axis, mode="clip")]

    attrs = {"gather_axis": axis, "block_size": 32, "quantize_axis": 2}
    probe("GatherBlockQuantized", inputs, ["t", "s"], vary=["i"], deltas=(-1, 1), trials=1, run=run, **attrs, **MS)
