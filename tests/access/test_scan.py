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


def test_an_axis_computed_at_run_time_may_be_any():
    for axis in (0, 1):
        probe("CumSum", {"x": values(2, 3), "axis": np.array(axis, np.int64)}, exact=False)
    program = probe("CumSum", {"x": values(3), "axis": np.array(0, np.int64)})
    assert len(program.tensors[0].paths) == 1


def test_a_very_long_axis_is_read_whole(monkeypatch):
    monkeypatch.setattr("rfonnx.operators.scan.MAX_TABLE", 3)
    probe("CumSum", {"x": values(4), "axis": np.array(0, np.int64)}, constants=["axis"], exact=False)
