"""The forward graph as the reverse walk sees it: the model's own nodes, canonical, with measured shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import ModelProto, NodeProto

from rfonnx.errors import ModelError
from rfonnx.gradients.preparing.large_weights import LightModel, Weights
from rfonnx.graph.nodes import Graph
from rfonnx.graph.order import captures, reads, subgraphs
from rfonnx.graph.tensors import DTYPES, FLOATS, element_count, read_type
from rfonnx.model.building.scope import Scope
from rfonnx.model.reading.convert import plain_domain, to_node
from rfonnx.model.reading.external import stored_value
from rfonnx.operators.evaluator import run_node
from rfonnx.operators.spelling import canonicalize
from rfonnx.operators.traits import RANDOM, SHAPE_ONLY
from rfonnx.results.fields import Shape

MAX_VALUE = 2**24
"""Nobody wants the value of a constant with more elements: weights stay where they are, rules name them."""


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
    shapes: dict[str, Shape] = {}
    dtypes: dict[str, str] = {}
    for entry in graph.input:
        dtypes[entry.name], _, shapes[entry.name] = read_type(entry.type)
    for tensor in graph.initializer:
        dtypes[tensor.name], shapes[tensor.name] = DTYPES.get(tensor.data_type, ""), tuple(tensor.dims)
    for tensor_name, (dtype, shape) in types.items():
        dtypes[tensor_name], shapes[tensor_name] = dtype, shape
    opsets = {plain_domain(entry.domain): entry.version for entry in model.opset_import}
    constants = _Constants(light, shapes, opsets)
    stored = {t.name for t in graph.initializer}
    view = Graph(
        light.name,
        tuple(i.name for i in graph.input if i.name not in stored),
        tuple(o.name for o in graph.output),
        [],
        shapes,
        dtypes,
        constants.names,
        constants.evaluate,
        opsets=opsets,
    )
    scope = Scope("", opsets)
    for proto in graph.node:
        node = to_node(proto, scope, tuple(proto.input), tuple(proto.output))
        if subgraphs(proto):
            node.attrs["captures"] = list(dict.fromkeys(c for s in subgraphs(proto) for c in captures(s)))
        constants.note(proto)
        constant = all(o in constants.names or not o for o in node.outputs)
        view.nodes.append(node if constant else canonicalize(node, view))
    return Forward(light, view)


class _Constants:
    """Tensors that depend on no input, evaluated on demand.

    Attributes:
        names: of all of them.
    """

    def __init__(self, light: LightModel, shapes: Mapping[str, Shape], opsets: dict[str, int]) -> None:
        self._stored = {t.name: t for t in light.proto.graph.initializer}
        self._weights = light.weights
        self._shapes = shapes
        self._opsets = opsets
        self._makers: dict[str, NodeProto] = {}
        self._values: dict[str, np.ndarray | None] = {}
        self.names = set(self._stored)

    def note(self, proto: NodeProto) -> None:
        """Record a node's outputs when they are constant."""
        if proto.op_type in RANDOM or subgraphs(proto):
            return
        read = proto.input[1:] if proto.op_type in SHAPE_ONLY else proto.input
        first = proto.input[0] if proto.op_type in SHAPE_ONLY else ""
        known = not first or element_count(self._shapes.get(first)) is not None
        if known and all(not n or n in self.names for n in read):
            for output in proto.output:
                if output:
                    self.names.add(output)
                    self._makers[output] = proto

    def evaluate(self, name: str) -> np.ndarray | None:
        """The value, or None when it is too large to be wanted or cannot be computed."""
        if name not in self._values:
            self._values[name] = self._compute(name)
        return self._values[name]

    def _compute(self, name: str) -> np.ndarray | None:
        count = element_count(self._shapes.get(name))
        if count is not None and count > MAX_VALUE:
            return None
        if name in self._weights:
            return self._weights[name]
        if name in self._stored:
            return stored_value(self._stored[name])
        proto = self._makers.get(name)
        if proto is None:
            return None
        operands: list[np.ndarray | None] = []
        for index, operand in enumerate(proto.input):
            if index == 0 and proto.op_type in SHAPE_ONLY:
                shape = self._shapes[operand] or ()
                operands.append(np.broadcast_to(np.float32(0), tuple(n or 0 for n in shape)))
                continue
            value = self.evaluate(operand) if operand else None
            if operand and value is None:
                return None
            operands.append(value)
        results = run_node(proto, self._opsets, operands)
        made: dict[str, np.ndarray | None] = dict(zip(proto.output, results, strict=True))
        return made[name]


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
