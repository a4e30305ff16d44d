"""Run single nodes on constants with onnx's reference evaluator: which ones it may run, and how large."""

from __future__ import annotations

import numpy as np
from onnx import GraphProto, NodeProto, ValueInfoProto

from rfonnx.operators.traits import RANDOM

MAX_ELEMENTS = 2**24
"""Nobody wants the value of a larger tensor: weights, not indices or masks."""
MAX_SLOW = 2**12
"""The same for operators that the evaluator loops over in Python, or that take more than linear time."""

SHAPE_ONLY = frozenset({"Shape", "Size", "EyeLike", "RandomNormalLike", "RandomUniformLike"})
"""Operators that read the shape of their first input and not its values."""
SIZED_BY_VALUES = frozenset({"NonZero", "Unique", "Compress"})
"""Operators whose output is never larger than their input, by a size that shape inference cannot know."""
_UNBOUNDED = frozenset({"Einsum", "ImageDecoder"})
"""Operators that a stranger's small operands can keep busy for hours, or fill the memory with."""
_FAST = (
    "Abs Add And BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Clip Concat ConstantOfShape Cos "
    "CumSum DequantizeLinear Div Equal Exp Expand EyeLike Flatten Floor Gather GatherElements Greater "
    "GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual Log Max Min Mod Mul Neg NonZero Not Or Pad Pow Range "
    "Reciprocal ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Relu Reshape Round Shape Sigmoid Sign Sin "
    "Size Slice Softmax Split Sqrt Squeeze Sub Sum Tanh Tile Transpose Trilu Unsqueeze Where Xor "
)
FAST = frozenset(_FAST.split())
"""Operators that take linear time in vectorised code."""


def limit_of(op_type: str) -> int:
    """The largest tensor, in elements, that an operator is run on."""
    if op_type in RANDOM or op_type in _UNBOUNDED:
        return -1
    return MAX_ELEMENTS if op_type in FAST or op_type in SIZED_BY_VALUES else MAX_SLOW


def run_node(proto: NodeProto, opsets: dict[str, int], operands: list[np.ndarray | None]) -> list[np.ndarray | None]:
    """Run one node in onnx's reference evaluator; None for each output when it cannot be run.

    About 50 us per node, after 50 ms for the import that only models with computed shapes or masks pay.
    """
    from onnx.reference import ReferenceEvaluator

    feeds = {n: o for n, o in zip(proto.input, operands, strict=True) if n and o is not None}
    outputs = [n for n in proto.output if n]
    graph = GraphProto(
        node=[proto], input=[ValueInfoProto(name=n) for n in feeds], output=[ValueInfoProto(name=n) for n in outputs]
    )
    try:
        with np.errstate(all="ignore"):
            made = dict(zip(outputs, ReferenceEvaluator(graph, opsets=opsets).run(None, feeds), strict=True))
    except Exception:
        # The evaluator raises whatever its Python code meets: a value that cannot be had is unknown, not an error.
        return [None] * len(proto.output)
    results = [made.get(n) for n in proto.output]
    return [None if r is None else np.asarray(r) for r in results]
