"""Signal operators: transforms read everything along an axis, or along each frame."""

from __future__ import annotations

import numpy as np

from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Window

_ZERO_COEFFICIENTS = "coefficients of the transform that are zero are taken as read"


@rule("DFT")
def dft(op: Op) -> Access:
    """Each bin reads the signal along the axis, up to `dft_length`, real and imaginary. A superset: some coefficients are 0."""
    shape, out, axis = op.shape(0), op.out_shape(), op.attrs["axis"]
    if axis is None:
        raise Unproven("its axis is computed at run time")
    if not op.name(1):
        length = shape[axis]
    elif (value := op.value(1)) is not None:
        length = min(int(value.reshape(-1)[0]), shape[axis])
    else:
        raise Unproven("its length is computed at run time")
    bins = np.zeros_like(positions(out[axis]))
    steps = (Reduce((len(shape) - 1,)), Select(axis, bins, bins + length - 1))
    return Access((Path(op.name(0), steps),), exact=False, note=_ZERO_COEFFICIENTS)


@rule("STFT")
def stft(op: Op) -> Access:
    """y[b,frame] reads signal[b, frame*step .. + frame_length - 1], and the window. A superset: some coefficients are 0."""
    step, length = op.value(1), op.value(3)
    if step is None or (op.name(3) and length is None):
        raise Unproven("its frame step or length is computed at run time")
    if length is None:
        if not op.name(2):
            raise Unproven("neither frame_length nor a window says how long a frame is")
        frame = op.shape(2)[0]
    else:
        frame = int(length.reshape(-1)[0])
    batch, frames = op.out_shape()[:2]
    signal = (*((Reduce((2,)),) if len(op.shape(0)) == 3 else ()), Reshape((batch, op.shape(0)[1], 1, 1)))
    window = Window(1, frames, frame, int(step.reshape(-1)[0]), 1, 0)
    paths = [Path(op.name(0), (*signal, window))]
    if op.reads(2):
        paths.append(Path(op.name(2), (Reduce((0,)), Reshape(()))))
    return Access(tuple(paths), exact=False, note=_ZERO_COEFFICIENTS)


@rule("HannWindow", "HammingWindow", "BlackmanWindow", "MelWeightMatrix")
def from_scalars(op: Op) -> Access:
    """Every coefficient reads the scalars that define the window or the filters. A superset: some coefficients are fixed."""
    paths = tuple(Path(name, (Reshape(()),)) for name in op.node.inputs)
    return Access(paths, exact=False, note="some coefficients do not depend on the sizes asked for")
