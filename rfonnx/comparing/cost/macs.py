"""The multiply-accumulates of one run: of every node, and of the bodies of If, Loop and Scan as often as they run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.walk import bodies, needed
from rfonnx.operators.counting import CountCall, UncountedError, count
from rfonnx.operators.table import operator


@dataclass(slots=True)
class Macs:
    """Multiply-accumulates of one run.

    Attributes:
        total: of what could be counted: the run takes at least so many.
        uncounted: how many nodes of each kind could not be.
        reasons: why not, by kind.
    """

    total: int = 0
    uncounted: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, str] = field(default_factory=dict)

    def leave_out(self, kind: str, reason: str) -> None:
        """One more node that cannot be counted."""
        self.uncounted[kind] += 1
        self.reasons.setdefault(kind, reason)

    def leave_out_all(self, other: Macs) -> None:
        """What could not be counted in a body."""
        self.uncounted += other.uncounted
        self.reasons = {**other.reasons, **self.reasons}

    @property
    def empty(self) -> bool:
        """Nothing is multiplied, for certain."""
        return not self.total and not self.uncounted


def macs(graph: Graph) -> Macs:
    """MACs of one run at the graph's shapes, of the nodes that its outputs need."""
    return _body(graph, graph)


def _body(body: Graph, graph: Graph) -> Macs:
    found = Macs()
    for node in needed(body)[0]:
        if not all(output in graph.constants or not output for output in node.outputs):
            _add(found, node, graph)
    return found


def _add(found: Macs, node: Node, graph: Graph) -> None:
    if operator(node.kind).holds_graphs:
        _add_bodies(found, node, [_body(body, graph) for body in bodies(node)])
        return
    try:
        found.total += count(CountCall(node, graph))
    except UncountedError as reason:
        found.leave_out(node.kind, str(reason))


def _add_bodies(found: Macs, node: Node, inner: list[Macs]) -> None:
    """An If takes one of two branches, a loop its body as often as it has rounds; a body of nothing costs nothing at all."""
    rounds = 1 if node.kind == "If" else node.attrs.get("trips")
    if rounds == 0 or all(one.empty for one in inner):
        return
    for one in inner:
        found.leave_out_all(one)
    totals = {one.total for one in inner}
    if len(totals) > 1:
        found.leave_out(node.kind, "which branch runs is data; --value may decide it")
    elif rounds is None:
        found.leave_out(node.kind, "how often its body runs is data")
    found.total += min(totals) * (rounds or 0)
