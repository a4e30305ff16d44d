"""From a forward graph to the gradient model: forward nodes, the vector-Jacobian product behind them, in one ONNX file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onnx import ModelProto, NodeProto, ValueInfoProto

from rfonnx.errors import QueryError
from rfonnx.gradients import rules  # noqa: F401  # registers the rules
from rfonnx.gradients.emitter import Emitter
from rfonnx.gradients.forward import Forward, check_floating, info
from rfonnx.gradients.patterns import grouped
from rfonnx.gradients.preparing.large_weights import Weights, stubbed
from rfonnx.gradients.reverse import FAULT, PERTURB, GradientError, Product, differentiate
from rfonnx.gradients.values import Value
from rfonnx.gradients.verify import wrong_shape
from rfonnx.graph.order import needed
from rfonnx.graph.tensors import ELEMENT_TYPES
from rfonnx.model.runtime import MAX_IR

SEED = "gradient/seed"
SEEDS = "gradient/seeds"
"""Name of the seed, an extra graph input, and of the open dimension along which seeds lie side by side."""


@dataclass(slots=True)
class GradientModel:
    """A gradient graph.

    Attributes:
        model: inputs are the forward's and `gradient/seed`; outputs are the gradients. Large weights are stubs.
        weights: what the stubs stand for.
        tensor: whose gradient it gives.
        lanes: see `rfonnx.gradients.lanes`; empty for one seed.
        outputs: by tensor: the name of the output that holds its gradient. Tensors whose gradient is zero are missing.
    """

    model: ModelProto
    weights: Weights
    tensor: str
    outputs: dict[str, str]
    lanes: Mapping[str, int]


def build(forward: Forward, tensor: str, wrt: Sequence[str], lanes: Mapping[str, int] | None = None) -> GradientModel:
    """Write the gradient graph of one tensor.

    Args:
        forward: the prepared model.
        tensor: the tensor to be differentiated; its cotangent is the graph input `gradient/seed`.
        wrt: tensors whose gradients are wanted: inputs, or tensors on the way.
        lanes: axis by tensor along which many seeds lie side by side; None: one seed.

    Raises:
        GradientError: an operator on the way has no rule, or its rule is wrong about a shape.
        QueryError: no differentiable path leads from the tensor to any of `wrt`.
        ModelError: the tensor holds no floating-point numbers.
    """
    check_floating(forward, tensor)
    if not wrt:
        raise GradientError(f"{forward.name}: no input that '{tensor}' sees holds floating-point numbers", PERTURB)
    graph = forward.graph
    emit = Emitter(forward.opset, graph.shapes)
    seed = Value(emit, SEED, seed_type(forward, tensor))
    product = differentiate(grouped(graph, [tensor, *wrt]), {tensor: seed}, wrt, emit, lanes)
    if not product.gradients:
        raise QueryError(
            f"{forward.name}: no differentiable path leads from tensor '{tensor}' to {', '.join(wrt)}",
            f"{PERTURB}, or choose another tensor",
        )
    wrong = wrong_shape(graph, emit, product.claims, [_seed(forward, tensor, lanes or {})])
    if wrong:
        raise GradientError(wrong, FAULT)
    model = _assemble(forward, tensor, emit, product, lanes or {})
    weights = stubbed(model, forward.weights)
    return GradientModel(model, weights, tensor, {n: v.name for n, v in product.gradients.items()}, lanes or {})


def _assemble(forward: Forward, tensor: str, emit: Emitter, product: Product, lanes: Mapping[str, int]) -> ModelProto:
    """Forward nodes, gradient nodes and constants, as far as the gradients need them."""
    source = forward.model
    model = ModelProto(ir_version=min(max(source.ir_version, 8), MAX_IR))
    model.opset_import.extend(source.opset_import)
    graph = model.graph
    graph.name = "gradient"
    wanted = set(forward.wanted)
    graph.input.extend(entry for entry in source.graph.input if entry.name in wanted)
    graph.input.append(_seed(forward, tensor, lanes))
    graph.output.extend(_typed(forward, v.name, v.dtype, name, lanes) for name, v in product.gradients.items())
    forward_nodes = [_with_outputs(node, product.demanded) for node in source.graph.node]
    # onnxruntime would drop what no output needs too, but may trip over it first: folding constants of dead nodes beside a Scan,
    # it fails with "attempt to replace the existing tensor"
    nodes, names = needed([*forward_nodes, *emit.nodes], (output.name for output in graph.output))
    graph.node.extend(nodes)
    graph.initializer.extend(t for t in (*source.graph.initializer, *emit.constants) if t.name in names)
    return model


def _typed(forward: Forward, name: str, dtype: str, of: str, lanes: Mapping[str, int]) -> ValueInfoProto:
    """A tensor of the shape that the gradient of another one has."""
    shape: list[int | str | None] = list(forward.graph.shapes[of] or ())
    if of in lanes:
        shape[lanes[of]] = SEEDS
    return info(name, ELEMENT_TYPES[dtype], shape)


def _seed(forward: Forward, tensor: str, lanes: Mapping[str, int]) -> ValueInfoProto:
    """The graph input that holds the seed."""
    return _typed(forward, SEED, seed_type(forward, tensor), tensor, lanes)


def _with_outputs(node: NodeProto, demanded: Mapping[str, Mapping[int, str]]) -> NodeProto:
    """The node, giving also the outputs that rules asked for."""
    wanted = demanded.get(next((o for o in node.output if o), ""))
    if not wanted:
        return node
    made = NodeProto()
    made.CopyFrom(node)
    for index, name in wanted.items():
        made.output.extend([""] * (index + 1 - len(made.output)))
        made.output[index] = name
    return made


def seed_type(forward: Forward, tensor: str) -> str:
    """Element type of a tensor's seed: gradients of half precision are accumulated in float32."""
    return "float64" if forward.graph.dtypes[tensor] == "float64" else "float32"
