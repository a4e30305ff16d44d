"""The shared table: at least one case per gradient rule. `test_rules` holds each against differences in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import GraphProto, ModelProto, helper, numpy_helper


@dataclass
class Case:
    """One node.

    Attributes:
        op: operator.
        inputs: a shape (an input to be differentiated, standard normal), an array (a constant), or None (left out).
        attrs: of the node.
        opset: of ai.onnx.
        legal: maps standard normal numbers to where the operator is smooth.
        outputs: number of outputs; `seed` says which one is differentiated.
        tag: tells cases of one operator apart.
        run: computes it, for an operator that neither the reference evaluator nor onnxruntime has.
        reference: whether onnx's reference evaluator has the operator.
        runtime: whether onnxruntime has the operator in float32, so that the emitted graph is run there, too.
    """

    op: str
    inputs: Sequence[tuple[int, ...] | np.ndarray | None]
    attrs: dict[str, Any] = field(default_factory=dict)
    opset: int = 21
    legal: Any = None
    outputs: int = 1
    seed: int = 0
    tag: str = ""
    runtime: bool = True
    reference: bool = True
    tolerance: float = 1e-6
    run: Callable[..., np.ndarray] | None = None

    @property
    def contrib(self) -> bool:
        """Whether only onnxruntime has the operator, or this use of it."""
        if self.run is not None:
            return False
        return "." in self.op or self.op == "SimplifiedLayerNormalization" or not self.reference

    def __str__(self) -> str:
        return f"{self.op}-{self.tag}" if self.tag else self.op

    def arrays(self) -> dict[str, np.ndarray]:
        """The differentiated inputs, float64."""
        rng = np.random.default_rng(7)
        made = {}
        for index, entry in enumerate(self.inputs):
            if isinstance(entry, tuple):
                value = rng.standard_normal(entry)
                made[f"x{index}"] = self.legal(value) if self.legal else value
        return made

    def model(self, dtype: type) -> ModelProto:
        """The node as a model with float64 or float32 tensors."""
        elem = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        names, inputs, constants = [], [], []
        for index, entry in enumerate(self.inputs):
            name = "" if entry is None else f"x{index}"
            names.append(name)
            if isinstance(entry, tuple):
                inputs.append(helper.make_tensor_value_info(name, elem, entry))
            elif isinstance(entry, np.ndarray):
                value = entry.astype(dtype) if entry.dtype == np.float64 else entry
                constants.append(numpy_helper.from_array(value, name))
        outs = [f"y{i}" for i in range(self.outputs)]
        domain, _, op_type = self.op.rpartition(".")
        attrs = {k: _body(v, elem) for k, v in self.attrs.items()}
        node = helper.make_node(op_type, names, outs, name="node", domain=domain, **attrs)
        graph = GraphProto(name="case", node=[node], input=inputs, initializer=constants)
        graph.output.append(helper.make_empty_tensor_value_info(f"y{self.seed}"))
        opsets = [helper.make_opsetid("", self.opset)]
        if domain:
            opsets.append(helper.make_opsetid(domain, 1))
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def _body(value: Any, elem: int) -> Any:
    """Subgraphs are functions of the element type."""
    return value(elem) if callable(value) else value


def weights(*shape: int, seed: int = 3) -> np.ndarray:
    """A constant of standard normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape)


def ints(*values: int) -> np.ndarray:
    """A constant list of integers."""
    return np.array(values, np.int64)


def away_from(*kinks: float, by: float = 0.05) -> Any:
    """Moves numbers off the kinks of a function."""

    def legal(x: np.ndarray) -> np.ndarray:
        for kink in kinks:
            near = np.abs(x - kink) < by
            x = np.where(near, kink + by * np.where(x >= kink, 2, -2), x)
        return x

    return legal


def above(low: float) -> Any:
    """Maps numbers above a bound."""
    return lambda x: np.abs(x) + low


def within(bound: float) -> Any:
    """Maps numbers into (-bound, bound)."""
    return lambda x: np.tanh(x) * bound


X = (2, 3, 4)
IMAGE = (2, 3, 7, 6)

SMOOTH = "Sigmoid Tanh Softplus Erf Exp Neg Sin Cos Mish Atan Sinh Cosh Asinh Identity"
KINKED = "Relu LeakyRelu Elu Celu Selu Softsign Abs Reciprocal HardSwish"
REDUCTIONS = (
    "ReduceSum ReduceMean ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum ReduceLogSumExp ReduceMax ReduceMin ReduceProd"
)

ELEMENTWISE = [
    *(Case(op, [X]) for op in SMOOTH.split()),
    *(Case(op, [X], legal=away_from(0.0)) for op in KINKED.split()),
    Case("LeakyRelu", [X], {"alpha": -0.3}, legal=away_from(0.0), tag="negative"),
    Case("Elu", [X], {"alpha": 0.4}, legal=away_from(0.0), tag="alpha"),
    Case("Celu", [X], {"alpha": 0.4}, legal=away_from(0.0), tag="alpha"),
    Case("HardSwish", [X], legal=lambda x: away_from(-3.0, 3.0)(x * 3), tag="wide"),
    Case("HardSigmoid", [X], {"alpha": 0.5, "beta": 0.4}, legal=away_from(-0.8, 1.2)),
    Case("ThresholdedRelu", [X], {"alpha": 0.3}, legal=away_from(0.3)),
    Case("Shrink", [X], {"lambd": 0.6, "bias": 0.2}, legal=away_from(-0.6, 0.6)),
    Case("Gelu", [X], opset=21),
    Case("Gelu", [X], {"approximate": "tanh"}, tag="tanh"),
    Case("Swish", [X], {"alpha": 1.3}, opset=24),
    *(Case(op, [X], legal=above(0.3)) for op in ("Log", "Sqrt")),
    *(Case(op, [X], legal=within(0.8)) for op in ("Asin", "Acos", "Atanh", "Tan")),
    Case("Acosh", [X], legal=above(1.3)),
    Case("Clip", [X, np.array(-0.5), np.array(0.7)], legal=away_from(-0.5, 0.7)),
    Case("Clip", [X, None, np.array(0.7)], legal=away_from(0.7), tag="above"),
    Case("Clip", [X], tag="free"),
    Case("Clip", [X, (), ()], legal=lambda x: x if x.ndim else x * 0.3, tag="bounds"),
    Case("Clip", [X, (), np.array(-2.0)], tag="low-above-high"),
    Case("Clip", [X, None, ()], tag="bound"),
    Case("Dropout", [X]),
    Case("Cast", [X], {"to": lambda elem: elem}),
    Case("CastLike", [X, np.zeros(1)]),
    Case("com.microsoft.QuickGelu", [X], runtime=True),
    Case("com.microsoft.FastGelu", [X, (4,)], runtime=True),
    Case("com.microsoft.Gelu", [X], runtime=True),
]  # fmt: skip

BINARY = [
    *(Case(op, [X, (3, 1)]) for op in ("Add", "Sub", "Mul")),
    Case("Div", [X, (1, 4)], legal=away_from(0.0, by=0.4)),
    Case("Div", [(4,), X], legal=away_from(0.0, by=0.4), tag="narrow"),
    Case("Pow", [X, (1, 4)], legal=above(0.3)),
    *(Case("Pow", [X, np.array(b)], legal=above(0.3), tag=str(b)) for b in (1.0, 2.0, 3.0, 0.5, -1.0, 2.5)),
    Case("Pow", [X, np.array(2, np.int64)], tag="integer"),
    Case("Sum", [X, (4,), (2, 1, 1)]),
    Case("Mean", [X, (4,), (2, 1, 1)]),
    Case("Max", [X, (4,), (2, 1, 1)]),
    Case("Min", [X, (4,), (2, 1, 1)]),
    Case("Mod", [X, (3, 1)], {"fmod": 1}, legal=lambda x: np.abs(x) + 0.3),
    Case("Where", [np.array([True, False, True, False]), X, (3, 1)]),
    Case("PRelu", [X, (3, 1)], legal=away_from(0.0)),
]  # fmt: skip


def conv(
    x: tuple[int, ...], w: tuple[int, ...], tag: str = "", op: str = "Conv", b: bool = False, **attrs: Any
) -> Case:
    """A convolution with a constant weight."""
    bias = [weights(w[0] if op == "Conv" else w[1] * attrs.get("group", 1))] if b else []
    return Case(op, [x, weights(*w), *bias], attrs, tag=tag)


CONV = [
    conv((2, 3, 9), (4, 3, 3), "1d", pads=[1, 1]),
    conv((1, 3, 7, 6), (4, 3, 3, 2), "plain", b=True),
    conv((1, 4, 9, 8), (6, 2, 3, 3), "grouped", group=2, pads=[1, 0, 2, 1]),
    conv((1, 4, 9, 8), (8, 1, 3, 3), "depthwise", group=4, pads=[1, 1, 1, 1]),
    conv((1, 4, 9, 8), (4, 1, 3, 3), "depthwise-strided", group=4, pads=[1, 1, 1, 1], strides=[2, 2]),
    conv((1, 4, 11, 8), (8, 1, 5, 3), "depthwise-strided-odd", group=4, pads=[0, 1, 2, 0], strides=[3, 2], dilations=[1, 2]),
    conv((2, 3, 11, 10), (4, 3, 3, 3), "strided", strides=[2, 3], pads=[1, 0, 1, 2]),
    conv((1, 3, 11, 10), (4, 3, 3, 3), "dilated", dilations=[2, 3], pads=[2, 3, 2, 3]),
    conv((1, 3, 14, 13), (4, 3, 3, 2), "strided-dilated", strides=[3, 2], dilations=[2, 4], pads=[1, 2, 0, 3]),
    conv((1, 3, 9, 9), (4, 3, 2, 2), "gaps", strides=[4, 3]),
    conv((1, 3, 5, 5), (4, 3, 1, 1), "padded-1x1", pads=[1, 2, 0, 1]),
    conv((1, 3, 6, 5), (4, 3, 1, 1), "strided-1x1", strides=[2, 2]),
    conv((1, 3, 6, 5), (4, 3, 1, 1), "padded-strided-1x1", strides=[2, 2], pads=[1, 1, 1, 1]),
    conv((1, 3, 6, 5), (4, 3, 3, 3), "same", auto_pad="SAME_UPPER", strides=[2, 2]),
    conv((1, 3, 6, 5), (4, 3, 4, 3), "same-lower", auto_pad="SAME_LOWER", strides=[1, 2]),
    conv((1, 9, 6, 5), (10, 9, 3, 3), "wide", pads=[1, 1, 1, 1]),
    conv((1, 9, 6, 5), (10, 9, 1, 1), "wide-padded-1x1", pads=[1, 2, 0, 1]),
    conv((1, 9, 6, 5), (10, 9, 2, 3), "wide-asymmetric", pads=[1, 0, 2, 1], dilations=[2, 1]),
    conv((1, 2, 5, 6, 7), (4, 1, 3, 2, 3), "3d", group=2, strides=[1, 2, 1], pads=[1, 0, 1, 1, 1, 1]),
    conv((1, 2, 5, 6, 7), (4, 2, 2, 2, 3), "3d-strided", strides=[2, 2, 3], pads=[1, 0, 1, 1, 1, 1]),
    Case("Conv", [(1, 2, 1, 9), (2, 2, 1, 3), (2,)], {"strides": [4, 4], "pads": [2, 0, 0, 1]}, tag="weights-in-padding"),
    Case("ConvTranspose", [(1, 2, 2, 3), (2, 2, 2, 3)], {"strides": [1, 3], "output_shape": [2, 3]}, tag="smaller"),
    Case(
        "Conv", [(2, 4, 8, 7), (6, 2, 3, 2), (6,)],
        {"group": 2, "strides": [2, 1], "dilations": [1, 2], "pads": [1, 0, 1, 1]}, tag="weights",
    ),
    conv((2, 3, 5), (3, 4, 3), "1d", op="ConvTranspose", strides=[2]),
    conv((1, 3, 5, 4), (3, 4, 3, 2), "plain", op="ConvTranspose", b=True),
    conv(
        (1, 4, 5, 4), (4, 3, 3, 3), "grouped", op="ConvTranspose", group=2, strides=[2, 2], pads=[1, 1, 0, 1],
        output_padding=[1, 0],
    ),
    conv((1, 3, 5, 4), (3, 2, 3, 3), "dilated", op="ConvTranspose", dilations=[2, 3], strides=[2, 3], output_padding=[1, 2]),
    conv((1, 3, 5, 4), (3, 2, 3, 3), "output-shape", op="ConvTranspose", strides=[2, 2], output_shape=[10, 8]),
    conv((1, 2, 3, 4, 3), (2, 2, 2, 3, 2), "3d", op="ConvTranspose", strides=[2, 1, 2]),
    Case(
        "ConvTranspose", [(2, 4, 4, 5), (4, 3, 3, 2), (6,)], {"group": 2, "strides": [2, 1], "pads": [1, 0, 0, 1]},
        tag="weights",
    ),
]  # fmt: skip


def pool(op: str, x: tuple[int, ...], kernel: list[int], tag: str = "", **attrs: Any) -> Case:
    """A pool."""
    return Case(op, [x], {"kernel_shape": kernel, **attrs}, tag=tag, opset=22)


DROPPED = {"kernel_shape": [2, 3], "strides": [2, 2], "ceil_mode": 1, "pads": [1, 1, 1, 0]}

POOL = [
    *(
        pool(op, x, kernel, tag, **attrs)
        for op in ("AveragePool", "MaxPool", "LpPool")
        for tag, x, kernel, attrs in (
            ("1d", (2, 3, 9), [3], {"strides": [2], "pads": [1, 1]}),
            ("tiles", (2, 3, 8, 6), [2, 3], {"strides": [2, 3]}),
            ("overlapping", (1, 2, 9, 9), [3, 3], {"strides": [2, 2]}),
            ("padded", (1, 2, 8, 7), [3, 3], {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
            ("stride1", (1, 2, 6, 7), [3, 3], {"pads": [1, 1, 1, 1]}),
            ("asymmetric", (1, 2, 9, 8), [3, 2], {"strides": [2, 1], "pads": [0, 1, 2, 0]}),
            ("ceil", (1, 2, 8, 8), [3, 3], {"strides": [2, 2], "ceil_mode": 1}),
            ("ceil-padded", (1, 2, 9, 8), [3, 2], {"strides": [3, 2], "ceil_mode": 1, "pads": [1, 0, 1, 0]}),
            ("dilated", (1, 2, 9, 9), [3, 2], {"dilations": [2, 3], "pads": [1, 1, 1, 0]}),
            ("gaps", (1, 2, 9, 9), [2, 2], {"strides": [3, 4]}),
            ("large", (1, 2, 9, 9), [8, 7], {}),
            ("3d", (1, 2, 5, 6, 5), [2, 3, 2], {"strides": [2, 2, 1], "pads": [0, 1, 1, 0, 0, 1]}),
        )
    ),
    pool("AveragePool", (1, 2, 8, 7), [3, 3], "include-pad", strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1),
    pool(
        "AveragePool", (1, 2, 8, 8), [3, 3], "include-pad-ceil", strides=[2, 2], pads=[1, 0, 0, 1], count_include_pad=1,
        ceil_mode=1,
    ),
    # the window that would start in the end padding is dropped, but inference below opset 22 counts it
    *(
        Case(op, [(1, 2, 9, 8)], {**DROPPED, **attrs}, opset, tag=f"dropped{len(attrs)}")
        for op, opset, attrs in (
            ("MaxPool", 17, {}), ("LpPool", 18, {}), ("AveragePool", 17, {}), ("AveragePool", 17, {"count_include_pad": 1}),
        )
    ),
    pool("AveragePool", (1, 2, 7, 6), [3, 3], "same", strides=[2, 2], auto_pad="SAME_UPPER"),
    pool("MaxPool", (1, 2, 7, 6), [3, 2], "same", strides=[2, 2], auto_pad="SAME_LOWER"),
    *(
        pool(op, (1, 2, 8, 6), [3, 4], f"{pad.lower()}", strides=[2, 1], auto_pad=pad)
        for op in ("AveragePool", "MaxPool", "LpPool") for pad in ("SAME_UPPER", "SAME_LOWER", "VALID")
    ),
    pool("AveragePool", (1, 2, 9, 9), [3, 2], "include-pad-dilated", dilations=[2, 3], pads=[1, 1, 1, 0], count_include_pad=1),
    Case(
        "MaxPool", [(1, 2, 1, 9)], {"kernel_shape": [4, 3], "dilations": [2, 1], "pads": [3, 0, 3, 0]}, opset=22,
        tag="in-padding", reference=False,
    ),
    pool("AveragePool", (2, 3, 9), [4], "include-pad-1d", strides=[3], pads=[1, 2], count_include_pad=1),
    pool(
        "AveragePool", (1, 2, 5, 6, 5), [2, 3, 2], "include-pad-3d", strides=[2, 2, 1], pads=[0, 1, 1, 0, 0, 1],
        count_include_pad=1,
    ),
    Case(
        "MaxPool", [(1, 2, 7, 6)], {"kernel_shape": [3, 2], "strides": [2, 2], "storage_order": 1}, opset=22, outputs=2,
        tag="column-major", reference=False,
    ),
    Case("MaxPool", [(1, 2, 7, 6)], {"kernel_shape": [3, 2], "strides": [2, 1]}, opset=22, outputs=2, tag="indices"),
    pool("LpPool", (1, 2, 7, 6), [3, 2], "p3", p=3),
    pool("LpPool", (1, 2, 7, 6), [3, 2], "p1", p=1),
    *(Case(op, [IMAGE]) for op in ("GlobalAveragePool", "GlobalMaxPool")),
    Case("GlobalLpPool", [IMAGE]),
    Case("GlobalLpPool", [IMAGE], {"p": 3}, tag="p3"),
]  # fmt: skip

MATMUL = [
    *(
        Case("MatMul", [a, b], tag=f"{a}-{b}".replace(" ", ""))
        for a, b in (
            ((3, 4), (4, 5)), ((4,), (4,)), ((4,), (4, 5)), ((3, 4), (4,)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (4,)),
            ((4,), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 2)), ((3, 4), (2, 6, 4, 2)), ((1, 3, 4), (2, 4, 2)),
        )
    ),
    *(
        Case(
            "Gemm", [(4, 3) if a else (3, 4), (5, 4) if b else (4, 5), c],
            {"transA": a, "transB": b, "alpha": 0.5, "beta": 2.0}, tag=f"{a}{b}",
        )
        for a, b, c in ((0, 0, (5,)), (0, 1, (3, 5)), (1, 0, (3, 1)), (1, 1, (1,)))
    ),
    Case("Gemm", [(3, 4), (4, 5)], tag="no-c"),
]  # fmt: skip

SHAPE = [
    Case("Reshape", [X, ints(0, -1)]),
    Case("Flatten", [X], {"axis": 2}),
    Case("Squeeze", [(1, 3, 1, 2), ints(0, -2)]),
    Case("Unsqueeze", [X, ints(0, -1)]),
    Case("Transpose", [X], {"perm": [1, 2, 0]}),
    Case("Transpose", [X], tag="reversed"),
    Case("Expand", [(3, 1), ints(2, 1, 4)]),
    Case("Tile", [X, ints(2, 1, 3)]),
    Case("Expand", [X, ints(1, 1)], tag="smaller"),
    Case("Reshape", [X, ints(-1)], {"allowzero": 0}, tag="flat"),
    Case("Squeeze", [(1, 3, 1, 2)], tag="every"),
    Case("Concat", [X], {"axis": 0}, tag="one"),
    Case("Concat", [X, (2, 1, 4), (2, 2, 4)], {"axis": -2}),
    Case("Split", [X, ints(1, 2)], {"axis": 1}, outputs=2),
    Case("Split", [X, ints(1, 2)], {"axis": 1}, outputs=2, seed=1, tag="second"),
    Case("Split", [(2, 7)], {"axis": 1, "num_outputs": 3}, outputs=3, seed=2, tag="uneven"),
    Case("DepthToSpace", [(2, 8, 2, 3)], {"blocksize": 2}),
    Case("DepthToSpace", [(2, 8, 2, 3)], {"blocksize": 2, "mode": "CRD"}, tag="crd"),
    Case("SpaceToDepth", [(2, 3, 4, 6)], {"blocksize": 2}),
    Case("Trilu", [(2, 4, 5), np.array(1, np.int64)], {"upper": 0}),
    Case("Trilu", [(2, 4, 5)], tag="upper"),
    Case("ReverseSequence", [(4, 3, 2), ints(4, 2, 1)], {"time_axis": 0, "batch_axis": 1}),
]  # fmt: skip


def reduction(op: str, axes: tuple[int, ...], keepdims: int, opset: int = 21) -> Case:
    """A reduction; axes are an input from opset 18, and of ReduceSum from 13."""
    legal = above(0.2) if "Log" in op else None
    tag = f"{'_'.join(map(str, axes))}-{keepdims}-{opset}"
    if op == "ReduceSum" or opset >= 18:
        return Case(op, [X, ints(*axes)], {"keepdims": keepdims}, opset, legal, tag=tag)
    return Case(op, [X], {"keepdims": keepdims, "axes": list(axes)}, opset, legal, tag=tag)


REDUCE = [
    *(reduction(op, (1,), 1) for op in REDUCTIONS.split()),
    *(reduction(op, (0, -1), 0) for op in REDUCTIONS.split()),
    *(reduction(op, (0, 2), 1, opset=17) for op in REDUCTIONS.split()),
    Case("ReduceMean", [X], tag="all"),
    Case("ReduceSum", [X], {"noop_with_empty_axes": 1}, tag="none"),
    *(
        Case(
            op, [X, ints()], {"noop_with_empty_axes": noop, "keepdims": 1 - noop}, legal=above(0.2), tag=f"empty-{noop}",
        )
        for op in ("ReduceMean", "ReduceMax", "ReduceLogSumExp", "ReduceProd") for noop in (0, 1)
    ),
]  # fmt: skip

NORM = [
    Case("Softmax", [X], {"axis": 1}),
    Case("LogSoftmax", [X]),
    Case("BatchNormalization", [IMAGE, weights(3), weights(3), weights(3), np.abs(weights(3)) + 0.5], {"epsilon": 1e-3}),
    Case("BatchNormalization", [IMAGE, (3,), (3,), (3,), (3,)], legal=lambda x: np.abs(x) + 0.5, tag="parameters"),
    Case("BatchNormalization", [(4, 3), (3,), weights(3), weights(3), np.abs(weights(3)) + 0.5], tag="flat"),
    *(
        Case(
            "BatchNormalization", [shape, (3,), (3,), weights(3), np.abs(weights(3))], {"training_mode": 1, "epsilon": 1e-2},
            outputs=3, tag=f"training-{len(shape)}",
        )
        for shape in ((5, 3), (2, 3, 4), IMAGE)
    ),
    Case("Softmax", [X], {"axis": 0}, opset=13, tag="first"),
    Case("LayerNormalization", [X, (3, 4), (3, 4)], {"axis": 1}),
    Case("LayerNormalization", [X, weights(4)], tag="no-bias"),
    Case("RMSNormalization", [X, (4,)], opset=23),
    Case("InstanceNormalization", [IMAGE, (3,), (3,)]),
    Case("LRN", [(2, 7, 3, 4)], {"size": 5, "alpha": 0.3}),
    Case("LRN", [(2, 7, 3, 4)], {"size": 4, "alpha": 0.3, "beta": 0.6, "bias": 2.0}, tag="even", runtime=False),
    Case("LRN", [(2, 7, 3)], {"size": 3, "alpha": 0.3, "beta": 0.5}, tag="1d", runtime=False),
    Case("SimplifiedLayerNormalization", [X, (4,)]),
]  # fmt: skip

FUSED = [
    Case("com.microsoft.FusedMatMul", [(2, 3, 4), (2, 4, 5)], {"alpha": 0.7}),
    *(
        Case("com.microsoft.FusedMatMul", [a, b], attrs, tag="-".join(f"{k}{v}" for k, v in attrs.items()))
        for a, b, attrs in (
            ((2, 4, 3), (2, 4, 5), {"transA": 1}),
            ((2, 3, 4), (2, 5, 4), {"transB": 1, "alpha": 0.5}),
            ((2, 4, 3), (2, 5, 4), {"transA": 1, "transB": 1}),
            ((3, 2, 4), (2, 4, 5), {"transBatchA": 1}),
            ((4, 2, 3), (2, 4, 5), {"transBatchA": 1, "transA": 1}),
            ((2, 3, 4), (4, 2, 5), {"transBatchB": 1}),
            ((2, 3, 4), (5, 2, 4), {"transBatchB": 1, "transB": 1}),
            ((3, 2, 2, 4), (2, 2, 5, 4), {"transBatchA": 1, "transB": 1}),
            ((3, 4), (5, 4), {"transB": 1}),
        )
    ),
    Case("com.microsoft.TransposeMatMul", [(2, 3, 4), (2, 5, 4)], {"transB": 1, "alpha": 2.0}),
    Case("com.microsoft.FusedConv", [(1, 2, 5, 4), (3, 2, 3, 3), weights(3)], {"activation": "Sigmoid", "pads": [1, 1, 1, 1]}),
    Case(
        "com.microsoft.FusedConv", [(1, 2, 5, 4), weights(3, 2, 3, 3), weights(3), (1, 3, 3, 2)],
        {"activation": "LeakyRelu", "activation_params": [0.3]}, tag="sum",
    ),
    *(
        Case(
            "com.microsoft.FusedConv", [(1, 2, 5, 4), weights(3, 2, 3, 3)],
            {"activation": kind, "activation_params": values}, tag=kind,
        )
        for kind, values in (("Clip", [-1.0, 2.0]), ("HardSigmoid", [0.1, 0.5]))
    ),
    Case("com.microsoft.FusedGemm", [(2, 3), (4, 3), weights(4)], {"transB": 1, "activation": "Tanh"}),
    Case("com.microsoft.BiasGelu", [X, (4,)]),
    Case("com.microsoft.SkipLayerNormalization", [(2, 3, 4), (2, 3, 4), (4,), (4,), (4,)], {"epsilon": 1e-3}),
    Case("com.microsoft.SkipSimplifiedLayerNormalization", [(2, 3, 4), (2, 3, 4), (4,), (4,)], {"epsilon": 1e-3}),
]  # fmt: skip

ROWS = np.array([[2, 0, 2, 1], [1, 1, 0, 2]], np.int64)[:, None]

SLICING = [
    Case("Slice", [(4, 7, 5), ints(1, -1), ints(-1, 0), ints(1, 2), ints(2, -2)]),
    Case("Slice", [(4, 7, 5), ints(3, 1), ints(0, 100), ints(0, 1), ints(-1, 3)], tag="steps"),
    Case("Slice", [(4, 7), ints(1), ints(3), ints(1)], tag="plain"),
    Case("Slice", [(4, 7), ints(6), ints(7), ints(1), ints(5)], tag="single"),
    Case("Gather", [(4, 5, 3), np.array([[3, 0], [-1, 1]], np.int64)], {"axis": 1}),
    Case("Gather", [(4, 5), np.array(2, np.int64)], {"axis": 0}, tag="scalar"),
    Case("Gather", [(2, 30), ints(*(7 * i % 30 for i in range(40)))], {"axis": 1}, tag="many"),
    Case("Gather", [(2, 1500), ints(*(7 * i % 1500 for i in range(1500)))], {"axis": 1}, tag="very-many"),
    Case("GatherElements", [(2, 3, 4), np.tile(ROWS[:, :, :3], (1, 3, 1))], {"axis": 2}),
    Case("GatherElements", [(2, 3, 4), ROWS[:, :, :3]], {"axis": 2}, tag="part"),
    Case("GatherND", [(2, 3, 4), np.array([[[0, 1], [1, 2]], [[1, 2], [0, 0]]], np.int64)]),
    Case("GatherND", [(2, 3, 4), np.array([[[0, 1], [1, 2]], [[2, 3], [0, 0]]], np.int64)], {"batch_dims": 1}, tag="batch"),
    Case("Compress", [(3, 4), np.array([True, False, True, True])], {"axis": 1}),
    Case("Compress", [(3, 2), np.array([True, False, True, True, False])], tag="flat"),
    Case("TopK", [(3, 5), ints(2)], {"axis": 1}, outputs=2),
    Case("TopK", [(5, 3), ints(3)], {"axis": 0, "largest": 0}, outputs=2, tag="smallest"),
    Case("ScatterElements", [(3, 4), np.array([[1, 0, 2]], np.int64), (1, 3)], {"axis": 0}),
    Case("ScatterElements", [(3, 4), np.array([[1, 1, 2]], np.int64), (1, 3)], {"axis": 1, "reduction": "add"}, tag="add"),
    Case("ScatterND", [(4, 3), np.array([[2], [0]], np.int64), (2, 3)]),
    Case("ScatterND", [(4, 3), np.array([[2], [2]], np.int64), (2, 3)], {"reduction": "add"}, tag="add"),
    *(
        Case("ScatterND", [(4, 3), np.array([[2], [2], [0]], np.int64), (3, 3)], {"reduction": kind}, tag=kind)
        for kind in ("mul", "max", "min")
    ),
    *(
        Case(
            "ScatterElements", [(3, 4), np.array([[1, 1, 2], [0, 0, -1]], np.int64), (2, 3)],
            {"axis": 1, "reduction": kind}, tag=kind,
        )
        for kind in ("mul", "max", "min")
    ),
    Case(
        "ScatterElements", [(3, 4), np.array([[1, 1, 2, 0, 0, 1]], np.int64), np.array([[0.0, 3.0, 0.0, 0.0, 0.0, 2.0]])],
        {"axis": 1, "reduction": "mul"}, tag="zeros",
    ),
    Case("Gather", [(4, 5, 3), np.array([[2, 0], [-1, 1]], np.int32)], {"axis": -1}, tag="last"),
    Case("TopK", [(3, 5, 2), ints(2)], {"axis": -2, "sorted": 0}, outputs=2, tag="unsorted", runtime=False),
]  # fmt: skip

PAD = [
    *(
        Case("Pad", [(2, 5, 6), ints(0, 2, 1, 0, 3, 4)], {"mode": m}, tag=m)
        for m in ("constant", "reflect", "edge", "wrap")
    ),
    Case("Pad", [(2, 5, 6), ints(0, -1, 2, 1, 0, -2)], tag="negative"),
    Case("Pad", [(5, 6), ints(1, 2), np.array(0.5), ints(-1)], tag="axes"),
    Case("Pad", [(3, 4), ints(1, 0, 0, 2), (1,)], tag="value"),
    *(
        Case("Pad", [(2, 5, 6), ints(0, -1, 3, 0, 2, -2)], {"mode": m}, tag=f"negative-{m}")
        for m in ("reflect", "edge", "wrap")
    ),
    *(Case("Pad", [(2, 3), ints(0, 2, 0, 2)], {"mode": m}, tag=f"far-{m}") for m in ("reflect", "wrap", "edge")),
    Case("Pad", [(3, 4), ints(1, -1, 0, 2), ()], tag="negative-value"),
]


def resize(
    tag: str, x: tuple[int, ...], scales: list[float] | None = None, sizes: list[int] | None = None, **attrs: Any
) -> Case:
    """A Resize by scales or to sizes."""
    inputs: list[Any] = [x, None, None if scales is None else np.array(scales, np.float32)]
    if sizes is not None:
        inputs.append(ints(*sizes))
    return Case("Resize", inputs, attrs, tag=tag)


IMAGE4 = (1, 2, 5, 6)
RESIZE = [
    resize("nearest-x2", IMAGE4, [1, 1, 2, 3], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    resize("nearest-half", IMAGE4, [1, 1, 2, 2], mode="nearest"),
    resize("nearest-sizes", IMAGE4, sizes=[1, 2, 8, 4], mode="nearest", nearest_mode="ceil"),
    resize("nearest-1d", (2, 3, 5), [1, 1, 1.7], mode="nearest"),
    resize("nearest-3d", (1, 2, 3, 2, 3), [1, 1, 2, 1, 2], mode="nearest"),
    resize("linear", IMAGE4, [1, 1, 2, 1.5], mode="linear"),
    resize("linear-x2", IMAGE4, [1, 1, 2, 2], mode="linear"),
    resize("linear-x2-wide", IMAGE4, sizes=[1, 2, 5, 12], mode="linear", coordinate_transformation_mode="pytorch_half_pixel"),
    resize("linear-down", IMAGE4, sizes=[1, 2, 3, 4], mode="linear", coordinate_transformation_mode="pytorch_half_pixel"),
    resize("linear-corners", IMAGE4, sizes=[1, 2, 9, 11], mode="linear", coordinate_transformation_mode="align_corners"),
    resize("linear-antialias", IMAGE4, sizes=[1, 2, 3, 2], mode="linear", antialias=1),
    resize("linear-3d", (1, 1, 3, 4, 5), sizes=[1, 1, 5, 7, 6], mode="linear"),
    resize("cubic", IMAGE4, [1, 1, 2, 1.5], mode="cubic"),
    resize(
        "cubic-asymmetric", IMAGE4, [1, 1, 2, 2], mode="cubic", coordinate_transformation_mode="asymmetric",
        cubic_coeff_a=-0.5, exclude_outside=1,
    ),
    resize("cubic-antialias", IMAGE4, sizes=[1, 2, 3, 4], mode="cubic", antialias=1),
    resize("not-larger", IMAGE4, sizes=[1, 2, 10, 18], mode="linear", keep_aspect_ratio_policy="not_larger"),
    *(
        resize(
            f"nearest-{way}-{how}-{sizes}", IMAGE4, sizes=[1, 2, *sizes], mode="nearest", nearest_mode=how,
            coordinate_transformation_mode=way,
        )
        for way in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "asymmetric", "align_corners")
        for how in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil") for sizes in ((4, 7), (8, 4))
    ),
    *(
        resize(
            f"{mode}-{way}-{'-'.join(flags)}", IMAGE4, sizes=[1, 2, 3, 11], mode=mode, coordinate_transformation_mode=way,
            **dict.fromkeys(flags, 1),
        )
        for mode in ("linear", "cubic")
        for way in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "asymmetric", "align_corners")
        for flags in ((), ("antialias",), ("exclude_outside",), ("antialias", "exclude_outside"))
        if not (mode == "linear" and "exclude_outside" in flags)
    ),
    resize("axes", IMAGE4, sizes=[7, 3], mode="linear", axes=[3, 2]),
    resize("axes-scales", IMAGE4, [1.5, 2.0], mode="cubic", axes=[3, 2]),
    resize("not-smaller", IMAGE4, sizes=[10, 6], axes=[2, 3], mode="linear", keep_aspect_ratio_policy="not_smaller"),
    # lengths do not tell the scale: floor(3 * 1.25) = 3, floor(3 * 2.3) = 6
    *(
        resize(f"{mode}-odd-scales-{way}", (1, 2, 3, 3), [1, 1, 1.25, 2.3], mode=mode, coordinate_transformation_mode=way)
        for mode in ("nearest", "linear", "cubic") for way in ("half_pixel", "asymmetric")
    ),
    resize("linear-nearly-twice", (1, 2, 2, 2), [1, 1, 2.4, 2.2], mode="linear"),
    resize("linear-scales-1d", (2, 3, 5), [1, 1, 2.3], mode="linear"),
    resize("linear-batch", (2, 3, 4), [1.5, 2, 1], mode="linear"),
    resize("linear-to-1", IMAGE4, sizes=[1, 2, 1, 4], mode="linear", coordinate_transformation_mode="pytorch_half_pixel"),
    Case(
        "Resize", [IMAGE4, np.array([0, 0, 0.2, 0.1, 1, 1, 1.3, 0.8]), None, ints(1, 2, 4, 3)],
        {"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize"}, tag="crop",
    ),
    Case("CenterCropPad", [(5, 6), ints(3, 9)]),
    Case("CenterCropPad", [(5, 6), ints(8)], {"axes": [0]}, tag="axes"),
]  # fmt: skip


def grid_case(mode: str, padding: str, corners: int, shape: tuple[int, ...] = (2, 3, 5, 6)) -> Case:
    """A GridSample whose grid reaches beyond the image."""
    rank = len(shape) - 2
    grid = (2, *range(3, 3 + rank), rank)
    attrs = {"mode": mode, "padding_mode": padding, "align_corners": corners}
    return Case("GridSample", [shape, grid], attrs, tag=f"{mode}-{padding}-{corners}-{rank}d")


BOXES = np.array([[1.0, 2.0, 9.0, 13.0], [-4.0, 0.5, 7.3, 6.1], [3.1, 4.2, 3.4, 4.3], [10.0, 9.0, 21.0, 25.0]])
SAMPLING = [
    *(
        grid_case(mode, padding, corners)
        for mode in ("linear", "cubic") for padding in ("zeros", "border", "reflection") for corners in (0, 1)
    ),
    Case("GridSample", [(2, 3, 5, 6), np.tanh(weights(2, 3, 4, 2))], {"mode": "nearest"}, tag="nearest"),
    *(
        Case(
            "GridSample", [(2, 3, 5, 6), weights(2, 3, 4, 2)], {"mode": "nearest", "padding_mode": p, "align_corners": c},
            tag=f"nearest-{p}-{c}",
        )
        for p in ("zeros", "border", "reflection") for c in (0, 1)
    ),
    *(grid_case("linear", p, c, (2, 2, 3, 4, 5)) for p in ("zeros", "border", "reflection") for c in (0, 1)),
    Case("GridSample", [(1, 2, 3, 4, 5), weights(1, 2, 3, 2, 3)], {"mode": "nearest"}, tag="nearest-3d"),
    Case("AffineGrid", [(2, 2, 3), ints(2, 3, 4, 5)], {"align_corners": 0}),
    Case("AffineGrid", [(2, 2, 3), ints(2, 3, 4, 5)], {"align_corners": 1}, tag="corners"),
    Case("AffineGrid", [(1, 3, 4), ints(1, 3, 2, 4, 3)], tag="3d"),
    *(
        Case(
            "RoiAlign", [(2, 3, 8, 9), BOXES, ints(0, 1, 1, 0)],
            {
                "output_height": 2, "output_width": 3, "sampling_ratio": ratio, "spatial_scale": 0.5,
                "coordinate_transformation_mode": way,
            },
            opset=16, tag=f"{way}-{ratio}",
        )
        for way in ("half_pixel", "output_half_pixel") for ratio in (0, 2)
    ),
    Case("DeformConv", [(1, 4, 6, 5), weights(3, 4, 3, 2), (1, 12, 6, 5)], {"pads": [1, 0, 1, 1]}),
    Case(
        "DeformConv", [(2, 4, 7, 6), weights(4, 2, 3, 3), (2, 36, 4, 3), (4,), (2, 18, 4, 3)],
        {"pads": [1, 1, 1, 1], "strides": [2, 2], "group": 2, "offset_group": 2}, tag="groups",
    ),
    Case(
        "DeformConv", [(1, 2, 8, 7), weights(2, 2, 3, 2), weights(1, 12, 4, 5)], {"dilations": [2, 2]}, tag="dilated",
    ),
]  # fmt: skip

MORE = [
    Case("Col2Im", [(2, 12, 12), ints(5, 5), ints(2, 3)]),
    Case(
        "Col2Im", [(1, 12, 9), ints(5, 6), ints(2, 2)],
        {"strides": [2, 2], "pads": [0, 1, 1, 0], "dilations": [1, 2]}, tag="strided",
    ),
    Case("GroupNormalization", [(2, 6, 3, 2), (6,), (6,)], {"num_groups": 3}),
    Case("GroupNormalization", [(2, 6, 3), (3,), (3,)], {"num_groups": 3}, opset=18, tag="18"),
    Case("MeanVarianceNormalization", [IMAGE]),
    Case("MeanVarianceNormalization", [X], {"axes": [0, 2]}, tag="axes"),
    Case("LpNormalization", [X], {"axis": 1}),
    Case("LpNormalization", [X], {"axis": -1, "p": 1}, tag="p1"),
    Case("MaxUnpool", [(1, 1, 2, 2), np.array([[[[5, 7], [13, 15]]]], np.int64)], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    *(
        Case("CumSum", [X, np.array(1, np.int64)], {"exclusive": e, "reverse": r}, tag=f"{e}{r}")
        for e in (0, 1) for r in (0, 1)
    ),
    Case("Range", [(), np.array(100.0), ()], legal=lambda x: np.abs(x) + 30.0, runtime=False),
    Case("CumSum", [X, np.array(-1, np.int32)], {"reverse": 1}, tag="last"),
    *(
        Case("Einsum", list(shapes), {"equation": equation}, tag=equation.replace(" ", ""))
        for equation, shapes in (
            ("ij,jk->ik", ((2, 3), (3, 4))),
            ("bhid,bhjd->bhij", ((2, 2, 3, 4), (2, 2, 5, 4))),
            ("...ij, ...jk", ((2, 3, 4), (2, 4, 5))),
            ("...ij,jk->...ki", ((2, 2, 3, 4), (4, 5))),
            ("ij->j", ((2, 3),)),
            ("i,j,k->ijk", ((2,), (3,), (4,))),
            ("ij,jk,kl->il", ((2, 3), (3, 4), (4, 2))),
            ("ijk,jl->il", ((2, 3, 4), (3, 5))),
            ("ii->i", ((3, 3),)),
            ("ii->", ((3, 3),)),
            ("bii->bi", ((2, 3, 3),)),
            ("iijj->ij", ((2, 2, 3, 3),)),
            ("ii,ij->ij", ((3, 3), (3, 2))),
            ("iji,kj->ki", ((2, 3, 2), (4, 3))),
            ("ij,ij->", ((2, 3), (2, 3))),
            ("...ij,...jk->...ik", ((1, 2, 3), (4, 3, 2))),
            ("i,i->", ((3,), (3,))),
        )
    ),
]  # fmt: skip


def transform(
    tag: str, x: tuple[int, ...], axis: int, length: int | None = None, opset: int = 20, **attrs: Any
) -> Case:
    """A DFT; onnxruntime has none of float64."""
    size = None if length is None else np.array(length, np.int64)
    if opset < 20:
        return Case("DFT", [x, size], {"axis": axis, **attrs}, opset, tag=f"{tag}-{opset}")
    return Case("DFT", [x, size, np.array(axis, np.int64)], attrs, opset, tag=tag)


SIGNAL = [
    *(transform(f"complex-{i}", (2, 6, 2), 1, inverse=i) for i in (0, 1)),
    *(transform(f"real-{i}", (2, 5, 1), -2, inverse=i) for i in (0, 1)),
    transform("first-axis", (5, 3, 2), 0, opset=17),
    transform("middle", (2, 6, 3, 1), 1, opset=17, onesided=1),
    transform("onesided", (2, 6, 1), 1, onesided=1),
    transform("onesided-odd", (2, 7, 1), 1, onesided=1),
    transform("longer", (2, 5, 1), 1, 8, onesided=1),
    transform("shorter", (2, 9, 2), 1, 6),
    *(transform(f"half-spectrum-{n}", (2, 4, 2), 1, n, inverse=1, onesided=1) for n in (6, 7)),
    transform("inverse-longer", (2, 5, 2), 1, 7, inverse=1),
    Case("STFT", [(2, 21, 1), np.array(4, np.int64), weights(8)], {"onesided": 1}, 17),
    Case("STFT", [(2, 23, 1), np.array(3, np.int64), None, np.array(6, np.int64)], {"onesided": 0}, 17, tag="all"),
    Case("STFT", [(1, 20, 2), np.array(5, np.int64), weights(7)], {"onesided": 0}, 17, tag="complex"),
]  # fmt: skip


def recurrent(op: str, gates: int, tag: str, directions: int = 1, out: int = 0, **attrs: Any) -> Case:
    """A recurrent operator on 5 steps, batch 2, 3 inputs, 4 hidden, with initial states; `out` is what is differentiated."""
    size, first, lengths = 4, attrs.get("layout", 0), attrs.pop("lengths", None)
    state = (2, directions, size) if first else (directions, 2, size)
    inputs: list[Any] = [
        (2, 5, 3) if first else (5, 2, 3),
        weights(directions, gates * size, 3),
        weights(directions, gates * size, size, seed=4) * 0.5,
        weights(directions, 2 * gates * size, seed=5),
        None if lengths is None else np.array(lengths, np.int32),
        state,
    ]
    if op == "LSTM":
        inputs.append(state)
    if attrs.pop("peepholes", False):
        inputs.append(weights(directions, 3 * size, seed=6))
    if directions == 2:
        attrs["direction"] = "bidirectional"
    attrs["hidden_size"] = size
    count = 3 if op == "LSTM" else 2
    return Case(op, inputs, attrs, tag=tag, outputs=count, seed=out, runtime=not first)


DIRECTIONS: dict[str, dict[str, Any]] = {
    "forward": {},
    "reverse": {"direction": "reverse"},
    "both": {"directions": 2},
    "last": {"out": 1, "directions": 2},
}

RECURRENT = [
    *(
        recurrent(op, gates, tag, **arguments)
        for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1))
        for tag, arguments in DIRECTIONS.items()
    ),
    recurrent("LSTM", 4, "cell", out=2),
    recurrent("LSTM", 4, "peepholes", peepholes=True),
    recurrent("GRU", 3, "reset-after", linear_before_reset=1),
    *(
        recurrent(op, gates, "batch-first", directions=2, layout=1)
        for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1))
    ),
    *(recurrent(op, gates, "last-forward", out=1) for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1))),
    *(
        recurrent(op, gates, f"lengths-{tag}", lengths=[5, 3], **arguments)
        for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1))
        for tag, arguments in DIRECTIONS.items()
    ),
    recurrent("LSTM", 4, "lengths-cell", lengths=[2, 4], out=2, directions=2, peepholes=True),
    recurrent("LSTM", 4, "peepholes-both", directions=2, peepholes=True),
    recurrent("GRU", 3, "reset-after-both", directions=2, linear_before_reset=1),
    recurrent("RNN", 1, "relu", activations=["Relu"]),
    recurrent("LSTM", 4, "activations", activations=["HardSigmoid", "Relu", "Tanh"]),
    recurrent("GRU", 3, "activations", activations=["HardSigmoid", "Tanh"]),
    Case("LSTM", [(1, 2, 3), weights(1, 16, 3), weights(1, 16, 4)], {"hidden_size": 4}, tag="one-step"),
]  # fmt: skip

TABLE = [
    *ELEMENTWISE,
    *BINARY,
    *CONV,
    *POOL,
    *MATMUL,
    *SHAPE,
    *REDUCE,
    *NORM,
    *SLICING,
    *PAD,
    *RESIZE,
    *FUSED,
    *SAMPLING,
    *MORE,
    *SIGNAL,
    *RECURRENT,
]
