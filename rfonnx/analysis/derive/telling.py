"""Outputs of a Select that tell of all, however long its axis is, whether they read by its rule."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import lcm

import numpy as np

from rfonnx.operators.access.primitives import Select, Tables, tables, tables_at
from rfonnx.operators.access.runs import Runs
from rfonnx.system.named import NamedTuple

MOST_TOLD = 2**20
"""Outputs that are looked at along an axis whose positions are runs."""

Judge = Callable[[np.ndarray, Tables], np.ndarray]


class Told(NamedTuple):
    """Some outputs, ascending.

    Attributes:
        outputs: their numbers.
        read: what they read.
        regular: which of them read by the rule. What lies between two of them, reads by it, too.
    """

    outputs: np.ndarray
    read: Tables
    regular: np.ndarray


def told(step: Select, period: int, judge: Judge) -> Told | None:
    """All outputs where positions are tables; of runs those at the cuts, and whatever does not read by the rule.

    Between two cuts both ends of what is read go on evenly in each residue: by the rule throughout, where they do so in two turns
    at either end.

    Args:
        step: the Select.
        period: of its rule.
        judge: which of some outputs, and of what they read, are by the rule.

    Returns:
        None where too many outputs would have to be looked at.
    """
    if not isinstance(step.first, Runs):
        read = tables(step)
        every = np.arange(len(step.first))
        return None if read is None else Told(every, read, judge(every, read))
    runs = [one for one in (step.first, step.last, step.free_first, step.free_last) if isinstance(one, Runs)]
    found: list[np.ndarray] = []
    for begin, end in pairwise(sorted({cut for one in runs for cut in one.cuts()})):
        turn = 2 * lcm(period, *(_period(one, begin) for one in runs))
        every = np.arange(begin, min(end, begin + MOST_TOLD + 1))
        if end - begin > 2 * turn:
            some = np.concatenate([np.arange(begin, begin + turn), np.arange(end - turn, end)])
            if judge(some, tables_at(step, some)).all():
                every = some
        found.append(every)
        if sum(map(len, found)) > MOST_TOLD:
            return None
    outputs = np.concatenate(found)
    read = tables_at(step, outputs)
    return Told(outputs, read, judge(outputs, read))


def _period(places: Runs, output: int) -> int:
    """Of the run that holds an output."""
    for run, begin in zip(places.runs, places.cuts(), strict=False):
        if begin <= output < begin + run.length:
            return len(run.values)
    raise IndexError(output)
