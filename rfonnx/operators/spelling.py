"""The one place where opset differences end: `canonicalize(node, graph)` gives each node the one spelling that rules see.

Each family registers its functions with `@spelling`, and says which attributes its operators have after it. For all operators:
- defaults are filled in; axes count from the front;
- `pads` are begins, then ends, and explicit (auto_pad is resolved);
- what one opset spells as an attribute and another as an input becomes the attribute, when the input is constant;
  the attribute is None when the input is computed at run time: a rule must then fall back to `everything`.
- an attribute that takes a shape to fill in (auto_pad SAME) is None when that shape is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any, TypeVar, cast

import numpy as np

from rfonnx.errors import MISFIT, ModelError, malformed
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.table import filling, operator
from rfonnx.results.fields import Shape
from rfonnx.system.named import NamedTuple


def input_name(node: Node, index: int) -> str:
    """Name of input `index`, or "" when it is left out."""
    return node.inputs[index] if index < len(node.inputs) else ""


class SpellCall(NamedTuple):
    """A node as a spelling sees it, when shapes and constants of its inputs are known as far as they can be."""

    node: Node
    graph: Graph

    def name(self, index: int) -> str:
        """Name of input `index`, or "" when it is left out."""
        return input_name(self.node, index)

    def shape(self, index: int) -> Shape:
        """Shape of input `index`; None when it is left out or its rank is unknown."""
        return self.graph.shapes.get(self.name(index))

    def rank(self, index: int) -> int | None:
        """Rank of input `index`, or None when it is left out or its rank is unknown."""
        shape = self.shape(index)
        return None if shape is None else len(shape)

    def value(self, index: int) -> np.ndarray | None:
        """Value of input `index`; None when it is left out, not constant, or cannot be had."""
        return self.graph.value(self.name(index))

    def constant_ints(self, index: int) -> list[int] | None:
        """Value of input `index` as a flat list of integers; None when it is left out, not constant, no numbers, or cannot be
        had."""
        value = self.value(index)
        if (
            value is None
            or value.dtype.kind not in "iubf"
            or (value.dtype.kind == "f" and not np.isfinite(value).all())
        ):
            return None
        return [int(v) for v in value.reshape(-1)]

    def constant_int(self, index: int) -> int | None:
        """The first of them."""
        found = self.constant_ints(index)
        return found[0] if found else None

    def with_attrs(self, **attrs: Any) -> Node:
        """The node with some attributes set."""
        node = self.node
        made = {**node.attrs, **attrs}
        return Node(node.op_type, node.domain, node.name, node.inputs, node.outputs, made, node.version)

    def int_attr(self, name: str, default: int) -> int:
        """An integer attribute.

        Raises:
            ModelError: it is there, and is no integer.
        """
        value = self.node.attrs.get(name, default)
        if not isinstance(value, int):
            raise malformed(f"{self.node}: attribute '{name}' must be an integer, but is {value!r}")
        return value

    def axis_attr(self, default: int, rank: int | None) -> int:
        """The attribute `axis`, counted from the front where the rank is known.

        Raises:
            ModelError: it is no integer, or lies outside the tensor.
        """
        axis = self.int_attr("axis", default)
        return axis if rank is None else self.positive_axis(axis, rank)

    def word_attr(self, name: str, default: str, words: Collection[str]) -> str:
        """A string attribute out of those that the operator knows.

        Raises:
            ModelError: it is another one, or no string.
        """
        value = self.node.attrs.get(name, default)
        if not isinstance(value, str) or value not in words:
            known = ", ".join(words)
            raise ModelError(f"{self.node}: attribute '{name}' is {value!r}, known are {known}", "check the exporter")
        return value

    def float_attr(self, name: str, default: float) -> float:
        """A number attribute.

        Raises:
            ModelError: it is no finite number.
        """
        value = self.node.attrs.get(name, default)
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ModelError(
                f"{self.node}: attribute '{name}' must be a number, but is {value!r}", "check the exporter"
            )
        return float(value)

    def ints_attr(self, name: str, length: int | None = None) -> list[int] | None:
        """A list-of-integers attribute, or None when it is left out.

        Raises:
            ModelError: it is there, and is no list of integers, or not `length` of them.
        """
        value = self.node.attrs.get(name)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or not all(isinstance(v, int) for v in value):
            raise malformed(f"{self.node}: attribute '{name}' must be a list of integers, but is {value!r}")
        if length is not None and len(value) != length:
            came = f"holds {len(value)}: {list(value)}"
            raise malformed(f"{self.node}: attribute '{name}' must hold {length} integers, but {came}")
        return list(value)

    def positive_axis(self, axis: int, rank: int) -> int:
        """`axis` counted from the front.

        Raises:
            ModelError: it lies outside `-rank .. rank-1`.
        """
        if not -rank <= axis < max(rank, 1):
            raise malformed(f"{self.node}: axis {axis} lies outside a tensor of {rank} axes")
        return axis + rank if axis < 0 else axis

    def positive_axes(self, axes: list[int], rank: int) -> list[int]:
        """`axes` counted from the front, sorted, without repetitions."""
        return sorted({self.positive_axis(axis, rank) for axis in axes})


Spelling = Callable[[SpellCall], Node]
"""Gives the node in its one spelling."""


AnySpelling = TypeVar("AnySpelling", bound=Spelling)


def spelling(*kinds: str) -> Callable[[AnySpelling], AnySpelling]:
    """Fill in the spelling of operators."""
    return filling("spelling", *kinds)


def canonicalize(node: Node, graph: Graph) -> Node:
    """The node in the one spelling that rules see; operators that were always spelt one way pass through.

    Raises:
        ModelError: its inputs or attributes are not those of its operator.
    """
    function = operator(node.kind).spelling
    if function is None:
        return node
    try:
        return cast(Node, function(SpellCall(node, graph)))
    except (*MISFIT, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise malformed(f"{node}: its inputs or attributes are not those of its operator ({what})") from error
