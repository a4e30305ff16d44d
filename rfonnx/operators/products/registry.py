"""What each operator costs, by domain and name. Three states: counted, declared to have no MACs, or unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rfonnx.graph.nodes import Graph, Node
from rfonnx.results.fields import Shape


class UncountedError(Exception):
    """The MACs of a node are not known; the text says why."""


@dataclass(frozen=True, slots=True)
class Call:
    """A node as a count sees it. What is asked for and not known ends the count: `UncountedError`."""

    node: Node
    graph: Graph

    def has(self, index: int) -> bool:
        """Whether the input is there."""
        return index < len(self.node.inputs) and bool(self.node.inputs[index])

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
        value = self.graph.value(self.node.inputs[index]) if self.has(index) else None
        return None if value is None or not value.size else int(value.reshape(-1)[-1])

    def attr(self, name: str, default: Any) -> Any:
        """An attribute."""
        return self.node.attrs.get(name, default)


def _static(shape: Shape, name: str) -> tuple[int, ...]:
    if shape is None or None in shape:
        raise UncountedError(f"the shape of '{name}' is not known")
    return shape  # type: ignore[return-value]  # None was just ruled out


Count = Callable[[Call], int]
"""MACs of one node. Raises UncountedError where they are not known."""

_counts: dict[str, Count] = {}
_free: set[str] = set()
_unknown: dict[str, str] = {}


def counts(*kinds: str) -> Callable[[Count], Count]:
    """Register the count of operators, by `Node.kind`: "Conv", "com.microsoft.FusedConv".

    Raises:
        ValueError: one of them is registered already.
    """

    def register(function: Count) -> Count:
        for kind in kinds:
            _refuse_twice(kind)
            _counts[kind] = function
        return function

    return register


def declare_free(*kinds: str) -> None:
    """Declare that operators sum no products."""
    for kind in kinds:
        _refuse_twice(kind)
        _free.add(kind)


def declare_unknown(reason: str, *kinds: str) -> None:
    """Declare that what operators cost cannot be read off the file."""
    for kind in kinds:
        _refuse_twice(kind)
        _unknown[kind] = reason


def _refuse_twice(kind: str) -> None:
    if kind in _counts or kind in _free or kind in _unknown:
        raise ValueError(f"the cost of {kind} is registered twice")


def declared() -> dict[str, str]:
    """Every operator in the table: "counted", "free" or "unknown"."""
    return {**dict.fromkeys(_counts, "counted"), **dict.fromkeys(_free, "free"), **dict.fromkeys(_unknown, "unknown")}


def count(call: Call) -> int:
    """MACs of one node that holds no graph.

    Raises:
        UncountedError: they are not known.
    """
    kind = call.node.kind
    if kind in _free:
        return 0
    if kind not in _counts:
        raise UncountedError(_unknown.get(kind, "nobody wrote down what it costs"))
    return _counts[kind](call)
