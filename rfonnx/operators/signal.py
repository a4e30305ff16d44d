"""Signal operators: transforms read everything along an axis, or along each frame.

Spelling: DFT has `axis`, counted from the front; None when it is computed at run time or the rank is unknown.
"""

from __future__ import annotations

import numpy as np
from onnx import TypeProto

from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Window
from rfonnx.operators.counting import declare_unknown
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare, named


@spelling("DFT")
def spell_dft(call: SpellCall) -> Node:
    """The axis is an attribute (1 by default) in opset 17, and an input (-2 by default) since opset 20."""
    rank = call.rank(0)
    axis: int | None
    if call.node.version < 20:
        axis = call.int_attr("axis", 1)
    else:
        axis = call.constant_int(2) if call.name(2) else -2
    return call.with_attrs(axis=None if axis is None or rank is None else call.positive_axis(axis, rank))


@shapes("STFT")
def short_time_fourier_shape(call: ShapeCall) -> list[TypeProto]:
    """signal (B,T,1), step s, frame n give (B, 1+(T-n)//s, n//2+1, 2); onnx takes the one-sided default for two-sided."""
    shape, step, length = call.shape(0), call.value(1), call.value(3)
    if shape is None or len(shape) < 2 or any(v is not None and v.size != 1 for v in (step, length)):
        return []
    frame = int(length.reshape(-1)[0]) if length is not None else call.dim(2, 0)
    frames = bins = None
    if frame is not None:
        bins = frame // 2 + 1 if call.attr("onesided", 1) else frame
        if step is not None and shape[1] is not None and int(step.reshape(-1)[0]) > 0:
            frames = 1 + (shape[1] - frame) // int(step.reshape(-1)[0])
    return [tensor_type(call.elem(0), (shape[0], frames, bins, 2))]


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


declare("BlackmanWindow", "HammingWindow", "HannWindow", "MelWeightMatrix", macs=0)
declare_unknown("the runtime chooses between a sum over all frequencies and fast transforms", "DFT", "STFT")

declare(*named("BlackmanWindow DFT HammingWindow HannWindow MelWeightMatrix STFT"), manner=())
declare("DFT", "STFT", family="product")
declare("STFT", border="")
