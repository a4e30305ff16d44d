"""Groups of forward nodes that have a cheaper gradient together than one by one.

Only the reverse walk sees the groups, as single nodes of the domain `rfonnx`: the forward nodes stay as they are. A group's inner
tensors must have no other reader, nor be asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable

from rfonnx.graph.model import Graph, Node

DOMAIN = "rfonnx"


class View:
    """A graph's nodes by what they make and read."""

    def __init__(self, graph: Graph, kept: Collection[str]) -> None:
        self.graph = graph
        self.makers = {o: n for n in graph.nodes for o in n.outputs if o}
        self._readers: dict[str, list[Node]] = {}
        self._kept = kept
        for node in graph.nodes:
            for name in dict.fromkeys((*node.inputs, *node.attrs.get("captures", ()))):
                self._readers.setdefault(name, []).append(node)

    def maker(self, name: str, *kinds: str) -> Node | None:
        """The node of one of these kinds that makes a tensor nobody else reads, or None."""
        node = self.makers.get(name)
        private = len(self._readers.get(name, ())) == 1 and name not in self._kept
        return node if node is not None and node.kind in kinds and private else None

    def readers(self, name: str) -> list[Node]:
        """Nodes that read a tensor."""
        return self._readers.get(name, []) if name not in self._kept else []

    def scalar(self, name: str) -> float | None:
        """Value of a constant of one element, or None."""
        if name not in self.graph.constants:
            return None
        shape = self.graph.shapes.get(name)
        if shape is None or math.prod(n or 0 for n in shape) != 1:
            return None
        value = self.graph.value(name)
        return None if value is None else float(value.reshape(-1)[0])


Group = tuple[list[Node], Node]
"""The nodes of a group, the last one first, and the node that stands for them."""

Pattern = Callable[[View, Node], Group | None]


def grouped(graph: Graph, kept: Iterable[str]) -> Graph:
    """The graph with groups of nodes joined.

    Args:
        graph: the forward graph.
        kept: tensors whose gradients are asked for.
    """
    view = View(graph, {*kept, *graph.outputs})
    gone: set[int] = set()
    joined: dict[int, Node] = {}
    for node in graph.nodes:
        pattern = _PATTERNS.get(node.kind)
        group = pattern(view, node) if pattern else None
        if group is not None and not any(id(member) in gone for member in group[0]):
            gone.update(id(member) for member in group[0])
            joined[id(group[0][0])] = group[1]
    if not joined:
        return graph
    nodes = [joined.get(id(node), node) for node in graph.nodes if id(node) not in gone or id(node) in joined]
    return Graph(
        graph.name, graph.inputs, graph.outputs, nodes, graph.shapes, graph.dtypes, graph.constants, graph.evaluate,
        opsets=graph.opsets,
    )  # fmt: skip


def _stand_in(op_type: str, inputs: tuple[str, ...], last: Node, **attrs: object) -> Node:
    return Node(op_type, DOMAIN, last.name, inputs, last.outputs, {**last.attrs, **attrs}, last.version)


def _max_pool_of_relu(view: View, node: Node) -> Group | None:
    """MaxPool(Relu(x)), or of a Concat of Relus: where a window's maximum is positive its place is the same before the Relu, and
    elsewhere g is 0, so that the Relu's mask can be applied to the pooled gradient, which is smaller."""
    if any(node.outputs[1:]):
        return None
    pooled = node.inputs[0]
    concat = view.maker(pooled, "Concat")
    if concat is not None and not _of_channels(view, concat):
        return None
    parts = [pooled] if concat is None else concat.inputs
    relus = [relu for name in parts if (relu := view.maker(name, "Relu")) is not None]
    if len(relus) < len(parts):
        return None
    inputs = (*(relu.inputs[0] for relu in relus), pooled)
    return [node, *([concat] if concat else []), *relus], _stand_in("MaxPoolOfRelu", inputs, node)


def _conv_of_concat(view: View, node: Node) -> Group | None:
    """Conv(Concat(a, b)): each part's gradient comes from its own slice of the weight, and none is cut out of a whole."""
    concat = view.maker(node.inputs[0], "Concat")
    if concat is None or not _of_channels(view, concat) or node.attrs["group"] != 1:
        return None
    if not all(name in view.graph.constants for name in node.inputs[1:]):
        return None
    inputs = (*concat.inputs, *node.inputs[1:])
    return [node, concat], _stand_in("ConvOfConcat", inputs, node, parts=len(concat.inputs))


FEW_CHANNELS = 16
"""Parts of fewer channels are better made together."""


def _of_channels(view: View, concat: Node) -> bool:
    """Whether it joins images along their channels, each of many."""
    shapes = [view.graph.shapes.get(name) or () for name in concat.inputs]
    axis = concat.attrs["axis"] % max(len(shapes[0]), 1)
    return axis == 1 and all(len(s) > 2 and (s[1] or 0) >= FEW_CHANNELS for s in shapes)


def _gelu(view: View, node: Node) -> Group | None:
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


def _swish(view: View, node: Node) -> Group | None:
    """x sigmoid(x)."""
    product = _only(view.readers(node.outputs[0]), "Mul")
    if product is None or sorted(product.inputs) != sorted((node.inputs[0], node.outputs[0])):
        return None
    return [product, node], Node(
        "Swish", DOMAIN, product.name, (node.inputs[0], node.outputs[0]), product.outputs, {}, 1
    )


def _hard_swish(view: View, node: Node) -> Group | None:
    """x clip(x/6 + 1/2, 0, 1)."""
    product = _only(view.readers(node.outputs[0]), "Mul")
    if product is None or sorted(product.inputs) != sorted((node.inputs[0], node.outputs[0])):
        return None
    if abs(node.attrs.get("alpha", 0.2) - 1 / 6) > 1e-6 or node.attrs.get("beta", 0.5) != 0.5:
        return None
    inputs = (node.inputs[0], node.outputs[0])
    return [product, node], Node("HardSwish", DOMAIN, product.name, inputs, product.outputs, {}, 1)


def _masked_softmax(view: View, node: Node) -> Group | None:
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


_PATTERNS: dict[str, Pattern] = {
    "Conv": _conv_of_concat,
    "MaxPool": _max_pool_of_relu,
    "Erf": _gelu,
    "Sigmoid": _swish,
    "HardSigmoid": _hard_swish,
    "Where": _masked_softmax,
}
