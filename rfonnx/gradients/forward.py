"""The forward graph as the reverse walk sees it: the model's own nodes, canonical, with measured shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx
from onnx import ModelProto

from rfonnx.errors import ModelError
from rfonnx.gradients.preparing.large_weights import LightModel, Weights
from rfonnx.graph.file_nodes import FileNode, plain_domain
from rfonnx.graph.nodes import Graph
from rfonnx.graph.order import captures, reads, subgraphs, true_inputs
from rfonnx.graph.tensors import ELEMENT_TYPES, FLOATS, Tensors
from rfonnx.model.building.constness import add_constant_node, note_constants
from rfonnx.model.building.fold import Constants
from rfonnx.model.building.scope import Placed, Scope
from rfonnx.model.reading.convert import to_node
from rfonnx.operators.evaluator import MAX_ELEMENTS
from rfonnx.operators.spelling import canonicalize
from rfonnx.operators.table import operator
from rfonnx.results.fields import Shape


@dataclass(slots=True)
class Forward:
    """A model ready to be differentiated.

    Attributes:
        light: opset 17 or later, functions inlined, pruned to the tensors asked for.
        graph: the same nodes in the same order, canonical; shapes static wherever they do not depend on data.
    """

    light: LightModel
    graph: Graph

    @property
    def name(self) -> str:
        """What messages call the model."""
        return self.light.name

    @property
    def model(self) -> ModelProto:
        """The graph, with stubs for its large weights."""
        return self.light.proto

    @property
    def weights(self) -> Weights:
        """The large weights."""
        return self.light.weights

    @property
    def opset(self) -> int:
        return self.graph.opsets[""]

    @property
    def wanted(self) -> list[str]:
        """Inputs that any node reads, in the order of the file."""
        read = {name for proto in self.model.graph.node for name in reads(proto)}
        return [name for name in self.graph.inputs if name in read]


def read_forward(light: LightModel, types: Mapping[str, tuple[str, Shape]]) -> Forward:
    """A Forward of a model that is sorted and without functions.

    Args:
        light: see above.
        types: element type and shape of every tensor that a node makes.
    """
    model, graph = light.proto, light.proto.graph
    tensors = Tensors()
    constants = Constants(tensors, None)
    for entry in graph.input:
        tensors.set(entry.name, entry.type)
    for tensor in graph.initializer:
        constants.add_tensor(tensor.name, tensor)
    for name, value in light.kept().items():
        if value.size <= MAX_ELEMENTS:  # larger ones stay where they are, rules name them
            constants.add_value(name, value)
    for name, (dtype, shape) in types.items():
        tensors.set_tensor(name, ELEMENT_TYPES.get(dtype, 0), shape)
        tensors.dtypes[name] = dtype
    opsets = {plain_domain(entry.domain): entry.version for entry in model.opset_import}
    view = Graph(
        light.name,
        tuple(i.name for i in true_inputs(graph)),
        tuple(o.name for o in graph.output),
        [],
        tensors.shapes,
        tensors.dtypes,
        constants.names,
        constants.evaluate,
        opsets=opsets,
    )
    scope = Scope("", opsets)
    for proto in graph.node:
        node = to_node(FileNode(proto), scope, tuple(proto.input), tuple(proto.output))
        if node.op_type == "Constant" and not node.domain:
            add_constant_node(proto, node, tensors, constants)
        elif subgraphs(proto):
            node.attrs["captures"] = list(dict.fromkeys(c for s in subgraphs(proto) for c in captures(s)))
        elif not operator(node.op_type).draws:
            note_constants(Placed(node, proto, scope, {}), [], tensors, constants)
        constant = all(o in constants.names or not o for o in node.outputs)
        view.nodes.append(node if constant else canonicalize(node, view))
    return Forward(light, view)


def check_floating(forward: Forward, name: str) -> None:
    """Refuse a tensor that can have no gradient.

    Raises:
        ModelError: its elements are no floating-point numbers.
    """
    dtype = forward.graph.dtypes[name]
    if dtype not in FLOATS:
        raise ModelError(
            f"{forward.name}: tensor '{name}' holds {dtype or 'no tensor'}, which has no gradient",
            "choose a tensor of floating-point numbers",
        )


def info(name: str, dtype: int, shape: Sequence[int | str | None]) -> onnx.ValueInfoProto:
    """A ValueInfoProto; None and names stand for open dimensions."""
    return onnx.helper.make_tensor_value_info(name, dtype, shape)
