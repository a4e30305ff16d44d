"""Blocks that read everything, that tell positions apart, or that ask how large the image is."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from tiling.maker import CHANNELS, Maker, Misfit, whole


@whole
def gate(m: Maker, x: str) -> str:
    pooled = m.w.op(m.pick("GlobalAveragePool", "GlobalMaxPool"), x)
    return m.w.op("Mul", x, m.w.op("Sigmoid", pooled))


@whole
def reduced(m: Maker, x: str) -> str:
    axis = m.integer(2, 1 + m.dims)
    op = m.pick("ReduceMean", "ReduceMax", "ReduceSum", "ReduceL2")
    return m.w.op("Add", x, m.w.op(op, x, m.w.ints(axis)))


@whole
def norm(m: Maker, x: str) -> str:
    kind = m.integer(0, 2)
    if kind == 0:
        return m.w.op("InstanceNormalization", x, m.w.const([1, 1.5]), m.w.const([0, 0.1]))
    if kind == 1:
        return m.w.op("LayerNormalization", x, m.w.const(np.ones(m.lengths[x][-1])), axis=-1)
    return m.w.op("LpNormalization", x, axis=m.integer(2, 1 + m.dims))


@whole
def softmax(m: Maker, x: str) -> str:
    return m.w.op("Softmax", x, axis=m.integer(2, 1 + m.dims))


@whole
def recurrent(m: Maker, x: str) -> str:
    if m.dims != 1:
        raise Misfit
    y = m.w.recurrent("LSTM", m.w.swap(x, 2, 0, 1), m.pick("forward", "reverse"))
    return m.w.swap(m.w.op("MatMul", m.w.joined(y, 1), m.w.normal(3, CHANNELS)), 1, 2, 0)


@whole
def running_sum(m: Maker, x: str) -> str:
    total = m.w.op("CumSum", x, m.w.const(m.integer(2, 1 + m.dims), np.int64), reverse=m.integer(0, 1))
    return m.w.op("Tanh", m.w.op("Mul", total, m.w.const(0.2)))


@whole
def attention(m: Maker, x: str) -> str:
    if m.dims != 1:
        raise Misfit
    return m.w.swap(m.w.attention(m.w.swap(x, 0, 2, 1), features=CHANNELS), 0, 2, 1)


@whole
def rolled(m: Maker, x: str) -> str:
    axis = m.integer(2, 1 + m.dims)
    first = m.w.op("Slice", x, m.w.ints(-2), m.w.ints(10**6), m.w.ints(axis))
    return m.w.op("Concat", first, m.w.op("Slice", x, m.w.ints(0), m.w.ints(-2), m.w.ints(axis)), axis=axis)


@whole
def turned(m: Maker, x: str) -> str:
    back = m.w.op("Slice", x, m.w.ints(-1), m.w.ints(-(10**6)), m.w.ints(m.integer(2, 1 + m.dims)), m.w.ints(-1))
    m.factor = None
    return m.w.op("Add", x, back) if m.chance() else back


@whole
def transposed_image(m: Maker, x: str) -> str:
    if m.dims != 2:
        raise Misfit
    m.factor = None
    other = m.w.swap(x, 0, 1, 3, 2)
    return m.w.op("Add", x, other) if m.lengths[x][0] == m.lengths[x][1] and m.chance() else other


@whole
def table(m: Maker, x: str) -> str:
    """A learned background."""
    axis = m.integer(0, m.dims - 1)
    lengths = [n if i == axis else 1 for i, n in enumerate(m.lengths[x])]
    return m.w.op(m.pick("Add", "Mul"), x, m.w.normal(1, 1, *lengths, scale=1))


def positions(m: Maker, x: str) -> str:
    """0, 1, 2, ... along an axis, as the net counts them, float32."""
    axis = m.integer(2, 1 + m.dims)
    count = m.w.op("Range", m.w.const(0, np.int64), m.length(x, axis), m.w.const(1, np.int64))
    lengths = [-1 if i == axis else 1 for i in range(2 + m.dims)]
    return m.w.op("Cast", m.w.op("Reshape", count, m.w.ints(*lengths)), to=TensorProto.FLOAT)


@whole
def counted(m: Maker, x: str) -> str:
    """Positions as numbers: as they are, modulo 2 or 3, those near the border, and as shares of the length."""
    place, kind = positions(m, x), m.integer(0, 4)
    if kind == 0:
        return m.w.op("Add", x, m.w.op("Mul", place, m.w.const(0.05)))
    if kind == 1:
        return m.w.op("Add", x, m.w.op("Mod", place, m.w.const(m.pick(2, 3)), fmod=1))
    if kind == 2:
        return m.w.op("Mul", x, m.w.op("Clip", place, m.w.const(0), m.w.const(3)))
    if kind == 3:
        n = m.w.op("Cast", m.length(x, 2), to=TensorProto.FLOAT)
        return m.w.op("Add", x, m.w.op("Div", place, n))
    return m.w.op("Where", m.w.op("Less", place, m.w.const(4)), m.w.const(0), x)


@whole
def by_the_size(m: Maker, x: str) -> str:
    """A number that follows from the lengths: 1 / (H*W), a floor of it, one that is the same for all."""
    n = m.w.op("Cast", m.w.op("ReduceProd", m.spatial(x), keepdims=0), to=TensorProto.FLOAT)
    kind = m.integer(0, 4)
    if kind == 0:
        return m.w.op("Mul", x, m.w.op("Div", m.w.const(300), n))
    if kind == 1:
        return m.w.op("Add", x, m.w.op("Floor", m.w.op("Div", n, m.w.const(200))))
    if kind == 2:
        return m.w.op("Mul", x, m.w.op("Div", n, n))
    if kind == 3:
        return m.w.op("Add", x, m.w.op("Mod", n, m.w.const(2), fmod=1))
    return m.w.op("Div", m.w.op("Mul", x, m.w.const(300)), n)


@whole
def filled(m: Maker, x: str) -> str:
    """A tensor that is as large as the image, and the same everywhere."""
    shape = m.w.op("Shape", x)
    if m.chance():
        ones = m.w.op("Expand", m.w.const(1.5), shape)
    else:
        ones = m.w.op("ConstantOfShape", shape, value=helper.make_tensor("v", TensorProto.FLOAT, [1], [0.7]))
    if m.chance(0.5):  # a mask of what is padding: a sum of ones in windows
        ones = m.w.op("Conv", ones, m.w.normal(CHANNELS, CHANNELS, *[3] * m.dims), pads=[1] * 2 * m.dims)
    return m.w.op(m.pick("Mul", "Add"), x, ones)


@whole
def drawn(m: Maker, x: str) -> str:
    return m.w.op("Add", x, m.w.op("RandomNormalLike", x))


@whole
def quantised(m: Maker, x: str) -> str:
    y, scale, zero = m.w.many("DynamicQuantizeLinear", [x], 3)
    return m.w.op("DequantizeLinear", y, scale, zero)


@whole
def told_by_size(m: Maker, x: str) -> str:
    """Another branch for large images."""

    def branch(op: str) -> object:
        out = f"{op}_{len(m.w.nodes)}"
        info = helper.make_tensor_value_info(out, TensorProto.FLOAT, None)
        return helper.make_graph([helper.make_node(op, [x], [out])], op, [], [info])

    large = m.w.op("Greater", m.length(x, 2), m.w.const(m.lengths[x][0] - m.integer(-9, 9), np.int64))
    return m.w.op("If", large, then_branch=branch("Softplus"), else_branch=branch("Neg"))


@whole
def fixed_lengths(m: Maker, x: str) -> str:
    """Reshapes that bake the lengths in."""
    flat = m.w.op("Reshape", x, m.w.ints(1, CHANNELS, -1))
    return m.w.op("Reshape", m.w.op("LeakyRelu", flat), m.w.ints(1, CHANNELS, *m.lengths[x]))


@whole
def flat_rows(m: Maker, x: str) -> str:
    """A window over rows that are laid end to end."""
    if m.dims != 2:
        raise Misfit
    flat = m.w.op("Reshape", x, m.w.ints(1, CHANNELS, -1))
    seen = m.w.op("Conv", flat, m.w.normal(CHANNELS, CHANNELS, 3), pads=[1, 1])
    return m.w.op("Reshape", seen, m.w.op("Shape", x))


@whole
def picked(m: Maker, x: str) -> str:
    """Some positions by number, set beside the image."""
    axis = m.integer(2, 1 + m.dims)
    part = m.w.op("Gather", x, m.w.ints(0, 3, 1), axis=axis)
    return m.w.op("Concat", part, x, axis=axis)


@whole
def unpooled(m: Maker, x: str) -> str:
    if m.dims != 2:
        raise Misfit
    low, at = m.w.many("MaxPool", [x], 2, kernel_shape=[2, 2], strides=[2, 2])
    low = m.w.op("Conv", low, m.w.normal(CHANNELS, CHANNELS, 3, 3), pads=[1, 1, 1, 1])
    return m.w.op("MaxUnpool", low, at, m.w.op("Shape", x), kernel_shape=[2, 2], strides=[2, 2])


@whole
def largest(m: Maker, x: str) -> str:
    """Where the largest value is, as a number."""
    place = m.w.op("ArgMax", x, axis=m.integer(2, 1 + m.dims))
    return m.w.op("Add", x, m.w.op("Cast", place, to=TensorProto.FLOAT))
