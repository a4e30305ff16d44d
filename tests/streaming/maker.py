"""Random nets that can be streamed: one seed, one graph of the operators that have rules.

A tensor is (batch, channels, frames), or with a second axis of space behind or before the frames. Joins are of tensors that were
made at the same rate and have the same length; where lengths differ, the longer one is cut at its end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PROBE = 97
"""Frames at which a net is run while it is made."""


@dataclass(frozen=True)
class T:
    """A tensor: its name, channels, rate (up, down), and frames when the input has `PROBE`."""

    name: str
    channels: int
    rate: tuple[int, int]
    frames: int


class Maker:
    """Writes one net."""

    def __init__(self, seed: int, wild: bool = False) -> None:
        self.rng = np.random.default_rng(seed)
        self.wild = wild
        self.attentive = seed % 4 == 1
        self.lays = seed % 5 == 2
        self.bytes = {3: np.uint8, 8: np.int8}.get(seed % 10)  # what convolutions read is held in 8 bits
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[TensorProto] = []
        self.space = int(self.rng.integers(0, 3))  # axes of space beside the frames
        self.axis = 2 + int(self.rng.integers(0, self.space + 1)) if self.space < 2 else 2
        self.space = min(self.space, 1)
        self.axis = min(self.axis, 2 + self.space)
        self.width = 3
        self.walks = {1: self.scan, 3: self.spectrum}.get(seed % 4, self.recurrent)
        self.walking = seed % 9 == 4  # scans, or spectra, one behind the other
        if self.walking:
            self.walks = (self.scan, self.spectrum)[seed % 2]
        self.second = seed % 7 == 3  # a second input, of as many frames
        self.more: list[Callable[[Maker, T], T]] = []  # blocks beside those of this class

    def one(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def chance(self, share: float = 0.5) -> bool:
        return bool(self.rng.random() < share)

    def pick(self, *of: Any) -> Any:
        return of[self.one(0, len(of) - 1)]

    def constant(self, value: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def numbers(self, *shape: int) -> str:
        drawn = self.rng.standard_normal(shape) * 0.6
        if self.bytes:  # sums are exact then: a number that is rounded to 8 bits is the same in chunks
            drawn = np.round(drawn * 16) / 16
        return self.constant(drawn.astype(np.float32))

    def held(self, x: T) -> T:
        """In 8 bits, and real again; maybe padded or the highest of two in between, as exporters leave it."""
        if self.bytes is None:
            return x
        zero = self.constant(np.array(self.one(0, 100), self.bytes))
        ends = [self.constant(np.array(1 / self.pick(8, 16, 32), np.float32)), zero]
        small = replace(x, name=self.add("QuantizeLinear", x.name, *ends))
        roll = self.one(0, 5)
        if roll == 0:
            small = replace(small, name=self.add("Transpose", small.name, perm=list(range(3 + self.space))))
        if roll == 1:
            begin = self.one(0, 3)
            pads = self.ints(*self.full(begin, 0), *self.full(0, 0))
            small = replace(small, name=self.add("Pad", small.name, pads, zero), frames=x.frames + begin)
        if roll == 2 and x.frames > 8:
            ends_of = [*self.along(1, 0), *self.along(0, 0)]
            small = replace(small, name=self.add("MaxPool", small.name, kernel_shape=self.along(2, 1), pads=ends_of))
        return replace(small, name=self.add("DequantizeLinear", small.name, *ends))

    def add(self, op: str, *inputs: str, outputs: int = 1, **attrs: Any) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name] + [""] * (outputs - 1), name, **attrs))
        return name

    def along(self, time: Any, other: Any) -> list[Any]:
        """Values of the axes after the channels."""
        if not self.space:
            return [time]
        return [time, other] if self.axis == 2 else [other, time]

    def full(self, time: Any, other: Any) -> list[Any]:
        """Values of all axes."""
        return [other, other, *self.along(time, other)]

    # Blocks -----------------------------------------------------------------------------------------------------------------

    def conv(self, x: T) -> T:
        x = self.held(x)
        kernel, dilation = self.one(1, 4), self.one(1, 3)
        stride = self.pick(1, 1, 1, 2, 3) if x.frames > 20 and x.rate[1] <= 4 else 1
        span = (kernel - 1) * dilation + 1
        most = span + 2 if self.wild else span - 1
        begin, end = self.pick((0, 0), (span - 1, 0), (span // 2, span // 2), (self.one(0, most), self.one(0, most)))
        frames = (x.frames + begin + end - span) // stride + 1
        if frames < 4:
            return x
        out, kept = self.pick(x.channels, 2, 3), self.width and 0
        weight = self.numbers(out, x.channels, *self.along(kernel, 1))
        attrs = {
            "kernel_shape": self.along(kernel, 1),
            "strides": self.along(stride, 1),
            "dilations": self.along(dilation, 1),
            "pads": [*self.along(begin, kept), *self.along(end, kept)],
        }
        inputs = [x.name, weight] + ([self.numbers(out)] if self.chance(0.8) else [])
        return T(self.add("Conv", *inputs, **attrs), out, (x.rate[0], x.rate[1] * stride), frames)

    def pool(self, x: T) -> T:
        kernel = self.one(1, 4)
        stride = self.pick(1, 1, 2) if x.frames > 20 and x.rate[1] <= 4 else 1
        begin, end = self.pick((0, 0), (self.one(0, kernel - 1), self.one(0, kernel - 1)))
        frames = (x.frames + begin + end - kernel) // stride + 1
        if frames < 4:
            return x
        op = self.pick("MaxPool", "AveragePool")
        more = {"count_include_pad": self.one(0, 1)} if op == "AveragePool" else {}
        if self.lays and kernel >= stride + end and not more.get("count_include_pad") and self.chance():
            more["ceil_mode"] = 1
            frames = -(-(x.frames + begin + end - kernel) // stride) + 1
        name = self.add(
            op,
            x.name,
            kernel_shape=self.along(kernel, 1),
            strides=self.along(stride, 1),
            pads=[*self.along(begin, 0), *self.along(end, 0)],
            **more,
        )
        return T(name, x.channels, (x.rate[0], x.rate[1] * stride), frames)

    def deconv(self, x: T) -> T:
        stride, kernel = self.one(1, 3), self.one(1, 5)
        if x.frames * stride > 400 or x.rate[0] > 4:
            return x
        begin, end = self.one(0, kernel - 1), self.one(0, kernel - 1)
        extra = self.one(0, stride - 1)
        frames = (x.frames - 1) * stride + kernel - begin - end + extra
        out = self.pick(x.channels, 2)
        weight = self.numbers(x.channels, out, *self.along(kernel, 1))
        if frames < 4 or (kernel + extra - begin - end < 0 and not self.wild):
            return x
        name = self.add(
            "ConvTranspose",
            x.name,
            weight,
            *([self.numbers(out)] if self.chance(0.8) else []),
            kernel_shape=self.along(kernel, 1),
            strides=self.along(stride, 1),
            pads=[*self.along(begin, 0), *self.along(end, 0)],
            output_padding=self.along(extra, 0),
        )
        return T(name, out, (x.rate[0] * stride, x.rate[1]), frames)

    def pad(self, x: T) -> T:
        begin, end = self.pick((self.one(0, 5), 0), (self.one(0, 4), self.one(0, 4)), (0, self.one(1, 3)))
        if self.wild and self.chance(0.3):
            begin, end = self.one(-3, 3), self.one(-3, 3)
        if x.frames + begin + end < 4:
            return x
        pads = self.ints(*self.full(begin, 0), *self.full(end, 0))
        value = self.constant(np.array(self.pick(0.0, 0.0, 1.5), np.float32))
        return replace(x, name=self.add("Pad", x.name, pads, value), frames=x.frames + begin + end)

    def bend(self, x: T) -> T:
        """Frames added by reflection or by the edge, in one node or two."""
        begin, end = self.pick((self.one(0, 4), 0), (self.one(0, 3), self.one(0, 3)), (0, self.one(1, 3)))
        if x.frames < 6 or not begin + end:
            return x
        name = x.name
        parts = [(begin, 0), (0, end)] if self.chance(0.2) else [(begin, end)]
        for first, last in parts:
            pads = self.ints(*self.full(first, 0), *self.full(last, 0))
            name = self.add("Pad", name, pads, mode=self.pick("reflect", "edge"))
        return replace(x, name=name, frames=x.frames + begin + end)

    def crop(self, x: T) -> T:
        step = self.pick(1, 1, 1, 2) if x.rate[1] <= 4 else 1
        begin, end = self.pick((self.one(0, 4), 0), (0, self.one(1, 4)), (self.one(0, 3), self.one(0, 3)))
        frames = -(-(x.frames - begin - end) // step)
        if frames < 4:
            return x
        stop = -end if end else 2**40
        name = self.add("Slice", x.name, self.ints(begin), self.ints(stop), self.ints(self.axis), self.ints(step))
        return T(name, x.channels, (x.rate[0], x.rate[1] * step), frames)

    def nearest(self, x: T) -> T:
        times = self.one(2, 3)
        if x.frames * times > 400 or x.rate[0] > 4:
            return x
        scales = self.constant(np.array(self.full(times, 1), np.float32))
        name = self.add(
            "Resize",
            x.name,
            "",
            scales,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        return T(name, x.channels, (x.rate[0] * times, x.rate[1]), x.frames * times)

    def shuffled(self, x: T) -> T:
        """Channels become frames, as sub-pixel convolutions do."""
        times = self.one(2, 3)
        if x.frames * times > 400 or x.rate[0] > 4:
            return x
        out = self.pick(x.channels, 2)
        made = self.add("Conv", x.name, self.numbers(times * out, x.channels, *self.along(1, 1)))
        split = self.add("Reshape", made, self.ints(0, out, times, *self.along(-1, self.width)))
        behind = self.axis + 2
        perm = [axis for axis in range(4 + self.space) if axis != 2]
        turned = self.add("Transpose", split, perm=[*perm[: behind - 1], 2, *perm[behind - 1 :]])
        name = self.add("Reshape", turned, self.ints(0, out, *self.along(-1, self.width)))
        return T(name, out, (x.rate[0] * times, x.rate[1]), x.frames * times)

    def grouped(self, x: T) -> T:
        """Groups of frames become channels."""
        size = self.one(2, 3)
        if x.frames % size or x.frames // size < 4 or x.rate[1] > 4 or x.channels * size > 8:
            return x
        place = self.axis - 2
        parts = self.along(-1, self.width)
        split = self.add("Reshape", x.name, self.ints(0, x.channels, *parts[: place + 1], size, *parts[place + 1 :]))
        perm = [axis for axis in range(4 + self.space) if axis != self.axis + 1]
        turned = self.add("Transpose", split, perm=[*perm[:2], self.axis + 1, *perm[2:]])
        name = self.add("Reshape", turned, self.ints(0, x.channels * size, *parts))
        return T(name, x.channels * size, (x.rate[0], x.rate[1] * size), x.frames // size)

    def blended(self, x: T) -> T:
        """Resized linearly, to more frames or fewer."""
        up, down = self.pick((2, 1), (2, 1), (4, 1), (1, 2))
        if x.frames * up > 400 * down or x.rate[0] * up > 12 or x.rate[1] * down > 12 or x.frames * up // down < 6:
            return x
        scales = self.constant(np.array(self.full(up / down, 1), np.float32))
        how = self.pick("half_pixel", "half_pixel", "asymmetric", "pytorch_half_pixel")
        name = self.add("Resize", x.name, "", scales, mode="linear", coordinate_transformation_mode=how)
        return T(name, x.channels, (x.rate[0] * up, x.rate[1] * down), x.frames * up // down)

    def beside(self, x: T) -> T:
        """Frames in front or behind: of one value, or others."""
        counts = self.pick((self.one(1, 4), 0), (0, self.one(1, 3)), (self.one(1, 3), self.one(1, 3)))
        parts = [x.name]
        for index, count in enumerate(counts):
            shape = (1, x.channels, *self.along(count, self.width))
            value = np.full(shape, self.pick(0.0, 0.7), np.float32)
            if count:
                made = self.constant(value) if self.chance() else self.numbers(*shape)
                parts.insert(0 if index == 0 else len(parts), made)
        return replace(x, name=self.add("Concat", *parts, axis=self.axis), frames=x.frames + sum(counts))

    def listed(self, x: T) -> T:
        """Frames by a list of numbers: with steps, or several times."""
        first, step, times = self.one(0, 2), self.pick(1, 2, 3), self.pick(1, 1, 2)
        frames = -(-(x.frames * times - first) // step)
        if x.rate[1] > 4 or x.rate[0] > 4 or frames < 4:
            return x
        long = self.add("Gather", self.add("Shape", x.name), self.whole(self.axis))
        end = self.add("Mul", long, self.whole(times))
        places = self.add("Div", self.add("Range", self.whole(first), end, self.whole(step)), self.whole(times))
        name = self.add("Gather", x.name, places, axis=self.axis)
        return T(name, x.channels, (x.rate[0] * times, x.rate[1] * step), frames)

    def pointwise(self, x: T) -> T:
        op = self.pick("Relu", "Sigmoid", "Tanh", "Neg", "Abs", "PRelu", "Add", "Mul", "BatchNormalization", "Identity")
        if op in ("PRelu", "Add", "Mul"):
            shape = (x.channels, *self.full(1, 1)[2:])
            return replace(x, name=self.add(op, x.name, self.numbers(*shape)))
        if op == "BatchNormalization":
            c = x.channels
            variance = self.constant((self.rng.random(c) + 0.5).astype(np.float32))
            return replace(x, name=self.add(op, x.name, *(self.numbers(c) for _ in range(3)), variance))
        return replace(x, name=self.add(op, x.name))

    def norm(self, x: T) -> T:
        """Over channels alone."""
        mean = self.add("ReduceMean", x.name, axes=[1], keepdims=1)
        centred = self.add("Sub", x.name, mean)
        return replace(x, name=self.pick(centred, self.add("Softmax", centred, axis=1)))

    def product(self, x: T) -> T:
        """Channels last, a matrix product, and back."""
        rank = 3 + self.space
        last = [0, *range(2, rank), 1]
        back = [0, rank - 1, *range(1, rank - 1)]
        moved = self.add("Transpose", x.name, perm=last)
        made = self.add("MatMul", moved, self.numbers(x.channels, x.channels))
        return replace(x, name=self.add("Transpose", made, perm=back))

    def split(self, x: T) -> T:
        if x.channels < 2:
            return x
        first = f"split{len(self.nodes)}"
        sizes = self.ints(1, x.channels - 1)
        self.nodes.append(helper.make_node("Split", [x.name, sizes], [first, first + "b"], first, axis=1))
        return replace(x, name=self.add("Concat", first + "b", first, axis=1))

    def shaped(self, x: T) -> T:
        """An axis more, and away with it."""
        more = self.add("Unsqueeze", x.name, self.ints(1))
        return replace(x, name=self.add("Squeeze", self.add("Tanh", more), self.ints(1)))

    def running(self, x: T) -> T:
        total = self.add("CumSum", x.name, self.ints(self.axis), exclusive=self.one(0, 1))
        small = self.constant(np.array(0.01, np.float32))
        return replace(x, name=self.add("Tanh", self.add("Mul", total, small)))

    def recurrent(self, x: T) -> T:
        if self.space:
            return x
        op, hidden = self.pick("GRU", "LSTM", "RNN"), 3
        gates = {"GRU": 3, "LSTM": 4, "RNN": 1}[op]
        turned = self.add("Transpose", x.name, perm=[2, 0, 1])
        inputs = [turned, self.numbers(1, gates * hidden, x.channels), self.numbers(1, gates * hidden, hidden)]
        inputs.append(self.numbers(1, 2 * gates * hidden))
        if self.chance(0.4):
            inputs += ["", *(self.numbers(1, 1, hidden) for _ in range(2 if op == "LSTM" else 1))]
        made = self.add(
            op, *inputs, hidden_size=hidden, **({"linear_before_reset": self.one(0, 1)} if op == "GRU" else {})
        )
        flat = self.add("Squeeze", made, self.ints(1))
        return replace(x, name=self.add("Transpose", flat, perm=[1, 2, 0]), channels=hidden)

    def scan(self, x: T) -> T:
        """A state that keeps a share of itself, and one that counts; what comes out reads the state, or the number."""
        axis = self.axis - self.pick(0, 3 + self.space)
        name = f"scan{len(self.nodes)}"
        inner = {key: f"{name}_{key}" for key in ("s", "k", "x", "s2", "k2", "kept", "a", "b", "y")}
        kind, counts = self.pick("s", "s2", "k"), TensorProto.FLOAT
        ones = self.constant(np.ones((1, 1), np.float32))
        body = [
            helper.make_node("Mul", [inner["s"], self.constant(np.array(0.7, np.float32))], [inner["kept"]]),
            helper.make_node("Add", [inner["kept"], inner["x"]], [inner["a"]]),
            helper.make_node("Tanh", [inner["a"]], [inner["s2"]]),
            helper.make_node("Add", [inner["k"], ones], [inner["k2"]]),
            helper.make_node("Sin", [inner[kind]], [inner["b"]]),
            helper.make_node("Add", [inner["x"], inner["b"]], [inner["y"]]),
        ]
        first = self.numbers(1, x.channels, *([self.width] if self.space else []))
        inputs = [helper.make_tensor_value_info(inner[key], counts, None) for key in ("s", "k", "x")]
        outputs = [helper.make_tensor_value_info(inner[key], counts, None) for key in ("s2", "k2", "y")]
        graph = helper.make_graph(body, name, inputs, outputs)
        zero = self.constant(np.zeros((1, 1), np.float32))
        attrs = {"num_scan_inputs": 1, "scan_input_axes": [axis], "scan_output_axes": [axis]}
        given = [first, zero, x.name]
        self.nodes.append(helper.make_node("Scan", given, [name + "s", name + "k", name], name, body=graph, **attrs))
        return replace(x, name=name)

    def positions(self, x: T) -> tuple[str, str]:
        """Numbers of the frames, as a column and as a row."""
        long = self.add("Gather", self.add("Shape", x.name), self.whole(self.axis))
        places = self.add("Range", self.whole(0), long, self.whole(1))
        return self.add("Unsqueeze", places, self.ints(1)), self.add("Unsqueeze", places, self.ints(0))

    def whole(self, value: int) -> str:
        return self.constant(np.array(value, np.int64))

    def mask(self, x: T) -> tuple[str, str]:
        """Which keys a query sees, of all queries and keys; and how far a key lies behind it."""
        queries, keys = self.positions(x)
        apart = self.add("Sub", keys, queries)
        if self.chance(0.3) and x.rate[1] <= 2:
            size = self.one(2, 3)
            ours, theirs = (self.add("Div", places, self.whole(size)) for places in (queries, keys))
            steps, low, high = self.add("Sub", theirs, ours), -self.one(0, 2), self.pick(0, 0, 1)
        else:
            steps, low, high = apart, -self.one(0, 6), self.pick(0, 0, self.one(0, 4))
        least = self.add("GreaterOrEqual", steps, self.whole(low))
        return self.add("And", least, self.add("LessOrEqual", steps, self.whole(high))), apart

    def attention(self, x: T, y: T) -> T:
        """Queries of one tensor, keys of another, values of either; masked by choice or by sum, maybe biased by distance."""
        if self.space or (x.rate, x.frames) != (y.rate, y.frames) or x.frames < 24:
            return x
        width, heads = 2, self.pick(1, 2)
        turned = {one.name: self.add("Transpose", one.name, perm=[0, 2, 1]) for one in (x, y)}
        seen, apart = self.mask(x)

        def heads_of(one: T, count: int, perm: list[int]) -> str:
            made = self.add("MatMul", turned[one.name], self.numbers(one.channels, count * width))
            return self.add("Transpose", self.add("Reshape", made, self.ints(0, 0, count, width)), perm=perm)

        shared = self.pick(1, heads)
        queries = heads_of(x, heads, [0, 2, 1, 3])
        scores = self.add("MatMul", queries, heads_of(y, shared, [0, 2, 3, 1]))
        if self.chance(0.3):
            far = self.add("Cast", self.add("Abs", apart), to=TensorProto.FLOAT)
            scores = self.add("Sub", scores, self.add("Mul", far, self.constant(np.array(0.3, np.float32))))
        lowest = self.constant(np.array(self.pick(-np.inf, -1e9, -3.4e38), np.float32))
        if self.chance():
            scores = self.add("Where", seen, scores, lowest)
        else:
            nothing = self.constant(np.array(0, np.float32))
            scores = self.add("Add", scores, self.add("Where", seen, nothing, lowest))
        values = heads_of(self.pick(x, y), shared, [0, 2, 1, 3])
        if self.chance(0.2):  # keys first
            scores = self.add("Transpose", scores, perm=[0, 1, 3, 2])
            weights = self.add("Softmax", scores, axis=2)
            made = self.add("MatMul", self.add("Transpose", values, perm=[0, 1, 3, 2]), weights)
            made = self.add("Transpose", made, perm=[0, 3, 1, 2])
        else:
            weights = self.add("Softmax", scores, axis=-1)
            if self.chance(0.2):
                weights = self.add("Where", self.add("IsNaN", weights), self.constant(np.array(0, np.float32)), weights)
            made = self.add("Transpose", self.add("MatMul", weights, values), perm=[0, 2, 1, 3])
        flat = self.add("Reshape", made, self.ints(0, 0, heads * width))
        return replace(x, name=self.add("Transpose", flat, perm=[0, 2, 1]), channels=heads * width)

    def spectrum(self, x: T) -> T:
        """The power of each frame, by STFT, or by DFT of windows that a table cuts out."""
        size, hop = self.one(2, 8), self.one(1, 3)
        frames = (x.frames - size) // hop + 1
        if self.space or frames < 4 or x.rate[1] > 4:
            return x
        flat = self.add("Squeeze", x.name, self.ints(0))
        if self.chance():
            number = self.constant(np.array(hop, np.int64)), self.numbers(size)
            bins = self.add("STFT", flat, *number, onesided=self.one(0, 1))
        else:
            last = self.add("Gather", self.add("Shape", flat), self.constant(np.array(1, np.int64)))
            zero, one, step, long = (self.constant(np.array(n, np.int64)) for n in (0, 1, hop, size))
            starts = self.add("Range", zero, self.add("Add", self.add("Sub", last, long), one), step)
            taps = self.constant(np.arange(size, dtype=np.int64))
            table = self.add("Add", self.add("Unsqueeze", starts, self.ints(1)), taps)
            cut = self.add("Gather", flat, table, axis=1)
            bins = self.add("DFT", self.add("Unsqueeze", cut, self.ints(3)), axis=2, onesided=self.one(0, 1))
        power = self.add("ReduceSumSquare", bins, axes=[2, 3], keepdims=0)
        name = self.add("Unsqueeze", self.add("Tanh", power), self.ints(0))
        return T(name, x.channels, (x.rate[0], x.rate[1] * hop), frames)

    def joined(self, x: T, y: T) -> T:
        """Two tensors of one rate, the longer one cut at its end, or shorter one padded."""
        if x.rate[0] * y.rate[1] != y.rate[0] * x.rate[1]:
            return x
        apart = x.frames - y.frames
        if apart:
            longer, shorter = (x, y) if apart > 0 else (y, x)
            if abs(apart) > 6:
                return x
            if self.chance():
                cut = self.add("Slice", longer.name, self.ints(0), self.ints(-abs(apart)), self.ints(self.axis))
                longer = replace(longer, name=cut, frames=shorter.frames)
            else:
                pads = self.ints(*self.full(0, 0), *self.full(abs(apart), 0))
                shorter = replace(shorter, name=self.add("Pad", shorter.name, pads), frames=longer.frames)
            x, y = (longer, shorter) if apart > 0 else (shorter, longer)
        if x.channels == y.channels and self.chance(0.6):
            return replace(x, name=self.add(self.pick("Add", "Mul", "Sub"), x.name, y.name))
        return replace(x, name=self.add("Concat", x.name, y.name, axis=1), channels=x.channels + y.channels)

    def make(self) -> onnx.ModelProto:
        x = T("x", self.one(1, 3), (1, 1), PROBE)
        made = [x, T("second", x.channels, (1, 1), PROBE)] if self.second else [x]
        heavy = [
            self.conv,
            self.conv,
            self.pool,
            self.deconv,
            self.pad,
            self.bend,
            self.bend,
            self.crop,
            self.nearest,
            self.blended,
        ]
        light = [self.pointwise, self.norm, self.product, self.split, self.shaped]
        for _ in range(self.one(1, 10)):
            own = made[-1] if self.chance(0.75) else self.pick(*made)
            roll = self.rng.random()
            if self.attentive and self.chance(0.3):
                new = self.attention(own, self.pick(own, *made))
            elif self.lays and self.chance(0.35):
                new = self.pick(self.shuffled, self.grouped, self.beside, self.listed)(own)
            elif self.walking and self.chance(0.35):
                new = self.walks(own)
            elif self.more and self.chance(0.3):
                new = self.pick(*self.more)(self, own)
            elif roll < 0.5:
                new = self.pick(*heavy)(own)
            elif roll < 0.72:
                new = self.pick(*light)(own)
            elif roll < 0.82:
                new = self.pick(self.running, self.walks)(own)
            else:
                new = self.joined(own, self.pick(*made))
            if new.channels <= 8 and new.name != own.name:
                made.append(new)
        outputs = [made[-1]]
        if len(made) > 2 and self.chance(0.3):
            outputs.append(self.pick(*made[1:-1]))
        outputs = [o for o in {o.name: o for o in outputs}.values() if o.name not in ("x", "second")]
        if not outputs:
            outputs = [replace(x, name=self.add("Relu", "x"))]
        if self.second:  # both are read
            outputs.append(replace(x, name=self.add("Sub", "x", "second")))
        shape = [1, x.channels, *self.along("t", self.width)]
        graph = helper.make_graph(
            self.nodes,
            "net",
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name in ("x", "second")[: 1 + self.second]
            ],
            [helper.make_tensor_value_info(o.name, TensorProto.FLOAT, None) for o in outputs],
            self.weights,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
