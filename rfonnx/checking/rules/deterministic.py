"""Does the same input give the same answer? Read off the graph, then tried."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rfonnx.checking.rule_table import Says, Values, holds, rule
from rfonnx.checking.subject import Subject
from rfonnx.graph.walk import live_nodes
from rfonnx.operators.randomness import draws


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
    drawing = [(node, reason) for node in distinct.values() if (reason := draws(node, subject.graph))]
    for node, reason in drawing:
        yield Says(f"{node} {reason}", next((output for output in node.outputs if output), ""))
    if not drawing:
        yield from _tried(subject)


def _tried(subject: Subject) -> Iterator[Says]:
    outputs = [port.name for port in subject.opened.outputs]
    name, feed = subject.feeds[0]
    one, other = (subject.run(name, feed, again) for again in (False, True))
    different = [output for output, a, b in zip(outputs, one, other, strict=True) if not same(a, b)]
    for output in different:
        yield Says(f"differs between two runs on {name}", output)
    yield holds("no operator draws at random, and two runs agree to the bit")


def same(one: object, other: object) -> bool:
    """Two results of one output: the same to the bit."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and one.tobytes() == other.tobytes()
    return repr(one) == repr(other)
