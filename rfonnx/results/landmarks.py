"""Positions of a tensor that tell all of its fields, however many it has."""

from __future__ import annotations

from typing import NamedTuple

from rfonnx.results.array_types import Int64


class Landmarks(NamedTuple):
    """Positions along one axis of a tensor, ascending. Between them fields go on evenly.

    Attributes:
        positions: of the axis; 0 alone where nothing depends on it.
        counts: how many positions each stands for: either all of these see something, or none does.
    """

    positions: Int64
    counts: Int64
