"""What operators cost in multiply-accumulates (MACs).

What is counted is a sum of products: convolutions, matrix products, recurrent layers, attention. Sums alone, elementwise
operators, pools, norms, interpolation and what moves or compares are declared to have none. Every operator is one of three: it
has a count, it is declared to have none, or it is not known; the last is listed, never taken for free.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.row import Operator, Unknown
from rfonnx.operators.spelling import input_name
from rfonnx.operators.table import declare, filling, operator, operators
from rfonnx.results.fields import Shape
from rfonnx.system.named import NamedTuple


class UncountedError(Exception):
    """The MACs of a node are not known; the text says why."""


class CountCall(NamedTuple):
    """A node as a count sees it. What is asked for and not known ends the count: `UncountedError`."""

    node: Node
    graph: Graph

    def has(self, index: int) -> bool:
        """Whether the input is there."""
        return bool(input_name(self.node, index))

    def shape(self, index: int) -> tuple[int, ...]:
        """Shape of an input."""
        if not self.has(index):
            raise UncountedError(f"input {index} is left out")
        return _static(self.graph.shapes.get(self.node.inputs[index]), self.node.inputs[index])

    def out(self) -> tuple[int, ...]:
        """Shape of the first output."""
        return _static(self.graph.shapes.get(self.node.outputs[0]), self.node.outputs[0])

    def number(self, index: int) -> int | None:
        """Last element of a small constant input, or None where it is not constant."""
        value = self.graph.value(input_name(self.node, index))
        return None if value is None or not value.size else int(value.reshape(-1)[-1])

    def attr(self, name: str, default: Any) -> Any:
        """An attribute."""
        return self.node.attrs.get(name, default)


def _static(shape: Shape, name: str) -> tuple[int, ...]:
    if shape is None or None in shape:
        raise UncountedError(f"the shape of '{name}' is not known")
    return shape  # type: ignore[return-value]  # None was just ruled out


Count = Callable[[CountCall], int]
"""MACs of one node. Raises UncountedError where they are not known."""


def counts(*kinds: str) -> Callable[[Count], Count]:
    """Fill in the count of operators, by `Node.kind`: "Conv", "com.microsoft.FusedConv"."""
    return filling("macs", *kinds)


def declare_unknown(reason: str, *kinds: str) -> None:
    """Declare that what operators cost cannot be read off the file."""
    declare(*kinds, macs=Unknown(reason))


def declared() -> dict[str, str]:
    """Every operator whose cost somebody looked at: "counted", "free" or "unknown"."""
    return {row.kind: _state(row) for row in operators() if row.body or "macs" in row.filled}


def _state(row: Operator) -> str:
    macs = _macs(row)
    return "unknown" if isinstance(macs, Unknown) else "counted" if macs else "free"


def _macs(row: Operator) -> Count | Literal[0] | Unknown:
    """What counts an operator's MACs; one that has a body stands for at most one operator that costs."""
    if not row.left_to_body("macs"):
        return row.macs
    return _by_body if row.stands_for and operator(row.stands_for).macs else 0


def _by_body(call: CountCall) -> int:
    from rfonnx.operators.bodies.writer import Kept
    from rfonnx.operators.bodies.written import written

    for index in range(len(call.node.inputs)):
        if call.has(index):
            call.shape(index)
    call.out()
    try:
        inner = written(call.node, call.graph)
    except Kept as reason:
        raise UncountedError(str(reason)) from None
    nodes = (node for node in inner.nodes if not all(name in inner.constants for name in node.outputs))
    return sum(count(CountCall(node, inner)) for node in nodes)


def count(call: CountCall) -> int:
    """MACs of one node that holds no graph.

    Raises:
        UncountedError: they are not known.
    """
    found = _macs(operator(call.node.kind))
    if isinstance(found, Unknown):
        raise UncountedError(found)
    return found(call) if found else 0
