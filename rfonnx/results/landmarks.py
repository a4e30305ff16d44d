"""Positions of a tensor that tell all of its fields, however many it has."""

from __future__ import annotations

from rfonnx.results.array_types import Floats, Int64
from rfonnx.system.named import NamedTuple


class Landmarks(NamedTuple):
    """Positions along one axis of a tensor, ascending. Between them fields go on evenly.

    Attributes:
        positions: of the axis; 0 alone where nothing depends on it, none of an empty axis.
        weights: how many positions each stands for. These see something, reach the beginning of the input, and its end, all or
            none; and sums of what is linear in the ends of what is seen come out right.
    """

    positions: Int64
    weights: Floats
