"""Tensors with frames along two axes: every frame is compared with others, as queries are with keys.

What is made of them stays such a tensor as long as nothing goes along one of the two axes; a product with values along the keys
makes frames of it again. What the product reads of the values is the band of all that came before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rfonnx.graph.nodes import Node
from rfonnx.operators.table import operator
from rfonnx.streaming.bands import Attends
from rfonnx.streaming.relations import WHOLE, Blocked, Ends, Found, Runs, Same


@dataclass(frozen=True, slots=True)
class Plane:
    """A tensor with two axes of frames.

    Attributes:
        axes: these two; of all tensors that are made of one another the same one comes first.
        keys: which of the two is that of the keys, 0 or 1; None: nothing has gone along either yet.
        turned: operands of its node that have them the other way round.
    """

    axes: tuple[int, int]
    keys: int | None = None
    turned: frozenset[str] = frozenset()


ALL = "lets every frame see all others (attention without a band): the first needs the last"
UNBOUNDED = "lets every frame see all before it (attention without a bound)"
TWICE = "goes along one of two axes of frames (attention) in another way than by a softmax and a product over the keys"


def opened(found: Mapping[str, Found]) -> Plane | None:
    """The tensor that a node makes of operands whose frames lie along two axes of it."""
    pairs = [one for one in found.values() if not isinstance(one, Blocked)]
    axes = sorted({axis for axis, _ in pairs})
    if len(pairs) < len(found) or len(axes) != 2 or any(reading != Same() for _, reading in pairs):
        return None
    return Plane((axes[0], axes[1]))


def own(
    node: Node, found: tuple[Mapping[str, Found], Mapping[str, Found], Mapping[str, Found]], planes: Iterable[str]
) -> Mapping[str, Found]:
    """What an output reads of operands with one axis of frames; in a product along the keys, a query that sees its own alone
    reads a band too, of one key."""
    one, *sides = found
    along = all(isinstance(place := side.get(name), tuple) and place[1] == Same() for name in planes for side in sides)
    if along or "product" not in operator(node.kind).manner or len(one) != 1:
        return one
    ((name, pair),) = one.items()
    return {name: (pair[0], Attends((0,), (0,)))} if isinstance(pair, tuple) and pair[1] == Same() else one


def passed(
    node: Node, found: tuple[Mapping[str, Found], Mapping[str, Found], Mapping[str, Found]], planes: Mapping[str, Plane]
) -> Plane | Blocked | None:
    """The tensor with two axes of frames that a node makes of such ones; None: it makes one with a single axis.

    Args:
        node: that reads some.
        found: what the output reads of operands with one axis of frames; of the others along their first axis, and along their
            second one.
        planes: the operands.
    """
    one, first, second = found
    if operator(node.kind).weighs:
        return _weighed(node, planes)
    if any(isinstance(pair, tuple) and isinstance(pair[1], Attends | Runs) for pair in one.values()):
        return None
    axes: tuple[int, int] | None = None
    keys: int | None = None
    turned = set()
    for name, plane in planes.items():
        pair = first.get(name), second.get(name)
        a, b = (place[0] if isinstance(place, tuple) and place[1] == Same() else None for place in pair)
        if a is None or b is None or a == b:
            return Blocked(ALL if _seen_whole(one) else _why(one))
        axes = (a, b) if axes is None else axes
        if {a, b} != set(axes):
            return Blocked(TWICE)
        if (a, b) != axes:
            turned.add(name)
        own = plane.keys if plane.keys is None or (a, b) == axes else 1 - plane.keys
        if keys is not None and own not in (None, keys):
            return Blocked(TWICE)
        keys = own if keys is None else keys
    if axes is None or not _beside(one, axes):
        return Blocked(TWICE)
    return Plane(axes, keys, frozenset(turned))


def _weighed(node: Node, planes: Mapping[str, Plane]) -> Plane | Blocked:
    """Behind a softmax."""
    ((_, plane),) = planes.items()
    along = list(node.attrs["axes"] or ())
    if not set(along) & set(plane.axes):
        return Plane(plane.axes, plane.keys)
    keys = plane.axes.index(along[0]) if len(along) == 1 else None
    if keys is None or plane.keys not in (None, keys):
        return Blocked(TWICE)
    return Plane(plane.axes, keys)


def _beside(found: Mapping[str, Found], axes: tuple[int, int]) -> bool:
    """Whether all operands with one axis of frames line up with one of the two."""
    return all(isinstance(one, tuple) and one[0] in axes and one[1] == Same() for one in found.values())


def _seen_whole(found: Mapping[str, Found]) -> bool:
    """Whether values are taken at all frames together."""
    kinds = [one if isinstance(one, Blocked) else one[1] for one in found.values()]
    return any(isinstance(kind, Blocked | Ends) and kind.reason.startswith(WHOLE) for kind in kinds)


def _why(found: Mapping[str, Found]) -> str:
    """Why values cannot be taken along the keys."""
    return next((one.reason for one in found.values() if isinstance(one, Blocked)), TWICE)


def left(
    found: tuple[Mapping[str, Found], Mapping[str, Found], Mapping[str, Found]],
    planes: Mapping[str, Plane],
    names: Iterable[str],
) -> Mapping[str, int] | Blocked:
    """Of a product over the keys: by operand with two axes of frames, which one is that of the keys, 0 or 1."""
    one, first, second = found
    keyed = {}
    for name in names:
        keys = planes[name].keys
        if keys is None:
            along = [isinstance(place, tuple) and place[1] == Same() for place in (first.get(name), second.get(name))]
            if sum(along) != 1:
                return Blocked(TWICE)
            keys = along.index(False)
        keyed[name] = keys
    attends = [pair for pair in one.values() if isinstance(pair, tuple) and isinstance(pair[1], Attends)]
    return keyed if len(keyed) == 1 and len(attends) == 1 else Blocked(TWICE)
