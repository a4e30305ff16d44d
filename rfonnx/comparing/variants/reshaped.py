"""Reshapes to lengths that stand in the file, behind a change of what they read: an exporter would write others there.

Which ones follows where each length is that of whole axes, or of a part of an axis that stays as it was, if the program takes
lengths from what it reads. One that fixes them could not be exported again, as they would no longer hold all elements; one that
fixes all but one (`view(-1, 256)`, which an exporter may write as 1 x 256) is what this cannot tell apart: the change is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from math import prod

from rfonnx.comparing.variants.changed import Changed
from rfonnx.errors import MisfitError, QueryError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import is_static
from rfonnx.model.editing.edits import Edit
from rfonnx.model.editing.places import find_node, label
from rfonnx.model.opened import Opened, with_edits
from rfonnx.operators.table import operator
from rfonnx.results.fields import Shape
from rfonnx.results.variants import Change

Lengths = tuple[int, ...]

SHAPED_BY = 1
"""The operand of a Reshape that says the lengths."""


def until_fitting(
    model: Opened, graph: Graph, made: Changed, build: Callable[[Opened], Graph]
) -> tuple[Changed, Graph]:
    """The changed model with the lengths of Reshapes that another export would have, and its graph.

    Args:
        model, graph: as it is.
        made: with changes.
        build: gives the graph of a changed model, or raises a MisfitError.

    Raises:
        MisfitError: shapes do not go together elsewhere, or which lengths they would be is not told.
    """
    while True:
        try:
            return made, build(made.model)
        except MisfitError as error:
            longer = _with_lengths(model, graph, made, error)
            if longer is None:
                raise
            made = longer


def _with_lengths(model: Opened, graph: Graph, made: Changed, error: MisfitError) -> Changed | None:
    """The changed model, and in it the lengths that the Reshape at which shapes do not go together would have been exported with.
    None: it is no Reshape to lengths of the file, or which ones it would have is not told."""
    node = next((one for one in graph.nodes if error.makes in one.outputs), None)
    written = made.model.edits[len(model.edits) :]
    if node is None or not restored(node, graph) or any(edit.makes == error.makes for edit in written):
        return None
    before, after = (lengths(shapes.get(node.inputs[0])) for shapes in (graph.shapes, error.shapes))
    old = lengths(graph.shapes.get(node.outputs[0]))
    if before is None or after is None or old is None or prod(before) == prod(after):
        return None
    new = lengths_after(before, old, after)
    if new is None:
        return None
    try:
        find_node(model, graph, node.outputs[0])
    except QueryError:  # in a function or a subgraph, which may be used several times
        return None
    edit = Edit(node.outputs[0], numbers=((SHAPED_BY, new),))
    change = Change(label(graph, node), node.kind, "lengths", old, new, follows=True)
    return Changed(with_edits(made.model, [edit]), (*made.changes, change))


def restored(node: Node, graph: Graph) -> bool:
    """Whether a node keeps all elements in their order, and has all lengths from the file: -1 is worked out by the runtime."""
    row = operator(node.kind)
    if row.shaped_by != SHAPED_BY or row.keeps != "order" or len(node.inputs) <= SHAPED_BY:
        return False
    value = graph.value(node.inputs[SHAPED_BY])
    return value is not None and bool((value >= 0).all())


def lengths(shape: Shape) -> Lengths | None:
    """The lengths of a shape that is known whole and holds anything."""
    return tuple(n or 0 for n in shape or ()) if is_static(shape) and 0 not in (shape or ()) else None


def lengths_after(source: Sequence[int], made: Sequence[int], changed: Sequence[int]) -> Lengths | None:
    """What a Reshape of `source` to `made` makes of `changed`; None: that is not told, or in more than one way.

    >>> lengths_after((1, 4, 8, 8), (1, 256), (1, 4, 16, 16))
    (1, 1024)
    >>> lengths_after((1, 6, 8, 8), (1, 2, 3, 8, 8), (1, 6, 4, 4))
    (1, 2, 3, 4, 4)
    >>> lengths_after((1, 8, 8, 24), (1, 384, 4), (1, 4, 4, 24))
    (1, 96, 4)
    >>> lengths_after((1, 8), (1, 2, 4), (1, 16))  # which of the two is longer?
    """
    if len(source) != len(changed):
        return None
    source, changed = (*source, 1), (*changed, 1)

    @cache
    def ways(axis: int, left: int, rest: Lengths) -> frozenset[Lengths]:
        """Lengths for the `rest` of `made`, when `left` of an axis of `source` is not yet taken, and all axes behind it."""
        if not rest:
            held = (*source[axis + 1 :], *changed[axis + 1 :], left, 1 if left < source[axis] else changed[axis])
            return frozenset([()] if set(held) <= {1} else [])
        taken = _taken(source, changed, axis, left, rest[0])
        return frozenset((length, *others) for length, *state in taken for others in ways(*state, rest[1:]))

    found = ways(0, source[0], tuple(made))
    return next(iter(found)) if len(found) == 1 else None


def _taken(
    source: Sequence[int], changed: Sequence[int], axis: int, left: int, wanted: int
) -> Iterator[tuple[int, int, int]]:
    """Each way to take `wanted` positions from what is left: what they become, and the axis and what is left of it then."""
    old = new = 1
    if wanted == 1:
        yield 1, axis, left
    while axis < len(source) - 1:
        part, over = divmod(wanted, old)
        stays = source[axis] == changed[axis]
        if stays and not over and 1 < part < left and left % part == 0:
            yield new * part, axis, left // part
        old, new = old * left, new * (left if left < source[axis] else changed[axis])
        if old > wanted:
            return
        axis, left = axis + 1, source[axis + 1]
        if old == wanted:
            yield new, axis, left
