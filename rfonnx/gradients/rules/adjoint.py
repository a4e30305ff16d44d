"""Adjoints of convolutions: the formulations that onnxruntime runs fastest, measured on its CPU provider.

- stride 1: a Conv with the kernel flipped and its channels swapped. Takes as long as the forward Conv; ConvTranspose 1.3x, but
  for images of few channels a quarter.
- depthwise, stride > 1: zeros between the gradients, then the flipped Conv: 2-3x faster than ConvTranspose.
- otherwise: ConvTranspose.
Flipped kernels are nodes on the constant weight; onnxruntime folds them before it picks blocked layouts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rfonnx.gradients.values import Value


@dataclass(frozen=True, slots=True)
class Window:
    """A convolution's geometry, one entry per spatial axis; `length` and `out_length` are of its input and output."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    begin: tuple[int, ...]
    length: tuple[int, ...]
    out_length: tuple[int, ...]

    @property
    def rank(self) -> int:
        return len(self.kernel)

    def span(self, axis: int) -> int:
        """Positions from a window's first tap to its last, both counted."""
        return (self.kernel[axis] - 1) * self.dilation[axis] + 1

    def full(self, axis: int) -> int:
        """Positions from the first window's first tap to the last window's last tap."""
        return (self.out_length[axis] - 1) * self.stride[axis] + self.span(axis)


def window_of(
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
    pads: Sequence[int],
    length: Sequence[int],
    out_length: Sequence[int],
) -> Window:
    """From ONNX attributes; `pads` is begins, then ends, and the ends follow from the lengths."""
    begin = pads[: len(kernel)]
    return Window(*(tuple(v) for v in (kernel, stride, dilation, begin, length, out_length)))


FEW_CHANNELS = 8
"""Up to so many input channels ConvTranspose is faster: a Conv that makes so few fills its blocks of 8 or 16 with nothing."""


def conv_adjoint(g: Value, weight: Value, weight_shape: Sequence[int], window: Window, group: int) -> Value:
    """The gradient (N, C, *length) of a Conv's input from that of its output, (N, M, *out_length).

    Args:
        g: gradient of the output.
        weight: (M, C/group, *kernel).
        weight_shape: its shape.
        window: the geometry.
        group: of the Conv.
    """
    outputs, per_group = weight_shape[:2]
    if all(s == 1 for s in window.stride) and (group > 1 or per_group > FEW_CHANNELS):
        return _flipped(g, weight, weight_shape, window, group)
    if per_group == 1 and outputs == group and window.rank <= 3:
        wide, dense = _zero_inserted(g, window, outputs)
        return _flipped(wide, weight, weight_shape, dense, group)
    return conv_transposed(g, weight, window, group)


def _flip(weight: Value, weight_shape: Sequence[int], group: int) -> Value:
    """(M, C/group, *k) -> (C, M/group, *k), every spatial axis reversed."""
    outputs, per_group, *kernel = weight_shape
    weight = weight.reversed([2 + i for i, k in enumerate(kernel) if k > 1])
    if per_group == 1 and outputs == group:
        return weight
    if group == 1:
        return weight.transpose([1, 0, *range(2, 2 + len(kernel))])
    split = weight.reshape([group, outputs // group, per_group, *kernel])
    swapped = split.transpose([0, 2, 1, *range(3, 3 + len(kernel))])
    return swapped.reshape([group * per_group, outputs // group, *kernel])


def _flipped(g: Value, weight: Value, weight_shape: Sequence[int], window: Window, group: int) -> Value:
    """Stride 1: x[i] = sum over t of w[t] g[i + begin - t*dilation]."""
    begins = [window.span(a) - 1 - window.begin[a] for a in range(window.rank)]
    ends = [window.length[a] - window.out_length[a] + window.span(a) - 1 - begins[a] for a in range(window.rank)]
    g = crop(g, begins, ends, window.out_length)
    begins, ends = [max(b, 0) for b in begins], [max(e, 0) for e in ends]
    return g.emit(
        "Conv",
        g,
        _flip(weight, weight_shape, group),
        kernel_shape=list(window.kernel),
        dilations=list(window.dilation),
        strides=[1] * window.rank,
        pads=[*begins, *ends],
        group=group,
    )


def crop(g: Value, begins: Sequence[int], ends: Sequence[int], lengths: Sequence[int]) -> Value:
    """Cut spatial axes by the negative ones of these pads (a 1x1 convolution with padding has such an adjoint)."""
    for axis, (begin, end, length) in enumerate(zip(begins, ends, lengths, strict=True)):
        if begin < 0 or end < 0:
            g = g.slice(2 + axis, max(-begin, 0), length - max(-end, 0))
    return g


def _zero_inserted(g: Value, window: Window, channels: int) -> tuple[Value, Window]:
    """Zeros between the gradients, so that the stride becomes 1; put there with the channels last, where whole rows move."""
    rank, stride = window.rank, window.stride
    lengths = tuple(n * s for n, s in zip(window.out_length, stride, strict=True))
    spaced = [n for length in window.out_length for n in (length, 1)]
    grown = [n for step in stride for n in (0, step - 1)]
    last = g.transpose([0, *range(2, rank + 2), 1]).reshape([-1, *spaced, channels])
    wide = last.pad([0] * (2 * rank + 2) + [0, *grown, 0]).reshape([-1, *lengths, channels])
    back = wide.transpose([0, rank + 1, *range(1, rank + 1)])
    ones = (1,) * rank
    return back, Window(window.kernel, ones, window.dilation, window.begin, window.length, lengths)


def repeat(g: Value, scales: Sequence[int]) -> Value:
    """Every element repeated along each axis."""
    return g.emit(
        "Resize",
        g,
        None,
        g.emit.constant(np.array(scales, np.float32)),
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def conv_transposed(g: Value, weight: Value, window: Window, group: int) -> Value:
    """The same as a ConvTranspose, whose end pads or output padding make up for what the stride left unread."""
    surplus = [window.begin[a] + window.length[a] - window.full(a) for a in range(window.rank)]
    # surplus < 0: windows reach beyond the input's end, and so much is cut; > 0: the last positions are in no window
    ends = [max(-s, 0) for s in surplus]
    extra = [max(s, 0) for s in surplus]
    held = [min(e, window.stride[a] - 1) for a, e in enumerate(extra)]  # onnxruntime takes no larger output padding
    out = g.emit(
        "ConvTranspose",
        g,
        weight,
        kernel_shape=list(window.kernel),
        strides=list(window.stride),
        dilations=list(window.dilation),
        pads=[*(max(b, 0) for b in window.begin), *ends],
        output_padding=held,
        group=group,
    )
    rest = [e - h for e, h in zip(extra, held, strict=True)]
    front = [max(-b, 0) for b in window.begin]  # windows that begin behind the first position
    return out.pad([0, 0, *front, 0, 0, *rest])
