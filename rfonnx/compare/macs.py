"""Counting: weights, and the multiply-accumulates of one run.

Counted are convolutions, matrix products, recurrent layers and attention; what is elementwise is not. An operator of
these families whose shapes or spelling are not understood is listed, never taken for free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import prod

from rfonnx.graph import Graph
from rfonnx.graph.model import Node
from rfonnx.results import Shape

Count = Callable[[Node, Graph], int | None]
"""MACs of one node, or None when a shape is unknown."""

NO_WEIGHT = frozenset({"int64", "bool", "string", ""})
"""Types of constants that are shapes, indices and switches rather than weights."""


HANDED_ON = frozenset(
    {"Transpose", "Identity", "Reshape", "Cast", "Squeeze", "Unsqueeze", "Flatten", "DequantizeLinear"}
)
"""Operators on a constant that leave its elements as they are, or decode them."""


def parameters(graph: Graph) -> int:
    """Elements of all constants that operators on the input read, each once; shapes and indices left out.

    A weight that is stored transposed, cast or quantised counts as what it is stored as.
    """
    origin = {
        output: node.inputs[0]
        for node in graph.nodes
        if node.op_type in HANDED_ON and node.inputs and node.inputs[0] in graph.constants
        for output in node.outputs
    }
    roots = set()
    for node in graph.nodes:
        if not _is_constant(node, graph):
            for name in node.inputs:
                while name in origin:
                    name = origin[name]
                if name in graph.constants and graph.dtypes.get(name, "") not in NO_WEIGHT:
                    roots.add(name)
    return sum(_size(graph.shapes.get(name)) or 0 for name in roots)


def _is_constant(node: Node, graph: Graph) -> bool:
    return all(output in graph.constants or not output for output in node.outputs)


def macs(graph: Graph) -> tuple[int, dict[str, int]]:
    """MACs of one run at the graph's shapes, and how many operators of each kind could not be counted."""
    total = 0
    uncounted: Counter[str] = Counter()
    for node in graph.nodes:
        if _is_constant(node, graph):
            continue
        counter = COUNTERS.get(node.op_type)
        if counter is not None:
            count = counter(node, graph)
            if count is None:
                uncounted[node.kind] += 1
            else:
                total += count
        elif node.op_type in HEAVY:
            uncounted[node.kind] += 1
    return total, dict(uncounted)


def _convolution(node: Node, graph: Graph) -> int | None:
    """Every output element takes one MAC per weight of its filter: weight (out, in / group, kernel...)."""
    weight = _shape(node, graph, 3 if node.op_type == "QLinearConv" else 1)
    out = _size(graph.shapes.get(node.outputs[0]))
    return None if weight is None or out is None else out * prod(weight[1:])


def _transposed(node: Node, graph: Graph) -> int | None:
    """Every input element is spread by one MAC per weight: weight (in, out / group, kernel...). Borders that are cut
    off count.
    """
    weight, data = _shape(node, graph, 1), _shape(node, graph, 0)
    return None if weight is None or data is None else prod(data) * prod(weight[1:])


def _product(node: Node, graph: Graph) -> int | None:
    """Every output element sums over the last axis of the first operand (the one before it when that is transposed)."""
    left = _shape(node, graph, 0)
    out = _size(graph.shapes.get(node.outputs[0]))
    if not left or out is None:
        return None
    return out * left[-2 if node.attrs.get("transA") else -1]


def _recurrent(node: Node, graph: Graph) -> int | None:
    """Each step and direction multiplies the input by W (directions, gates * hidden, input) and the state by R."""
    data, weight, state = _shape(node, graph, 0), _shape(node, graph, 1), _shape(node, graph, 2)
    if data is None or weight is None or state is None:
        return None
    return data[0] * data[1] * (prod(weight) + prod(state))


def _einsum(node: Node, graph: Graph) -> int | None:
    """One MAC per combination of all indices."""
    equation = node.attrs.get("equation")
    if not isinstance(equation, str) or "." in equation:
        return None
    terms = equation.replace(" ", "").split("->")[0].split(",")
    lengths: dict[str, int] = {}
    for index, term in enumerate(terms):
        shape = _shape(node, graph, index)
        if shape is None or len(shape) != len(term):
            return None
        for letter, length in zip(term, shape, strict=True):
            lengths[letter] = max(length, lengths.get(letter, 1))
    return prod(lengths.values()) if len(terms) > 1 else 0


def _attention(node: Node, graph: Graph) -> int | None:
    """Queries times keys, and weights times values: per head (queries, keys, size) twice. Heads are axis 1 of 4 axes,
    or merged in the last of 3, which gives the same product.
    """
    q, k, v = (_shape(node, graph, index) for index in range(3))
    if q is None or k is None or v is None or not len(q) == len(k) == len(v) or len(q) not in (3, 4):
        return None
    keys = k[-2]
    values = (
        v[-1] if len(q) == 4 else v[-1] * node.attrs.get("q_num_heads", 1) // max(1, node.attrs.get("kv_num_heads", 1))
    )
    return prod(q) * keys + prod(q[:-1]) * keys * values


COUNTERS: dict[str, Count] = {
    **dict.fromkeys(("Conv", "ConvInteger", "QLinearConv", "FusedConv", "DeformConv"), _convolution),
    "ConvTranspose": _transposed,
    **dict.fromkeys(("MatMul", "Gemm", "MatMulInteger", "QLinearMatMul", "FusedMatMul", "FusedGemm"), _product),
    **dict.fromkeys(("RNN", "GRU", "LSTM"), _recurrent),
    "Einsum": _einsum,
    "Attention": _attention,
}

HEAVY = frozenset({
    "If", "Loop", "Scan", "MultiHeadAttention", "GroupQueryAttention", "PackedAttention", "MatMulNBits", "QAttention",
    "DynamicQuantizeLSTM", "QGemm", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "NhwcConv", "NhwcFusedConv",
    "QLinearConvTranspose",
})  # fmt: skip
"""Operators that multiply much, and that nobody has written a counter for."""


def _shape(node: Node, graph: Graph, index: int) -> tuple[int, ...] | None:
    shape = graph.shapes.get(node.inputs[index]) if index < len(node.inputs) else None
    if shape is None or None in shape:
        return None
    return shape  # type: ignore[return-value]  # None was just ruled out


def _size(shape: Shape) -> int | None:
    return None if shape is None or None in shape else prod(length or 0 for length in shape)
