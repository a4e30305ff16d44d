"""Students that were damaged: one layer in the middle of the net, or small weights everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, numpy_helper

PRODUCTS = ("Conv", "ConvTranspose", "MatMul", "Gemm")


def scaled(name: str, cache: Path, to: Path) -> list[str]:
    """The weights of one Conv times 1.5, its bias as it was."""
    model, weights = _load(name, cache)
    node = _middle(model, weights)
    _replace(weights[node.input[1]], lambda array: array * np.float32(1.5))
    onnx.save(model, to)
    return list(node.output)


def permuted(name: str, cache: Path, to: Path) -> list[str]:
    """The filters of one Conv in another order, drawn from a seed; its bias goes with them."""
    model, weights = _load(name, cache)
    node = _middle(model, weights)
    order = np.random.default_rng(0).permutation(weights[node.input[1]].dims[0])
    for tensor in node.input[1:]:
        _replace(weights[tensor], lambda array: array[order])
    onnx.save(model, to)
    return list(node.output)


def unnormed(name: str, cache: Path, to: Path) -> list[str]:
    """One BatchNormalization hands on what comes in; where all are folded, one Conv loses its bias instead."""
    model, weights = _load(name, cache)
    norms = [node for node in model.graph.node if node.op_type == "BatchNormalization"]
    if norms:
        node = norms[len(norms) // 2]
        node.CopyFrom(onnx.helper.make_node("Identity", node.input[:1], node.output[:1], node.name))
    else:
        biased = [node for node in _convs(model, weights) if len(node.input) == 3]
        node = biased[len(biased) // 2]
        _replace(weights[node.input[2]], np.zeros_like)
    onnx.save(model, to)
    return list(node.output)


def pruned(name: str, cache: Path, to: Path) -> list[str]:
    """The smallest 30% of the weights of all products are zero, by magnitude over the whole net."""
    model, weights = _load(name, cache)
    products = [node for node in model.graph.node if node.op_type in PRODUCTS]
    found = [weights[tensor] for node in products for tensor in node.input[1:2] if tensor in weights]
    limit = np.quantile(np.concatenate([np.abs(numpy_helper.to_array(tensor)).ravel() for tensor in found]), 0.3)
    for tensor in found:
        _replace(tensor, lambda array: np.where(np.abs(array) < limit, np.float32(0), array))
    onnx.save(model, to)
    return []


def _load(name: str, cache: Path) -> tuple[ModelProto, dict[str, TensorProto]]:
    """The teacher, and its weights by name, whether initializers or Constant nodes."""
    model = onnx.load(cache / "models" / f"{name}.onnx")
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            weights[node.output[0]] = node.attribute[0].t
    return model, weights


def _convs(model: ModelProto, weights: dict[str, TensorProto]) -> list[NodeProto]:
    """Plain convolutions: one group, all weights stored."""
    groups = [(n, next((a.i for a in n.attribute if a.name == "group"), 1)) for n in model.graph.node]
    return [n for n, g in groups if n.op_type == "Conv" and g == 1 and all(name in weights for name in n.input[1:])]


def _middle(model: ModelProto, weights: dict[str, TensorProto]) -> NodeProto:
    found = _convs(model, weights)
    return found[len(found) // 2]


def _replace(tensor: TensorProto, change) -> None:  # type: ignore[no-untyped-def]
    name, array = tensor.name, numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(change(array)), name))
