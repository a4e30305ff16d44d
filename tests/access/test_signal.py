"""Signal rules against the operators."""

import numpy as np
import pytest

from access.brute import mask, program_reads
from access.probe import probe, values


@pytest.mark.parametrize(("opset", "axis"), [(17, 1), (20, 1), (20, -2), (20, None)])
def test_dft(opset, axis):
    inputs = {"x": values(2, 4, 1)}
    attrs = {}
    if axis is not None and opset == 17:
        attrs["axis"] = axis
    elif axis is not None:
        inputs["axis"] = np.int64(axis)
    order = ["x", "", "axis"] if "axis" in inputs else None
    constants = ["axis"] if "axis" in inputs else []
    program = probe("DFT", inputs, constants=constants, order=order, opset=opset, exact=False, **attrs)
    read = mask(program_reads(program)["y0"]["x"], (2, 4, 2), (2, 4, 1))
    assert read[0, :, :, 0].all()
    assert not read[0, :, :, 1].any()


def test_dft_reads_as_much_as_its_length():
    inputs = {"x": values(1, 5, 2), "n": np.int64(3)}
    program = probe("DFT", inputs, constants=["n"], opset=17, axis=1, exact=False)
    read = mask(program_reads(program)["y0"]["x"], (1, 3, 2), (1, 5, 2))
    assert read[..., :3, :].all()
    assert not read[..., 3:, :].any()


@pytest.mark.parametrize("window", [False, True])
def test_stft_frames_are_windows(window):
    inputs = {"x": values(1, 9, 1), "step": np.int64(2), "w": values(4), "n": np.int64(4)}
    if not window:
        del inputs["w"]
    order = ["x", "step", "w" if window else "", "n"]
    program = probe("STFT", inputs, constants=["step", "n"], order=order, opset=17, exact=False, trials=1)
    read = mask(program_reads(program)["y0"]["x"], (1, 3, 3, 2), (1, 9, 1))
    assert [np.flatnonzero(read[0, frame, 0, 0, 0, :, 0]).tolist() for frame in range(3)] == [
        [0, 1, 2, 3],
        [2, 3, 4, 5],
        [4, 5, 6, 7],
    ]


def test_windows_read_their_size():
    program = probe("HannWindow", {"n": np.int64(5)}, vary=[], opset=17, exact=False)
    assert [source for source, _ in program.tensors[0].paths] == [0]
