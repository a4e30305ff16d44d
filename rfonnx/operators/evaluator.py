"""Run single nodes on constants with onnx's reference evaluator: which ones it may run, and how large."""

from __future__ import annotations

import numpy as np
from onnx import GraphProto, NodeProto, ValueInfoProto

from rfonnx.operators.row import Operator

MAX_ELEMENTS = 2**24
"""Nobody wants the value of a larger tensor: weights, not indices or masks."""
MAX_SLOW = 2**12
"""The same for operators that the evaluator loops over in Python, or that take more than linear time."""


def limit_of(row: Operator) -> int:
    """The largest tensor, in elements, that an operator is run on."""
    if row.draws or row.evaluation == "never":
        return -1
    return MAX_ELEMENTS if row.evaluation == "fast" or row.sized_by_values else MAX_SLOW


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
