"""Whether a model does the same at two sizes, but for where things lie: in exact tiles nothing else may follow from a size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import zip_longest

import numpy as np

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import Lowered
from rfonnx.analysis.derive.alike import made_alike
from rfonnx.analysis.derive.beside import along
from rfonnx.analysis.derive.together import Followed
from rfonnx.errors import ShapeError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.text import quote
from rfonnx.operators.randomness import draws
from rfonnx.operators.spelling import input_name
from rfonnx.operators.table import operator
from rfonnx.results.array_types import Int64
from rfonnx.results.fields import TensorField
from rfonnx.results.plain import shape_text
from rfonnx.system.named import NamedTuple
from rfonnx.tiling.dims import Dim
from rfonnx.tiling.sight import Sight, follow


def drawn(graph: Graph) -> Iterator[str]:
    """Nodes that draw at random, or whose mode of training is not known."""
    for node in graph.nodes:
        if how := draws(node, graph):
            yield f"{node} {how}"
        elif training := operator(node.kind).training:
            mode = input_name(node, training[1])
            if mode and graph.value(mode) is None:
                yield f"{node} may be in training mode: {quote(mode)} says so when it runs"


INDICES = ("int32", "int64")
"""Types that ONNX gives operands that say where things lie."""


def differences(a: Graph, b: Graph) -> Iterator[str]:
    """What differs in what one model computes at two sizes: other nodes, or other numbers where data is calculated with them."""
    for first, second in zip_longest(a.nodes, b.nodes):
        if first is None or second is None or (first.kind, first.outputs) != (second.kind, second.outputs):
            yield (
                f"the size of the input decides which nodes are run: {first or 'none more'} with {_inputs(a, b)}, and "
                f"{second or 'none more'} with {_inputs(b, a)}; give a whole and tiles on the same side of that choice, or "
                "export the model without it"
            )
            return
    sized = _sized(a) | _sized(b)
    for one in a.nodes:
        if all(o in a.constants for o in one.outputs if o):
            continue
        for slot, name in enumerate(one.inputs):
            if name in sized and not _lays_out(one, slot, a.dtypes) and not _same(a.value(name), b.value(name)):
                yield (
                    f"{one} calculates with {quote(name)}, which depends on the size of the input: "
                    f"{_number(a.value(name))} with {_inputs(a, b)}, and {_number(b.value(name))} with {_inputs(b, a)}; "
                    "export the model with it as a constant"
                )


def _inputs(graph: Graph, other: Graph) -> str:
    """The inputs that are of another shape in another graph of the model."""
    shapes, others = graph.shapes, other.shapes
    found = [f"{quote(name)} of {shape_text(shapes[name])}" for name in graph.inputs if shapes[name] != others[name]]
    return " and ".join(found)


def _number(value: np.ndarray | None) -> str:
    """A constant in a few characters."""
    return "other numbers" if value is None or value.size != 1 else f"{value.item():.6g}"


def _sized(graph: Graph) -> set[str]:
    """Constants that are made of the lengths of what depends on an input."""
    found: set[str] = set()
    for node in graph.nodes:
        made = [o for o in node.outputs if o in graph.constants]
        if made and any(name in found or (name and name not in graph.constants) for name in node.inputs):
            found.update(made)
    return found


def _lays_out(node: Node, slot: int, dtypes: Mapping[str, str]) -> bool:
    """Whether an operand decides where things lie, and is no number that data is calculated with: indices, lengths, axes.

    These are of the types of indices, and beside data of another type.
    """
    row, dtype = operator(node.kind), dtypes.get(node.inputs[slot], "")
    if slot in row.shape_floats:
        return True
    calculates = row.pointwise or row.quantised or {"joined", "product"} & set(row.manner)
    return dtype in INDICES and dtype != dtypes.get(node.inputs[0], "") and not calculates


def _same(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    """The same numbers, as far as both go."""
    if a is None or b is None or a.ndim != b.ndim:
        return False
    common = tuple(slice(min(n, m)) for n, m in zip(a.shape, b.shape, strict=True))
    return bool(np.array_equal(a[common], b[common], equal_nan=a.dtype.kind == "f"))


def differs_in_length_alone(a: Lowered, b: Lowered, dims: Sequence[Dim]) -> bool:
    """Whether two access programs of a model show that it does the same at both sizes, but for where the ends lie.

    Every tensor is made alike, counted from either end, and outputs follow by the same shifts, as far from the ends.
    """
    if any(differences(a.graph, b.graph)) or len(made_alike(a.program, b.program)) < len(b.program.tensors):
        return False
    for dim in dims:
        (name, axis), rate = next(iter(dim.rates.items()))
        first, second = ((one.graph.shapes[name] or ())[axis] or 0 for one in (a, b))
        mine, theirs = follow(a, dim), follow(b, dim)
        moves = (second - first) // rate
        if mine.keys() != theirs.keys() or not all(_further(mine[o], theirs[o], moves) for o in mine):
            return False
    return True


def _further(one: Followed, other: Followed, moves: int) -> bool:
    """Whether an output follows as at a size that has so many moves fewer."""
    a, b = one.fact, other.fact
    if not (a.period and a.positions and b.positions) or moves % a.period:
        return False
    ends = a.positions[0], a.positions[1] + moves // a.period * a.shift
    return (a.period, a.shift, a.tensor_axis, a.reason, ends) == (
        b.period,
        b.shift,
        b.tensor_axis,
        b.reason,
        b.positions,
    )


def misplaced(a: Analysis, b: Analysis, seen: Sequence[tuple[Dim, Sight, Sight]]) -> Iterator[str]:
    """Tensors that see other places at one size than at another, counted from their nearer ends.

    All of them, not the outputs alone: an end that is cut off inside may show in no interval of an output. What is made alike,
    step by step, needs no look at its tables; outputs are looked at all the same.

    Args:
        a, b: analyses of one model.
        seen: by group of axes, what is seen in `a` and in `b`.
    """
    alike = made_alike(a.program, b.program) - set(a.outputs)
    for _, here, there in seen:
        if (here.inputs, here.outputs) != (there.inputs, there.outputs) or here.rest != there.rest:
            yield _off_the_grid(here, there)
            continue
        for name, field in a.tensors.items():
            for pair, step in here.inputs.items():
                axis = None if name in alike else _own_axis(field, pair)
                moved = Fraction(step) / field.fields[pair].stride if axis is not None else Fraction(0)
                if axis is not None and moved.denominator == 1:
                    line = Moved(name, axis, pair, int(moved))
                    same = _as_long(a, b, line, here, there)
                    try:
                        found = same and _alike(a, b, line, here, there)
                    except ShapeError:  # the core lays out no table of more than some millions
                        yield f"{quote(name)} sees too much along several axes for its table to be held against that of a crop"
                        return
                    if not found:
                        yield _elsewhere(a, b, line, same)
                        return


def _off_the_grid(here: Sight, there: Sight) -> str:
    """Why crops of one length do not begin where the other's steps do."""
    (name, axis), step = next(iter(here.inputs.items()))
    long, short = (f"axis {axis} of input {quote(name)} is {sight.lengths[name, axis]} long" for sight in (here, there))
    moved, moved_there = {**here.inputs, **here.outputs}, {**there.inputs, **there.outputs}
    text = f"not the same outputs walk along axis {axis} of input {quote(name)} where {long} as where it is shorter"
    for pair, by in moved.items():
        other, what = moved_there.get(pair), f"axis {pair[1]} of {quote(pair[0])}"
        if by != other:
            text = f"{what} repeats every {by} positions where {long}, and every {other} where {short}"
            break
        if here.rest[pair] != there.rest[pair]:
            rests = here.rest[pair], there.rest[pair]
            text = f"{what} has {rests[0]} positions beside steps of {by} where {long}, and {rests[1]} where {short}"
            break
    return f"{text}; give other lengths, such as multiples of {step}, or a tile as long as the whole along that axis"


def _elsewhere(a: Analysis, b: Analysis, line: Moved, as_long: bool) -> str:
    """Why a tensor is not the same one at two sizes."""
    name, axis = line.pair
    own = [(one.input_shapes[name] or ())[axis] for one in (a, b)]
    tensor = f"{quote(line.tensor)} ({a.tensors[line.tensor].op_type})"
    if as_long:
        text = f"{tensor} sees other positions, counted from its ends, where axis {axis} of input {quote(name)} is {own[0]} long"
        text += f" than where it is {own[1]}"
    else:
        first, second = _lengths(a, b, line)
        text = (
            f"{tensor} is {first} long along its axis {line.axis} where axis {axis} of input {quote(name)} is {own[0]} long, and "
            f"{second} where it is {own[1]}, not as many fewer as the grid gives"
        )
    return f"{text}; give other lengths, or a tile as long as the whole along that axis"


class Moved(NamedTuple):
    """An axis of a tensor that walks along an input's, `step` positions per step of the grid."""

    tensor: str
    axis: int
    pair: tuple[str, int]
    step: int


def _own_axis(field: TensorField, pair: tuple[str, int]) -> int | None:
    """The axis of a tensor that walks along an input's axis, and along no other of the same input."""
    found = field.fields[pair]
    if found.kind == "none" or found.tensor_axis is None or found.stride <= 0:
        return None
    others = [one for other, one in field.fields.items() if other[0] == pair[0] and other != pair and one.stride > 0]
    return None if found.tensor_axis in [one.tensor_axis for one in others] else found.tensor_axis


def _lengths(a: Analysis, b: Analysis, line: Moved) -> tuple[int, int]:
    first, second = ((one.tensors[line.tensor].shape or ())[line.axis] or 0 for one in (a, b))
    return first, second


def _as_long(a: Analysis, b: Analysis, line: Moved, here: Sight, there: Sight) -> bool:
    """Whether the axis is longer by as many steps as the inputs are."""
    first, second = _lengths(a, b, line)
    return first - second == (here.steps - there.steps) * line.step


def _alike(a: Analysis, b: Analysis, line: Moved, here: Sight, there: Sight) -> bool:
    """Whether what it sees is the same, from the nearer end on."""
    moved, step = (here.steps - there.steps) * here.inputs[line.pair], line.step
    near, far = (min(here.steps, there.steps) - here.after) * step, min(_lengths(a, b, line)) - here.before * step
    for clip in (True, False):
        lo, hi = along(a, line.tensor, line.axis, line.pair, clip)
        low, high = along(b, line.tensor, line.axis, line.pair, clip)
        if near > 0 and not _same_reads((lo[:near], hi[:near]), (low[:near], high[:near]), 0):
            return False
        if far > 0 and not _same_reads((lo[-far:], hi[-far:]), (low[-far:], high[-far:]), moved):
            return False
    return True


def _same_reads(a: tuple[Int64, Int64], b: tuple[Int64, Int64], moved: int) -> bool:
    """Whether the one's intervals are the other's, moved; where nothing is read, in both."""
    if a[0].shape != b[0].shape:
        return False
    read = a[0] <= a[1]
    same = [np.array_equal(one[read], other[read] + moved) for one, other in zip(a, b, strict=True)]
    return np.array_equal(read, b[0] <= b[1]) and all(same)
