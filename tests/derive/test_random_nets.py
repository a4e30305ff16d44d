"""Shifts that random nets are said to follow, held against onnxruntime at every position for which they are said.

A period that is claimed must hold. None may be claimed where there is one, but not for nets of regular operators alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument

import rfonnx
from rfonnx.results.fields import ShiftFact

SIDE, CHANNELS = 120, 4


class Net:
    """A net over (1, CHANNELS, rows, columns) that is built layer by layer."""

    def __init__(self, seed: int, side: int = SIDE) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.shape = (1, CHANNELS, side, side)

    def constant(self, value: object) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(value), f"w{len(self.weights)}"))
        return self.weights[-1].name

    def weight(self, *shape: int) -> str:
        return self.constant((self.random.normal(size=shape) / math.sqrt(math.prod(shape[1:]))).astype(np.float32))

    def node(self, op: str, *inputs: str, **attrs: object) -> str:
        self.nodes.append(helper.make_node(op, list(inputs), [f"t{len(self.nodes)}"], **attrs))
        return self.nodes[-1].output[0]

    def model(self, output: str) -> onnx.ModelProto:
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)]
        nodes = [*self.nodes, helper.make_node("Identity", [output], ["y"])]
        made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
        graph = helper.make_graph(nodes, "random", inputs, made, self.weights)
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def conv(kernel: int, stride: int, pad: int, dilation: int = 1) -> Callable[[Net, str], str]:
    def layer(net: Net, x: str) -> str:
        weight, bias = net.weight(CHANNELS, CHANNELS, kernel, kernel), net.weight(CHANNELS)
        return net.node("Conv", x, weight, bias, strides=[stride] * 2, pads=[pad] * 4, dilations=[dilation] * 2)

    return layer


def transposed(net: Net, x: str) -> str:
    return net.node("ConvTranspose", x, net.weight(CHANNELS, CHANNELS, 4, 4), strides=[2, 2], pads=[1] * 4)


def pool(op: str) -> Callable[[Net, str], str]:
    return lambda net, x: net.node(op, x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)


def resized(mode: str, scale: float) -> Callable[[Net, str], str]:
    return lambda net, x: net.node("Resize", x, "", net.constant(np.float32([1, 1, scale, scale])), mode=mode)


def to_depth(net: Net, x: str) -> str:
    deep = net.node("SpaceToDepth", x, blocksize=2)
    return net.node("Conv", deep, net.weight(CHANNELS, 4 * CHANNELS, 1, 1))


def to_space(net: Net, x: str) -> str:
    wide = net.node("Conv", x, net.weight(4 * CHANNELS, CHANNELS, 1, 1))
    return net.node("DepthToSpace", wide, blocksize=2, mode="CRD")


def every_other(net: Net, x: str) -> str:
    one = net.constant(np.array([1, 0]))
    return net.node("Slice", x, one, net.constant(np.array([10**6] * 2)), net.constant([2, 3]), net.constant([2, 2]))


def reflected(net: Net, x: str) -> str:
    return net.node("Pad", x, net.constant([0, 0, 1, 2, 0, 0, 2, 1]), mode="reflect")


def gated(net: Net, x: str) -> str:
    mean = net.node("GlobalAveragePool", x)
    return net.node("Mul", x, net.node("Sigmoid", net.node("Conv", mean, net.weight(CHANNELS, CHANNELS, 1, 1))))


def normalised(net: Net, x: str) -> str:
    ones = net.constant(np.ones(CHANNELS, np.float32))
    return net.node("InstanceNormalization", x, ones, ones, epsilon=0.1)


def by_pixel(net: Net, x: str) -> str:
    last = net.node("Transpose", x, perm=[0, 2, 3, 1])
    normal = net.node("LayerNormalization", last, net.weight(CHANNELS), axis=-1, epsilon=0.1)
    mixed = net.node("MatMul", normal, net.weight(CHANNELS, CHANNELS))
    return net.node("Transpose", mixed, perm=[0, 3, 1, 2])


def swapped(net: Net, x: str) -> str:
    return net.node("Transpose", x, perm=[0, 1, 3, 2])


def tokens(net: Net, x: str) -> str:
    """Attention over all pixels of a pooled map, whose result is resized and added."""
    small = net.node("AveragePool", x, kernel_shape=[4, 4], strides=[4, 4])
    flat = net.node("Transpose", net.node("Reshape", small, net.constant([1, CHANNELS, -1])), perm=[0, 2, 1])
    scores = net.node(
        "MatMul", net.node("MatMul", flat, net.weight(CHANNELS, CHANNELS)), net.node("Transpose", flat, perm=[0, 2, 1])
    )
    mixed = net.node("MatMul", net.node("Softmax", scores, axis=-1), flat)
    back = net.node("Transpose", mixed, perm=[0, 2, 1])
    shape = net.node("Shape", small)
    return net.node("Add", net.node("Reshape", back, shape), small)


def fused(net: Net, x: str) -> str:
    """As `tokens`, by an operator of onnxruntime."""
    small = net.node("AveragePool", x, kernel_shape=[4, 4], strides=[4, 4])
    flat = net.node("Transpose", net.node("Reshape", small, net.constant([1, CHANNELS, -1])), perm=[0, 2, 1])
    query = net.node("MatMul", flat, net.weight(CHANNELS, CHANNELS))
    mixed = net.node("MultiHeadAttention", query, flat, flat, domain="com.microsoft", num_heads=2)
    back = net.node("Transpose", mixed, perm=[0, 2, 1])
    return net.node("Add", net.node("Reshape", back, net.node("Shape", small)), small)


def windows(net: Net, x: str) -> str:
    """Attention within windows of three rows."""
    shape = net.node("Shape", x)
    cut = net.node("Reshape", net.node("Transpose", x, perm=[0, 3, 2, 1]), net.constant([-1, 3, CHANNELS]))
    scores = net.node("MatMul", cut, net.node("Transpose", cut, perm=[0, 2, 1]))
    mixed = net.node("MatMul", net.node("Softmax", scores, axis=-1), cut)
    swapped_shape = net.node("Gather", shape, net.constant([0, 3, 2, 1]))
    return net.node("Transpose", net.node("Reshape", mixed, swapped_shape), perm=[0, 3, 2, 1])


REGULAR = {
    "conv 3": conv(3, 1, 1),
    "conv 3/2": conv(3, 2, 1),
    "conv 5/3": conv(5, 3, 0),
    "conv 2": conv(2, 1, 0),
    "conv 3 d2": conv(3, 1, 2, 2),
    "transposed": transposed,
    "max pool": pool("MaxPool"),
    "average pool": pool("AveragePool"),
    "nearest": resized("nearest", 2.0),
    "linear": resized("linear", 1.5),
    "half": resized("linear", 0.5),
    "to depth": to_depth,
    "to space": to_space,
    "every other": every_other,
    "reflected": reflected,
    "by pixel": by_pixel,
    "swapped": swapped,
    "relu": lambda net, x: net.node("Relu", x),
    "gated": gated,
    "normalised": normalised,
    "tokens": tokens,
    "fused tokens": fused,
}


def reversed_too(net: Net, x: str) -> str:
    ends = [net.constant([value]) for value in (-1, -(10**6), 2, -1)]
    return net.node("Add", x, net.node("Slice", x, *ends))


def table(side: str) -> Callable[[Net, str], str]:
    """A position table, made as large as the tensor by resizing a constant."""

    def layer(net: Net, x: str) -> str:
        shape = net.node("Shape", x)
        return net.node(side, x, net.node("Resize", net.weight(1, CHANNELS, 7, 7), "", "", shape, mode="nearest"))

    return layer


def mixed_rows(net: Net, x: str) -> str:
    """A matrix product over rows, whose weights are resized to fit."""
    columns = net.node("Slice", net.node("Shape", x), net.constant([2]), net.constant([3]))
    size = net.node("Concat", columns, columns, axis=0)
    whole = net.node("Concat", net.constant([1, 1]), size, axis=0)
    weight = net.node("Resize", net.weight(1, 1, 9, 9), "", "", whole, mode="linear")
    return net.node("MatMul", net.node("Squeeze", weight, net.constant([0, 1])), x)


def summed_up(net: Net, x: str) -> str:
    return net.node("Tanh", net.node("CumSum", x, net.constant(2)))


def cropped_mean(net: Net, x: str) -> str:
    ends = [net.constant([value]) for value in (0, 55, 2)]
    part = net.node("Slice", x, *ends)
    return net.node("Add", x, net.node("ReduceMean", part, net.constant([2, 3]), keepdims=1))


def row_of_its_own(net: Net, x: str) -> str:
    row = net.node("Gather", x, net.constant([11]), axis=2)
    return net.node("Add", x, row)


def grid_by_mean(net: Net, x: str) -> str:
    """A global mean spread over a learned grid."""
    shape = net.node("Shape", x)
    grid = net.node(
        "Resize",
        net.weight(1, 1, 5, 5),
        "",
        "",
        net.node(
            "Concat", net.constant([1, 1]), net.node("Slice", shape, net.constant([2]), net.constant([4])), axis=0
        ),
    )
    return net.node("Add", x, net.node("Mul", net.node("GlobalMaxPool", x), grid))


IRREGULAR = {
    "windows": windows,
    "added table": table("Add"),
    "multiplied table": table("Mul"),
    "reversed too": reversed_too,
    "mixed rows": mixed_rows,
    "summed up": summed_up,
    "cropped mean": cropped_mean,
    "row of its own": row_of_its_own,
    "grid by mean": grid_by_mean,
}
LAYERS = REGULAR | IRREGULAR


def build(names: list[str], seed: int, side: int = SIDE) -> onnx.ModelProto:
    net = Net(seed, side)
    x = "x"
    for name in names:
        x = LAYERS[name](net, x)
    return net.model(x)


def hold(model: onnx.ModelProto, side: int = SIDE) -> list[ShiftFact]:
    """Each shift that is told, run as its sentence says, at every position for which it is said."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    facts = rfonnx.analyze(model).facts["y"].shifts
    for fact in facts:
        if fact.period is None:
            continue
        before, after = (session.run(None, {"x": x})[0] for x in shown(fact, side))
        along = fact.tensor_axis
        if along is not None and fact.positions is not None:
            first, last = fact.positions
            here = range(max(first, first - fact.shift), min(last, last - fact.shift) + 1)
            assert here, "a shift that holds nowhere"
            before, after = before.take(here, along), after.take([o + fact.shift for o in here], along)
        elif along is not None:  # rows laid end to end, of which some move
            continue
        scale = max(float(np.abs(before - np.median(before)).max()), 1e-3)
        assert np.abs(before - after).max() <= 2e-3 * scale, fact
    return list(facts)


def shown(fact: ShiftFact, side: int) -> tuple[np.ndarray, np.ndarray]:
    """An input before and after the shift: noise all over, or noise that stays in the room before a background of its own."""
    random, period = np.random.default_rng(1), fact.period
    canvas = random.normal(size=(1, CHANNELS, side + period, side)).astype(np.float32)
    if fact.room is not None:
        first, last = fact.room
        assert last - first + 1 >= period + 5
        canvas[:, :, : first + period] = canvas[:, :, last + 1 :] = 0.3
    before, after = canvas[:, :, period:], canvas[:, :, :side]
    if fact.axis == 3:
        before, after = before.swapaxes(2, 3), after.swapaxes(2, 3)
    return before, after


CUTS = {"windows", "to depth"}
"""Layers that not every length can be cut for."""


def attempt(names: list[str], seed: int, side: int = SIDE) -> list[ShiftFact]:
    try:
        return hold(build(names, seed, side), side)
    except (Fail, InvalidArgument, rfonnx.RfonnxError):
        assume(side == SIDE and not CUTS & set(names))
        raise


@settings(max_examples=60)
@given(st.lists(st.sampled_from(sorted(LAYERS)), min_size=1, max_size=4, unique=True), st.integers(0, 3))
def test_claimed_periods_hold(names: list[str], seed: int) -> None:
    attempt(names, seed)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(sorted(REGULAR)), min_size=1, max_size=4, unique=True),
    st.integers(0, 3),
    st.integers(12, 60),
)
def test_claims_on_small_inputs_hold_where_there_is_room(names: list[str], seed: int, side: int) -> None:
    attempt(names, seed, side)


@settings(max_examples=30)
@given(st.lists(st.sampled_from(sorted(REGULAR)), min_size=1, max_size=3, unique=True), st.integers(0, 3))
def test_regular_nets_have_a_period(names: list[str], seed: int) -> None:
    for fact in attempt(names, seed):
        assert fact.period is not None, fact.reason


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(sorted(set(REGULAR) - CUTS)), min_size=1, max_size=3, unique=True),
    st.sampled_from([40, SIDE]),
)
def test_the_least_input_is_the_least(names: list[str], side: int) -> None:
    """A net that is built anew at the least length follows the shift, and one that is a period shorter does not."""
    for fact in attempt(names, 0, side):
        if not fact.least:
            assert "it would take a shift" in fact.reason
            continue
        period = shift_of(names, fact, fact.least)
        assert period is not None
        assert fact.period in (None, period)
        if fact.least > period + 8:  # else not all layers can be made
            assert shift_of(names, fact, fact.least - period) is None


def shift_of(names: list[str], fact: ShiftFact, side: int) -> int | None:
    """The period that a net is said to follow along the same axis, at another size."""
    (other,) = (other for other in attempt(names, 0, side) if other.axis == fact.axis)
    return other.period
