"""Conditions and integers of the node tests that are inputs: masks, indices, lengths, axes. What changes with them must be read.

They are changed element by element, from the case's own values: conditions are negated; integers become one more, or the
smallest or largest of their tensor, which the operator mostly takes. Changes that it refuses, or that change the shape of the
output, say nothing. Only soundness is held: what a valid value hides is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import rfonnx
from node_suite.cases import Case, Runner, runner
from node_suite.compare import claimed, describe
from node_suite.measure import EMPTY_HI, EMPTY_LO, changed, shape_of, spread

ELEMENTS = 24  # changed in each input; of more, this many spread evenly


def unsound(case: Case) -> tuple[int, list[str]]:
    """How many pairs of output and input axis were held, and those of which more was read than is claimed."""
    run, held, found = runner(case), 0, []
    before, again = run.run(case.feeds), run.run(case.feeds)
    analysis = rfonnx.analyze(case.model, shapes={name: value.shape for name, value in case.tensors.items()})
    for name in case.parameters:
        given = case.feeds[name]
        changes = list(_runs(run, case, name))
        for index, output in enumerate(case.outputs):
            if changed(before[index], again[index]).any():
                continue  # random by design
            shape = shape_of(before[index])
            for axis in range(given.ndim):
                lo, hi = np.full(shape, EMPTY_LO), np.full(shape, EMPTY_HI)
                for position, after in changes:
                    if shape_of(after[index]) == shape:
                        seen = changed(before[index], after[index])
                        lo = np.where(seen, np.minimum(lo, position[axis]), lo)
                        hi = np.where(seen, np.maximum(hi, position[axis]), hi)
                least, most = claimed(analysis, output, name, axis, shape)
                held += 1
                if (wrong := (lo <= hi) & ((lo < least) | (hi > most))).any():
                    found.append(f"{case.name}: {output} <- {name} {axis}: {describe(wrong, lo, hi, least, most)}")
    return held, found


def _runs(run: Runner, case: Case, name: str) -> Iterator[tuple[tuple[int, ...], list[Any]]]:
    """Positions that were changed, and what came out."""
    given = case.feeds[name]
    for flat in spread(given.size, 3 if run.slow else ELEMENTS):
        position = tuple(int(i) for i in np.unravel_index(flat, given.shape))
        for value in _others(given, position):
            feed = given.copy()
            feed[position] = value
            try:
                yield position, run.run({**case.feeds, name: feed})
            except Exception:  # onnxruntime and the reference evaluator raise classes of their own
                continue


def _others(given: np.ndarray, position: tuple[int, ...]) -> list[Any]:
    own = given[position]
    if given.dtype == bool:
        return [not own]
    more = min(int(own) + 1, int(np.iinfo(given.dtype).max))
    return [value for value in (more, int(given.min()), int(given.max())) if value != own]
