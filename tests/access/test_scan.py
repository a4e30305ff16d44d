"""Running sums and products, against the operators themselves."""

import numpy as np
import pytest

from access.probe import probe, values


@pytest.mark.parametrize("op", ["CumSum", "CumProd"])
@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("axis", [0, -1])
def test_cumulate(op, exclusive, reverse, axis):
    inputs = {"x": values(3, 4), "axis": np.array(axis, np.int64)}
    opset = 26 if op == "CumProd" else 14
    probe(op, inputs, constants=["axis"], exclusive=exclusive, reverse=reverse, opset=opset)


def test_an_axis_computed_at_run_time_reads_everything():
    probe("CumSum", {"x": values(2, 3), "axis": np.array(1, np.int64)}, exact=False)
