"""Loops that would not end: a file of a few hundred bytes may ask for 2^62 rounds, and no runtime refuses them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto

from rfonnx.errors import ModelError
from rfonnx.graph.order import MAX_NESTING, graph_of, label, subgraphs
from rfonnx.model.reading.external import is_external, stored_value

MAX_ROUNDS = 10**9
"""Rounds of a loop, those of loops inside it together: at a microsecond each, which no runtime reaches, they take 17 minutes."""

Scalars = Mapping[str, int]
"""Values of constants of one element, by name."""


def refuse_endless(model: ModelProto, name: str) -> None:
    """Refuse a model whose run would not end: a Loop of too many rounds that no condition ends.

    Loops whose rounds depend on data are let pass: exporters write 2^63 - 1 for "as long as the condition holds".

    Args:
        model: not changed.
        name: what messages call it.

    Raises:
        ModelError: there is such a Loop.
    """
    _walk(model.graph, {}, 1, 0, name)
    for function in model.functions:
        for node in function.node:
            _loop(node, {}, 1, 0, name)


def _walk(graph: GraphProto, outer: Scalars, rounds: int, depth: int, name: str) -> None:
    if not any(node.attribute and subgraphs(node) for node in graph.node) or depth > MAX_NESTING:
        return
    known = {**outer, **_scalars(graph)}
    for node in graph.node:
        _loop(node, known, rounds, depth, name)


def _loop(node: NodeProto, known: Scalars, rounds: int, depth: int, name: str) -> None:
    inner = rounds
    if node.op_type == "Loop" and node.input and _always(node, known):
        trips = known.get(node.input[0], 1)
        inner *= max(trips, 1)
        if inner > MAX_ROUNDS:
            raise ModelError(
                f"{name}: {label(node)} runs {inner} rounds, expected at most {MAX_ROUNDS}: a run would not end",
                "export it with its real number of rounds, or with a condition that ends it",
            )
    for graph in subgraphs(node):
        _walk(graph, known, inner, depth + 1, name)


def _always(node: NodeProto, known: Scalars) -> bool:
    """Every round of a Loop asks for another one: its condition is left out or true, and handed through or true."""
    start = node.input[1] if len(node.input) > 1 else ""
    body = graph_of(node, "body")
    if (start and not known.get(start)) or body is None or len(body.input) < 2 or not body.output:
        return False
    inside = {**known, **_scalars(body)}
    copies = {n.output[0]: n.input[0] for n in body.node if n.op_type == "Identity" and n.input and n.output}
    wanted = body.output[0].name
    for _ in range(len(copies)):
        wanted = copies.get(wanted, wanted)
    return wanted == body.input[1].name or bool(inside.get(wanted))


def _scalars(graph: GraphProto) -> dict[str, int]:
    """The whole numbers and truth values among a graph's constants."""
    nodes = [node for node in graph.node if node.op_type == "Constant" and node.output]
    stored = [(node.output[0], attribute) for node in nodes for attribute in node.attribute]
    tensors = [(tensor.name, tensor) for tensor in graph.initializer]
    tensors += [(name, attribute.t) for name, attribute in stored if attribute.name == "value"]
    plain = {name: attribute.i for name, attribute in stored if attribute.name == "value_int"}
    return plain | {name: _number(tensor) for name, tensor in tensors if _is_scalar(tensor)}


def _is_scalar(tensor: TensorProto) -> bool:
    kind = tensor.data_type in (TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL)
    return kind and not is_external(tensor) and all(n == 1 for n in tensor.dims)


def _number(tensor: TensorProto) -> int:
    value = np.asarray(stored_value(tensor)).reshape(-1)
    return int(value[0]) if value.size else 0
