"""Which operator is lowered by which rule. Three states: a rule, declared `everything`, or unsupported (nobody wrote it)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar

import numpy as np

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.temporaries import temporary_name
from rfonnx.graph.tensors import is_static
from rfonnx.operators.access.primitives import Access
from rfonnx.operators.row import Everything, Unknown
from rfonnx.operators.spelling import input_name
from rfonnx.operators.table import declare, filling, operator, operators
from rfonnx.results.fields import Shape

Weights = Literal["structure", "values"]
"""Whether constant weights count as non-zero, or are read for the zeros in them."""


class Unproven(Exception):
    """Raised by a rule that cannot prove what is read: the node then reads everything, with this text as the note."""


class Known:
    """What rules know of the whole graph, and find out one for the other.

    Attributes:
        producers: by tensor, the nodes before the one at work.
        uncertain: tensors of which no value is certain; see `zeros`.
        facts: of values, by tensor and name of the fact; see `zeros`.
        rows: see `visible.row_of`.
        twins: see `certain`.
        makers: by temporary: the node of a subgraph that makes it.
        weights: whether constant weights are read.
    """

    def __init__(self, uncertain: Iterable[str] = (), weights: Weights = "structure") -> None:
        self.producers: dict[str, Node] = {}
        self.uncertain = set(uncertain)
        self.facts: dict[tuple[str, str], np.ndarray | None] = {}
        self.rows: dict[str, tuple[str, tuple[int, ...]]] = {}
        self.twins: dict[str, str] = {}
        self.makers: dict[str, Node] = {}
        self.weights: Weights = weights


class Op:
    """A node as a rule sees it. Shapes of all present inputs and outputs are known and static when a rule is called.

    Attributes:
        node, graph: the node, and the graph that it is in.
        known: of the whole graph.
        temporaries: unnamed tensors inside the operator, by source name: shape, and what they read.
    """

    __slots__ = ("graph", "known", "node", "temporaries")

    def __init__(self, node: Node, graph: Graph, known: Known | None = None) -> None:
        self.node, self.graph = node, graph
        self.known = Known() if known is None else known
        self.temporaries: dict[str, tuple[tuple[int, ...], Access]] = {}

    def producer(self, index: int) -> Node | None:
        """The node that makes input `index`, or None when it is a graph input, a constant's data, or left out."""
        return self.known.producers.get(self.name(index))

    def name(self, index: int) -> str:
        """Name of input `index`, or "" when it is left out."""
        return input_name(self.node, index)

    def shape(self, index: int) -> tuple[int, ...]:
        """Shape of input `index`, which must be present."""
        return static(self.graph.shapes[self.node.inputs[index]])

    def out_shape(self, index: int = 0) -> tuple[int, ...]:
        """Shape of output `index`, which must be made."""
        return static(self.graph.shapes[self.node.outputs[index]])

    def value(self, index: int) -> np.ndarray | None:
        """Value of input `index` when it is a constant whose data can be had, else None."""
        return self.graph.value(self.name(index))

    def reads(self, index: int) -> bool:
        """True when input `index` is present and depends on a model input."""
        name = self.name(index)
        return bool(name) and name not in self.graph.constants

    @property
    def attrs(self) -> dict[str, Any]:
        return self.node.attrs

    def temporary(self, shape: tuple[int, ...], access: Access) -> str:
        """Define an unnamed tensor inside the operator and return a source name for it (attention scores, say)."""
        made = next(name for name in self.node.outputs if name)  # the first output may be left out
        name = temporary_name(made, len(self.temporaries))
        self.temporaries[name] = (shape, access)
        return name


def static(shape: Shape) -> tuple[int, ...]:
    """The shape, all of it known."""
    assert shape is not None
    return shape if is_static(shape) else tuple(d for d in shape if d is not None)


def each_once(value: np.ndarray) -> np.ndarray:
    """The array with one position along each axis that numpy repeats in place: a filled constant is looked at as one number."""
    return value[tuple([slice(1 if step == 0 else None) for step in value.strides])]


Rule = Callable[[Op], Access | list[Access]]
"""Gives one Access per output (a lone Access serves all outputs)."""

AnyRule = TypeVar("AnyRule", bound=Rule)


def rule(*kinds: str, shapeless: bool = False) -> Callable[[AnyRule], AnyRule]:
    """Register a rule for operators: "Conv", or "com.microsoft.FusedConv" outside ai.onnx.

    Args:
        kinds: the operators.
        shapeless: call the rule also when shapes of inputs or outputs are unknown (sequences and optionals have none).

    Raises:
        ValueError: an operator is registered twice.
    """

    if shapeless:
        declare(*kinds, shapeless=True)
    return filling("reads", *kinds)


def declare_everything(reason: str, *kinds: str) -> None:
    """Declare that these operators may read any position of their inputs, and why ("positions are data")."""
    declare(*kinds, reads=Everything(reason))


def find(kind: str) -> Rule | None:
    """The rule of an operator, or None."""
    found = operator(kind).reads
    return None if isinstance(found, str) else found


def reason_for_everything(kind: str) -> str | None:
    """Why an operator is declared `everything`, or None when it is not."""
    found = operator(kind).reads
    return str(found) if isinstance(found, Everything) else None


def registered() -> dict[str, str]:
    """All operators of which it is known what they read: "rule" or "everything"."""
    known = [row for row in operators() if row.left_to_body("reads") or not isinstance(row.reads, Unknown)]
    return {row.kind: "everything" if isinstance(row.reads, Everything) else "rule" for row in known}
