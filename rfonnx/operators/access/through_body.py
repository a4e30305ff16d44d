"""What an operator reads that is written with standard ones: what they read, one after the other."""

from __future__ import annotations

from collections.abc import Callable

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.temporaries import temporary_name
from rfonnx.graph.tensors import is_static
from rfonnx.operators.access.op import Known, Op, Unproven, static
from rfonnx.operators.access.path_shape import path_shape
from rfonnx.operators.access.primitives import Access, Path, Permute, Reduce, Reshape, Step
from rfonnx.system.named import NamedTuple

Lower = Callable[[Node, Graph, Known], "tuple[dict[str, tuple[tuple[int, ...], Access]], list[Access]]"]
"""`node_accesses`, for the nodes of a body."""


class _Made(NamedTuple):
    """A tensor inside a body: its shape, and what it reads outside."""

    shape: tuple[int, ...]
    access: Access


def through_body(op: Op, inner: Graph, lower: Lower) -> list[Access]:
    """What each output reads. What a path cannot say in one goes by a temporary.

    Args:
        op: the operator.
        inner: the nodes that it is written with; see `rfonnx.operators.bodies.written`.
        lower: gives what one of them reads.

    Raises:
        Unproven: an output is not among what they make.
    """
    made: dict[str, _Made] = {}
    for node in inner.nodes:
        if not inner.constants.issuperset(filter(None, node.outputs)):
            _follow(op, inner, node, lower, made)
    op.known.producers.update(dict.fromkeys(op.node.outputs, op.node))
    missing = [name for name in op.node.outputs if name and name not in made]
    if missing:
        raise Unproven(f"what '{missing[0]}' holds is not written down")
    return [made[name].access if name else Access(()) for name in op.node.outputs]


def _follow(op: Op, inner: Graph, node: Node, lower: Lower, made: dict[str, _Made]) -> None:
    """Take up what a node inside makes."""
    if any(not is_static(inner.shapes.get(name)) for name in node.outputs if name):
        raise Unproven(f"no shape is known of what the {node.op_type} makes that it stands for")
    op.known.producers.update(dict.fromkeys(node.outputs, node))
    temporaries, accesses = lower(node, inner, op.known)
    for name, (shape, access) in temporaries.items():
        op.temporaries[name] = shape, _outside(op, inner, access, made)
    for name, access in zip(node.outputs, accesses, strict=True):
        if name:
            made[name] = _Made(static(inner.shapes[name]), _outside(op, inner, access, made))


def _outside(op: Op, inner: Graph, access: Access, made: dict[str, _Made]) -> Access:
    """An access of a node inside, in terms of what the operator reads."""
    paths: dict[tuple[str, tuple[int, ...]], Path] = {}
    exact, note = access.exact, access.note
    for path in access.paths:
        for one in _ways(op, inner, path, made):
            paths.setdefault((one.source, tuple(map(id, one.steps))), one)
        if path.source in made and not made[path.source].access.exact:
            exact, note = False, note or made[path.source].access.note
    return Access(tuple(paths.values()), exact, note)


def _ways(op: Op, inner: Graph, path: Path, made: dict[str, _Made]) -> list[Path]:
    """The ways from outside to the end of a path."""
    if not path.source or path.source in inner.constants:
        return []
    if path.source not in made:
        return [path]
    shape, access = made[path.source]
    ways = []
    for source, steps in access.paths:
        start = op.temporaries[source][0] if source in op.temporaries else inner.shapes.get(source)
        # A temporary of an earlier operator has no shape here.
        joint = _joint(path_shape(static(start), steps) if start is not None else None, shape, path.steps)
        if joint is None:
            name = temporary_name(path.source, -1)
            op.temporaries[name] = shape, access
            made[path.source] = _Made(shape, access._replace(paths=(Path(name),)))
            return [Path(name, path.steps)]
        ways.append(Path(source, (*steps, *joint, *path.steps)))
    return ways


def _joint(end: tuple[int, ...] | None, shape: tuple[int, ...], steps: tuple[Step, ...]) -> tuple[Step, ...] | None:
    """What stands between a way that ends in one shape, which broadcasts to the tensor's, and steps that go on from the tensor;
    None where these would see the difference."""
    if end == shape or not steps:
        return ()
    if end is None or not all(isinstance(step, Permute | Reduce) for step in steps):
        return None
    return () if len(end) == len(shape) else (Reshape((1,) * (len(shape) - len(end)) + end),)
