"""Tables by position: a stored one ends the stream, a computed one does not; what depends on how many there are is refused."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto

import rfonnx
from rfonnx.streaming.offline import lengths
from streaming.nets import NETS, Net, positioned


@pytest.mark.parametrize("sliced", [True, False])
def test_a_stream_ends_with_its_table(sliced: bool) -> None:
    plan, rows = rfonnx.stream(positioned(200, sliced), "x", 1, 4), 200
    assert plan.manifest.longest == rows
    assert max(lengths(plan.manifest)) <= rows
    stream = rfonnx.Stream(plan.model)
    chunk = np.zeros((1, 4, 8), np.float32)
    for _ in range(rows // 4):
        stream.push(chunk)
    with pytest.raises(rfonnx.RfonnxError, match=f"a stream has {rows} frames at most, for the model has a table"):
        stream.push(chunk)
    with pytest.raises(rfonnx.RfonnxError, match="frames at most"):
        stream.finish(chunk[:, :1])
    assert stream.finish()


def test_what_is_computed_from_positions_has_no_end() -> None:
    assert rfonnx.stream(NETS["transformer, rotary"][0](), "x", 1).manifest.longest == 0


def relative(net: Net) -> str:
    """Positions as shares of the whole."""
    column, _ = net.positions("x")
    whole = net.add("Cast", net.long("x"), to=TensorProto.FLOAT)
    return net.add("Div", net.add("Cast", column, to=TensorProto.FLOAT), whole)


def summed(net: Net) -> str:
    """Sums of positions: not made of them one by one."""
    column, _ = net.positions("x")
    return net.add("CumSum", net.add("Cast", column, to=TensorProto.FLOAT), net.whole(0))


@pytest.mark.parametrize(
    ("made", "said"),
    [(relative, "numbers for each frame that depend on how many there are"), (summed, "otherwise than one by one")],
)
def test_other_numbers_for_each_frame_are_refused(made: object, said: str) -> None:
    net = Net()
    model: onnx.ModelProto = net.model([1, "t", 2], net.add("Add", "x", made(net)))  # type: ignore[operator]
    with pytest.raises(rfonnx.RfonnxError, match=said):
        rfonnx.stream(model, "x", 1)
