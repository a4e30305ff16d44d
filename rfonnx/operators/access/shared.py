"""Steps and paths that the rules of several families share."""

from __future__ import annotations

import numpy as np

from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, Unproven
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Step, Window

BY_DATA = "which positions are read is data"


def joined(op: Op) -> Access:
    """Every input at the same (numpy-broadcast) position. Exact. x (2,3) + b (3): y[1,2] reads x[1,2] and b[2]."""
    return Access(tuple([Path(name) for name in op.node.inputs]))


def first_alone(op: Op) -> Access:
    """y reads x at its own (numpy-broadcast) position; of other operands it reads no value. Exact."""
    return Access((Path(op.name(0)),))


def along_rows(op: Op) -> Access:
    """y reads the whole row of x, along its last axis. Exact."""
    return Access((Path(op.name(0), (Reduce((len(op.shape(0)) - 1,)),)),))


def by_data(op: Op, data: tuple[Step, ...], index: tuple[Step, ...], note: str = BY_DATA) -> Access:
    """Of input 0, what input 1 may point to; of input 1, what points. Where the data is constant: exact."""
    paths = tuple(Path(op.name(i), steps) for i, steps in enumerate((data, index)) if op.reads(i))
    return Access(paths, not op.reads(0), note if op.reads(0) else "")


def per_channel(op: Op, index: int, axis: int, rank: int) -> Path:
    """Input `index` holds one value for all, or one per position of `axis` of a tensor of `rank` axes.

    Bias (8) of channels (axis 1) of (N,8,H,W): y[n,c,h,w] reads b[c].
    """
    shape = op.shape(index)
    if len(shape) > 1:
        raise Unproven(f"input {index} of shape {shape} should be a scalar or a list")
    return Path(op.name(index), () if not shape else (Reshape((*shape, *(1,) * (rank - axis - 1))),))


def grouped(axis: int, inputs: int, outputs: int, groups: int) -> tuple[Step, ...]:
    """Output channels read all input channels of their group; none but its own when depthwise. Exact.

    4 channels to 2 in 2 groups: channel 0 reads 0..1, channel 1 reads 2..3. The result has `outputs` channels, or 1 when all
    read the same.
    """
    if groups < 1 or inputs % groups or outputs % groups:
        raise Unproven(f"{inputs} and {outputs} channels cannot be split into {groups} groups")
    if groups == 1:
        return (Reduce((axis,)),)
    size = inputs // groups
    if size == 1 and outputs == inputs:
        return ()
    first = positions(outputs) // (outputs // groups) * size
    return (Select(axis, first, first + size - 1),)


def windows(
    op: Op,
    out_lengths: tuple[int, ...],
    taps: tuple[tuple[int, int], ...] | None = None,
    pads: list[int] | None = None,
) -> tuple[Window, ...]:
    """The windows of a convolution or pool along its spatial axes; those that are identities are left out.

    `taps`: closed range of kernel positions per axis; all of them by default. `pads`: the operator's by default.
    """
    attrs = op.attrs
    kernel, pads = attrs["kernel_shape"], pads or attrs["pads"]
    if pads is None:
        raise Unproven("its padding depends on a shape that is not known")
    steps = []
    for i, length in enumerate(out_lengths):
        first, last = taps[i] if taps else (0, kernel[i] - 1)
        stride, dilation = attrs["strides"][i], attrs["dilations"][i]
        k, pad = last - first + 1, pads[i] - first * dilation
        if k != 1 or stride != 1 or pad != 0 or length != op.shape(0)[2 + i]:
            steps.append(Window(2 + i, length, k, stride, dilation, pad))
    return tuple(steps)


def known(op: Op, *indices: int) -> None:
    """Refuse inputs that a rule takes as constants and that are computed instead.

    Raises:
        Unproven: one of them is computed.
    """
    for index in indices:
        if op.reads(index):
            raise Unproven(f"its input {index} ('{op.name(index)}') is computed, not constant")


def axes_of(op: Op) -> tuple[int, ...]:
    """The canonical `axes`, which must be known."""
    axes = op.attrs["axes"]
    if axes is None:
        raise Unproven("its axes are computed at run time")
    return tuple(axes)


def known_index(op: Op, index: int, lengths: np.ndarray | int) -> np.ndarray | None:
    """A constant index with negative positions counted from the end; None when it is not constant.

    Raises:
        Unproven: it points outside the axis.
    """
    value = op.value(index)
    if value is None:
        return None
    places = np.asarray(value).astype(np.int64)
    places = np.where(places < 0, places + lengths, places)
    if places.size and bool(((places < 0) | (places >= lengths)).any()):
        raise Unproven("an index points outside its axis")
    return places
