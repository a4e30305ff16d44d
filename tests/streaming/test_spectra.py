"""Spectra of frames of a signal: STFT, DFT of frames, mel bands, as exporters write them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import rfonnx
from streaming.holding import right
from streaming.nets import Net


def number(net: Net, value: float, dtype: type = np.int64) -> str:
    return net.constant(np.array(value, dtype))


def mel(size: int, hop: int, *, window: str = "", sides: int = 1, axes: int = 3) -> onnx.ModelProto:
    """Log-mel bands of an STFT behind what looks ahead, and a convolution over frames."""
    net = Net()
    x = net.add("Squeeze", net.conv("x", 1, 1, [3], pads=[1, 1]), net.ints(1))
    if axes == 3:
        x = net.add("Unsqueeze", x, net.ints(2))
    if window:
        window = net.add(window, number(net, size))
    bins = net.add("STFT", x, number(net, hop), window, number(net, size), onesided=sides)
    power = net.add("ReduceSumSquare", bins, axes=[3], keepdims=0)
    if sides:
        span = number(net, 20, np.float32), number(net, 4000, np.float32)
        bands = net.add("MelWeightMatrix", number(net, 6), number(net, size), number(net, 8000), *span)
        power = net.add("MatMul", power, bands)
    y = net.add("Transpose", net.add("Log", net.add("Add", power, number(net, 1e-3, np.float32))), perm=[0, 2, 1])
    return net.model([2, 1, "t"], net.conv(y, 6 if sides else size, 3, [3], pads=[1, 1]))


@pytest.mark.parametrize(
    ("model", "unit", "delay"),
    [
        (mel(16, 4), 4, 5),
        (mel(16, 4, window="HannWindow"), 4, 5),
        (mel(10, 4, window="HammingWindow", sides=0), 4, 3),
        (mel(12, 16, axes=2), 16, 1),
    ],
    ids=["plain", "window", "two-sided", "gaps"],
)
def test_a_spectrum_is_a_window_of_the_signal(model: onnx.ModelProto, unit: int, delay: int) -> None:
    plan = rfonnx.stream(model, "x", 2)
    assert plan.unit == unit
    assert list(plan.delay.values()) == [delay]
    assert [one.least for one in plan.manifest.outputs] == [delay]
    assert right(plan)


def cut(
    size: int, hop: int, *, opset: int = 17, first: int = 0, down: bool = False, frames: int | str = "t"
) -> onnx.ModelProto:
    """Frames that a table of positions cuts out, as `unfold` is exported, and their DFT."""
    net = Net()
    x = net.add("Squeeze", "x", net.ints(1))
    long = net.add("Gather", net.add("Shape", x), number(net, 1))
    starts = net.add("Range", number(net, first), net.add("Sub", long, number(net, size - 1)), number(net, hop))
    taps = net.constant(np.arange(size, dtype=np.int64).reshape(-1, 1) if down else np.arange(size, dtype=np.int64))
    table = net.add("Add", starts if down else net.add("Unsqueeze", starts, net.ints(1)), taps)
    y = net.add("Gather", x, table, axis=1)
    if down:
        y = net.add("Transpose", y, perm=[0, 2, 1])
    y = net.add("Unsqueeze", y, net.ints(3))
    if opset < 20:
        y = net.add("DFT", y, axis=2, onesided=1)
    else:
        y = net.add("DFT", y, "", number(net, 2), onesided=1)
    return net.model([1, 1, frames], net.add("Abs", y), opset=opset)


@pytest.mark.parametrize(
    ("model", "unit", "delay"),
    [
        (cut(16, 4), 4, 3),
        (cut(80, 32, down=True), 32, 2),
        (cut(8, 2, first=3), 2, 5),
        (cut(3, 5, opset=20), 5, 0),
        (cut(4, 4), 4, 0),
        (cut(16, 4, frames=100), 4, 3),
    ],
    ids=["windows", "windows as columns", "later", "gaps", "side by side", "fixed"],
)
def test_a_table_that_cuts_out_windows_becomes_one_of_a_chunk(model: onnx.ModelProto, unit: int, delay: int) -> None:
    plan = rfonnx.stream(model, "x", 2)
    assert plan.unit == unit
    assert list(plan.delay.values()) == [delay]
    assert [one.least for one in plan.manifest.outputs] == [delay]
    assert right(plan)


def test_a_transform_along_time_is_refused() -> None:
    net = Net()
    model = net.model([1, "t", 1], net.add("DFT", "x", axis=1))
    with pytest.raises(rfonnx.RfonnxError, match=r"\(DFT\) .*(takes all positions|reads)"):
        rfonnx.stream(model, "x", 1)
