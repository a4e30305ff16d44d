"""Random small nets made of what real ones are made of: one seed, one net of a few blocks over a sequence (N, C, T).

Resizes at awkward scales, masks by products and by Clip, norms over time, recurrent layers of all directions, branches of
unequal depth, several outputs. Shapes are those of a run: what onnxruntime refuses is not made.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime

from truth.nets import Net, Writer, tril

Block = Callable[["Maker", str], str]
BLOCKS: list[Block] = []
CHANNELS = 2
SCALES = (0.35, 0.5, 0.7, 0.9, 1.3, 1.4, 1.5, 2.0, 2.3)


class Misfit(Exception):
    """The block does not fit what is there."""


def block(make: Block) -> Block:
    BLOCKS.append(make)
    return make


class Maker:
    """A net under construction, with the lengths that its tensors have."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.w = Writer()
        self.w.random = self.random
        self.fixed = False  # a constant is as long as the batch
        self.samples = 1 if self.chance(0.7) else 2
        self.length = int(self.random.integers(7, 19))
        self.lengths = {"x": self.length}
        self.strides: dict[str, float | None] = {"x": 1.0}  # input positions per position; None where branches disagree
        self.factor: float | None = 1.0  # what the block that is made does to it

    def chance(self, share: float = 0.5) -> bool:
        return bool(self.random.random() < share)

    def integer(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high, endpoint=True))

    def pick(self, *options: object) -> object:
        return options[self.integer(0, len(options) - 1)]

    def make(self, blocks: int) -> Net:
        """`blocks` blocks, one after the other or beside each other, and what is left as outputs."""
        made = ["x"]
        attempts = 0
        while len(made) <= blocks and attempts < 60:
            attempts += 1
            source = made[-1] if self.chance(0.75) else made[self.integer(0, len(made) - 1)]
            mark = len(self.w.nodes), len(self.w.weights)
            self.factor = 1.0
            try:
                result = BLOCKS[self.integer(0, len(BLOCKS) - 1)](self, source)
                self.lengths[result] = self.measure(result)
            except Exception:  # onnxruntime raises classes of its own
                del self.w.nodes[mark[0] :], self.w.weights[mark[1] :]
                continue
            made.append(result)
            before = self.strides[source]
            self.strides[result] = None if before is None or self.factor is None else before * self.factor
        shown = {f"y{i}": name for i, name in enumerate(self.leaves(made))}
        shape = (self.samples, CHANNELS, self.length)
        dims = ("n", CHANNELS, self.length) if self.samples > 1 and not self.fixed and self.chance() else shape
        model = self.w.finish({"x": dims}, shown)
        strides = {name: stride for name, source in shown.items() if (stride := self.strides[source]) is not None}
        axes = {name: 2 if name in strides else None for name in shown}
        return Net(model, {"x": shape}, ("x", 2), axes, strides, {"x": 0, **dict.fromkeys(shown, 0)})

    def measure(self, name: str) -> int:
        """The length of a tensor, which must be (N, C, length), finite and small."""
        writer = Writer()
        writer.nodes, writer.weights = list(self.w.nodes), list(self.w.weights)
        shape = (self.samples, CHANNELS, self.length)
        model = writer.finish({"x": shape}, {"y": name})
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        value = session.run(None, {"x": np.random.default_rng(0).normal(size=shape).astype(np.float32)})[0]
        if value.shape[:2] != shape[:2] or value.ndim != 3 or not 1 <= value.shape[2] <= 40:
            raise Misfit
        if not np.isfinite(value).all() or abs(value).max() > 1e4:
            raise Misfit
        return int(value.shape[2])

    def leaves(self, made: list[str]) -> list[str]:
        """Blocks that nothing reads, and now and then one in the middle."""
        read = {name for node in self.w.nodes for name in node.input}
        found = [name for name in made[1:] if name not in read or self.chance(0.15)]
        return found or [made[-1]]

    def one(self, source: str) -> int:
        return self.lengths[source]


@block
def convolution(m: Maker, x: str) -> str:
    kernel, dilation = m.integer(1, 4), m.integer(1, 2)
    pads = [m.integer(0, (kernel - 1) * dilation), m.integer(0, (kernel - 1) * dilation)]
    groups = int(m.pick(1, 1, 2))  # type: ignore[call-overload]
    weight = m.w.normal(CHANNELS, CHANNELS // groups, kernel)
    stride = m.integer(1, 2)
    m.factor = stride
    return m.w.op("Conv", x, weight, pads=pads, dilations=[dilation], strides=[stride], group=groups)


@block
def causal_convolution(m: Maker, x: str) -> str:
    return m.w.causal(x, m.integer(2, 4), m.integer(1, 2))


@block
def transposed_convolution(m: Maker, x: str) -> str:
    kernel, stride = m.integer(1, 4), m.integer(1, 2)
    m.factor = 1 / stride
    pads = [m.integer(0, kernel - 1), m.integer(0, kernel - 1)]
    return m.w.op("ConvTranspose", x, m.w.normal(CHANNELS, CHANNELS, kernel), strides=[stride], pads=pads)


@block
def pool(m: Maker, x: str) -> str:
    kernel = m.integer(1, 3)
    pads = [m.integer(0, kernel - 1), m.integer(0, kernel - 1)]
    op = str(m.pick("MaxPool", "AveragePool"))
    stride = m.integer(1, 2)
    m.factor = stride
    return m.w.op(op, x, kernel_shape=[kernel], strides=[stride], pads=pads, ceil_mode=m.integer(0, 1))


@block
def resize(m: Maker, x: str) -> str:
    mode, scale = str(m.pick("nearest", "linear", "cubic")), float(m.random.choice(SCALES))
    m.factor = (
        1 / scale if scale in (0.5, 2.0) and m.one(x) % 2 == 0 else None
    )  # others walk by what is no round number
    where = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric"]
    attrs = {"coordinate_transformation_mode": where[m.integer(0, 4)]}
    if attrs["coordinate_transformation_mode"] == "align_corners":
        m.factor = None
    if mode == "nearest":
        rounding = ["round_prefer_floor", "floor", "ceil", "round_prefer_ceil"]
        attrs["nearest_mode"] = rounding[m.integer(0, 3)]
    if mode == "cubic":  # onnxruntime has it for images alone
        x = m.w.op("Unsqueeze", x, m.w.ints(0))
        made = m.w.op("Resize", x, "", m.w.const([1, 1, 1, scale]), mode=mode, **attrs)
        return m.w.op("Squeeze", made, m.w.ints(0))
    return m.w.op("Resize", x, "", m.w.const([1, 1, scale]), mode=mode, **attrs)


@block
def gate_over_time(m: Maker, x: str) -> str:
    pooled = m.w.op(str(m.pick("GlobalAveragePool", "GlobalMaxPool")), x)
    return m.w.op("Mul", x, m.w.op("Sigmoid", m.w.conv(pooled, 1)))


@block
def norm_over_time(m: Maker, x: str) -> str:
    if m.chance():
        return m.w.op("InstanceNormalization", x, m.w.const([1, 1.5]), m.w.const([0, 0.1]))
    return m.w.op("LayerNormalization", x, m.w.const(np.ones(m.one(x))), axis=-1)


@block
def norm_over_channels(m: Maker, x: str) -> str:
    return m.w.swap(m.w.op("LayerNormalization", m.w.swap(x, 0, 2, 1), m.w.const([1, 1.2])), 0, 2, 1)


@block
def recurrent(m: Maker, x: str) -> str:
    op, direction = str(m.pick("LSTM", "GRU", "RNN")), str(m.pick("forward", "forward", "reverse", "bidirectional"))
    ways = 1 + (direction == "bidirectional")
    y = m.w.joined(m.w.recurrent(op, m.w.swap(x, 2, 0, 1), direction), ways)
    return m.w.swap(m.w.op("MatMul", y, m.w.normal(3 * ways, CHANNELS)), 1, 2, 0)


@block
def last_state(m: Maker, x: str) -> str:
    w, r = m.w.normal(1, 3 * CHANNELS, CHANNELS), m.w.normal(1, 3 * CHANNELS, CHANNELS)
    h = m.w.many("GRU", [m.w.swap(x, 2, 0, 1), w, r], 2, hidden_size=CHANNELS)[1]
    return m.w.op("Add", x, m.w.swap(h, 1, 2, 0))


@block
def attention(m: Maker, x: str) -> str:
    n = m.one(x)
    tokens = m.w.swap(x, 0, 2, 1)
    kind = m.integer(0, 5)
    if kind == 0:
        made = m.w.attention(tokens, features=CHANNELS)
    elif kind == 1:
        made = m.w.attention(tokens, tril(n), CHANNELS)
    elif kind == 2:
        made = m.w.attention(tokens, tril(n, 1, 0), CHANNELS, where=True)
    elif kind == 3:
        made = m.w.attention(tokens, np.where(tril(n) == 0, 0, -3), CHANNELS)
    elif kind == 4:  # windows of tokens
        near = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= m.integer(0, 2)
        made = m.w.attention(tokens, np.where(near, 0, -np.inf), CHANNELS)
    else:
        made = clipped_mask(m, tokens, n)
    made = m.w.swap(made, 0, 2, 1)
    return m.w.op("Add", x, made) if m.chance() else made


def clipped_mask(m: Maker, tokens: str, n: int) -> str:
    """Scores plus a mask that is clipped at the type's lowest, as exports of language models have it."""
    lowest = np.finfo(np.float32).min
    mask = m.w.op("Clip", m.w.const(np.where(tril(n) == 0, 0, -np.inf)), m.w.const(lowest), m.w.const(0))
    scores = m.w.op("MatMul", m.w.op("MatMul", tokens, m.w.normal(CHANNELS, CHANNELS)), m.w.swap(tokens, 0, 2, 1))
    return m.w.op("MatMul", m.w.op("Softmax", m.w.op("Add", scores, mask), axis=-1), tokens)


@block
def retention(m: Maker, x: str) -> str:
    n = m.one(x)
    tokens = m.w.swap(x, 0, 2, 1)
    decay = np.tril(0.9 ** np.abs(np.subtract.outer(np.arange(n), np.arange(n))))
    if m.chance(0.3):
        decay = np.triu(decay.T)
    scores = m.w.op("Mul", m.w.op("MatMul", tokens, m.w.swap(tokens, 0, 2, 1)), m.w.const(decay))
    kind = m.integer(0, 3)
    if kind == 1:
        total = m.w.op("ReduceSum", m.w.op("Abs", scores), m.w.ints(2))
        scores = m.w.op("Div", scores, m.w.op("Add", total, m.w.const(1.0)))
    if kind == 2:
        scores = m.w.op("Div", scores, m.w.op("Add", m.w.op("ReduceL1", scores, axes=[2]), m.w.const(1.0)))
    if kind == 3:
        scores = m.w.op("Pow", scores, m.w.const(2.0))
    return m.w.swap(m.w.op("MatMul", scores, tokens), 0, 2, 1)


@block
def mask_by_product(m: Maker, x: str) -> str:
    return m.w.op("Mul", x, m.w.const(m.random.integers(0, 2, (1, 1, m.one(x)))))


@block
def times_itself_moved(m: Maker, x: str) -> str:
    n, by = m.one(x), m.integer(1, 2)
    if m.chance():
        padded = m.w.op("Pad", x, m.w.ints(0, 0, by, 0, 0, 0))
        return m.w.op("Mul", x, m.w.op("Slice", padded, m.w.ints(0), m.w.ints(n), m.w.ints(2)))
    zeros = m.w.const(np.zeros((m.samples, CHANNELS, by)))
    m.fixed = True
    later = m.w.op("Slice", x, m.w.ints(by), m.w.ints(n), m.w.ints(2))
    return m.w.op("Mul", x, m.w.op("Concat", later, zeros, axis=2))


@block
def running_sum(m: Maker, x: str) -> str:
    return m.w.op("CumSum", x, m.w.const(2, np.int64), exclusive=m.integer(0, 1), reverse=m.integer(0, 1))


@block
def pad(m: Maker, x: str) -> str:
    pads = m.w.ints(0, 0, m.integer(0, 2), 0, 0, m.integer(0, 2))
    return m.w.op("Pad", x, pads, mode=str(m.pick("constant", "reflect", "edge")))


@block
def crop(m: Maker, x: str) -> str:
    n, step = m.one(x), m.integer(1, 2)
    m.factor = step
    first, last = m.w.ints(m.integer(0, 2)), m.w.ints(n - m.integer(0, 2))
    return m.w.op("Slice", x, first, last, m.w.ints(2), m.w.ints(step))


@block
def turned(m: Maker, x: str) -> str:
    return m.w.op("Slice", x, m.w.ints(-1), m.w.ints(-99), m.w.ints(2), m.w.ints(-1))


@block
def rolled(m: Maker, x: str) -> str:
    n, by = m.one(x), m.integer(1, 2)
    last = m.w.op("Slice", x, m.w.ints(n - by), m.w.ints(n), m.w.ints(2))
    return m.w.op("Concat", last, m.w.op("Slice", x, m.w.ints(0), m.w.ints(n - by), m.w.ints(2)), axis=2)


@block
def branches(m: Maker, x: str) -> str:
    """Two branches of unequal depth that meet in a sum, a product or a Concat; the Concat is mixed again."""
    near = m.w.causal(x, m.integer(1, 3)) if m.chance() else m.w.centered(x, 3)
    far = m.w.causal(m.w.centered(x, 3) if m.chance() else x, m.integer(2, 4), m.integer(1, 2))
    if m.chance():
        return m.w.op(str(m.pick("Add", "Mul", "Max")), near, far)
    both = m.w.op("Concat", near, far, axis=1)
    return (
        m.w.conv(both, 1, (2 * CHANNELS, CHANNELS))
        if m.chance(0.7)
        else m.w.op("Slice", both, m.w.ints(1), m.w.ints(3), m.w.ints(1))
    )


@block
def earlier_block(m: Maker, x: str) -> str:
    """A skip to any earlier tensor of the same length."""
    same = [name for name, length in m.lengths.items() if length == m.one(x) and name != x]
    if not same:
        raise Misfit
    other = same[m.integer(0, len(same) - 1)]
    if m.strides[other] != m.strides[x]:
        m.factor = None
    return m.w.op("Add", x, other)


@block
def down_and_up(m: Maker, x: str) -> str:
    if m.one(x) % 2:
        raise Misfit
    low = m.w.centered(m.w.op("AveragePool", x, kernel_shape=[2], strides=[2]), 3)
    up = m.w.op("Resize", low, "", m.w.const([1, 1, 2]), mode="nearest")
    return m.w.op("Add", up, x) if m.chance() else up


@block
def mixed_samples(m: Maker, x: str) -> str:
    if m.samples == 1 or not m.chance(0.2):
        raise Misfit
    return m.w.op("Sub", x, m.w.op("ReduceMean", x, axes=[0], keepdims=1))


@block
def activation(m: Maker, x: str) -> str:
    return m.w.op(str(m.pick("Relu", "Tanh", "Sigmoid", "Softplus")), x)


@block
def softmax(m: Maker, x: str) -> str:
    return m.w.op("Softmax", x, axis=m.integer(1, 2))


@block
def dense_over_time(m: Maker, x: str) -> str:
    m.factor = None  # which position a column makes is not known
    return m.w.op("MatMul", x, m.w.normal(m.one(x), m.one(x)))


def random_net(seed: int) -> Net:
    """The net of a seed."""
    maker = Maker(seed)
    return maker.make(maker.integer(1, 5))
