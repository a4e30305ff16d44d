"""Rules on what flows nowhere: inputs and nodes that no output needs; and on scores that are taken for scores twice."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.checking.rule_table import NotApplicableError, Says, Values, holds, rule
from rfonnx.checking.subject import Subject
from rfonnx.graph import order
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.order import label, reads, sort, stored_names
from rfonnx.graph.tensors import is_static
from rfonnx.graph.walk import every_node, needed
from rfonnx.operators.table import operator


@rule("RF024", "inputs-used", "warning", default=True)
def inputs_used(subject: Subject, values: Values) -> Iterator[Says]:
    """Every input is needed for some output.

    An exporter keeps an argument that the traced path never read: the caller must still feed it, and believes that it
    does something. An input of which only the shape is read counts as used.

    Way out: leave the argument out of the export, or look for the branch that was lost.
    """
    graph = subject.graph
    _, wanted = needed(graph)
    unused = [name for name in graph.inputs if name not in wanted]
    for name in unused:
        yield Says("is an input that no output needs", name)
    yield holds("every input is needed for an output")


@rule("RF025", "no-dead-nodes", "note", default=True)
def no_dead_nodes(subject: Subject, values: Values) -> Iterator[Says]:
    """Every node is needed for some output.

    Runtimes drop what no output needs, so that it costs nothing but a longer file; yet a branch that ends nowhere may be
    an output that was forgotten. Constants do not count.

    Way out: name the tensor as an output, or remove the branch (onnxruntime saves a model without it).
    """
    graph, constants = subject.source.proto.graph, subject.graph.constants
    nodes = sort(graph.node, [*(i.name for i in graph.input), *stored_names(graph)], [o.name for o in graph.output])
    alive = {id(node) for node in order.needed(nodes, (o.name for o in graph.output))[0]}
    dead = [n for n in nodes if id(n) not in alive and not all(o in constants or not o for o in n.output)]
    read = {name for node in dead for name in reads(node)}
    for node in dead:
        if not any(output in read for output in node.output):
            yield Says(f"{label(node)} leads to no output", next((output for output in node.output if output), ""))
    yield holds("every node leads to an output")


@rule("RF030", "no-double-softmax", "warning", default=True)
def no_double_softmax(subject: Subject, values: Values) -> Iterator[Says]:
    """No softmax is taken of a softmax along the same axis.

    The loss took logits and the model was exported with a softmax, or both the model and its wrapper have one. Scores
    between 0 and 1 come out of the second within a factor of e (2.72) of each other: the order of classes stays, and every
    threshold fails. A softmax of a log-softmax is the softmax once more, and is harmless.

    Way out: export logits, or remove the outer softmax.
    """
    graph = subject.graph
    makers = {output: node for node in every_node(graph) for output in node.outputs if output}
    softmaxes = [node for node in makers.values() if node.kind in ("Softmax", "LogSoftmax")]
    if not softmaxes:
        raise NotApplicableError("the model has no softmax")
    for node in softmaxes:
        inner = makers.get(node.inputs[0])
        while inner is not None and _hands_on(inner, graph):
            inner = makers.get(inner.inputs[0])
        axes = node.attrs.get("axes")
        if inner is not None and inner.kind == "Softmax" and axes is not None and inner.attrs.get("axes") == axes:
            yield Says(f"{node} takes the softmax of {inner}", node.outputs[0])
    yield holds("no softmax is taken of a softmax")


def _hands_on(node: Node, graph: Graph) -> bool:
    """Each value goes on, and stays where it is."""
    if operator(node.kind).keeps == "order" or node.kind == "Expand":
        before, after = graph.shapes.get(node.inputs[0]), graph.shapes.get(node.outputs[0])
        return node.kind == "Identity" or (is_static(before) and before == after)
    return node.kind in ("Cast", "Dropout")
