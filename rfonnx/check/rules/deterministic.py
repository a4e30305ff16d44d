"""Does the same input give the same answer? Read off the graph, then tried."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rfonnx.check.registry import Says, Values, holds, rule
from rfonnx.check.subject import Subject
from rfonnx.graph.model import Graph, Node
from rfonnx.graph.traits import DROPOUTS, RANDOM
from rfonnx.graph.walk import live_nodes


@rule("RF013", "deterministic", "error", default=True)
def deterministic(subject: Subject, values: Values) -> Iterator[Says]:
    """The same input gives the same bits: no operator draws at random, and two runs agree.

    A dropout left in training mode or a random operator makes results that cannot be reproduced. They are read off the
    graph, also in subgraphs and functions: a run may hide them, since a seed fixes the first run of a session and a
    rounding may swallow the noise. What no output needs does not count. Atomic additions of some GPUs show in the runs.

    Way out: export in evaluation mode; make the noise an input of the model.
    """
    # A loop that is written out has its nodes once per round; the name is the file's.
    distinct = {(node.kind, node.name or node.outputs): node for node in live_nodes(subject.graph)}
    drawing = [(node, reason) for node in distinct.values() if (reason := _draws(node, subject.graph))]
    for node, reason in drawing:
        yield Says(f"{node} {reason}", next((output for output in node.outputs if output), ""))
    if not drawing:
        yield from _tried(subject)


def _draws(node: Node, graph: Graph) -> str:
    """How a node draws at random, or ""."""
    if node.kind in RANDOM:
        return "" if _certain(node, graph) else "draws at random in every run"
    if node.kind in DROPOUTS and _drops(node, graph):
        return "is in training mode: it drops values at random"
    return ""


def _certain(node: Node, graph: Graph) -> bool:
    """A coin whose two sides have the chances 0 and 1. (Normal and uniform draws must have a width.)"""
    chance = graph.value(node.inputs[0]) if node.op_type == "Bernoulli" else None
    return chance is not None and bool(np.isin(chance, (0, 1)).all())


def _drops(node: Node, graph: Graph) -> bool:
    """Since opset 12 an input says that it is training; before 7 it was so unless `is_test` was set, with `ratio` an attribute.
    A mode that is computed is left to the runs."""
    if not node.domain and node.version < 12:
        return node.version < 7 and not node.attrs.get("is_test", 0) and node.attrs.get("ratio", 0.5) != 0
    ratio, mode = (graph.value(node.inputs[i]) if i < len(node.inputs) else None for i in DROPOUTS[node.kind])
    stated = DROPOUTS[node.kind][0] < len(node.inputs) and bool(node.inputs[DROPOUTS[node.kind][0]])
    return mode is not None and bool(np.any(mode)) and not (stated and ratio is not None and not np.any(ratio))


def _tried(subject: Subject) -> Iterator[Says]:
    outputs = [port.name for port in subject.opened.outputs]
    name, feed = subject.feeds[0]
    one, other = (subject.run(name, feed) for _ in range(2))
    different = [output for output, a, b in zip(outputs, one, other, strict=True) if not same(a, b)]
    for output in different:
        yield Says(f"differs between two runs on {name}", output)
    if not different:
        yield holds("no operator draws at random, and two runs agree to the bit")


def same(one: object, other: object) -> bool:
    """Two results of one output: the same to the bit."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and one.tobytes() == other.tobytes()
    return repr(one) == repr(other)
