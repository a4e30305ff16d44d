"""Small models of every kind that a rule on fields, time or batches must judge rightly: what holds of each is measured.

Each net names the axis that time (or rows) runs along, and the batch axis, for the measurement; rules find them by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

T = 24
"""Positions along the axis that is judged: more than any local field here."""

Dims = tuple[int | str, ...]


@dataclass(frozen=True)
class Net:
    """A model, and where its axes are.

    Attributes:
        inputs: shapes that are measured with.
        time: (input, axis) along which positions run.
        out: per output, its axis along which positions run; None when it has none.
        stride: input positions per output position.
        batch: per input or output, its batch axis; left out when it has none.
    """

    model: onnx.ModelProto
    inputs: Mapping[str, tuple[int, ...]]
    time: tuple[str, int]
    out: Mapping[str, int | None]
    stride: Mapping[str, float] = field(default_factory=dict)
    batch: Mapping[str, int] = field(default_factory=dict)


NETS: dict[str, Callable[[], Net]] = {}


def net(name: str) -> Callable[[Callable[[], Net]], Callable[[], Net]]:
    """Register what makes a net."""

    def register(make: Callable[[], Net]) -> Callable[[], Net]:
        assert name not in NETS
        NETS[name] = make
        return make

    return register


class Writer:
    """Nodes and weights, one after the other; every method gives the name of what it makes."""

    def __init__(self, opset: int = 17) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.opset = opset
        self.random = np.random.default_rng(7)

    def const(self, value: Any, dtype: Any = np.float32) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def ints(self, *values: int) -> str:
        return self.const(values, np.int64)

    def normal(self, *shape: int, scale: float = 0.5) -> str:
        return self.const(self.random.normal(size=shape) * scale)

    def many(self, op: str, inputs: list[str], outputs: int, **attrs: Any) -> list[str]:
        made = [f"t{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, made, f"n{len(self.nodes)}", **attrs))
        return made

    def op(self, op: str, *inputs: str, **attrs: Any) -> str:
        return self.many(op, list(inputs), 1, **attrs)[0]

    def conv(self, x: str, kernel: int, channels: tuple[int, int] = (2, 2), dims: int = 1, **attrs: Any) -> str:
        return self.op("Conv", x, self.normal(channels[1], channels[0], *[kernel] * dims), **attrs)

    def causal(self, x: str, kernel: int = 3, dilation: int = 1, **attrs: Any) -> str:
        return self.conv(x, kernel, pads=[(kernel - 1) * dilation, 0], dilations=[dilation], **attrs)

    def centered(self, x: str, kernel: int = 3) -> str:
        return self.conv(x, kernel, pads=[kernel // 2] * 2)

    def swap(self, x: str, *perm: int) -> str:
        return self.op("Transpose", x, perm=perm)

    def recurrent(
        self, op: str, x: str, direction: str = "forward", hidden: int = 3, features: int = 2, **attrs: Any
    ) -> str:
        """All of Y, (T, directions, N, hidden)."""
        gates, ways = {"LSTM": 4, "GRU": 3, "RNN": 1}[op], 1 + (direction == "bidirectional")
        w, r = self.normal(ways, gates * hidden, features), self.normal(ways, gates * hidden, hidden)
        return self.op(op, x, w, r, hidden_size=hidden, direction=direction, **attrs)

    def joined(self, y: str, ways: int, hidden: int = 3) -> str:
        """Y as (T, N, directions * hidden)."""
        return self.op("Reshape", self.swap(y, 0, 2, 1, 3), self.ints(0, 0, ways * hidden))

    def attention(self, x: str, mask: np.ndarray | None = None, features: int = 4, where: bool = False) -> str:
        """Of one head, over x (N, T, features)."""
        q, k, v = (self.op("MatMul", x, self.normal(features, features)) for _ in range(3))
        scores = self.op("MatMul", q, self.swap(k, 0, 2, 1))
        if where:
            scores = self.op("Where", self.const(mask, bool), scores, self.const(-np.inf))
        elif mask is not None:
            scores = self.op("Add", scores, self.const(mask))
        return self.op("MatMul", self.op("Softmax", scores, axis=-1), v)

    def finish(
        self, inputs: Mapping[str, Dims], outputs: Mapping[str, str], types: Mapping[str, int] | None = None
    ) -> onnx.ModelProto:
        """The model; `outputs`: name to the tensor that it shows."""
        for name, source in outputs.items():
            self.nodes.append(helper.make_node("Identity", [source], [name], f"out_{name}"))
        types = types or {}
        graph = helper.make_graph(
            self.nodes,
            "net",
            [
                helper.make_tensor_value_info(n, types.get(n, TensorProto.FLOAT), list(dims))
                for n, dims in inputs.items()
            ],
            [helper.make_value_info(name, onnx.TypeProto()) for name in outputs],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=9)
        return onnx.shape_inference.infer_shapes(model)


def sequence(make: Callable[[Writer, str], str], axis: int = 2, shape: tuple[int, ...] = (1, 2, T), **more: Any) -> Net:
    """A net over x, of which `make` writes y; time runs along the same axis of both."""
    writer = Writer()
    model = writer.finish({"x": shape}, {"y": make(writer, "x")})
    return Net(model, {"x": shape}, ("x", axis), {"y": axis}, **more)


def tril(n: int, inside: float = 0.0, outside: float = -np.inf) -> np.ndarray:
    return np.where(np.tril(np.ones((n, n), bool)), inside, outside).astype(np.float32)


SEQUENCES: dict[str, Callable[[Writer, str], str]] = {  # over (1, 2, T)
    "causal conv": lambda w, x: w.causal(x),
    "centred conv": lambda w, x: w.centered(x),
    "causal stack, dilated": lambda w, x: w.causal(w.op("Relu", w.causal(x, 2)), 3, 2),
    "depthwise causal conv": lambda w, x: w.op("Conv", x, w.normal(2, 1, 4), group=2, pads=[3, 0]),
    "anticausal conv": lambda w, x: w.conv(x, 3, pads=[0, 2]),
    "gated causal block": lambda w, x: w.op(
        "Add", x, w.op("Mul", w.op("Tanh", w.causal(x, 2, 2)), w.op("Sigmoid", w.causal(x, 2, 2)))
    ),
    "causal conv under a gate over time": lambda w, x: w.op(
        "Mul", w.causal(x), w.op("Sigmoid", w.conv(w.op("GlobalAveragePool", x), 1))
    ),
    "gate over channels": lambda w, x: w.op(
        "Mul", x, w.op("Sigmoid", w.op("ReduceMean", w.causal(x), axes=[1], keepdims=1))
    ),
    "instance norm over time": lambda w, x: w.op(
        "InstanceNormalization", w.causal(x), w.const([1, 1.5]), w.const([0, 0.1])
    ),
    "layer norm over channels": lambda w, x: w.swap(
        w.op("LayerNormalization", w.swap(w.causal(x), 0, 2, 1), w.const([1, 1.2])), 0, 2, 1
    ),
    "layer norm over time": lambda w, x: w.op("LayerNormalization", w.causal(x), w.normal(T)),
    "softmax over time": lambda w, x: w.op("Softmax", x, axis=2),
    "softmax over channels": lambda w, x: w.op("Softmax", w.causal(x), axis=1),
    "largest over time, added": lambda w, x: w.op("Add", x, w.op("ReduceMax", x, axes=[2], keepdims=1)),
    "running sum": lambda w, x: w.op("CumSum", x, w.const(2, np.int64)),
    "running sum, exclusive": lambda w, x: w.op("CumSum", x, w.const(2, np.int64), exclusive=1),
    "running sum from the end": lambda w, x: w.op("CumSum", x, w.const(2, np.int64), reverse=1),
    "running mean": lambda w, x: w.op(
        "Div", w.op("CumSum", x, w.const(2, np.int64)), w.const(np.arange(1, T + 1).reshape(1, 1, T))
    ),
    "lower triangular weights": lambda w, x: w.op("MatMul", x, w.const(np.triu(w.random.normal(size=(T, T))))),
    "dense weights over time": lambda w, x: w.op("MatMul", x, w.normal(T, T)),
    "edge pad in front": lambda w, x: w.conv(w.op("Pad", x, w.ints(0, 0, 2, 0, 0, 0), mode="edge"), 3),
    "reflect pad in front": lambda w, x: w.conv(w.op("Pad", x, w.ints(0, 0, 2, 0, 0, 0), mode="reflect"), 3),
    "one step back": lambda w, x: w.op(
        "Concat", w.const(np.zeros((1, 2, 1))), w.op("Slice", x, w.ints(0), w.ints(T - 1), w.ints(2)), axis=2
    ),
    "one step ahead": lambda w, x: w.op(
        "Concat", w.op("Slice", x, w.ints(1), w.ints(T), w.ints(2)), w.const(np.zeros((1, 2, 1))), axis=2
    ),
    "a roll": lambda w, x: w.op(
        "Concat",
        w.op("Slice", x, w.ints(T - 2), w.ints(T), w.ints(2)),
        w.op("Slice", x, w.ints(0), w.ints(T - 2), w.ints(2)),
        axis=2,
    ),
    "reversed": lambda w, x: w.op("Slice", x, w.ints(-1), w.ints(-T - 1), w.ints(2), w.ints(-1)),
    "reversed twice around a conv": lambda w, x: w.op(
        "Slice",
        w.conv(w.op("Slice", x, w.ints(-1), w.ints(-T - 1), w.ints(2), w.ints(-1)), 3, pads=[0, 2]),
        w.ints(-1),
        w.ints(-T - 1),
        w.ints(2),
        w.ints(-1),
    ),
    "causal branches of unequal depth": lambda w, x: w.op(
        "Concat", w.causal(x), w.causal(w.causal(x), 4, 2), x, axis=1
    ),
    "causal branch beside a centred one": lambda w, x: w.op("Concat", w.causal(x), w.centered(x, 5), axis=1),
    "average pool, causal": lambda w, x: w.op("AveragePool", x, kernel_shape=[4], pads=[3, 0], count_include_pad=1),
    "sorted along time": lambda w, x: w.many("TopK", [x, w.ints(T)], 2, axis=2)[0],
    "a picked frame, added": lambda w, x: w.op("Add", x, w.op("Gather", x, w.ints(T - 1), axis=2)),
    "the first frame, added": lambda w, x: w.op("Add", x, w.op("Gather", x, w.ints(0), axis=2)),
    "x times its own past": lambda w, x: w.op(
        "Mul", x, w.op("Slice", w.op("Pad", x, w.ints(0, 0, 1, 0, 0, 0)), w.ints(0), w.ints(T), w.ints(2))
    ),
    "x times its own future": lambda w, x: w.op(
        "Mul", x, w.op("Slice", w.op("Pad", x, w.ints(0, 0, 0, 0, 0, 1)), w.ints(1), w.ints(T + 1), w.ints(2))
    ),
}

for _name, _make in SEQUENCES.items():
    NETS[_name] = lambda make=_make: sequence(make, batch={})


STRIDED: dict[str, tuple[float, Callable[[Writer, str], str]]] = {  # stride, over (1, 2, T)
    "strided, first of its step": (2, lambda w, x: w.conv(x, 4, pads=[3, 0], strides=[2])),
    "strided, last of its step": (2, lambda w, x: w.conv(x, 4, pads=[2, 0], strides=[2])),
    "repeated three times": (
        1 / 3,
        lambda w, x: w.op(
            "Resize",
            w.causal(x),
            "",
            w.const([1, 1, 3]),
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        ),
    ),
    "transposed convolution": (0.5, lambda w, x: w.op("ConvTranspose", w.causal(x, 2), w.normal(2, 2, 2), strides=[2])),
    "linear upsampling": (0.5, lambda w, x: w.op("Resize", w.causal(x), "", w.const([1, 1, 2]), mode="linear")),
}

for _name, (_stride, _make) in STRIDED.items():
    NETS[_name] = lambda make=_make, stride=_stride: sequence(make, stride={"y": stride})


def retained(w: Writer, x: str) -> str:
    """Scores of x (N, T, features) by itself, times a decay that is zero for what comes later."""
    apart = np.abs(np.subtract.outer(np.arange(T), np.arange(T)))
    return w.op("Mul", w.op("MatMul", x, w.swap(x, 0, 2, 1)), w.const(np.tril(0.9**apart)))


def normalised(w: Writer, scores: str) -> str:
    """Scores over the sum of their sizes along the keys."""
    total = w.op("ReduceSum", w.op("Abs", scores), w.ints(2))
    return w.op("Div", scores, w.op("Add", total, w.const(1.0)))


TOKENS: dict[str, Callable[[Writer, str], str]] = {  # over (1, T, 4)
    "self-attention": lambda w, x: w.attention(x),
    "self-attention with a residual": lambda w, x: w.op("Add", x, w.attention(x)),
    "causal attention": lambda w, x: w.attention(x, tril(T)),
    "causal attention with a residual": lambda w, x: w.op("Add", x, w.attention(x, tril(T))),
    "causal attention by Where": lambda w, x: w.op("Add", x, w.attention(x, tril(T, 1, 0), where=True)),
    "attention under a soft mask": lambda w, x: w.op("Add", x, w.attention(x, tril(T, 0, -3))),
    "attention to the past alone": lambda w, x: w.op(
        "Add", x, w.attention(x, np.where(np.eye(T, k=0) + np.tril(np.ones((T, T)), -1) > 0, 0, -np.inf))
    ),
    "windowed causal attention": lambda w, x: w.attention(
        x, np.where(np.tril(np.ones((T, T))) * np.triu(np.ones((T, T)), -4) > 0, 0, -np.inf)
    ),
    "retention": lambda w, x: w.op("MatMul", retained(w, x), x),
    "retention, normalised": lambda w, x: w.op("MatMul", normalised(w, retained(w, x)), x),
    "tokens one by one": lambda w, x: w.op("MatMul", x, w.normal(4, 4)),
    "mixed over tokens": lambda w, x: w.swap(w.op("MatMul", w.swap(x, 0, 2, 1), w.normal(T, T)), 0, 2, 1),
}

for _name, _make in TOKENS.items():
    NETS[_name] = lambda make=_make: sequence(make, 1, (1, T, 4))


@dataclass(frozen=True)
class Recurrent:
    op: str
    direction: str = "forward"
    batch_first: bool = False


RECURRENT = {
    "LSTM": Recurrent("LSTM"),
    "LSTM, reverse": Recurrent("LSTM", "reverse"),
    "LSTM, both ways": Recurrent("LSTM", "bidirectional"),
    "GRU": Recurrent("GRU"),
    "GRU, batch first": Recurrent("GRU", batch_first=True),
    "GRU, both ways, batch first": Recurrent("GRU", "bidirectional", True),
    "RNN": Recurrent("RNN"),
    "RNN, reverse, batch first": Recurrent("RNN", "reverse", True),
}


def recurrent(kind: Recurrent) -> Net:
    """x (T, N, 2), or (N, T, 2), to scores of the same layout; two samples."""
    w = Writer()
    shape = (2, T, 2) if kind.batch_first else (T, 2, 2)
    x = w.swap("x", 1, 0, 2) if kind.batch_first else "x"
    ways = 1 + (kind.direction == "bidirectional")
    y = w.joined(w.recurrent(kind.op, x, kind.direction), ways)
    y = w.op("MatMul", w.swap(y, 1, 0, 2) if kind.batch_first else y, w.normal(3 * ways, 5))
    dims: Dims = ("n", T, 2) if kind.batch_first else (T, "n", 2)
    axis, batch = (1, 0) if kind.batch_first else (0, 1)
    return Net(w.finish({"x": dims}, {"y": y}), {"x": shape}, ("x", axis), {"y": axis}, batch={"x": batch, "y": batch})


for _name, _kind in RECURRENT.items():
    NETS[_name] = lambda kind=_kind: recurrent(kind)


@net("LSTM with its states as inputs")
def _() -> Net:
    w = Writer()
    y, h, c = w.many("LSTM", ["x", w.normal(1, 12, 2), w.normal(1, 12, 3), "", "", "h0", "c0"], 3, hidden_size=3)
    model = w.finish({"x": (T, "n", 2), "h0": (1, "n", 3), "c0": (1, "n", 3)}, {"y": w.joined(y, 1), "h": h, "c": c})
    shapes = {"x": (T, 2, 2), "h0": (1, 2, 3), "c0": (1, 2, 3)}
    batch = {"x": 1, "h0": 1, "c0": 1, "y": 1, "h": 1, "c": 1}
    return Net(model, shapes, ("x", 0), {"y": 0, "h": None, "c": None}, batch=batch)


@net("convolution, then GRU both ways")
def _() -> Net:
    w = Writer()
    y = w.recurrent("GRU", w.swap(w.causal("x"), 2, 0, 1), "bidirectional")
    model = w.finish({"x": ("n", 2, T)}, {"y": w.swap(w.joined(y, 2), 1, 2, 0)})
    return Net(model, {"x": (2, 2, T)}, ("x", 2), {"y": 2}, batch={"x": 0, "y": 0})


@net("two outputs, the second centred")
def _() -> Net:
    w = Writer()
    first = w.causal("x")
    model = w.finish({"x": ("n", 2, T)}, {"first": first, "second": w.centered(first, 5)})
    return Net(model, {"x": (2, 2, T)}, ("x", 2), {"first": 2, "second": 2}, batch={"x": 0, "first": 0, "second": 0})


@net("named time")
def _() -> Net:
    w = Writer()
    model = w.finish({"x": ("batch", 2, "time")}, {"y": w.causal("x")})
    return Net(model, {"x": (2, 2, T)}, ("x", 2), {"y": 2}, batch={"x": 0, "y": 0})


@net("named time, the future through a gate")
def _() -> Net:
    w = Writer()
    gate = w.op("Sigmoid", w.op("ReduceMean", "x", axes=[1], keepdims=1))
    model = w.finish({"x": ("batch", "frames", 4)}, {"y": w.op("Mul", "x", gate)})
    return Net(model, {"x": (2, T, 4)}, ("x", 1), {"y": 1}, batch={"x": 0, "y": 0})


def spectrogram(pads: list[int]) -> Net:
    """A convolution over (N, 1, F, T); `pads` as ONNX writes them."""
    w = Writer()
    model = w.finish({"x": ("n", 1, 9, T)}, {"y": w.conv("x", 3, (1, 2), 2, pads=pads)})
    return Net(model, {"x": (2, 1, 9, T)}, ("x", 3), {"y": 3}, batch={"x": 0, "y": 0})


NETS["spectrogram, causal in time"] = lambda: spectrogram([1, 2, 1, 0])
NETS["spectrogram, centred"] = lambda: spectrogram([1, 1, 1, 1])


BATCHES: dict[str, Callable[[Writer, str], str]] = {  # over (3, 2, T), three samples
    "batch norm": lambda w, x: w.op("BatchNormalization", x, *(w.const(v) for v in ([1, 2], [0, 1], [0.1, 0], [1, 2]))),
    "centred over the batch": lambda w, x: w.op("Sub", x, w.op("ReduceMean", x, axes=[0], keepdims=1)),
    "softmax over the batch": lambda w, x: w.op("Softmax", x, axis=0),
    "batch turned round": lambda w, x: w.op("Slice", x, w.ints(-1), w.ints(-4), w.ints(0), w.ints(-1)),
    "the first sample for all": lambda w, x: w.op("Add", x, w.op("Gather", x, w.ints(0), axis=0)),
    "batch and channels laid together and apart": lambda w, x: w.op(
        "Reshape", w.op("Relu", w.op("Reshape", x, w.ints(6, T))), w.ints(3, 2, T)
    ),
    "laid apart wrongly": lambda w, x: w.op(
        "Reshape", w.op("ReduceSum", w.op("Reshape", x, w.ints(2, 3, T)), w.ints(1), keepdims=1), w.ints(1, 2, T)
    ),
    "samples attend to each other": lambda w, x: w.op(
        "Reshape", w.attention(w.op("Reshape", w.swap(x, 2, 0, 1), w.ints(T, 3, 2)), features=2), w.ints(T, 3, 2)
    ),
}


def batched(name: str) -> Net:
    w = Writer()
    made = BATCHES[name](w, "x")
    attends = name == "samples attend to each other"
    made = w.swap(made, 1, 2, 0) if attends else made
    return Net(w.finish({"x": (3, 2, T)}, {"y": made}), {"x": (3, 2, T)}, ("x", 2), {"y": 2}, batch={"x": 0, "y": 0})


for _name in BATCHES:
    NETS[_name] = lambda name=_name: batched(name)


IMAGES: dict[str, tuple[float, Callable[[Writer, str], str]]] = {  # stride, over (1, 2, T, 5): rows are judged
    "image, one convolution": (1, lambda w, x: w.conv(x, 3, dims=2, pads=[1, 1, 1, 1])),
    "image, squeeze and excitation": (
        1,
        lambda w, x: w.op(
            "Mul", x, w.op("Sigmoid", w.conv(w.op("GlobalAveragePool", w.conv(x, 3, dims=2)), 1, dims=2))
        ),
    ),
    "image, pooled by two": (
        2,
        lambda w, x: w.op("MaxPool", w.conv(x, 3, dims=2, pads=[1, 1, 1, 1]), kernel_shape=[2, 1], strides=[2, 1]),
    ),
    "image, down and up again": (
        1,
        lambda w, x: w.op(
            "Add",
            x,
            w.op(
                "Resize",
                w.conv(w.op("AveragePool", x, kernel_shape=[2, 1], strides=[2, 1]), 3, dims=2, pads=[1, 1, 1, 1]),
                "",
                w.const([1, 1, 2, 1]),
                mode="nearest",
            ),
        ),
    ),
    "image, normalised over space": (
        1,
        lambda w, x: w.op(
            "InstanceNormalization", w.conv(x, 3, dims=2, pads=[1, 1, 1, 1]), w.const([1, 1]), w.const([0, 0])
        ),
    ),
    "image, misaligned branches": (
        1,
        lambda w, x: w.op("Add", w.conv(x, 3, dims=2, pads=[0, 1, 2, 1]), w.conv(x, 3, dims=2, pads=[1, 1, 1, 1])),
    ),
}

for _name, (_stride, _make) in IMAGES.items():
    NETS[_name] = lambda make=_make, stride=_stride: sequence(make, 2, (1, 2, T, 5), stride={"y": stride})
