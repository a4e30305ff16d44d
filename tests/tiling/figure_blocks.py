"""Blocks that take figures over space: means, extremes, sums, norms, gates, of all of a tensor or of a part of it."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from tiling.maker import CHANNELS, Block, Maker, Misfit

FIGURES: list[Block] = []


def figure(make: Block) -> Block:
    FIGURES.append(make)
    return make


def space(m: Maker) -> list[int]:
    return list(range(2, 2 + m.dims))


def mean(m: Maker, x: str, *, channels: bool = False) -> str:
    return m.w.op("ReduceMean", x, m.w.ints(*([1] if channels else []), *space(m)))


def used(m: Maker, x: str, taken: str) -> str:
    """A figure of shape (1, C or 1, 1, ...) goes back into the image."""
    how = m.integer(0, 3)
    if how == 0:
        return m.w.op("Mul", x, m.w.op("Sigmoid", taken))
    if how == 1:
        return m.w.op("Sub", x, taken)
    if how == 2:
        return m.w.op("Div", x, m.w.op("Add", m.w.op("Abs", taken), m.w.const(1)))
    return m.w.op("Add", x, m.w.op("Expand", m.w.op("Tanh", taken), m.w.op("Shape", x)))


def some(m: Maker, x: str) -> str:
    """Any figure over space, of each channel."""
    op = m.pick(
        *("ReduceMean", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceSumSquare", "ReduceL1", "ReduceL2"),
        *("ReduceLogSumExp", "ReduceLogSum", "ReduceProd"),
        *("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"),
    )
    if op.startswith("Global"):
        return m.w.op(op, x, **({"p": m.integer(1, 3)} if op == "GlobalLpPool" else {}))
    if op == "ReduceLogSum":
        x = m.w.op("Abs", x)
    if op == "ReduceProd":
        x = m.w.op("Exp", m.w.op("Mul", m.w.op("Tanh", x), m.w.const(0.01)))
    if m.chance(0.3):
        flat = m.w.op(op, x, m.w.ints(*space(m)), keepdims=0)
        return m.w.op("Reshape", flat, m.w.ints(1, CHANNELS, *[1] * m.dims))
    return m.w.op(op, x, m.w.ints(*space(m)))


@figure
def taken(m: Maker, x: str) -> str:
    return used(m, x, some(m, x))


@figure
def of_all(m: Maker, x: str) -> str:
    """One number for batch, channels and space."""
    op = m.pick("ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2")
    if m.chance():
        return m.w.op("Add", x, m.w.op("Tanh", m.w.op(op, x, keepdims=0)))
    return used(m, x, m.w.op(op, x))


@figure
def pooled(m: Maker, x: str) -> str:
    """No image is left."""
    m.factor = None
    return some(m, x)


@figure
def excited(m: Maker, x: str) -> str:
    gate = m.w.op("Conv", some(m, x), m.w.normal(CHANNELS, CHANNELS, *[1] * m.dims))
    gate = m.w.op("Softmax", gate, axis=1) if m.chance(0.3) else m.w.op("Sigmoid", gate)
    return m.w.op("Mul", x, gate)


@figure
def instance_norm(m: Maker, x: str) -> str:
    return m.w.op("InstanceNormalization", x, m.w.const([1, 1.5]), m.w.const([0, 0.1]), epsilon=m.pick(1e-5, 1e-2))


@figure
def group_norm(m: Maker, x: str) -> str:
    """As PyTorch exports it, of one or two groups."""
    groups = m.integer(1, 2)
    rows = m.w.op("Reshape", x, m.w.ints(0, groups, -1))
    normal = m.w.op("InstanceNormalization", rows, m.w.const(np.ones(groups)), m.w.const(np.zeros(groups)))
    shape = m.w.op("Shape", x) if m.chance() else m.w.ints(1, CHANNELS, *m.lengths[x])
    back = m.w.op("Reshape", normal, shape)
    return m.w.op("Mul", back, m.w.normal(CHANNELS, *[1] * m.dims)) if m.chance() else back


@figure
def written_norm(m: Maker, x: str) -> str:
    """(x - mean) / sqrt(mean of squares + epsilon), over space or channels too."""
    channels = m.chance()
    off = m.w.op("Sub", x, mean(m, x, channels=channels))
    square = m.w.op("Pow", off, m.w.const(2)) if m.chance() else m.w.op("Mul", off, off)
    variance = m.w.op("Add", mean(m, square, channels=channels), m.w.const(1e-3))
    return m.w.op("Div", off, m.w.op("Sqrt", variance))


@figure
def squares_less_square(m: Maker, x: str) -> str:
    """The variance as the mean of squares less the square of the mean."""
    middle = mean(m, x)
    variance = m.w.op("Sub", mean(m, m.w.op("Mul", x, x)), m.w.op("Mul", middle, middle))
    return m.w.op("Div", x, m.w.op("Sqrt", m.w.op("Add", m.w.op("Abs", variance), m.w.const(0.1))))


@figure
def channel_norm(m: Maker, x: str) -> str:
    """Over channels alone, which needs no figure."""
    last = m.w.swap(x, 0, *space(m), 1)
    normal = m.w.op("LayerNormalization", last, m.w.const([1, 1.2]), m.w.const([0.1, 0]), axis=-1, epsilon=0.1)
    return m.w.swap(normal, 0, 1 + m.dims, *range(1, 1 + m.dims))


@figure
def of_a_part(m: Maker, x: str) -> str:
    """Of all but a border, a first part, or every second position."""
    axis = m.integer(2, 1 + m.dims)
    first, last, step = m.pick((1, 10**6, 1), (0, -2, 1), (0, 5, 1), (-6, 10**6, 1), (0, 10**6, 2), (3, -3, 1))
    part = m.w.op("Slice", x, m.w.ints(first), m.w.ints(last), m.w.ints(axis), m.w.ints(step))
    return used(m, x, some(m, part))


@figure
def of_another_rate(m: Maker, x: str) -> str:
    """Of a finer, coarser, shorter or padded one."""
    kind = m.integer(0, 3)
    if kind == 0:
        scales = m.w.const([1, 1, *[2] * m.dims])
        other = m.w.op("Resize", x, "", scales, mode=m.pick("nearest", "linear"))
    elif kind == 1:
        ends = [0, 0, *m.integers(0, 2)]
        mode = m.pick("constant", "reflect", "edge")
        other = m.w.op("Pad", x, m.w.ints(*ends, *ends), m.w.const(0.5), mode=mode)
    elif kind == 2:
        other = m.w.op("MaxPool", x, kernel_shape=[2] * m.dims, strides=[2] * m.dims, ceil_mode=m.integer(0, 1))
    else:
        other = m.w.op("Conv", x, m.w.normal(CHANNELS, CHANNELS, *[3] * m.dims))
    return used(m, x, some(m, other))


@figure
def of_rows(m: Maker, x: str) -> str:
    """Along one axis of several."""
    op = m.pick("ReduceMean", "ReduceMax", "ReduceSum")
    return m.w.op("Add", x, m.w.op("Tanh", m.w.op(op, x, m.w.ints(m.integer(2, 1 + m.dims)))))


@figure
def set_beside(m: Maker, x: str) -> str:
    """A figure as further channels, as large as the image again."""
    kind = m.integer(0, 1)
    if kind == 0:
        wide = m.w.op("Expand", some(m, x), m.w.op("Shape", x))
    else:
        sizes = m.w.op("Concat", m.w.ints(1, CHANNELS), m.spatial(x), axis=0)
        wide = m.w.op("Resize", some(m, x), "", "", sizes, mode=m.pick("nearest", "linear"))
    return m.mixed(m.w.op("Concat", x, m.w.op("Tanh", wide), axis=1))


@figure
def softmax_written_out(m: Maker, x: str) -> str:
    e = m.w.op("Exp", m.w.op("Sub", x, m.w.op("ReduceMax", x, m.w.ints(*space(m)))))
    return m.w.op("Mul", x, m.w.op("Div", e, m.w.op("ReduceMean", e, m.w.ints(*space(m)))))


@figure
def of_another_input(m: Maker, x: str) -> str:
    if "z" not in m.inputs:
        raise Misfit
    return used(m, x, some(m, "z" if x != "z" else "x"))


@figure
def half(m: Maker, x: str) -> str:
    low = m.w.op("Cast", x, to=TensorProto.FLOAT16)
    middle = m.w.op("ReduceMean", low, m.w.ints(*space(m)))
    return m.w.op("Mul", x, m.w.op("Sigmoid", m.w.op("Cast", middle, to=TensorProto.FLOAT)))


@figure
def whole_numbers(m: Maker, x: str) -> str:
    counts = m.w.op("Cast", m.w.op("Mul", x, m.w.const(10)), to=TensorProto.INT32)
    most = m.w.op(m.pick("ReduceMax", "ReduceMin", "ReduceSum"), counts, m.w.ints(*space(m)))
    return m.w.op("Add", x, m.w.op("Tanh", m.w.op("Mul", m.w.op("Cast", most, to=TensorProto.FLOAT), m.w.const(0.01))))


@figure
def attention(m: Maker, x: str) -> str:
    """No sum over positions."""
    return m.w.op("Mul", x, m.w.op("Softmax", x, axis=m.integer(2, 1 + m.dims)))


class StagedMaker(Maker):
    """Figures instead of what else needs the whole."""

    def rest_of(self, seed_share: float) -> Block:
        """A block of figures in so many cases, else a local one, which comes first."""
        if not self.w.nodes:
            return super().rest_of(0.0)
        return self.pick(*FIGURES) if self.chance(seed_share) else super().rest_of(0.0)
