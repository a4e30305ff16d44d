"""Small models of one node each, with a formula in counting numbers for every operator that has a count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from compare.counted import attention, correlation, heads, joined, num, plain, softmax, times

MS, NCHWC, NHWC = "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"

Arrays = Mapping[str, np.ndarray]
draw = np.random.default_rng(7).standard_normal


def a(*shape: int) -> np.ndarray:
    return draw(shape).astype("f")


@dataclass(frozen=True)
class Case:
    """One node.

    Attributes:
        inputs: by name, in the node's order; "" is left out. Those in `constants` are stored.
        formula: the result, worked out with counting numbers.
        runs: onnxruntime has it on the CPU, and its first output must be the formula's.
    """

    kind: str
    inputs: Arrays
    formula: Callable[..., np.ndarray]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    constants: tuple[str, ...] = ()
    runs: bool = True
    out: tuple[int, ...] = ()
    tolerance: float = 1e-4
    beside: tuple[str, ...] = ()

    def model(self) -> onnx.ModelProto:
        domain, _, op_type = self.kind.rpartition(".")
        names = [name if not name.startswith("_") else "" for name in self.inputs]
        node = helper.make_node(op_type, names, ["y", *self.beside], "node", domain=domain, **self.attrs)
        live = {name: value for name, value in self.inputs.items() if not name.startswith("_")}
        types = {name: helper.np_dtype_to_tensor_dtype(value.dtype) for name, value in live.items()}
        given = [
            helper.make_tensor_value_info(name, types[name], value.shape)
            for name, value in live.items() if name not in self.constants
        ]  # fmt: skip
        stored = [numpy_helper.from_array(live[name], name) for name in self.constants]
        made = [onnx.ValueInfoProto(name="y")]
        if self.out:
            made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, self.out)]
        opsets = [helper.make_opsetid("", 23 if self.runs or domain else 27)]
        opsets += [helper.make_opsetid(domain, 1)] if domain else []
        graph = helper.make_graph([node], "net", given, made, stored)
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def depthwise(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """CausalConvWithState without a state: each output sums over its own and the last positions."""
    x = np.pad(x, ((0, 0), (0, 0), (w.shape[2] - 1, 0)))
    y = np.zeros((len(x), len(w), x.shape[2] - w.shape[2] + 1))
    for n, c, t in np.ndindex(*y.shape):
        y[n, c, t] = times(x[n, c, t : t + w.shape[2]], w[c, 0])
    return y


def conv_transposed(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Stride 2, no padding: every input element spreads its channel's weights."""
    y = np.zeros((len(x), w.shape[1], *(2 * (n - 1) + w.shape[2] for n in x.shape[2:])))
    for n, c, i, j in np.ndindex(*x.shape):
        y[n, :, 2 * i : 2 * i + w.shape[2], 2 * j : 2 * j + w.shape[3]] += plain(num(w[c]) * num(x[n, c, i, j]))
    return y


def lstm(x: np.ndarray, w: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Gates in the order input, output, forget, cell; Y is (time, directions, batch, hidden), the second direction
    reversed."""
    time, batch, _ = x.shape
    y = np.zeros((time, len(w), batch, r.shape[2]))
    for d in range(len(w)):
        h = c = np.zeros((batch, r.shape[2]))
        for t in range(time) if d == 0 else reversed(range(time)):
            i, o, f, g = np.split(times(x[t], w[d].T) + times(h, r[d].T), 4, 1)
            i, o, f = (1 / (1 + np.exp(-gate)) for gate in (i, o, f))
            c = f * c + i * np.tanh(g)
            h = y[t, d] = o * np.tanh(c)
    return y


def gru(x: np.ndarray, w: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Gates in the order update, reset, hidden."""
    size = r.shape[2]
    h, found = np.zeros((x.shape[1], size)), []
    for step in x:
        of_x = times(step, w[0].T)
        z, s = (1 / (1 + np.exp(-gate)) for gate in np.split(of_x[:, : 2 * size] + times(h, r[0, : 2 * size].T), 2, 1))
        n = np.tanh(of_x[:, 2 * size :] + times(s * h, r[0, 2 * size :].T))
        h = (1 - z) * n + z * h
        found.append(h)
    return np.array(found)[:, None]


def rnn(x: np.ndarray, w: np.ndarray, r: np.ndarray) -> np.ndarray:
    h, found = np.zeros((x.shape[1], r.shape[2])), []
    for step in x:
        h = np.tanh(times(step, w[0].T) + times(h, r[0].T))
        found.append(h)
    return np.array(found)[:, None]


def experts(x: np.ndarray, router: np.ndarray, first: np.ndarray, second: np.ndarray, k: int) -> np.ndarray:
    """The k most likely experts of each token, relu between their products, weighed by the router's softmax."""
    y = np.zeros_like(x, float)
    for token, row in enumerate(softmax(router.astype(float))):
        for expert in np.argsort(-row)[:k]:
            inner = np.maximum(times(x[token], first[expert].T), 0)
            y[token] += row[expert] * times(inner, second[expert].T)
    return y


def projected(x: np.ndarray, w: np.ndarray, b: np.ndarray, mask: Any = None, past: Any = None) -> np.ndarray:
    q, k, v = (heads(part, 2) for part in np.split(np.stack([times(row, w) for row in x]) + b, 3, 2))
    if past is not None:
        k, v = np.concatenate([past[0], k], 2), np.concatenate([past[1], v], 2)
    return joined(attention(q, k, v))


def multi_head(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    return joined(attention(heads(q, 2), heads(k, 2), heads(v, 2)))


def grouped(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, past: tuple[np.ndarray, np.ndarray] | None = None
) -> np.ndarray:
    """Four heads of queries, two of keys and values, causal."""
    k, v = heads(k, 2), heads(v, 2)
    if past:
        k, v = np.concatenate([past[0], k], 2), np.concatenate([past[1], v], 2)
    hidden = np.triu(np.ones((q.shape[1], k.shape[2]), bool), 1 + k.shape[2] - q.shape[1])
    return joined(attention(heads(q, 4), k, v, hidden))


def recurrence(rule: str, q: np.ndarray, k: np.ndarray, v: np.ndarray, *gates: np.ndarray) -> np.ndarray:
    """LinearAttention by the formulas of its specification: four heads of queries, two of keys, states of
    (size of a key, size of a value)."""
    q, k, v = heads(q, 4), heads(k, 2), heads(v, 2)
    state = np.zeros((*k.shape[:2], k.shape[3], v.shape[3]))
    found = np.zeros((*q.shape[:3], v.shape[3]))
    for b, h, t in np.ndindex(k.shape[0], k.shape[1], k.shape[2]):
        s, key, value = state[b, h], k[b, h, t], v[b, h, t]
        if "gated" in rule:
            s = s * 0.5
        if "delta" in rule:
            value = value - times(key, s)
        state[b, h] = s = s + plain(num(key)[:, None] * num(value)[None])
        for head in (2 * h, 2 * h + 1):
            found[b, head, t] = times(q[b, head, t], s)
    return joined(found)


def nbits(columns: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (columns, width // 32, 16), np.uint8)


U8 = np.random.default_rng(3).integers(0, 200, (5, 6), np.uint8)
V8 = np.random.default_rng(4).integers(0, 200, (6, 4), np.uint8)
X8 = np.random.default_rng(5).integers(0, 9, (1, 2, 4, 4), np.uint8)
W8 = np.random.default_rng(6).integers(0, 9, (3, 2, 3, 3), np.uint8)
WIDE = np.array(700, "f")
ONE, ZERO = np.array(1, "f"), np.array(0, np.uint8)
LENGTHS = {"seqlens": np.array([4, 4], "i4"), "total": np.array(5, "i4")}
IMAGE, FILTER = a(2, 4, 7, 6), a(6, 2, 3, 3)
BIG = {"x": a(1, 16, 9, 9), "w": a(16, 16, 3, 3)}


def product_of(*_: np.ndarray) -> np.ndarray:
    return times(_[0], _[1])


CASES = [
    Case("Conv", {"x": IMAGE, "w": FILTER}, lambda x, w: correlation(x, w, 2, 1, 1, 2),
         {"group": 2, "strides": [2, 2], "pads": [1] * 4}),
    Case("Conv", {"x": IMAGE, "w": a(3, 4, 2, 2)}, lambda x, w: correlation(x, w, dilation=2), {"dilations": [2, 2]}),
    Case("Conv", {"x": IMAGE, "w": a(4, 1, 3, 3)}, lambda x, w: correlation(x, w, group=4), {"group": 4}),
    Case("ConvInteger", {"x": U8.reshape(1, 1, 5, 6), "w": V8.reshape(1, 1, 6, 4)[:, :, :2, :2].copy()}, correlation),
    Case("DeformConv", {"x": a(1, 2, 4, 4), "w": a(3, 2, 3, 3), "offset": np.zeros((1, 18, 2, 2), "f")},
         lambda x, w, _: correlation(x, w), runs=False, out=(1, 3, 2, 2)),
    Case("CausalConvWithState", {"x": a(2, 3, 5), "w": a(3, 1, 4)},
         depthwise, runs=False, out=(2, 3, 5), beside=('state',)),
    Case("QLinearConv", {"x": X8, "sx": ONE, "zx": ZERO, "w": W8, "sw": ONE, "zw": ZERO, "sy": WIDE, "zy": ZERO},
         lambda x, sx, zx, w, *_: correlation(x, w) / WIDE, tolerance=1),
    Case(f"{MS}.QLinearConv",
         {"x": X8.transpose(0, 2, 3, 1), "sx": ONE, "zx": ZERO, "w": W8, "sw": ONE, "zw": ZERO, "sy": WIDE, "zy": ZERO},
         lambda x, sx, zx, w, *_: correlation(x.transpose(0, 3, 1, 2), w).transpose(0, 2, 3, 1) / WIDE,
         {"channels_last": 1}, tolerance=1),
    Case(f"{MS}.QLinearConvTranspose", {"x": X8, "sx": ONE, "zx": ZERO, "w": W8.swapaxes(0, 1), "sw": ONE, "zw": ZERO,
         "sy": WIDE, "zy": ZERO},
         lambda x, sx, zx, w, *_: conv_transposed(x, w), {"strides": [2, 2]}, runs=False),
    Case("QLinearMatMul", {"a": U8, "sa": ONE, "za": ZERO, "b": V8, "sb": ONE, "zb": ZERO, "sy": WIDE, "zy": ZERO},
         lambda a, sa, za, b, *_: times(a, b) / WIDE, tolerance=1),
    Case(f"{MS}.QGemm", {"a": U8.T.copy(), "sa": ONE, "za": ZERO, "b": V8, "sb": ONE, "zb": ZERO},
         lambda a, sa, za, b, *_: times(a.T, b), {"transA": 1}, runs=False),
    Case(f"{MS}.QAttention", {"x": U8[None, :, :4].copy(), "w": V8.repeat(6, 1)[:4].copy(), "b": np.zeros(24, "f"),
         "sx": ONE, "sw": ONE,
                              "_m": ONE, "zx": ZERO, "zw": ZERO},
         lambda x, w, b, *_: projected(x, w, b), {"num_heads": 2}, ("w", "b", "sw", "zw"), tolerance=np.inf),
    Case(f"{MS}.DynamicQuantizeLSTM",
         {"x": a(5, 2, 3), "w": V8.reshape(1, 3, 8), "r": V8.reshape(1, 3, 8)[:, :2].copy(), "_b": ONE, "_l": ONE,
         "_h": ONE, "_c": ONE, "_p": ONE,
          "sw": ONE[None], "zw": ZERO[None], "sr": ONE[None], "zr": ZERO[None]},
         lambda x, w, r, *_: lstm(x, w.swapaxes(1, 2), r.swapaxes(1, 2)), {"hidden_size": 2}, ("w", "r", "sw", "zw",
         "sr", "zr"), tolerance=np.inf),
    Case("ai.onnx.ml.LinearRegressor", {"x": a(3, 4)}, lambda x: times(x, np.ones((4, 2))),
         {"coefficients": [1.0] * 8, "intercepts": [0.0] * 2, "targets": 2}),
    Case("ai.onnx.ml.LinearClassifier", {"x": a(3, 4)}, lambda x: times(x, np.ones((4, 2))),
         {"coefficients": [1.0] * 8, "intercepts": [0.0] * 2, "classlabels_ints": [0, 1]}, tolerance=np.inf,
         beside=("scores",)),
    Case(f"{MS}.FusedConv", {"x": IMAGE, "w": a(3, 4, 3, 3)}, lambda x, w: np.maximum(correlation(x, w), 0),
         {"activation": "Relu"}),
    Case(f"{MS}.NhwcConv", {"x": a(1, 5, 5, 2), "w": a(3, 2, 3, 3)},
         lambda x, w: correlation(x.transpose(0, 3, 1, 2), w), runs=False, out=(1, 3, 3, 3)),
    Case(f"{MS}.NhwcFusedConv", {"x": a(1, 5, 5, 2), "w": a(3, 2, 3, 3)},
         lambda x, w: correlation(x.transpose(0, 3, 1, 2), w), runs=False, out=(1, 3, 3, 3)),
    Case(f"{NHWC}.Conv", {"x": a(1, 5, 5, 2), "w": a(3, 2, 3, 3)},
         lambda x, w: correlation(x.transpose(0, 3, 1, 2), w), runs=False, out=(1, 3, 3, 3)),
    Case(f"{NCHWC}.Conv", BIG, correlation, runs=False, out=(1, 16, 7, 7)),
    Case("ConvTranspose", {"x": a(2, 3, 4, 4), "w": a(3, 5, 3, 3)}, conv_transposed, {"strides": [2, 2]}),
    Case("MatMul", {"a": a(2, 1, 3, 4), "b": a(5, 4, 6)}, product_of),
    Case("MatMul", {"a": a(4), "b": a(2, 4, 3)}, product_of),
    Case("MatMul", {"a": a(2, 3, 4), "b": a(4)}, product_of),
    Case("MatMul", {"a": a(4), "b": a(4)}, product_of),
    Case("MatMulInteger", {"a": U8, "b": V8}, product_of),
    Case(f"{MS}.MatMulInteger16", {"a": a(3, 4).astype("i2"), "b": a(4, 2).astype("i2")}, product_of),
    Case(f"{MS}.MatMulIntegerToFloat", {"a": U8, "b": V8, "sa": ONE, "sb": ONE}, product_of, constants=("b", "sa", "sb")),
    Case(f"{MS}.DynamicQuantizeMatMul", {"a": a(3, 6), "b": V8, "sb": ONE}, product_of, constants=("b", "sb"), tolerance=0.1),
    Case(f"{MS}.GemmFastGelu", {"a": a(2, 3, 4), "b": a(4, 5)}, product_of, runs=False),
    Case(f"{MS}.FusedMatMul", {"a": a(2, 4, 3), "b": a(2, 5, 4)}, lambda a, b: times(a.swapaxes(1, 2), b.swapaxes(1, 2)),
         {"transA": 1, "transB": 1}),
    Case(f"{MS}.FusedMatMul", {"a": a(6, 2, 3, 4), "b": a(2, 3, 4, 5)}, lambda a, b: times(a.transpose(1, 2, 0, 3), b),
         {"transBatchA": 1}),
    Case(f"{MS}.FusedMatMul", {"a": a(4, 2, 3, 6), "b": a(2, 3, 4, 5)}, lambda a, b: times(a.transpose(1, 2, 3, 0), b),
         {"transBatchA": 1, "transA": 1}),
    Case(f"{MS}.TransposeMatMul", {"a": a(4, 3), "b": a(4, 5)}, lambda a, b: times(a.T, b), {"transA": 1}),
    Case(f"{MS}.FusedMatMulActivation", {"a": a(4, 3), "b": a(5, 4)}, lambda a, b: times(a.T, b.T),
         {"transA": 1, "transB": 1, "activation": "Relu"}, runs=False),
    Case("Gemm", {"a": a(4, 3), "b": a(5, 4), "c": a(5)}, lambda a, b, c: times(a.T, b.T) + c, {"transA": 1, "transB": 1}),
    Case(f"{MS}.FusedGemm", {"a": a(3, 4), "b": a(4, 5)}, lambda a, b: np.maximum(times(a, b), 0), {"activation": "Relu"}),
    Case(f"{MS}.MatMulNBits", {"a": a(2, 3, 32), "b": nbits(5, 32), "s": np.ones(5, "f")},
         lambda a, b, s: times(a, np.stack([b & 15, b >> 4], -1).reshape(5, 32).T - 8.0), {"K": 32, "N": 5, "bits": 4,
         "block_size": 32},
         ("b", "s")),
    Case(f"{MS}.MatMulBnb4", {"a": a(2, 3, 32), "b": np.zeros(80, np.uint8), "s": np.ones(5, "f")},
         lambda a, b, s: times(a, np.ones((32, 5))), {"K": 32, "N": 5, "block_size": 32, "quant_type": 1}, ("b", "s"),
         tolerance=np.inf),
    Case(f"{MS}.MatMulFpQ4", {"a": a(3, 32), "b": np.zeros(100, np.uint8), "shape": np.array([32, 5])},
         lambda a, b, _: times(a, np.ones((32, 5))), {"blk_quant_type": 0}, ("b", "shape"), runs=False, out=(3, 5)),
    Case("Einsum", {"a": a(2, 3, 4), "b": a(2, 4, 5)}, product_of, {"equation": "bij,bjk->bik"}),
    Case("Einsum", {"a": a(2, 3, 4), "b": a(2, 4, 5)}, product_of, {"equation": "...ij, ...jk -> ...ik"}),
    Case("Einsum", {"a": a(3, 4), "b": a(5, 4)}, lambda a, b: times(a, b.T), {"equation": "ij,kj"}),
    Case("Einsum", {"a": a(3, 4, 2), "b": a(4, 5)}, lambda a, b: times(a.sum(2), b), {"equation": "ijs,jk->ik"}),
    Case("Einsum", {"a": a(3), "b": a(4)}, lambda a, b: times(a[:, None], b[None]), {"equation": "i,j->ij"}),
    Case("Einsum", {"a": a(3, 4)}, lambda a: a.sum(1), {"equation": "ij->i"}),
    Case("AffineGrid", {"theta": a(2, 2, 3), "size": np.array([2, 1, 4, 5])},
         lambda theta, size: times(np.ones((2, 1, 20, 3)), theta.swapaxes(1, 2)[:, None]), constants=("size",), runs=False,
         out=(2, 4, 5, 2)),
    Case(f"{MS}.MoE", {"x": a(5, 8), "router": a(5, 4), "first": a(4, 6, 8), "_b1": ONE, "second": a(4, 8, 6)},
         lambda x, r, f, _, s: experts(x, r, f, s, 2), {"k": 2, "activation_type": "relu"}, ("first", "second"), out=(5, 8)),
    Case(f"{MS}.QMoE", {"x": a(5, 32), "router": a(5, 4), "first": np.full((4, 16, 16), 0x99, np.uint8),
         "s1": np.ones((4, 16), "f"),
                        "_b1": ONE, "second": np.full((4, 32, 8), 0x99, np.uint8), "s2": np.ones((4, 32), "f")},
         lambda x, r, f, s1, _, s, s2: experts(x, r, np.ones((4, 16, 32)), np.ones((4, 32, 16)), 2),
         {"k": 2, "activation_type": "relu", "expert_weight_bits": 4}, ("first", "s1", "second", "s2"), out=(5, 32),
         tolerance=np.inf),
    Case("RNN", {"x": a(5, 2, 3), "w": a(1, 4, 3), "r": a(1, 4, 4)}, rnn, {"hidden_size": 4}),
    Case("GRU", {"x": a(5, 2, 3), "w": a(1, 12, 3), "r": a(1, 12, 4)}, gru, {"hidden_size": 4}),
    Case("LSTM", {"x": a(5, 2, 3), "w": a(2, 16, 3), "r": a(2, 16, 4)}, lstm, {"hidden_size": 4, "direction": "bidirectional"}),
    Case("Attention", {"q": a(2, 4, 5, 3), "k": a(2, 2, 6, 3), "v": a(2, 2, 6, 4)}, attention),
    Case("Attention", {"q": a(2, 5, 12), "k": a(2, 6, 6), "v": a(2, 6, 8)},
         lambda q, k, v: joined(attention(heads(q, 4), heads(k, 2), heads(v, 2))), {"q_num_heads": 4, "kv_num_heads": 2}),
    Case("Attention", {"q": a(2, 2, 5, 3), "k": a(2, 2, 6, 3), "v": a(2, 2, 6, 3), "_m": ONE, "pk": a(2, 2, 7, 3),
         "pv": a(2, 2, 7, 3)},
         lambda q, k, v, _, pk, pv: attention(q, np.concatenate([pk, k], 2), np.concatenate([pv, v], 2)), beside=("nk", "nv")),
    Case("ai.onnx.preview.FlexAttention", {"q": a(2, 4, 5, 3), "k": a(2, 2, 6, 3), "v": a(2, 2, 6, 4)}, attention, runs=False,
         out=(2, 4, 5, 4)),
    Case(f"{MS}.Attention", {"x": a(2, 5, 6), "w": a(6, 24), "b": a(24)}, projected, {"num_heads": 2}, ("w", "b")),
    Case(f"{MS}.Attention", {"x": a(2, 5, 6), "w": a(6, 24), "b": a(24), "_m": ONE, "past": a(2, 2, 2, 3, 4)}, projected,
         {"num_heads": 2}, ("w", "b"), runs=False, out=(2, 5, 8)),
    Case(f"{MS}.MultiHeadAttention", {"q": a(2, 5, 8), "k": a(2, 6, 8), "v": a(2, 6, 6)}, multi_head, {"num_heads": 2}),
    Case(f"{MS}.MultiHeadAttention", {"q": a(2, 5, 8), "k": a(2, 2, 6, 4), "v": a(2, 2, 6, 4)},
         lambda q, k, v: joined(attention(heads(q, 2), k, v)), {"num_heads": 2}),
    Case(f"{MS}.GroupQueryAttention",
         {"q": a(2, 5, 32), "k": a(2, 5, 16), "v": a(2, 5, 16), "_pk": ONE, "_pv": ONE, **LENGTHS},
         lambda q, k, v, *_: grouped(q, k, v), {"num_heads": 4, "kv_num_heads": 2}, ("total",)),
    Case(f"{MS}.GroupQueryAttention",
         {"q": a(2, 1, 32), "k": a(2, 1, 16), "v": a(2, 1, 16), "pk": a(2, 2, 4, 8), "pv": a(2, 2, 4, 8), **LENGTHS},
         lambda q, k, v, pk, pv, *_: grouped(q, k, v, (pk, pv)), {"num_heads": 4, "kv_num_heads": 2}, ("total",),
         beside=("nk", "nv")),
    *(Case("LinearAttention", {"q": a(2, 3, 12), "k": a(2, 3, 6), "v": a(2, 3, 8), **gates},
           lambda *arrays, rule=rule: recurrence(rule, *arrays), {"q_num_heads": 4, "kv_num_heads": 2, "update_rule": rule},
           runs=False, out=(2, 3, 16), beside=('state',))
      for rule, gates in {
          "linear": {}, "gated": {"_p": ONE, "g": a(2, 3, 2)}, "delta": {"_p": ONE, "_g": ONE, "beta": a(2, 3, 2)},
          "gated_delta": {"_p": ONE, "g": a(2, 3, 2), "beta": a(2, 3, 2)},
      }.items()),
]  # fmt: skip
