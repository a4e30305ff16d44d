"""Why a stream may be later than what its outputs see asks for: the classes of graphs in which that can be."""

from __future__ import annotations

from enum import Enum


class Wait(Enum):
    """A reason. Where a stream has none of them, its delay is the least."""

    CROPPED = "which frames a crop takes from the end is known at the end alone"
    BEFORE = "frames of padding before the first are written out, for what reads them is no window"
    DEEP = "more is padded in front than a kernel is long"
    GAPS = "a transposed convolution leaves gaps between frames, and what reads over one waits for the frame behind it"
    GROUPED = "groups of frames begin at multiples of their size, and what is grouped comes later than at one"
    STEPPED = "steps go over frames of which several were made of one"
    BENT = "frames that are added by reflection or by the edge are written out, for no window reads them"
    MIRRORED = "frames that are mirrored at the start are waited for, also where they are cropped later"
    GIVEN = "frames of a Concat stand in front that are no constants, or that no window reads"
