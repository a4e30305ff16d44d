"""Rules of com.microsoft attention against onnxruntime."""

import numpy as np
import pytest

from access.probe import probe, values
from rfonnx.analysis.lower import lower
from rfonnx.graph.nodes import Graph, Node

MS = {"domain": "com.microsoft", "opset": 17}
SMALL = {"deltas": (0.5, -0.25), "trials": 1}
B, S, HEADS, D = 2, 3, 2, 2
H = HEADS * D


def projected(past=False):
    inputs = {"x": values(B, S, 3), "w": values(3, 3 * H, seed=1), "b": values(3 * H, seed=2)}
    return inputs | ({"p": values(2, B, HEADS, 2, D, seed=3)} if past else {})


@pytest.mark.parametrize("unidirectional", [0, 1])
def test_attention(unidirectional):
    probe("Attention", projected(), ["w", "b"], num_heads=HEADS, unidirectional=unidirectional, **MS, **SMALL)


@pytest.mark.parametrize("unidirectional", [0, 1])
def test_attention_with_a_past(unidirectional):
    attrs = {"order": ["x", "w", "b", "", "p"], "outputs": 2, "num_heads": HEADS, "unidirectional": unidirectional}
    probe("Attention", projected(past=True), ["w", "b"], **attrs, **MS, **SMALL)


def test_attention_with_a_bias_on_scores():
    inputs = projected() | {"a": values(1, HEADS, S, S, seed=4)}
    probe("Attention", inputs, ["w", "b"], order=["x", "w", "b", "", "", "a"], num_heads=HEADS, **MS, **SMALL)


def test_attention_with_a_constant_causal_bias():
    causal = np.where(np.tri(S, dtype=bool), 0, -1e10).astype(np.float32)[None, None]
    order = ["x", "w", "b", "", "", "a"]
    probe("Attention", projected() | {"a": causal}, ["w", "b", "a"], order=order, num_heads=HEADS, **MS, **SMALL)
    order = ["q", "k", "v", "", "", "a"]
    probe("MultiHeadAttention", qkv() | {"a": causal}, ["a"], order=order, num_heads=HEADS, **MS, **SMALL)


@pytest.mark.parametrize("mask", [np.array([2, 3], np.int32), np.ones((B, S), np.int32), np.ones((B, S, S), np.int32)])
def test_attention_with_a_mask_is_a_superset(mask):
    inputs = projected() | {"m": mask}
    program = probe("Attention", inputs, ["w", "b"], exact=False, vary=["x"], num_heads=HEADS, **MS, **SMALL)
    assert any("mask" in tensor.note for tensor in program.tensors)


def test_attention_of_computed_weights_is_not_guessed():
    probe("Attention", projected(), ["b"], exact=False, num_heads=HEADS, **MS, **SMALL)


@pytest.mark.parametrize("unidirectional", [0, 1])
def test_quantized_attention(unidirectional):
    x = np.random.default_rng(0).integers(90, 160, (1, S, 3)).astype(np.uint8)
    w = np.random.default_rng(1).integers(90, 160, (3, 3 * H)).astype(np.uint8)
    inputs = {"x": x, "w": w, "b": values(3 * H), "xs": np.float32(0.02), "ws": np.float32(0.02)}
    inputs |= {"xz": np.uint8(128), "wz": np.uint8(89)}
    order = ["x", "w", "b", "xs", "ws", "", "xz", "wz"]
    attrs = {"order": order, "num_heads": HEADS, "unidirectional": unidirectional}
    fixed = [name for name in inputs if name != "x"]
    probe("QAttention", inputs, fixed, vary=["x"], deltas=(30, -30), trials=1, **attrs, **MS)


def qkv(queries=S, keys=S):
    return {"q": values(B, queries, H), "k": values(B, keys, H, seed=1), "v": values(B, keys, H, seed=2)}


@pytest.mark.parametrize("unidirectional", [0, 1])
def test_multi_head_attention(unidirectional):
    probe("MultiHeadAttention", qkv(), num_heads=HEADS, unidirectional=unidirectional, **MS, **SMALL)


def test_cross_attention():
    probe("MultiHeadAttention", qkv(2, 4), num_heads=HEADS, **MS, **SMALL)


def test_multi_head_attention_with_a_past_and_a_bias():
    inputs = qkv(2, 2) | {"a": values(1, HEADS, 2, 4, seed=3)}
    inputs |= {"pk": values(B, HEADS, 2, D, seed=4), "pv": values(B, HEADS, 2, D, seed=5)}
    order = ["q", "k", "v", "", "", "a", "pk", "pv"]
    probe("MultiHeadAttention", inputs, order=order, outputs=3, num_heads=HEADS, **MS, **SMALL)


def test_packed_queries_keys_and_values():
    """Against the same attention on unpacked tensors: onnxruntime takes packed ones on GPUs only."""

    def run(feeds):
        q, k, v = np.moveaxis(feeds["q"], 3, 0).transpose(0, 1, 3, 2, 4)
        scores = q @ k.swapaxes(-1, -2)
        weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
        return [(weights @ v).transpose(0, 2, 1, 3).reshape(B, S, H)]

    probe("MultiHeadAttention", {"q": values(B, S, HEADS, 3, D)}, num_heads=HEADS, run=run, **MS, **SMALL)


def test_a_key_mask_is_a_superset():
    inputs = qkv() | {"m": np.ones((B, S), np.int32)}
    order = ["q", "k", "v", "", "m"]
    probe("MultiHeadAttention", inputs, order=order, vary=["q", "k", "v"], exact=False, num_heads=HEADS, **MS, **SMALL)


def grouped(tokens=S, past=0, lengths=None):
    inputs = {"q": values(B, tokens, 16), "k": values(B, tokens, 8, seed=1), "v": values(B, tokens, 8, seed=2)}
    inputs |= {"pk": values(B, 1, past, 8, seed=3), "pv": values(B, 1, past, 8, seed=4)} if past else {}
    inputs["n"] = np.array(lengths or [past + tokens - 1] * B, np.int32)
    inputs["t"] = np.array(past + tokens, np.int32)
    order = ["q", "k", "v", *(["pk", "pv"] if past else ["", ""]), "n", "t"]
    return inputs, {"order": order, "outputs": 3, "num_heads": 2, "kv_num_heads": 1}


@pytest.mark.parametrize("window", [-1, 2])
def test_grouped_queries_see_their_past(window):
    inputs, attrs = grouped()
    probe("GroupQueryAttention", inputs, ["n", "t"], local_window_size=window, **attrs, **MS, **SMALL)


@pytest.mark.parametrize("window", [-1, 2])
def test_grouped_queries_with_a_past_are_a_superset(window):
    inputs, attrs = grouped(tokens=1, past=3)
    floats = ["q", "k", "v", "pk", "pv"]
    probe("GroupQueryAttention", inputs, vary=floats, exact=False, local_window_size=window, **attrs, **MS, **SMALL)


def test_grouped_queries_of_computed_lengths_are_a_superset():
    inputs, attrs = grouped(lengths=[2, 1])
    probe("GroupQueryAttention", inputs, vary=["q", "k", "v"], exact=False, **attrs, **MS, **SMALL)


@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("ids", [np.array([1], np.int64), np.array([[0, 1, 2], [1, 2, 3]], np.int64)])
def test_rotary_embedding(interleaved, ids):
    inputs = {"x": values(2, 3, 8), "i": ids, "c": values(5, 2, seed=1), "s": values(5, 2, seed=2)}
    attrs = {"interleaved": interleaved, "opset": 17, "domain": "com.microsoft"}
    probe("RotaryEmbedding", inputs, ["c", "s"], vary=["x"], **attrs, **SMALL)
    probe("RotaryEmbedding", inputs, vary=["x", "c"], exact=False, **attrs, **SMALL)


@pytest.mark.parametrize(
    ("kind", "inputs", "attrs"),
    [
        ("Attention", ("x", "w", "b", "", "", "", "n"), {"num_heads": 2}),
        (
            "GroupQueryAttention",
            ("x", "", "", "", "", "n", "n"),
            {"num_heads": 2, "kv_num_heads": 1, "sliding_window_cache": 1},
        ),
        ("RotaryEmbedding", ("x", "n", "w", "w"), {"is_packed_batching": 1}),
    ],
)
def test_shared_buffers_and_packed_batches_are_not_guessed(kind, inputs, attrs):
    node = Node(kind, "com.microsoft", "", inputs, ("y",), attrs, 1)
    shapes = {"x": (1, 3, 4), "w": (4, 12), "b": (12,), "n": (1,), "y": (1, 3, 4)}
    program = lower(Graph("m", ("x",), ("y",), [node], shapes, {}, {"w", "b", "n"}, lambda name: None))
    assert not program.tensors[0].exact
    assert program.tensors[0].note
