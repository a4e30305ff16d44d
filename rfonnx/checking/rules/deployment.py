"""The rule on where a model shall run: does that target take its operators?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rfonnx.checking.rule_table import Says, Values, holds, rule
from rfonnx.checking.subject import Subject
from rfonnx.checking.targets import target
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.walk import live_nodes
from rfonnx.results.findings import Parameter


@rule(
    "RF037",
    "target-operators",
    "error",
    {"target": Parameter("str", "coreml, mobile, portable, tensorrt or web", required=True)},
)
def target_operators(subject: Subject, values: Values) -> Iterator[Says]:
    """A named target takes every operator of the model, and its opset (`--target NAME`).

    Held against the list that the target publishes; the answer names its version and the day it was read. Functions are
    inlined first; what is constant is folded by every runtime, Identity and Dropout are removed, and do not count. The lists
    say which operators, not which of their types and attributes: a target may still refuse a model that is told to be fine
    here. `portable` is any runtime of the standard: ai.onnx alone.

    Way out: export at another opset, or with the operators that are named written out in others.
    """
    wanted, graph = target(values["target"]), subject.graph
    opset = graph.opsets.get("", 1)
    where = f"{wanted.name} ({wanted.version}{f', read {wanted.read}' if wanted.read else ''})"
    if wanted.opsets and not wanted.opsets[0] <= opset <= wanted.opsets[1]:
        yield Says(f"opset {opset} is not among those that {where} takes: {wanted.opsets[0]} to {wanted.opsets[1]}")
    nodes = [node for node in live_nodes(graph) if not (_vanishes(node, graph) or wanted.takes(node))]
    counts = Counter(node.kind for node in nodes)
    first = {node.kind: node for node in reversed(nodes)}
    for kind, count in counts.items():
        times = f", and {count - 1} more" if count > 1 else ""
        tensor = next((output for output in first[kind].outputs if output), "")
        yield Says(f"{first[kind]}{times}: not taken at opset {first[kind].version} by {where}; {wanted.means}", tensor)
    yield holds(f"every operator is taken by {where}")


def _vanishes(node: Node, graph: Graph) -> bool:
    """No runtime computes it."""
    return node.kind in ("Identity", "Dropout") or all(name in graph.constants or not name for name in node.outputs)
