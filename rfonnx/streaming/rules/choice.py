"""Which rule writes a node, by what it reads along time and by what the table says of its operator."""

from __future__ import annotations

from collections.abc import Callable

from rfonnx.operators.table import operator
from rfonnx.streaming.bands import Attends
from rfonnx.streaming.call import Call
from rfonnx.streaming.flow import Flow
from rfonnx.streaming.placed import Placed
from rfonnx.streaming.refusal import refused
from rfonnx.streaming.relations import Bends, Blends, Ends, Moves, Runs, Same, Slides, Spreads
from rfonnx.streaming.rules.at_once import at_once
from rfonnx.streaming.rules.attended import attended
from rfonnx.streaming.rules.bent import bent
from rfonnx.streaming.rules.beside import beside
from rfonnx.streaming.rules.blended import blended
from rfonnx.streaming.rules.carried import stepped, summed
from rfonnx.streaming.rules.copied import copied
from rfonnx.streaming.rules.framed import framed, tabled
from rfonnx.streaming.rules.laid import laid
from rfonnx.streaming.rules.last import last
from rfonnx.streaming.rules.moved import moved, picked, uncut
from rfonnx.streaming.rules.padded import padded
from rfonnx.streaming.rules.scanned import scanned
from rfonnx.streaming.rules.spread import spread
from rfonnx.streaming.rules.together import together
from rfonnx.streaming.rules.windowed import windowed

BEND = (bent, copied, framed, tabled, uncut, windowed)
"""Rules that take flows with a bend."""

LED = (beside, copied, moved, padded)
"""Rules that take flows that begin after constant frames of their own."""

BY_POSITION = (at_once, attended, beside, copied, picked, scanned, tabled, uncut)
"""Rules that take constants with something for each frame."""


def rule_of(placed: Placed) -> Callable[[Call], list[Flow | None]]:
    """The rule for what a node reads of its operands.

    Raises:
        Refused: there is none.
    """
    kinds = {type(reading) for found in placed.readings.values() for _, reading in found.values()}
    row = operator(placed.node.kind)
    if row.carries == "layer" and kinds <= {Runs, Ends}:
        return stepped
    if row.carries == "rounds":
        return scanned
    if kinds <= {Same, Slides, Moves} and row.moves and row.indexed and _picks(placed):
        return picked
    if kinds == {Same}:
        return moved if row.switched_off == "scale" else uncut if _has_ends(placed) else copied
    if placed.keyed:
        return attended
    if kinds <= {Same, Attends} and row.attending is not None and row.attending.mask is not None:
        return at_once
    found = next(iter(placed.readings.values()))
    first = found.get(placed.node.inputs[0])
    if kinds <= {Slides, Same} and first and isinstance(first[1], Slides) and row.switched_off == "pads":
        return windowed
    if len(kinds) == 1 and len(found) == 1 and (first or "joined" in row.manner):
        (kind,) = kinds
        if kind in (Slides, Moves) and row.keeps:
            return laid
        if kind is Slides and row.border == "" and "border" in row.filled:
            return framed
        if kind is Slides and row.moves and row.indexed and _cuts_windows(placed):
            return tabled
        if kind is Slides and "joined" in row.manner:
            return beside
        if kind is Slides and row.switched_off == "padding":
            return padded
        if kind is Bends and row.switched_off == "padding":
            return bent
        if row.switched_off == "scale" and (kind is Blends or _cuts_windows(placed)):
            return blended
        if kind in (Slides, Moves) and row.switched_off in ("axes", "scale"):
            return moved
        if kind is Spreads and row.switched_off == "cut":
            return spread
        if kind is Ends:
            return last if row.moves else together
        if kind is Runs and row.carries == "sum":
            return summed
    raise refused(placed.node, "has no rule yet for what it does along the streamed axis", next(iter(found)))


def _cuts_windows(placed: Placed) -> bool:
    """Whether the output has an axis of what each window reads beside that of windows."""
    ((_, reading),) = next(iter(placed.readings.values())).values()
    return isinstance(reading, Slides) and reading.kernel > 1


def _has_ends(placed: Placed) -> bool:
    """Whether it slices or pads the frames, of which there are as many as before."""
    how, attrs = operator(placed.node.kind).switched_off, placed.node.attrs
    axes = {axis for found in placed.readings.values() for axis, _ in found.values()}
    return how == "padding" or (how == "axes" and not axes.isdisjoint(attrs["axes"] or ()))


def _picks(placed: Placed) -> bool:
    """Whether frames are picked by a list of numbers."""
    found = next(iter(placed.readings.values()))
    axis, reading = found.get(placed.node.inputs[0], (-1, Same()))
    scatters = len(placed.node.inputs) > 2
    along = len(found) == 1 and placed.node.attrs.get("axis") == axis and not scatters
    return along and not (isinstance(reading, Slides) and reading.kernel > 1)
