"""Holds what rules emit to the shapes that it must have, before anything is run: one shape inference over the gradient nodes.

A rule that is wrong about a shape would otherwise fail somewhere else, inside onnxruntime, or broadcast in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import onnx.shape_inference
from onnx import ModelProto, ValueInfoProto, helper

from rfonnx.gradients.emitter import Emitter
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.order import reads
from rfonnx.graph.tensors import ELEMENT_TYPES, read_type
from rfonnx.graph.text import quote, show_shape

_SMALL = 4096
"""Bytes; constants up to here may be shapes and axes, whose values the inference wants to see."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a rule hands to an input of its node.

    Attributes:
        value: name of the emitted tensor.
        tensor: the node's input whose gradient it is.
        shape: what it must have; -1 is not checked.
        node: whose rule it is.
        narrow: whether axes of length 1 are allowed everywhere.
    """

    value: str
    tensor: str
    shape: Sequence[int]
    node: Node
    narrow: bool = False

    def holds(self, found: Sequence[int | None]) -> bool:
        """Whether an inferred shape, None where it is not known, is the one claimed."""
        if len(found) != len(self.shape):
            return False
        pairs = zip(found, self.shape, strict=True)
        return all(n is None or m == -1 or n == m or (self.narrow and n == 1) for n, m in pairs)


def wrong_shape(graph: Graph, emit: Emitter, claims: Iterable[Claim], inputs: Iterable[ValueInfoProto]) -> str | None:
    """The first claim, in the order of emission, that the emitted nodes contradict, as a message; None when all hold.

    Args:
        graph: the forward graph, whose tensors the emitted nodes read.
        emit: what was emitted.
        claims: what rules handed over.
        inputs: further tensors that the emitted nodes read (the seed).
    """
    found = _inferred(graph, emit, list(inputs))
    for claim in claims:
        shape = found.get(claim.value)
        if shape is not None and not claim.holds(shape):
            return (
                f"the gradient rule of {claim.node} gave {show_shape(shape)} for its input {quote(claim.tensor)},"
                f" whose gradient has the shape {show_shape(tuple(None if n == -1 else n for n in claim.shape))}"
            )
    return None


def _inferred(graph: Graph, emit: Emitter, inputs: list[ValueInfoProto]) -> dict[str, tuple[int | None, ...]]:
    """Shapes of the emitted tensors, as far as they can be told."""
    model = ModelProto(ir_version=8)
    model.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in graph.opsets.items())
    part = model.graph
    part.name = "gradient"
    part.node.extend(emit.nodes)
    part.initializer.extend(c for c in emit.constants if len(c.raw_data) <= _SMALL)
    large = {c.name: c for c in emit.constants if len(c.raw_data) > _SMALL}
    known = {o for node in emit.nodes for o in node.output} | {c.name for c in part.initializer}
    known.update(i.name for i in inputs)
    part.input.extend(inputs)
    for name in dict.fromkeys(n for node in emit.nodes for n in reads(node)):
        if name in large:
            part.input.append(helper.make_tensor_value_info(name, large[name].data_type, large[name].dims))
        elif name not in known and graph.dtypes.get(name) in ELEMENT_TYPES:
            elem = ELEMENT_TYPES[graph.dtypes[name]]
            part.input.append(helper.make_tensor_value_info(name, elem, graph.shapes.get(name)))
    inferred = onnx.shape_inference.infer_shapes(model).graph.value_info
    shapes = {info.name: read_type(info.type)[2] for info in inferred}
    return {name: shape for name, shape in shapes.items() if shape is not None}
