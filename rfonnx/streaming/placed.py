"""A graph as it is streamed: nodes with what they read along time, tensors with their axes of frames and their rates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from onnx import NodeProto

from rfonnx.graph.nodes import Node
from rfonnx.streaming.planes import Plane
from rfonnx.streaming.relations import Blends, Moves, Reading, Slides, Spreads

Readings = dict[str, Mapping[str, tuple[int, Reading]]]


@dataclass(frozen=True, slots=True)
class Placed:
    """A node, and by output that has frames, by operand: the output's axis, and what it reads; among them what a recurrence holds
    at its end, which has none (`Ends`). There are none: the node stays.

    Attributes:
        planes: outputs with two axes of frames. Of these `readings` names operands with one axis alone.
        keyed: operands with two axes of frames of a node that goes along one: which one that is, 0 or 1.
        still: constants of which it reads other places in other frames: see `lined_up`.
    """

    node: Node
    proto: NodeProto
    readings: Readings
    planes: dict[str, Plane] = field(default_factory=dict)
    keyed: dict[str, int] = field(default_factory=dict)
    still: dict[str, int] = field(default_factory=dict)


@dataclass
class Layout:
    """The nodes in order, and their tensors.

    Attributes:
        axes: the axis of frames by tensor.
        rates: frames per frame of the input, by tensor.
        finals: tensors without frames that are right when the last frame has come: the last states of recurrences, and what is
            made of them.
        planes: tensors with two axes of frames, and temporaries of operators that have as many.
        inner: the axis of frames by temporary.
        boundless: products over the keys of all frames up to their own, where they are let pass.
        wholes: by tensor in `finals`, what it was made of that takes all frames together: statistics that could be inputs.
        taken: where they are let pass, names of statistics and of norms that could take theirs as inputs: those that frames
            are joined with, or norms; none is taken for what it is.
        unit: chunks have to be multiples of it, so that all tensors have whole frames.
    """

    placed: list[Placed] = field(default_factory=list)
    axes: dict[str, int] = field(default_factory=dict)
    rates: dict[str, Fraction] = field(default_factory=dict)
    finals: set[str] = field(default_factory=set)
    planes: dict[str, Plane] = field(default_factory=dict)
    inner: dict[str, int] = field(default_factory=dict)
    boundless: list[Placed] | None = None
    wholes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    taken: dict[str, None] | None = None
    unit: int = 1

    def note(self, rate: Fraction) -> None:
        """A chunk has whole numbers of frames at this rate."""
        self.unit = math.lcm(self.unit, rate.denominator)


def factor(reading: Reading) -> Fraction:
    """Frames that are made per frame that is read."""
    if isinstance(reading, Slides):
        return Fraction(1, reading.stride)
    if isinstance(reading, Spreads):
        return Fraction(reading.stride)
    if isinstance(reading, Blends):
        return Fraction(len(reading.firsts), reading.shift)
    return Fraction(len(reading.offsets), reading.shift) if isinstance(reading, Moves) else Fraction(1)
