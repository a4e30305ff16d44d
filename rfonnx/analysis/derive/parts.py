"""Inner positions and rooms, told by those of the tensors that are read.

How a tensor moves is found once for all that are made alike (`equivariance`), where it does so for each of them: they differ in
that from layer to layer. So what `moves` and `shifts` make of inner positions is a function that is called for each tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Concatenate, ParamSpec

from rfonnx.analysis.derive import inner
from rfonnx.analysis.derive.inner import Inner

Room = tuple[int, int]
"""First and last position of the input between which what moves must stay."""

Parts = Sequence[Inner | Room]
"""Of the tensors that are read, one after the other: the inner positions of each factor that has them, then the room."""

Where = Callable[[Parts], Inner]
WhereRoom = Callable[[Parts], Room]

More = ParamSpec("More")


@cache
def part(number: int) -> Callable[[Parts], Any]:
    """The part of that number as it is; one object for each number."""
    return itemgetter(number)


def later(
    function: Callable[Concatenate[Inner, More], Inner], where: Where, *given: More.args, **more: More.kwargs
) -> Where:
    """What a function of `inner` makes of inner positions."""
    return lambda parts: function(where(parts), *given, **more)


def met(a: Where, b: Where) -> Where:
    """As `inner.met`."""
    return lambda parts: inner.met(a(parts), b(parts))


def sources(where: Where) -> WhereRoom:
    """As `Inner.sources`."""
    return lambda parts: where(parts).sources()


def shared(a: WhereRoom, b: WhereRoom) -> WhereRoom:
    """What two rooms share."""

    def found(parts: Parts) -> Room:
        (first, last), (begin, end) = a(parts), b(parts)
        return max(first, begin), min(last, end)

    return found
