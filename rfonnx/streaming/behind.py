"""The part of a model behind a tensor: that tensor is its input."""

from __future__ import annotations

from collections.abc import Sequence

from onnx import ValueInfoProto, helper

from rfonnx.errors import QueryError
from rfonnx.gradients.preparing.prepare import prune
from rfonnx.graph.nodes import Graph
from rfonnx.graph.order import needed, reads, sort, stored_names, true_inputs
from rfonnx.graph.tensors import ELEMENT_TYPES
from rfonnx.graph.text import did_you_mean, quote
from rfonnx.model.opened import Opened
from rfonnx.model.reading.bind import Shapes, tensor_of
from rfonnx.streaming.model import LENGTHS, first_taken
from rfonnx.streaming.wanted_part import light_part, whole

BEHIND = "cut/"
"""Begins the name of what a cut tensor was; nobody reads it."""


def behind(model: Opened, tensor: str, axis: int, outputs: Sequence[str] | None, shapes: Shapes | None) -> Opened:
    """The part of a model that makes its outputs of one tensor, and of inputs that it is not made of.

    Args:
        model: any.
        tensor: made by one of its nodes.
        axis: of its frames: their number is open, where a length of the model's inputs is; other lengths are those that the
            model has.
        outputs: tensors behind it; None: the outputs that depend on it.
        shapes: of the model's inputs; open lengths are taken for 1 in a first axis, else for as many as the model takes.

    Raises:
        QueryError: there is no such tensor or axis, or the outputs need something beside it that it is made of.
        ModelError, ShapeError: the model takes no length that was tried.
    """
    given, graph = _looked_at(model, shapes or {})
    if tensor in model.input_names:
        raise QueryError(f"{model.label}: tensor {quote(tensor)} is an input", "give it with --input")
    if tensor in graph.constants:
        raise QueryError(
            f"{model.label}: tensor {quote(tensor)} is a constant, or made of shapes alone",
            "give one that holds frames",
        )
    if tensor not in graph.shapes:
        raise QueryError(
            f"{model.label}: tensor {quote(tensor)} is not made by a node", did_you_mean(tensor, graph.shapes)
        )
    shape = graph.shapes[tensor] or ()
    if not -len(shape) <= axis < len(shape):
        raise QueryError(
            f"{model.label}: tensor {quote(tensor)} has {len(shape)} axes, and no axis {axis}",
            f"give --axis 0 to {len(shape) - 1}",
        )
    light = light_part(model, given)
    found = light.proto.graph
    nodes = sort(found.node, [*(one.name for one in true_inputs(found)), *stored_names(found)], [])
    _, before = needed(nodes, [tensor])
    later = {tensor}
    for node in nodes:
        if later.intersection(reads(node)):
            later.update(node.output)
    for node in found.node:
        node.output[:] = [BEHIND + name if name == tensor else name for name in node.output]
    fixed = given == _shapes(model, shapes or {}, LENGTHS[0]) == _shapes(model, shapes or {}, LENGTHS[1])
    dims = ["frames" if place == axis % len(shape) and not fixed else n for place, n in enumerate(shape)]
    found.input.append(helper.make_tensor_value_info(tensor, ELEMENT_TYPES[graph.dtypes[tensor]], dims))
    wanted = list(outputs or (entry.name for entry in found.output if entry.name in later))
    if not wanted or tensor in wanted:
        raise QueryError(
            f"{model.label}: nothing is made of tensor {quote(tensor)}", "give a tensor before the outputs"
        )
    prune(light, wanted)
    read = {name for node in found.node for name in reads(node)}
    kept = [one for one in true_inputs(found) if one.name in read or one.name == tensor]
    beside = [one.name for one in kept if one.name in before and one.name != tensor]
    if beside:
        raise QueryError(
            f"{model.label}: what is made of tensor {quote(tensor)} needs input {quote(beside[0])} beside it",
            "cut where one tensor holds all that comes, or name other outputs with --until",
        )
    found.ClearField("input")
    found.input.extend(kept)
    made = Opened(whole(light))
    made.label = model.label
    return made


def made_by_node(model: Opened, tensor: str) -> bool:
    """Whether a node of the main graph makes it."""
    return any(tensor in node.output for node in model.proto.graph.node)


def _looked_at(model: Opened, shapes: Shapes) -> tuple[dict[str, tuple[int, ...]], Graph]:
    """Shapes of the inputs, and the graph with them."""

    def look(length: int) -> tuple[dict[str, tuple[int, ...]], Graph]:
        given = _shapes(model, shapes, length)
        return given, model.graph(given)

    return first_taken(LENGTHS, look)


def _shapes(model: Opened, shapes: Shapes, length: int) -> dict[str, tuple[int, ...]]:
    """Of the inputs, with that length in the place of open ones."""
    return {entry.name: _shape(entry, shapes, length) for entry in true_inputs(model.proto.graph)}


def _shape(entry: ValueInfoProto, shapes: Shapes, length: int) -> tuple[int, ...]:
    asked = shapes.get(entry.name)
    if isinstance(asked, Sequence):
        return tuple(int(n or length) for n in asked)
    held = tensor_of(entry.type)
    found = []
    for place, dim in enumerate(() if held is None else held.shape.dim):
        named = shapes.get(dim.dim_param) if dim.dim_param else None
        found.append(dim.dim_value or (named if isinstance(named, int) else length if place else 1))
    return tuple(found)
