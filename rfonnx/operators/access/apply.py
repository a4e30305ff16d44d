"""One node -> what its outputs read, or everything with a note where that cannot be told."""

from __future__ import annotations

from rfonnx.errors import MISFIT, ModelError, rules_fail_aloud
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import is_static
from rfonnx.operators.access.certain import with_certain
from rfonnx.operators.access.op import Known, Op, Rule, Unproven, find, reason_for_everything
from rfonnx.operators.access.path_shape import path_shape
from rfonnx.operators.access.primitives import Access, everything
from rfonnx.operators.table import operator
from rfonnx.results.fields import Shape


def node_accesses(
    node: Node, graph: Graph, known: Known
) -> tuple[dict[str, tuple[tuple[int, ...], Access]], list[Access]]:
    """The rule's temporaries and one Access per output."""
    kind = node.kind
    function = find(kind) or _by_body(kind)
    if function is None:
        reason = reason_for_everything(kind)
        note = f"{kind}: {reason}" if reason else f"no rule for operator {kind}: it may read any position"
        return _fallback(node, graph, note)
    unknown = "" if operator(kind).shapeless else _unknown_shape(node, graph)
    if unknown:
        return _fallback(node, graph, f"the shape of '{unknown}' depends on data")
    op = Op(node, graph, known)
    try:
        result = function(op)
        accesses = [result] * len(node.outputs) if isinstance(result, Access) else list(result)[: len(node.outputs)]
        misfit = _misfit(op, accesses)
        accesses = accesses if misfit else with_certain(op, accesses)
    except (Unproven, *MISFIT) as error:
        if rules_fail_aloud():
            raise
        unlike = f"{kind} does not have the inputs and attributes its rule expects ({error!r})"
        misfit = f"{kind}: {error}" if isinstance(error, Unproven) else unlike
    if misfit:
        for name in node.outputs:
            known.rows.pop(name, None)
            known.twins.pop(name, None)
        return _fallback(node, graph, misfit)
    return op.temporaries, accesses


def _by_body(kind: str) -> Rule | None:
    """The rule of an operator that is written with standard ones; None where it is not."""
    if not operator(kind).left_to_body("reads"):
        return None
    from rfonnx.operators.access.through_body import through_body
    from rfonnx.operators.bodies.writer import Kept
    from rfonnx.operators.bodies.written import written

    def rule(op: Op) -> list[Access]:
        try:
            inner = written(op.node, op.graph)
        except (Kept, ModelError) as error:
            raise Unproven(str(error)) from None
        return through_body(op, inner, node_accesses)

    return rule


def _fallback(node: Node, graph: Graph, note: str) -> tuple[dict[str, tuple[tuple[int, ...], Access]], list[Access]]:
    """Every output reads every position of every input, names captured by subgraphs included."""
    names = [n for n in (*node.inputs, *node.attrs.get("captures", ())) if n and n not in graph.constants]
    access = everything([(name, len(graph.shapes.get(name) or ())) for name in dict.fromkeys(names)], note)
    return {}, [access] * len(node.outputs)


def program_shape(shape: Shape) -> tuple[int, ...]:
    """A tensor's shape in the program: 1 for each dimension that depends on data, () for sequences and unknown ranks."""
    if is_static(shape):
        return shape
    return tuple([1 if d is None else d for d in shape or ()])


def _unknown_shape(node: Node, graph: Graph) -> str:
    """Name of an input or output whose shape is not static, or ""."""
    shapes = graph.shapes
    for names in (node.inputs, node.outputs):
        for name in names:
            if name:
                shape = shapes.get(name)
                if shape is None or None in shape:
                    return name
    return ""


def _misfit(op: Op, accesses: list[Access]) -> str:
    """What is wrong with the rule's answer, or "": each path must end in a shape that broadcasts to the output's.

    Shapes in files can contradict the operator that makes the tensor; a program built on them would be wrong.
    """
    graph, outputs = op.graph, op.node.outputs
    if len(accesses) != len(outputs):
        return f"{op.node.kind} has {len(outputs)} outputs, its rule knows {len(accesses)}"
    for access, name in zip(accesses, outputs, strict=True):
        wrong = name and _misled(op, access, program_shape(graph.shapes.get(name)))
        if wrong:
            return wrong
    return next((wrong for shape, access in op.temporaries.values() if (wrong := _misled(op, access, shape))), "")


def _misled(op: Op, access: Access, target: tuple[int, ...]) -> str:
    """What is wrong with a path to a tensor of a shape, or ""."""
    graph = op.graph
    for source, steps in access.paths:
        if not source or source in graph.constants:
            continue
        if source in op.temporaries:
            shape = op.temporaries[source][0]
        elif source in graph.shapes:
            shape = program_shape(graph.shapes[source])
        else:
            continue  # a temporary of an earlier node
        if shape == target and not steps:
            continue
        end = path_shape(shape, steps)
        if end is None or not _broadcasts(end, target):
            return f"{op.node.kind}: the shape {shape} of '{source}' does not lead to the output's shape {target}"
    return ""


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    if shape == target:
        return True
    if len(shape) > len(target):
        return False
    return all(a == b or a == 1 for a, b in zip(reversed(shape), reversed(target), strict=False))
