"""Which operators do the same at every position, and in what way: what `equivariance` may rely on.

An operator that is in none of these sets is taken to treat positions differently.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rfonnx.graph.nodes import Node
from rfonnx.operators.access.pointwise import BINARY, NUMPY_BROADCAST, UNARY, VARIADIC


def _microsoft(names: str) -> set[str]:
    return {f"com.microsoft.{name}" for name in names.split()}


ELEMENTWISE = (
    {*UNARY, *BINARY, *VARIADIC, *NUMPY_BROADCAST, "Mul", "Where", "PRelu", "Dropout", "CastLike"}
    | _microsoft("Gelu QuickGelu FastGelu BiasGelu BiasAdd ScaledSiLU QLinearAdd QLinearMul QLinearSigmoid")
    | _microsoft("QLinearLeakyRelu QLinearWhere SkipLayerNormalization SkipSimplifiedLayerNormalization")
)
"""Constant operands line up with the output as numpy broadcasts. (The last two mix features, too: of one position.)"""

NORMS = {
    *("Softmax", "LogSoftmax", "Hardmax", "LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"),
    *("LpNormalization", "MeanVarianceNormalization", "InstanceNormalization", "GroupNormalization"),
    *("BatchNormalization", "DynamicQuantizeLinear", "com.microsoft.QLinearSoftmax"),
}
"""The first output is the first input, position by position, changed by statistics that do not care for order."""

POOLS = {
    *("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "MaxPool", "AveragePool", "LpPool"),
    *_microsoft("QLinearAveragePool QLinearGlobalAveragePool NhwcMaxPool nchwc.MaxPool"),
    *_microsoft("nchwc.AveragePool nchwc.GlobalMaxPool nchwc.GlobalAveragePool"),
}

ORDER_FREE = POOLS | {
    *("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd"),
    *("ReduceSum", "ReduceSumSquare"),
    *_microsoft("QLinearReduceMean"),
}
"""Positions are taken together whatever their order."""

PRODUCTS = {"MatMul", "Gemm", "Einsum", *_microsoft("FusedMatMul TransposeMatMul FusedGemm")}
"""Matrix products of two operands that may both move."""

PACKED = _microsoft("MatMulNBits MatMulBnb4 MatMulFpQ4")
BY_ROW = PACKED | {"MatMulInteger", "QLinearMatMul", *_microsoft("MatMulIntegerToFloat")}
"""Matrix products that do the same for every row when all but the first operand are constants, of two axes if not packed."""

ATTENTION = {"Attention", *_microsoft("Attention MultiHeadAttention")}
"""Attention, when nothing but queries, keys and values is given."""

CHANNELS_LAST = {*_microsoft("NhwcConv NhwcFusedConv"), "com.ms.internal.nhwc.Conv"}

BY_CHANNEL = CHANNELS_LAST | {
    *("Conv", "ConvTranspose", "ConvInteger", "QLinearConv"),
    *("InstanceNormalization", "GroupNormalization", "BatchNormalization"),
    *_microsoft("FusedConv QLinearConv QLinearConvTranspose nchwc.Conv"),
}
"""There is a weight for each position of the channel axis."""

REGULAR = {
    *("MaxPool", "AveragePool", "LpPool", "LRN", "Pad", "Resize", "Upsample", "CenterCropPad", "Col2Im"),
    *("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Expand", "Tile", "DepthToSpace", "SpaceToDepth"),
    *("Slice", "Split", "Concat", "Gather"),
    *_microsoft("QLinearConcat nchwc.ReorderInput nchwc.ReorderOutput nchwc.Upsample"),
}
"""The same is done wherever the access is regular."""

JOINED = {"Concat", "com.microsoft.QLinearConcat"}
"""Operands lie beside each other."""

SCALED = {"QuantizeLinear", "DequantizeLinear", *_microsoft("QuantizeLinear DequantizeLinear")}
"""There is a scale, when there are several, for each position of `axis`."""

TOGETHER = ORDER_FREE | NORMS | PRODUCTS | ATTENTION
"""Positions may be taken together along which the content moves."""

KNOWN = ELEMENTWISE | NORMS | ORDER_FREE | PRODUCTS | BY_ROW | ATTENTION | BY_CHANNEL | SCALED | REGULAR


def channel_axis(node: Node, rank: int) -> int:
    """Axis of the channels of an operator of `BY_CHANNEL`."""
    last = node.kind in CHANNELS_LAST or (
        node.kind == "com.microsoft.QLinearConv" and node.attrs.get("channels_last", 0)
    )
    return rank - 1 if last else 1


class Sequential(NamedTuple):
    """Where an operator that goes through a sequence has it, and the state that it begins with.

    Attributes:
        operands: inputs that hold a sequence.
        states: inputs that hold what an earlier call left.
    """

    operands: tuple[int, ...]
    states: tuple[int, ...]


RECURRENT: dict[str, Sequential] = {
    **dict.fromkeys(("RNN", "GRU"), Sequential((0,), (5,))),
    **dict.fromkeys(("LSTM", *_microsoft("DynamicQuantizeLSTM AttnLSTM")), Sequential((0,), (5, 6))),
    **dict.fromkeys(("LinearAttention", "com.microsoft.LinearAttention"), Sequential((0, 1, 2), (3,))),
    **dict.fromkeys(("CausalConvWithState", "com.microsoft.CausalConvWithState"), Sequential((0,), (3,))),
}
"""Operators that go through a sequence step by step."""

ATTENDING: dict[str, Sequential] = {
    "Attention": Sequential((0, 1, 2), (4, 5)),
    "ai.onnx.preview.FlexAttention": Sequential((0, 1, 2), ()),
    "com.microsoft.Attention": Sequential((0,), (4,)),
    "com.microsoft.QAttention": Sequential((0,), (8,)),
    "com.microsoft.MultiHeadAttention": Sequential((0, 1, 2), (6, 7)),
    "com.microsoft.GroupQueryAttention": Sequential((0, 1, 2), (3, 4)),
}
"""Operators that compare positions of sequences with each other. Those that nobody wrote a rule for are not here."""


LAYERED = ("RNN", "GRU", "LSTM", "DynamicQuantizeLSTM", "AttnLSTM")
"""Recurrent layers, whose time comes first unless `layout` says otherwise; operand `LENGTHS` holds how long each sample is."""

LENGTHS = 4


def sequence_axis(node: Node, rank: int) -> int:
    """Axis along which a sequence runs that an operator of `RECURRENT` or `ATTENDING` is given.

    (time, batch, features) for recurrent layers, or batch first by `layout`; (batch, time, features) for attention, or (batch,
    heads, time, features); (batch, channels, time) for the convolution.
    """
    if node.op_type in LAYERED:
        return 1 if node.attrs.get("layout", 0) else 0
    return 2 if rank == 4 or node.op_type == "CausalConvWithState" else 1


def batch_operands(node: Node) -> Iterator[tuple[str, int]]:
    """Operands of an operator whose specification gives them a batch axis, each with that axis.

    (time, batch, features) for recurrent layers with layout 0, and (directions, batch, features) for what they begin with; the
    first axis for convolutions, pools, attention and statistics per sample.
    """
    kind, inputs = node.kind, node.inputs
    if kind in BY_CHANNEL | POOLS | {"LRN"}:
        yield inputs[0], 0
    elif kind in RECURRENT or kind in ATTENDING:
        one = {**RECURRENT, **ATTENDING}[kind]
        layered = node.op_type in LAYERED
        axis = 1 - sequence_axis(node, 3) if layered else 0
        yield from ((inputs[i], axis) for i in one.operands if i < len(inputs))
        if kind in RECURRENT:
            yield from ((inputs[i], axis) for i in one.states if i < len(inputs))
        if layered and len(inputs) > LENGTHS:
            yield inputs[LENGTHS], 0
