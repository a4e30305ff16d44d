"""How many positions see from border to border, against the intervals of all of them."""

from __future__ import annotations

import numpy as np
import pytest

import rfonnx
import small_nets
from rfonnx.errors import QueryError


@pytest.mark.parametrize("side", [1, 3, 4, 9, 17])
@pytest.mark.parametrize("net", ["classifier", "segmenter"])
def test_positions_that_see_all_are_counted(net: str, side: int) -> None:
    analysis = rfonnx.analyze(getattr(small_nets, net)(size=(side, side)))
    for name in (*analysis.tensors, *analysis.inputs):
        for axis, length in enumerate(analysis.input_shapes["x"] or ()):
            lo, hi = np.broadcast_arrays(*analysis.intervals(name, "x", axis))
            whole = (lo <= 0) & (hi >= (length or 0) - 1)
            assert analysis.reaching(name, "x", axis) == (np.count_nonzero(whole), whole.size)


def test_what_is_not_there_is_refused() -> None:
    analysis = rfonnx.analyze(small_nets.classifier())
    for tensor, input, axis in (("nothing", "x", 2), ("c1", "nothing", 2), ("c1", "x", 4)):
        with pytest.raises(QueryError):
            analysis.reaching(tensor, input, axis)
