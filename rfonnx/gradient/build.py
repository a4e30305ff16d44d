"""From a forward graph to the gradient model: forward nodes, the vector-Jacobian product behind them, in one ONNX file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onnx import ModelProto, ValueInfoProto

from rfonnx.errors import QueryError
from rfonnx.gradient import rules  # noqa: F401  # registers the rules
from rfonnx.gradient.emitter import ELEMENT_TYPES, Emitter
from rfonnx.gradient.forward import Forward, check_floating, info
from rfonnx.gradient.reverse import Product, differentiate
from rfonnx.gradient.values import Value
from rfonnx.runtime import MAX_IR

SEED = "gradient/seed"
SEEDS = "gradient/seeds"
"""Name of the seed, an extra graph input, and of the open dimension along which seeds lie side by side."""


@dataclass(slots=True)
class GradientModel:
    """A gradient graph.

    Attributes:
        model: inputs are the forward's and `gradient/seed`; outputs are the gradients, then the tensor itself.
        tensor: whose gradient it gives.
        outputs: by tensor: the name of the output that holds its gradient. Tensors whose gradient is zero are missing.
    """

    model: ModelProto
    tensor: str
    outputs: dict[str, str]


def build(forward: Forward, tensor: str, wrt: Sequence[str], lanes: Mapping[str, int] | None = None) -> GradientModel:
    """Write the gradient graph of one tensor.

    Args:
        forward: the prepared model.
        tensor: the tensor to be differentiated; its cotangent is the graph input `gradient/seed`.
        wrt: tensors whose gradients are wanted: inputs, or tensors on the way.
        lanes: axis by tensor along which many seeds lie side by side; None: one seed.

    Raises:
        GradientError: an operator on the way has no rule.
        QueryError: no differentiable path leads from the tensor to any of `wrt`.
        ModelError: the tensor holds no floating-point numbers.
    """
    check_floating(forward, tensor)
    graph = forward.graph
    emit = Emitter(forward.opset, graph.shapes)
    dtype = "float64" if graph.dtypes[tensor] == "float64" else "float32"
    product = differentiate(graph, {tensor: Value(emit, SEED, dtype)}, wrt, emit, lanes)
    if not product.gradients:
        raise QueryError(
            f"{forward.name}: no differentiable path leads from tensor '{tensor}' to {', '.join(wrt)}",
            "choose another tensor; `rfonnx report` shows what each tensor sees",
        )
    model = _assemble(forward, tensor, emit, product, lanes or {})
    return GradientModel(model, tensor, {n: v.name for n, v in product.gradients.items()})


def _assemble(forward: Forward, tensor: str, emit: Emitter, product: Product, lanes: Mapping[str, int]) -> ModelProto:
    model = ModelProto()
    model.CopyFrom(forward.model)
    model.ir_version = min(max(model.ir_version, 8), MAX_IR)
    graph, shapes = model.graph, forward.graph.shapes

    def typed(name: str, value: Value, of: str) -> ValueInfoProto:
        shape: list[int | str | None] = list(shapes[of] or ())
        if of in lanes:
            shape[lanes[of]] = SEEDS
        return info(name, ELEMENT_TYPES[value.dtype], shape)

    for node in graph.node if product.demanded else ():
        for index, name in product.demanded.get(next((o for o in node.output if o), ""), {}).items():
            node.output.extend([""] * (index + 1 - len(node.output)))
            node.output[index] = name
    seed = Value(emit, SEED, "float64" if forward.graph.dtypes[tensor] == "float64" else "float32")
    graph.input.append(typed(SEED, seed, tensor))
    graph.node.extend(emit.nodes)
    graph.initializer.extend(emit.constants)
    del graph.output[:]
    graph.output.extend(typed(value.name, value, name) for name, value in product.gradients.items())
    return model
