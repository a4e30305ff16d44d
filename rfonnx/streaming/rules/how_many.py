"""How many frames a node picks, where that is no step on from how many it picks them of: by what shape inference says of several
lengths of the whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from rfonnx.analysis.bisection import last_that
from rfonnx.results.streaming import Length
from rfonnx.streaming.call import Call
from rfonnx.streaming.relations import Moves

GROUP = 64
"""Lengths in a row at which a node is looked at whose end is cut, or filled up, to a group."""
FARTHEST = 1 << 20
"""Frames further on that the next group is looked for."""
OPEN = "export it with a length along the streamed axis that is not fixed"
FURTHER = 10_000
"""Lengths at which a formula is looked at, at most."""
TRIED = 100
"""Lengths at which a node is looked at, at most."""


def cropped(call: Call, reading: Moves) -> Length:
    """Frames of a slice, or of a resize: of a slice that ends at some distance from the end, or where another tensor does.
    What ends elsewhere is not what comes out, which is refused then."""
    flow, period, shift = call.flow, len(reading.offsets), reading.shift
    if call.row.switched_off == "scale" and shift > 1:
        return flow.length.then(period, 0, shift)
    if shift == 1:
        whole = call.source.length
        return reaching(call, flow.length.then(period, _frames(call, whole) - flow.length(whole) * period))
    where = call.node.attrs["axes"].index(flow.axis)
    behind = flow.length(call.source.length) - call.node.attrs["ends"][where]
    return flow.length.then(1, -reading.offsets[0] - behind + shift - 1, shift)


def reaching(call: Call, evenly: Length) -> Length:
    """Frames of the output of a node whose end shapes may tell: what goes on evenly, another tensor's, or whole groups;
    whichever holds at as many lengths as there are different remainders. Or always as many.

    Raises:
        Refused: neither does.
    """
    if not by_shapes(call):
        return evenly
    source = call.source
    views = {n: _frames(call, n) for n in source.views}
    if not source.fixed and len({*views.values()}) == 1 and _next_group(call, source.length) is None:
        return evenly.then(0, views[source.length])
    known = dict.fromkeys([evenly, *(twin.flow.length for twin in call.writer.twins.values())])
    likely = [length for length in known if _holds(length, views)]
    seen = dict(_seen(call, max(GROUP, *(_rounds(length.steps) for length in likely)))) if likely else views
    for length in likely:
        if _holds(length, seen):
            return length
    in_groups = None if source.fixed else _in_groups(call, seen)
    if in_groups is not None and in_groups.rate == evenly.rate:
        return in_groups
    n = next(n for n, found in seen.items() if evenly(n) != found)
    raise call.refuse(f"makes {seen[n]} frames of {n} of the input, where {evenly(n)} would go on evenly", OPEN)


def most(call: Call, length: Length) -> int:
    """How many frames more the output can have than the operand, at lengths from where the model was looked at on."""
    whole = call.source.length
    rounds = 1 if call.source.fixed else min(_rounds(length.steps) * GROUP, FURTHER)
    return max(length(n) - call.flow.length(n) for n in range(whole, whole + rounds))


def _holds(length: Length, seen: Mapping[int, int]) -> bool:
    return all(length(n) == found for n, found in seen.items())


def _in_groups(call: Call, seen: Mapping[int, int]) -> Length | None:
    """`(n + a) // d * m + b` of n frames of the input: the end is cut off, or filled up, to whole groups of d. It is as long for
    all lengths of a group, if it is never shorter for more.

    Args:
        seen: frames that are made by length of the input. It holds for those, too, and for as many in a row as a group has.
    """
    first = _next_group(call, call.source.length)
    second = None if first is None else _next_group(call, first)
    if first is None or second is None:
        return None
    size, more = second - first, (sized(call, second) or 0) - (sized(call, first) or 0)
    added = -first % size
    groups = Length().then(1, added, size).then(more, 0)
    made = groups.then(1, (sized(call, first) or 0) - groups(first))
    ends = {n: sized(call, n) for n in (first - 1, second - 1, second, second + size - 1, second + size)}
    return made if all(made(n) == found for n, found in {**seen, **ends, **dict(_seen(call, size))}.items()) else None


def _next_group(call: Call, n: int) -> int | None:
    """The first length from which on there are other frames than of n; None: there is none near, or the model takes not all."""
    own, low, step = sized(call, n), n, 1
    while sized(call, low + step) == own:
        low, step = low + step, 2 * step
        if step > FARTHEST:
            return None
    return last_that(lambda middle: sized(call, middle) == own, low, low + step) + 1


def by_shapes(call: Call) -> bool:
    """Whether a constant operand is made of shapes of tensors that are none: it may be another one at another length."""
    graph, makers = call.source.graph, call.source.makers

    def made(name: str) -> bool:
        inputs = [one for one in makers[name].input if one] if name in makers else []
        return any(one not in graph.constants or made(one) for one in inputs)

    return any(name in graph.constants and made(name) for name in call.node.inputs)


def listed(call: Call, reading: Moves) -> Length:
    """Frames that a list picks, `(P n + a) // S` of n: of the numbers a that agree at all lengths, or at as many as
    there are different remainders, the largest.

    Raises:
        Refused: no number agrees, or there are too many remainders.
    """
    source, length = call.source, call.flow.length
    period, shift = len(reading.offsets), reading.shift
    rounds = shift * _rounds(length.steps)
    seen: dict[int, int] = {}
    for n, frames in _seen(call, rounds):
        seen[n] = frames
        if len(seen) >= len(source.views) and len(_agree(seen, length, period, shift)) < 2:
            break
    found = _agree(seen, length, period, shift)
    if not found or (len(found) > 1 and not source.fixed and rounds > TRIED):
        raise call.refuse("picks frames by a list that does not grow evenly with the whole")
    return length.then(period, found[-1], shift)


def _agree(seen: Mapping[int, int], length: Length, period: int, shift: int) -> range:
    """Numbers a with `out <= (P n + a) / S < out + 1` at all lengths."""
    least = [out * shift - period * length(n) for n, out in seen.items()]
    return range(max(least), min(least) + shift)


def _rounds(steps: Iterable[tuple[int, int, int]]) -> int:
    """Different remainders that a length may leave on the way."""
    return math.prod(divide for *_, divide in steps)


def _seen(call: Call, rounds: int) -> Iterator[tuple[int, int]]:
    """Lengths of the input, and how many frames the node makes of them: where the model was looked at, and at further ones."""
    source = call.source
    for n in source.views:
        yield n, _frames(call, n)
    for n in () if source.fixed else range(source.length + 1, source.length + min(rounds, TRIED)):
        frames = sized(call, n)
        if frames is not None:
            yield n, frames


def sized(call: Call, n: int) -> int | None:
    """Frames of the output at any length of the input; None: the model does not take that one."""
    shape = call.source.sizes(n).get(call.output)
    return None if shape is None else shape[call.axis]


def _frames(call: Call, n: int) -> int:
    """Of the output, where the model was looked at."""
    return (call.source.views[n].graph.shapes[call.output] or ())[call.axis] or 0
