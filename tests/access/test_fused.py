"""Rules of fused operators against onnxruntime."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from access.probe import probe, probe_model, values

MS = {"domain": "com.microsoft", "opset": 17}
SMALL = {"deltas": (0.5, -0.25), "trials": 1}


@pytest.mark.parametrize("op_type", ["Gelu", "QuickGelu", "FastGelu"])
def test_activations(op_type):
    probe(op_type, {"x": values(2, 3)}, **MS, **SMALL)


@pytest.mark.parametrize("op_type", ["BiasGelu", "FastGelu"])
def test_activations_with_bias(op_type):
    probe(op_type, {"x": values(2, 3), "b": values(3, seed=1)}, **MS, **SMALL)


def halves(feeds):
    x = feeds["x"] + feeds["b"]
    left, right = np.split(x, 2, axis=-1)
    return [left * np.tanh(right)]


def test_bias_split_gelu():
    """Against a formula of the same structure: onnxruntime has no kernel of it for CPUs."""
    probe("BiasSplitGelu", {"x": values(1, 2, 4), "b": values(4, seed=1)}, **MS, **SMALL, run=halves)


@pytest.mark.parametrize("skip", [(1, 2, 4), (2, 2, 4), (2, 4)])
def test_skip_layer_norm(skip):
    if skip == (2, 2, 4):
        x = values(2, 2, 4)
    else:
        x = values(1, 2, 4)
    inputs = {
        "x": x,
        "s": values(*skip, seed=1),
        "g": values(4, seed=2),
        "b": values(4, seed=3),
        "c": values(4, seed=4),
    }
    probe("SkipLayerNormalization", inputs, outputs=["y", "", "", "z"], **MS, **SMALL)


def test_skip_simplified_layer_norm():
    inputs = {"x": values(2, 2, 4), "s": values(2, 2, 4, seed=1), "g": values(4, seed=2), "c": values(4, seed=3)}
    probe("SkipSimplifiedLayerNormalization", inputs, outputs=["y", "", "", "z"], **MS, **SMALL)


def test_embed_layer_norm():
    ids = np.array([[1, 0, 2]], np.int32)
    inputs = {"i": ids, "s": ids % 2, "w": values(4, 4), "p": values(4, 4, seed=1), "e": values(2, 4, seed=2)}
    inputs |= {"g": values(4, seed=3), "b": values(4, seed=4), "m": np.ones((1, 3), np.int32)}
    constants = ["w", "p", "e", "g", "b"]
    program = probe("EmbedLayerNormalization", inputs, constants, outputs=3, vary=[], **MS)
    assert program.tensors[0].exact
    sources = [dict(program.inputs).keys() for _ in program.tensors]
    assert [sorted(list(sources[0])[i] for i, _ in t.paths) for t in program.tensors] == [["i", "s"], ["m"], ["i", "s"]]


def test_embed_layer_norm_of_computed_tables_is_not_guessed():
    ids = np.array([[1, 0, 2]], np.int32)
    inputs = {"i": ids, "s": ids % 2, "w": values(4, 4), "p": values(4, 4, seed=1), "e": values(2, 4, seed=2)}
    inputs |= {"g": values(4, seed=3), "b": values(4, seed=4)}
    probe("EmbedLayerNormalization", inputs, outputs=2, vary=["w"], exact=False, **MS, **SMALL)


def group_norm(axis):
    def run(feeds):
        x = np.moveaxis(feeds["x"] + feeds.get("s", 0), axis, 1)
        groups = x.reshape(x.shape[0], 2, -1)
        y = (groups - groups.mean(-1, keepdims=True)) / groups.std(-1, keepdims=True)
        y = np.moveaxis(y.reshape(x.shape), 1, axis)
        column = [1] * x.ndim
        column[axis] = -1
        y = y * feeds["g"].reshape(column) + feeds["b"].reshape(column)
        return [y, feeds["x"] + feeds["s"]] if "s" in feeds else [y]

    return run


@pytest.mark.parametrize(("last", "axis"), [(1, 3), (0, 1)])
def test_group_norm(last, axis):
    """Against the formula: onnxruntime has no kernel of it for CPUs."""
    x = values(2, 2, 1, 4) if last else values(2, 4, 2, 1)
    inputs = {"x": x, "g": values(4, seed=1), "b": values(4, seed=2)}
    probe("GroupNorm", inputs, channels_last=last, groups=2, run=group_norm(axis), **MS, **SMALL)
    inputs["s"] = values(*x.shape, seed=3)
    attrs = {"channels_last": last, "groups": 2, "outputs": 2}
    probe("SkipGroupNorm", inputs, run=group_norm(axis), **attrs, **MS, **SMALL)


def test_bias_softmax():
    inputs = {"x": values(2, 2, 3), "b": values(1, 2, 3, seed=1)}

    def run(feeds):
        e = np.exp(feeds["x"] + feeds["b"])
        return [e / e.sum(-1, keepdims=True)]

    probe("BiasSoftmax", inputs, axis=2, is_inner_broadcast=0, run=run, **MS, **SMALL)


@pytest.mark.parametrize("trans_a", [0, 1])
@pytest.mark.parametrize("trans_b", [0, 1])
def test_fused_matmul(trans_a, trans_b):
    a, b = values(2, 2, 3), values(2, 3, 4, seed=1)
    inputs = {"a": a.swapaxes(1, 2) if trans_a else a, "b": b.swapaxes(1, 2) if trans_b else b}
    probe("FusedMatMul", inputs, transA=trans_a, transB=trans_b, alpha=0.5, **MS, **SMALL)


def test_fused_matmul_with_the_batch_inside():
    inputs = {"a": values(2, 4, 3), "b": values(3, 4, 2, seed=1)}
    probe("FusedMatMul", inputs, transBatchA=1, transBatchB=1, **MS, **SMALL)


def test_fused_gemm():
    inputs = {"a": values(2, 3), "b": values(4, 3, seed=1), "c": values(4, seed=2)}
    probe("FusedGemm", inputs, transB=1, activation="Tanh", **MS, **SMALL)


@pytest.mark.parametrize("transposed", [0, 1])
def test_masked_weights_leave_values_out(transposed):
    """onnxruntime fuses a transpose into the product of attention weights and values."""
    mask = np.where(np.tri(3, dtype=bool), 0, -np.inf).astype(np.float32)
    nodes = [
        helper.make_node("Add", ["x", "m"], ["a"]),
        helper.make_node("Softmax", ["a"], ["w"], axis=1 if transposed else 2),
        helper.make_node("FusedMatMul", ["w", "v"], ["y"], domain="com.microsoft", transA=transposed),
    ]
    shapes = {"x": [2, 3, 3], "v": [2, 3, 2], "y": [2, 3, 2]}
    infos = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]
    mask = numpy_helper.from_array(np.ascontiguousarray(mask.T) if transposed else mask, "m")
    graph = helper.make_graph(nodes, "g", infos[:2], infos[2:], [mask])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    probe_model(model, {"x": values(2, 3, 3), "v": values(2, 3, 2, seed=1)}, **SMALL)


def test_gated_rms_norm():
    inputs = {"x": values(2, 4), "s": values(2, seed=1), "g": values(2, 4, seed=2)}

    def run(feeds):
        x = feeds["x"].reshape(2, 2, 2)
        y = x / np.sqrt((x**2).mean(-1, keepdims=True)) * feeds["s"]
        return [y.reshape(2, 4) * np.tanh(feeds["g"])]

    probe("GatedRMSNorm", inputs, run=run, **MS, **SMALL)


def test_mixture_of_experts_keeps_tokens_apart():
    inputs = {"x": values(2, 2, 3), "r": values(4, 2, seed=1), "w": values(2, 3, 3, seed=2)}

    def run(feeds):
        expert = np.einsum("nsd,edf->nsef", feeds["x"], feeds["w"])
        return [(expert * feeds["r"].reshape(2, 2, 2, 1)).sum(2)]

    probe("MoE", inputs, ["w"], run=lambda feeds: run({**feeds, "w": inputs["w"]}), exact=False, **MS, **SMALL)
