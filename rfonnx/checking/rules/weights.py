"""Rules on the weights: those that nothing reads, that are stored twice, that are zero, or too small to be computed with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from rfonnx.checking.rule_table import NotApplicableError, Says, Values, holds, rule, unproven
from rfonnx.checking.stored import Store, Stored, digest
from rfonnx.checking.subject import Subject
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.walk import live_nodes
from rfonnx.operators.table import kinds
from rfonnx.results.findings import Parameter
from rfonnx.results.ranges import SHARE

LEAST = {"min": Parameter("int", "bytes below which it does not matter", 1024)}

WEIGHTED = kinds("weighted")
"""Operators whose second input holds the weights."""

WIDE = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.BFLOAT16)
"""Types whose denormal numbers no weight needs. float16 has so few exponents that ordinary small weights are denormal."""


@rule("RF026", "no-zero-filters", "note", default=True)
def no_zero_filters(subject: Subject, values: Values) -> Iterator[Says]:
    """No convolution or matrix product has filters that are all zero, or input channels that no filter weighs.

    What such a filter gives is its bias, whatever the input; what makes such a channel is computed for nothing. They were
    pruned, or died in training, and cost as much as the others. Weights that are decoded from integers count as what they
    are decoded to. Fixed transforms have some on purpose (the sine of frequency 0). If all is zero, nothing was loaded.

    Way out: cut the filter, and the channel that it makes, out of the model; look at weight decay and dead ReLUs.
    """
    graph = subject.graph
    makers = {output: node for node in graph.nodes if node.kind == "DequantizeLinear" for output in node.outputs}
    seen: set[str] = set()
    found, missing = False, 0
    for node in live_nodes(graph):
        name = _weights(node, graph)
        if not name or name in seen:
            continue
        seen.add(name)
        weights = _decoded(name, graph, makers)
        if weights is None:
            missing += 1
            continue
        weighs = _weighs(node, weights)
        filters, channels = np.logical_or.reduce(weighs, axis=2), np.logical_or.reduce(weighs, axis=1)
        channels |= ~np.logical_or.reduce(filters, axis=1, keepdims=True)  # of a group without filters: told already
        for dead, what in ((~filters, "filters"), (~channels, "input channels")):
            if dead.any():
                found = True
                have = "has" if dead.sum() == 1 else "have"
                yield Says(f"{int(dead.sum())} of the {dead.size} {what} of {node} {have} only zeros for weights", name)
    if not seen:
        raise NotApplicableError("the model has no convolution or matrix product with stored weights")
    if not found:
        yield _verdict("no filter is all zero", missing, "weights")


def _weights(node: Node, graph: Graph) -> str:
    """The constant weights of a node on other things, or ""."""
    if node.kind not in WEIGHTED or node.inputs[1] not in graph.constants or node.inputs[0] in graph.constants:
        return ""
    return node.inputs[1] if len(graph.shapes.get(node.inputs[1]) or ()) > 1 else ""


def _decoded(name: str, graph: Graph, makers: Mapping[str, Node]) -> np.ndarray | None:
    """A weight, zero where it is zero: of integers that a DequantizeLinear decodes, how far they lie from its zero point."""
    node = makers.get(name)
    if node is None:
        return graph.value(name)
    stored = graph.value(node.inputs[0])
    if stored is None or len(node.inputs) < 3 or not node.inputs[2]:
        return stored
    point = graph.value(node.inputs[2])
    if point is None or node.attrs.get("block_size", 0):
        return None
    if point.ndim == 1 and stored.ndim > 1:
        point = point.reshape(-1, *(1,) * (stored.ndim - 1 - node.attrs.get("axis", 1) % stored.ndim))
    differs: np.ndarray = stored != point
    return differs


def _weighs(node: Node, weights: np.ndarray) -> npt.NDArray[np.bool_]:
    """Whether a filter weighs an input channel: (groups, filters, channels)."""
    groups, shape = node.attrs.get("group", 1), weights.shape
    if node.op_type in ("MatMul", "Gemm"):
        flat: npt.NDArray[np.bool_] = np.not_equal(weights, 0).reshape(-1, *shape[-2:]).any(axis=0, keepdims=True)
        return flat if node.attrs.get("transB", 0) else flat.swapaxes(1, 2)
    parted: npt.NDArray[np.bool_] = (
        np.not_equal(weights, 0).reshape(groups, shape[0] // groups, shape[1], -1).any(axis=3)
    )
    return parted.swapaxes(1, 2) if node.op_type == "ConvTranspose" else parted


@rule("RF027", "weights-used", "note", LEAST, default=True)
def weights_used(subject: Subject, values: Values) -> Iterator[Says]:
    """Every stored tensor is read by some node.

    What nothing reads is carried to every device: weights of a head that was cut off, of a layer that was fused. Tensors
    under `min` bytes do not count.

    Way out: onnxruntime or onnx-simplifier save the model without it.
    """
    unused = [tensor for tensor in Store(subject.source).tensors if not tensor.read and tensor.bytes >= values["min"]]
    for tensor in unused:
        yield Says(f"is stored ({tensor.bytes:,} bytes), and nothing reads it", tensor.name)
    yield holds("every stored tensor is read")


@rule("RF028", "weights-stored-once", "note", LEAST, default=True)
def weights_stored_once(subject: Subject, values: Values) -> Iterator[Says]:
    """No tensor is stored twice with the same type, shape and content.

    Tied weights (an embedding that is also the output layer) come apart in an export and double the file. Tensors under
    `min` bytes do not count.

    Way out: let both nodes name one initializer.
    """
    store = Store(subject.source)
    groups: dict[bytes, list[Stored]] = {}
    for tensor, value in store.values():
        if tensor.bytes >= values["min"]:
            groups.setdefault(digest(tensor, value), []).append(tensor)
    doubled = [group for group in groups.values() if len(group) > 1]
    if doubled:
        largest = max(doubled, key=lambda group: group[0].bytes)
        waste = sum((len(group) - 1) * group[0].bytes for group in doubled)
        names = ", ".join(f"'{tensor.name}'" for tensor in largest[1:4]) + (", ..." if len(largest) > 4 else "")
        many = f"; with {len(doubled) - 1} other contents {waste:,} bytes too many" if len(doubled) > 1 else ""
        yield Says(f"holds the same {largest[0].bytes:,} bytes as {names}{many}", largest[0].name)
    else:
        yield _verdict("no tensor is stored twice", len(store.unread), "tensors")


@rule(
    "RF031",
    "no-denormal-weights",
    "note",
    {"max": Parameter("float", "share of a tensor's weights that may be denormal", 0.0, within=SHARE)},
    default=True,
)
def no_denormal_weights(subject: Subject, values: Values) -> Iterator[Says]:
    """No weights are denormal: nearer to zero than the smallest normal number of their type (1.18e-38 for float32).

    Weight decay drives dead weights there. A processor takes many cycles for each, and one that flushes them to zero answers
    otherwise. Weights in float16 do not count: there 6e-5 is the smallest normal number.

    Way out: set them to zero before the export.
    """
    store = Store(subject.source)
    counts = {}
    for tensor, value in store.values(WIDE):
        size = np.abs(value.astype(np.float64 if value.dtype == np.float64 else np.float32))
        count = int(((size > 0) & (size < np.finfo(size.dtype).tiny)).sum())
        if count > values["max"] * value.size:
            counts[tensor.name] = count, value.size
    if counts:
        most = max(counts, key=lambda name: counts[name][0])
        told = f"{counts[most][0]:,} of its {counts[most][1]:,} weights are denormal"
        every = sum(count for count, _ in counts.values())
        others = (
            f"; with {len(counts) - 1} more tensor{'s' if len(counts) > 2 else ''} {every:,}" if len(counts) > 1 else ""
        )
        yield Says(told + others, most)
    else:
        yield _verdict("no weight is denormal", len(store.unread), "tensors")


def _verdict(fine: str, missing: int, what: str) -> Says:
    """That nothing was found, which proves nothing of what was not looked at."""
    return (
        unproven(f"{missing} {what} were not looked at: absent, or too large; else {fine}") if missing else holds(fine)
    )
