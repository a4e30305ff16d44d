"""Fourier transforms: linear, so that the gradient is the transposed transform, whatever the signal."""

from __future__ import annotations

import numpy as np

from rfonnx.gradients.answers import ZERO, Gradients, Unsupported
from rfonnx.gradients.op import Op
from rfonnx.gradients.rule_table import rule
from rfonnx.gradients.values import Value


@rule("DFT")
def dft(op: Op, g: Value) -> Gradients:
    """The transpose of y = F x is the conjugate transform of g, n times the inverse one; its real part for a real signal."""
    axis, shape, out = op.constant("axis"), op.shape(), op.out_shape()
    inverse, onesided = bool(op.attrs.get("inverse", 0)), bool(op.attrs.get("onesided", 0))
    length = _length(op, 1, shape[axis]) if onesided and not inverse else out[axis]
    if inverse and onesided:
        # a half spectrum stands for its mirror image, too: all bins but the first and the middle one count twice
        bins = length // 2 + 1
        weights = np.full(bins, 2.0)
        weights[0] = 1.0
        if length % 2 == 0:
            weights[-1] = 1.0
        spread = [-1 if a == axis else 1 for a in range(len(shape))]
        made = _transform(op, g.slice(len(shape) - 1, 0, 1), axis, onesided=1)
        made = made * op.emit.constant((weights / length).astype(g.dtype)).reshape(spread)
        length = bins
    elif inverse:
        made = _transform(op, g, axis) / float(length)
    else:
        made = _transform(op, _fitted(g, axis, out[axis], length, len(out)), axis, inverse=1) * float(length)
    made = made.slice(len(shape) - 1, 0, shape[-1])
    return [_fitted(made, axis, length, shape[axis], len(shape)), *[ZERO] * (len(op.node.inputs) - 1)]


def _transform(op: Op, x: Value, axis: int, inverse: int = 0, onesided: int = 0) -> Value:
    """A DFT over a whole axis, which is an attribute before opset 20."""
    if op.emit.opset < 20:
        return op.emit("DFT", x, axis=axis, inverse=inverse, onesided=onesided)
    place = op.emit.constant(np.array(axis, np.int64))
    return op.emit("DFT", x, None, place, inverse=inverse, onesided=onesided)


def _fitted(x: Value, axis: int, length: int, wanted: int, rank: int) -> Value:
    """Cut, or filled up with zeros, at the end of an axis."""
    pads = [0] * (2 * rank)
    pads[rank + axis] = wanted - length
    return x.pad(pads) if wanted != length else x


def _length(op: Op, index: int, default: int) -> int:
    """A length that an input gives."""
    if not op.has(index):
        return default
    value = op.value(index)
    if value is None:
        raise Unsupported("its length is computed at run time")
    return int(value.reshape(-1)[0])


@rule("STFT")
def stft(op: Op, g: Value) -> Gradients:
    """A convolution of the signal with windowed waves, two per bin: so the gradient is a ConvTranspose."""
    if op.needs(2):
        raise Unsupported("its window depends on the input")
    _, total, parts = shape = op.shape()
    batch, frames, bins, _ = op.out_shape()
    frame = _length(op, 3, op.shape(2)[0] if op.has(2) else total)
    step = _length(op, 1, 1)
    angle = 2 * np.pi / frame * np.outer(np.arange(bins), np.arange(frame))
    real = np.stack([np.cos(angle), -np.sin(angle)], axis=1)  # of the result, from the real part of the signal
    imaginary = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    waves = np.stack([real, imaginary], axis=2)[:, :, :parts].reshape(2 * bins, parts, frame)
    weight = op.emit.constant(waves.astype(g.dtype))
    if op.has(2):
        weight = weight * op.x(2).cast(g.dtype)
    rows = g.reshape([batch, frames, 2 * bins]).transpose([0, 2, 1])
    signal = op.emit("ConvTranspose", rows, weight, strides=[step]).transpose([0, 2, 1])
    reached = (frames - 1) * step + frame
    return [_fitted(signal, 1, reached, shape[1], 3), *[ZERO] * (len(op.node.inputs) - 1)]
