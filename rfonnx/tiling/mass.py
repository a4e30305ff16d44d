"""What an approximate halo would lose, where no tiles are exact: how far the measured effective field reaches."""

from __future__ import annotations

import numpy as np

from rfonnx.effective.measure import measure
from rfonnx.effective.settings import Settings
from rfonnx.effective.subject import choose_units, open_subject
from rfonnx.errors import QueryError
from rfonnx.model.opened import Opened
from rfonnx.results.effective import ERF
from rfonnx.results.tiling import Approximate
from rfonnx.tiling.plan import Plan

SAMPLES = 8
"""Random samples that the field is a mean over."""


def approximate(model: Opened, plan: Plan, share: float) -> list[Approximate]:
    """By axis along which the middle unit of each output was measured: the halo that holds a share of what it uses.

    What is left out is shared out over the sides of all axes, so that the box of all halos together holds the share.

    Args:
        model: with the size that the file has.
        plan: of the model; it need not be exact.
        share: of the mass, below 1.

    Raises:
        QueryError: the share is none.
        RfonnxError: the field cannot be measured.
    """
    if not 0 < share < 1:
        raise QueryError(f"a mass of {share:g} was asked for", "give a share between 0 and 1, such as 0.99")
    settings = Settings(n=SAMPLES, shapes=plan.seen)
    found = []
    for output in plan.output_dtypes:
        subject = open_subject(plan.model if plan.model.free else model, settings)
        (one,) = measure(subject, choose_units(subject, output, ["center"], [], settings), settings)
        if not one.empty:
            found += _sides(one, share)
    return found


def _sides(one: ERF, share: float) -> list[Approximate]:
    lost = (1 - share) / (2 * len(one.axes))
    made = []
    for number, axis in enumerate(one.axes):
        along = one.map.sum(axis=tuple(i for i in range(one.map.ndim) if i != number))
        held = np.cumsum(along)
        first, last = int(np.searchsorted(held, lost)), int(np.searchsorted(held, held[-1] - lost))
        center = int(one.center[number])
        sides = max(center - first, 0), max(last - center, 0)
        made.append(Approximate(one.tensor, one.input, axis, *sides, share, one.samples))
    return made
