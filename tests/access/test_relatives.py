"""Operators that share a rule with a better known one: against onnxruntime where it has them for CPUs, else against a formula."""

import numpy as np
import pytest
from onnx import TensorProto, helper

import rfonnx
from access.probe import probe, values

MS = {"domain": "com.microsoft", "opset": 17}
SMALL = {"deltas": (0.5, -0.25), "trials": 1}
BYTES = {"deltas": (40, -40, 90), "trials": 1, "domain": "com.microsoft", "opset": 17}


def test_fused_conv_adds_before_it_activates():
    inputs = {
        "x": values(1, 2, 4, 4),
        "w": values(3, 2, 3, 3, seed=1),
        "b": values(3, seed=2),
        "z": values(1, 3, 4, 4, seed=3),
    }
    probe("FusedConv", inputs, ["w"], activation="Sigmoid", pads=[1, 1, 1, 1], **MS, **SMALL)


def test_inverse():
    probe("Inverse", {"x": values(2, 3, 3) + 3 * np.eye(3, dtype=np.float32)}, **MS, **SMALL)


@pytest.mark.parametrize("op_type", ["RandomNormal", "RandomUniform"])
def test_what_is_drawn_reads_nothing(op_type):
    nodes = [helper.make_node(op_type, [], ["r"], shape=[3]), helper.make_node("Add", ["x", "r"], ["y"])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "drawn", ends[:1], ends[1:])
    analysis = rfonnx.analyze(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))
    lo, hi = analysis.intervals("y", input="x", axis=0)
    assert lo.tolist() == hi.tolist() == [0, 1, 2]
    assert "r" not in analysis.tensors or analysis.box("r", (0,)) is None


def drawn(feeds):
    """Inverse sampling with fixed numbers, that of Multinomial."""
    share = np.exp(feeds["x"])
    share = np.cumsum(share / share.sum(axis=1, keepdims=True), axis=1)
    return [(share[:, None, :] < np.linspace(0.05, 0.95, 64)[None, :, None]).sum(axis=2)]


def test_multinomial_reads_the_row():
    probe("Multinomial", {"x": values(2, 3)}, sample_size=64, opset=17, run=drawn)


def test_bias_add():
    inputs = {"x": values(2, 4, 3), "b": values(3, seed=1), "s": values(2, 4, 3, seed=2)}
    probe("BiasAdd", inputs, **MS, **SMALL, run=lambda feeds: [feeds["x"] + feeds["b"] + feeds["s"]])


def test_scaled_silu():
    def run(feeds):
        return [feeds["x"] / (1 + np.exp(-1.7 * feeds["x"]))]

    probe("ScaledSiLU", {"x": values(2, 3)}, alpha=1.7, **MS, **SMALL, run=run)


def test_bias_dropout_out_of_training():
    inputs = {"x": values(2, 3), "b": values(3, seed=1), "r": values(2, 3, seed=2)}
    probe("BiasDropout", inputs, **MS, **SMALL, run=lambda feeds: [feeds["x"] + feeds["b"] + feeds["r"]])


def quantised(rows, seed):
    return np.random.default_rng(seed).integers(0, 255, (rows, 4)).astype(np.uint8)


def test_quantised_embedding():
    ids = np.array([[1, 0, 2], [3, 1, 1]], np.int32)
    tables = {
        "w": quantised(4, 0),
        "p": quantised(3, 1),
        "e": quantised(2, 2),
        "g": quantised(1, 3)[0],
        "b": quantised(1, 4)[0],
    }
    inputs = {"i": ids, "s": ids % 2, **tables, "m": np.ones((2, 3), np.int32)}
    inputs |= {f"{name}s": np.float32(0.02) for name in tables} | {f"{name}z": np.uint8(128) for name in tables}
    constants = [name for name in inputs if name not in ("i", "s", "m")]
    program = probe("QEmbedLayerNormalization", inputs, constants, outputs=2, vary=[], **MS)
    read = [sorted({program.inputs[source][0] for source, _ in tensor.paths}) for tensor in program.tensors]
    assert read == [["i", "s"], ["m"]]


@pytest.mark.parametrize("op_type", ["TransposeMatMul", "FusedMatMulActivation"])
def test_products_of_transposed_operands(op_type):
    def run(feeds):
        return [np.tanh(np.swapaxes(feeds["a"], -1, -2) @ feeds["b"])]

    more = {"activation": "Tanh"} if op_type == "FusedMatMulActivation" else {}
    probe(op_type, {"a": values(2, 3, 4), "b": values(2, 3, 2, seed=1)}, transA=1, **more, **MS, **SMALL, run=run)


def test_gemm_fast_gelu():
    def run(feeds):
        y = feeds["a"] @ feeds["w"] + feeds["b"]
        return [y * (1 + np.tanh(0.8 * y))]

    inputs = {"a": values(2, 3, 4), "w": values(4, 2, seed=1), "b": values(2, seed=2)}
    probe("GemmFastGelu", inputs, **MS, **SMALL, run=run)


def test_blocked_layout_there_and_back():
    """Sixteen channels to a block; the runtime's kernels want as many as the processor's registers hold."""
    inputs = {"x": values(1, 16, 2, 2)}
    for op_type in ("ReorderInput", "ReorderOutput"):
        more = {"channels": 16} if op_type == "ReorderOutput" else {}
        probe(
            op_type, inputs, domain="com.microsoft.nchwc", opset=17, run=lambda feeds: [feeds["x"] + 0], **more, **SMALL
        )


def test_category_mapper():
    def run(feeds):
        return [np.vectorize({5: "five", 6: "six"}.get, otypes=[object])(feeds["x"], "none")]

    node = {"domain": "ai.onnx.ml", "cats_int64s": [5, 6], "cats_strings": ["five", "six"]}
    probe("CategoryMapper", {"x": np.array([5, 6, 7, 5])}, vary=["x"], deltas=(1, -1, 2), trials=1, run=run, **node)


def test_classifier_by_support_vectors():
    def run(feeds):
        score = feeds["x"] @ np.array([[1.0, -2.0], [0.5, 1.0], [-1.0, 0.7]], np.float32)
        return [score.argmax(axis=1), score]

    probe("SVMClassifier", {"x": values(2, 3)}, outputs=2, domain="ai.onnx.ml", run=run)


def test_simplified_layer_norm():
    probe("SimplifiedLayerNormalization", {"x": values(2, 3, 4), "g": values(4, seed=1)}, opset=17, **SMALL)


def test_quantised_where():
    condition = np.array([[True, False, True], [False, True, False]])
    scale, zero = np.float32(0.02), np.uint8(128)
    inputs = {
        "c": condition,
        "a": quantised(3, 0)[:2, :3],
        "as": scale,
        "az": zero,
        "b": quantised(3, 1)[:2, :3],
        "bs": scale,
    }
    inputs |= {"bz": zero, "ys": scale, "yz": zero}
    program = probe("QLinearWhere", inputs, ["as", "az", "bs", "bz", "ys", "yz"], vary=[], **MS)
    assert sorted(program.inputs[source][0] for source, _ in program.tensors[0].paths) == ["a", "b", "c"]


def test_multiplied_integers():
    inputs = {"a": quantised(2, 0)[:, :3], "az": np.uint8(128), "b": quantised(2, 1)[:1, :3], "bz": np.uint8(128)}

    def run(feeds):
        a, b = feeds["a"].astype(np.int32), feeds["b"].astype(np.int32)
        return [(a - 128) * (b - 128)]

    probe("MulInteger", inputs, ["az", "bz"], vary=["a", "b"], run=run, **BYTES)


def test_quantised_mean():
    inputs = {"x": quantised(2, 0).reshape(2, 2, 2), "xs": np.float32(0.02), "xz": np.uint8(128)}
    inputs |= {"ys": np.float32(0.01), "yz": np.uint8(128)}

    def run(feeds):
        return [feeds["x"].astype(np.float64).mean(axis=1, keepdims=True)]

    probe("QLinearReduceMean", inputs, ["xs", "xz", "ys", "yz"], vary=["x"], axes=[1], keepdims=1, run=run, **BYTES)


@pytest.mark.parametrize("op_type", ["MatMulBnb4", "MatMulFpQ4"])
def test_products_with_packed_weights(op_type):
    inputs = {"a": values(2, 16), "w": quantised(4, 1).reshape(-1), "s": values(1, seed=2)}
    dense = values(16, 2, seed=3)
    probe(op_type, inputs, ["w", "s"], K=16, N=2, block_size=16, **MS, **SMALL, run=lambda feeds: [feeds["a"] @ dense])


GRADIENT = {"xs": ["x"], "y": "x"}


@pytest.mark.parametrize(
    ("op_type", "domain", "attrs"),
    [("DynamicQuantizeLSTM", "com.microsoft", {}), ("Gradient", "ai.onnx.preview.training", GRADIENT)],
)
def test_what_is_declared_to_read_everything_does(op_type, domain, attrs):
    node = helper.make_node(op_type, ["x"], ["y"], domain=domain, **attrs)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in ("x", "y")]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(domain, 1)]
    analysis = rfonnx.analyze(
        helper.make_model(helper.make_graph([node], "all", ends[:1], ends[1:]), opset_imports=opsets)
    )
    for axis, length in enumerate((2, 3)):
        lo, hi = analysis.intervals("y", input="x", axis=axis)
        assert (lo == 0).all()
        assert (hi == length - 1).all()
    assert not analysis.tensors["y"].exact


def test_quantised_experts():
    """Two experts, mixed by the router: what a token reads of itself, and nothing of the others."""
    weights = {name: quantised(4, seed).reshape(2, 2, 4) for seed, name in enumerate(("w", "v"))}
    inputs = {
        "x": values(3, 4),
        "r": values(3, 2, seed=1),
        "w": weights["w"],
        "ws": values(2, 4, seed=2),
        "b": values(2, 4, seed=3),
    }
    inputs |= {"v": weights["v"], "vs": values(2, 4, seed=4)}
    dense = values(2, 4, 4, seed=5)

    def run(feeds):
        return [np.einsum("tf,te,efg->tg", feeds["x"], np.exp(feeds["r"]), dense)]

    probe("QMoE", inputs, ["w", "ws", "b", "v", "vs"], run=run, exact=False, k=1, **MS, **SMALL)
