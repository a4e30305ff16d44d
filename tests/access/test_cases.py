"""What operators read, by the cases of their gradients: one case serves both. Soundness alone; exactness is tested by family."""

from __future__ import annotations

import numpy as np
import pytest

from access.probe import probe_model
from gradient.reference import evaluate
from gradient.table import TABLE, Case

MANY = 200
"""Inputs of more elements take too long: each is changed."""

ELSEWHERE = {
    "Compress": "its output's shape is data",
    "LRN": "onnxruntime sums over channels in turn, so that rounding reaches further",
}


def fits(case: Case) -> bool:
    sizes = (value.size for value in case.arrays().values())
    return case.op not in ELSEWHERE and (case.runtime or case.run is not None) and sum(sizes) <= MANY


@pytest.mark.parametrize("case", [case for case in TABLE if fits(case)], ids=str)
def test_reads_what_changes_it(case: Case) -> None:
    model, feeds = case.model(np.float32), {name: np.asarray(x, np.float32) for name, x in case.arrays().items()}
    run = (lambda given: evaluate(model, given)) if case.run else None
    probe_model(model, feeds, exact=None, deltas=(0.75, -3.0), trials=1, run=run)
