"""Lengths far beyond those at which a model was looked at: a number in it may be where something ends."""

from __future__ import annotations

from collections.abc import Iterator

from onnx import AttributeProto

from rfonnx.analysis.bisection import last_that
from rfonnx.results.streaming import Length
from rfonnx.streaming.call import Call
from rfonnx.streaming.rules.how_many import by_shapes, sized

FURTHER = tuple(960 << shift for shift in (0, 3, 6, 9, 12, 15, 18, 20))
"""Frames further on at which a node is looked at, up to 2^30: many grids divide them."""
OPEN_END = 1 << 30
"""Numbers from here on are no lengths, but mean the end."""


def until_it_ends(call: Call, length: Length) -> None:
    """Note how many frames a stream has at most, where a crop or a pad has such a number (`x[:480000]`): it is another node for
    more.

    Args:
        call: of a node that may crop or pad frames.
        length: of its output, as far as it was looked at.
    """
    source = call.source
    if source.fixed or call.row.switched_off not in ("axes", "padding") or not (by_shapes(call) or any(_far(call))):
        return

    def goes_on(n: int) -> bool:
        return sized(call, n) in (None, length(n))

    low = max(source.views)
    for n in (source.length + further for further in FURTHER):
        if n <= low or goes_on(n):
            continue
        call.writer.lengths.at_most(Length(), last_that(goes_on, low, n))
        return


def _far(call: Call) -> Iterator[bool]:
    """Whether numbers of a node are larger than the lengths at which it was looked at, and are no open ends."""
    least = call.source.length
    for name in call.node.inputs[1:]:
        held = call.source.values(name)[0] if name in call.source.graph.constants else None
        if held is not None and held.dtype.kind in "iu" and held.size:
            yield bool(((abs(held.astype(float)) >= least) & (abs(held.astype(float)) < OPEN_END)).any())
    for attribute in call.proto.attribute:
        if attribute.type == AttributeProto.INTS:
            yield any(least <= abs(number) < OPEN_END for number in attribute.ints)
