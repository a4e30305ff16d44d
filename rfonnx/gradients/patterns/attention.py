"""Attention's masks."""

from __future__ import annotations

from rfonnx.gradients.patterns.view import DOMAIN, Group, View
from rfonnx.graph.nodes import Node


def masked_softmax(view: View, node: Node) -> Group | None:
    """Where(row has nothing to attend to, 0, Softmax(x)): the softmax of such a row is NaN, and so would be its gradient.

    The condition must be the same along the softmax axis: one axis of length 1 there, or IsNaN of the softmax itself.
    """
    probabilities, test = node.inputs[2], view.makers.get(node.inputs[0])
    of_itself = test is not None and test.kind == "IsNaN" and test.inputs[0] == probabilities
    readers = [n for n in view.readers(probabilities) if n is not node]
    if view.scalar(node.inputs[1]) != 0.0 or (readers != [test] if of_itself else readers):
        return None
    softmax, group = view.makers.get(probabilities), [node]
    while softmax is not None and softmax.kind in ("Cast", "CastLike"):
        group.append(softmax)
        softmax = view.maker(softmax.inputs[0], "Cast", "CastLike", "Softmax")
    if softmax is None or softmax.kind != "Softmax" or not view.readers(probabilities):
        return None
    if not (of_itself or _same_along(view, node, softmax)):
        return None
    attrs = {"axes": softmax.attrs["axes"]}
    return [*group, softmax], Node("MaskedSoftmax", DOMAIN, node.name, (softmax.inputs[0],), node.outputs, attrs, 1)


def _same_along(view: View, where: Node, softmax: Node) -> bool:
    """Whether the condition has length 1 along the axes of the softmax, or lacks them."""
    condition, shape = view.graph.shapes.get(where.inputs[0]), view.graph.shapes.get(softmax.outputs[0])
    axes = softmax.attrs["axes"]
    if condition is None or shape is None or axes is None or view.graph.shapes.get(where.outputs[0]) != shape:
        return False
    from_end = [axis - len(shape) for axis in axes]
    return all(-axis > len(condition) or condition[axis] == 1 for axis in from_end)
