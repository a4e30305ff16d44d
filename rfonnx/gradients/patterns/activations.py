"""Activations that a file spells out in several nodes."""

from __future__ import annotations

import math

from rfonnx.gradients.patterns.view import DOMAIN, Group, View
from rfonnx.graph.nodes import Node


def gelu(view: View, node: Node) -> Group | None:
    """x (1 + erf(x / sqrt 2)) / 2 in any order of its factors."""
    scaled = view.maker(node.inputs[0], "Mul", "Div")
    if scaled is None:
        return None
    x, factor = _factor(view, scaled)
    if scaled.op_type == "Div" and factor:
        factor = 1.0 / factor
    if not x or factor is None or abs(factor - math.sqrt(0.5)) > 1e-4:
        return None
    group = [scaled, node]
    plus = _only(view.readers(node.outputs[0]), "Add")
    if plus is None or _factor(view, plus)[1] != 1.0:
        return None
    group.append(plus)
    # what remains are products that bring in x and one half, in any order
    last, missing_x, missing_half = plus, True, True
    while missing_x or missing_half:
        product = _only(view.readers(last.outputs[0]), "Mul")
        if product is None:
            return None
        other = product.inputs[1] if product.inputs[0] == last.outputs[0] else product.inputs[0]
        if missing_half and view.scalar(other) == 0.5:
            missing_half = False
        elif missing_x and other == x:
            missing_x = False
        elif missing_x and missing_half and (half := view.maker(other, "Mul")) and _factor(view, half) == (x, 0.5):
            group.append(half)
            missing_x = missing_half = False
        else:
            return None
        group.append(product)
        last = product
    made = Node("Gelu", "", last.name, (x,), last.outputs, {"approximate": "none"}, last.version)
    return [last, *(member for member in group if member is not last)], made


def _factor(view: View, node: Node) -> tuple[str, float | None]:
    """The other operand and the value of a binary operator's scalar operand; ("", None) when neither is one."""
    for index in (1, 0):
        value = view.scalar(node.inputs[index])
        if value is not None and (index == 1 or node.op_type != "Div"):
            return node.inputs[1 - index], value
    return "", None


def _only(readers: list[Node], kind: str) -> Node | None:
    return readers[0] if len(readers) == 1 and readers[0].kind == kind else None


def swish(view: View, node: Node) -> Group | None:
    """x sigmoid(x)."""
    return _gated(view, node, "Swish")


def hard_swish(view: View, node: Node) -> Group | None:
    """x clip(x/6 + 1/2, 0, 1)."""
    standard = abs(node.attrs.get("alpha", 0.2) - 1 / 6) <= 1e-6 and node.attrs.get("beta", 0.5) == 0.5
    return _gated(view, node, "HardSwish") if standard else None


def _gated(view: View, node: Node, op_type: str) -> Group | None:
    """x and what the node makes of it, multiplied."""
    inputs = (node.inputs[0], node.outputs[0])
    product = _only(view.readers(node.outputs[0]), "Mul")
    if product is None or sorted(product.inputs) != sorted(inputs):
        return None
    return [product, node], Node(op_type, DOMAIN, product.name, inputs, product.outputs, {}, 1)
