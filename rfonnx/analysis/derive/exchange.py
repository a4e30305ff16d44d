"""Which two axes of an input may change places: the model is the same when they do so in every tensor that has them.

A net of square kernels on a square image does alike along rows and columns. What is found along the one axis then holds along
the other, with the axes of each tensor exchanged, and need not be worked out twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rfonnx.analysis.derive.analysed import Pair
from rfonnx.analysis.lower import Program
from rfonnx.graph.nodes import Graph, Node
from rfonnx.operators.access.path_shape import path_shape
from rfonnx.operators.access.primitives import Band, Reduce, Reshape, Select, Spread, Step, Window
from rfonnx.operators.movement import channel_axis, treats
from rfonnx.system.named import NamedTuple

Shape = tuple[int, ...]


class Exchange(NamedTuple):
    """Two axes of an input that may change places.

    Attributes:
        first: the input and the first of its axes; what is found along it holds along the other.
        axes: the numbers of both, in the input and in every tensor that has them.
        has: by source (inputs, then the tensors of the program): whether these change places in it. Others stay as they are:
            both axes were taken together before they were made.
    """

    first: Pair
    axes: tuple[int, int]
    has: tuple[bool, ...]


def exchanges(program: Program, pairs: Iterable[Pair]) -> dict[Pair, Exchange]:
    """By axis of an input, among some of them, the one before it with which it may change places."""
    found: dict[Pair, Exchange] = {}
    firsts: list[Pair] = []
    for pair in pairs:
        for first in firsts:
            if first[0] == pair[0] and (has := _has(program, pair[0], first[1], pair[1])):
                found[pair] = Exchange(first, (first[1], pair[1]), has)
                break
        else:
            firsts.append(pair)
    return found


def twins(program: Program, pairs: Iterable[Pair]) -> dict[Pair, Pair]:
    """The same without what becomes of tensors: what has no axes, such as a size, is the same along both."""
    return {pair: one.first for pair, one in exchanges(program, pairs).items()}


def _has(program: Program, input: str, a: int, b: int) -> tuple[bool, ...] | None:
    """As `Exchange.has`; None where the axes cannot change places."""
    shapes = [shape for _, shape in program.inputs] + [tensor.shape for tensor in program.tensors]
    has = [name == input for name, _ in program.inputs]
    if any(own and shape[a] != shape[b] for own, shape in zip(has, shapes, strict=False)):
        return None
    known: dict[tuple[Shape, Shape, int, bool], tuple[bool, bool]] = {}
    for tensor in program.tensors:
        stays, moves = True, len(tensor.shape) > b and tensor.shape[a] == tensor.shape[b]
        for source, steps in tensor.paths:
            key = shapes[source], tensor.shape, id(steps), has[source]
            if key not in known:
                known[key] = _arrives(shapes[source], tensor.shape, steps, has[source], a, b)
            may_stay, may_move = known[key]
            stays, moves = stays and may_stay, moves and may_move
        if not (stays or moves):
            return None
        has.append(moves)
    return tuple(has)


def _arrives(shape: Shape, out: Shape, steps: tuple[Step, ...], has: bool, a: int, b: int) -> tuple[bool, bool]:
    """Whether a path does the same when the axes change places in what it reads (if that has them): in a result that stays as it
    is, and in one in which they change places, too."""
    end = path_shape(shape, steps)
    if end is None:
        return False, False
    if has:
        left = _left(shape, steps, a, b)
        if left is None:
            return False, False
        if left:
            return False, len(end) == len(out)
    apart = len(out) - len(end)
    return True, len(out) > b and all(axis < apart or end[axis - apart] == 1 for axis in (a, b))


def _left(shape: Shape, steps: tuple[Step, ...], a: int, b: int) -> bool | None:
    """Whether the axes are there still after steps that do alike along both; None where these do not."""
    along: dict[int, list[object]] = {a: [], b: []}
    for number, step in enumerate(steps):
        if isinstance(step, Window | Spread):
            if step.axis in along:
                along[step.axis].append((type(step), step[1:]))
        elif isinstance(step, Reduce):
            for axis in along.keys() & set(step.axes):
                along[axis].append(Reduce)
        elif isinstance(step, Select | Band):
            if step.axis in along or (isinstance(step, Band) and step.by in along):
                return None
        elif isinstance(step, Reshape) or (step.perm[a], step.perm[b]) != (a, b):
            # What comes behind may do with the axes what it likes, when there is one position along both.
            before = path_shape(shape, steps[:number])
            one = before is not None and before[a] == before[b] == 1
            return False if one and along[a] == along[b] else None
    return True if along[a] == along[b] else None


def treated_alike(graph: Graph, program: Program, exchange: Exchange, repeats: Sequence[int]) -> bool:
    """Whether operators and their constants, too, do the same when the axes change places; the program tells nothing of them.

    `repeats`: as `rfonnx.analysis.derive.repeats` gives them.
    """
    has = exchange.has[len(program.inputs) :]
    for first in {first for first, own in zip(repeats, has, strict=True) if own}:
        tensor = program.tensors[first]
        if not _alike(graph, graph.nodes[tensor.node_index], len(tensor.shape), exchange.axes):
            return False
    others = (tensor for tensor, own in zip(program.tensors, has, strict=True) if not own)
    return not any(
        _multiplies(graph.nodes[tensor.node_index]) and any(exchange.has[source] for source, _ in tensor.paths)
        for tensor in others
    )


def _multiplies(node: Node) -> bool:
    return treats(node.kind, "product", "by row", "packed", "attention")


def _alike(graph: Graph, node: Node, rank: int, axes: tuple[int, int]) -> bool:
    if _multiplies(node) or node.attrs.get("axis") in axes or (node.version < 7 and "axis" in node.attrs):
        return False
    if treats(node.kind, "by channel"):
        return channel_axis(node, rank) not in axes
    shapes = [graph.shapes.get(name) for name in node.inputs if name in graph.constants]
    return all(
        shape is not None and all(axis < rank - len(shape) or shape[axis - rank] == 1 for axis in axes)
        for shape in shapes
    )
