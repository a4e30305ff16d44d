"""Convolutions and pools with channels last (NHWC), or blocked over channels (NCHWc) as onnxruntime's last optimisation level
writes them. A blocked tensor has the shape (batch, channels rounded up, space): the added channels hold zeros."""

from __future__ import annotations

from rfonnx.operators.access.coordinates import Resized
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Permute, Reduce, Select, Step, Window
from rfonnx.operators.access.rules.conv import QLINEAR, convolution, transposed_convolution
from rfonnx.operators.access.rules.pool import global_pool, pool, pooled
from rfonnx.operators.access.sampling import taps


def nchwc(*names: str) -> tuple[str, ...]:
    """Registry keys of blocked operators."""
    return tuple(f"com.microsoft.nchwc.{name}" for name in names)


rule(*nchwc("MaxPool", "AveragePool"))(pool)
rule(*nchwc("GlobalMaxPool", "GlobalAveragePool"))(global_pool)


@rule("com.microsoft.NhwcConv", "com.microsoft.NhwcFusedConv", "com.ms.internal.nhwc.Conv")
def conv_channels_last(op: Op) -> Access:
    """Conv of (batch, space, channels); what is added lies at the output's position. Exact."""
    return convolution(op, weight=1, scalars={2: True}, added=(3,), channels_last=True)


@rule(*nchwc("Conv"))
def conv_blocked(op: Op) -> Access:
    """Conv; the fourth input is added at the output's position. Exact."""
    return convolution(op, weight=1, scalars={2: True}, added=(3,), padded_channels=True)


@rule("com.microsoft.QLinearConv")
def qlinear_conv(op: Op) -> Access:
    """QLinearConv, with channels last where it says so. Exact."""
    last = bool(op.attrs.get("channels_last", 0))
    return convolution(op, weight=3, scalars=QLINEAR, zero_point=5, channels_last=last)


@rule("com.microsoft.QLinearConvTranspose")
def qlinear_conv_transpose(op: Op) -> Access:
    """ConvTranspose on quantised tensors. Exact."""
    return transposed_convolution(op, weight=3, scalars=QLINEAR)


@rule("com.microsoft.NhwcMaxPool", "com.ms.internal.nhwc.MaxPool", "com.ms.internal.nhwc.AveragePool")
def pool_channels_last(op: Op) -> Access:
    """Pool of (batch, space, channels). Exact."""
    return pooled(op, 1, op.out_shape()[1:-1])


@rule("com.ms.internal.nhwc.GlobalAveragePool", "com.ms.internal.nhwc.GlobalMaxPool")
def global_pool_channels_last(op: Op) -> Access:
    """y[n,c] reads all of x[n,:,c]. Exact."""
    return Access((Path(op.name(0), (Reduce(tuple(range(1, len(op.shape(0)) - 1))),)),))


@rule(*nchwc("ReorderInput"))
def reorder_input(op: Op) -> Access:
    """Channel c reads channel c; those that fill up the block read nothing. Exact."""
    rank, channels = len(op.shape(0)), op.out_shape()[1]
    to_first: tuple[Step, ...] = ()
    if op.attrs.get("channels_last", 0):
        to_first = (Permute((0, rank - 1, *range(1, rank - 1))),)
    return Access((Path(op.name(0), (*to_first, Window(1, channels, 1, 1, 1, 0))),))


@rule(*nchwc("ReorderOutput"))
def reorder_output(op: Op) -> Access:
    """Channel c reads channel c. Exact."""
    rank = len(op.shape(0))
    last = bool(op.attrs.get("channels_last", 0))
    channels = op.out_shape()[-1 if last else 1]
    steps: tuple[Step, ...] = (Window(1, channels, 1, 1, 1, 0),)
    if last:
        steps = (*steps, Permute((0, *range(2, rank), 1)))
    return Access((Path(op.name(0), steps),))


@rule(*nchwc("Upsample"))
def upsample(op: Op) -> Access:
    """Whole scales per axis, nearest (by rounding down) or linear. Exact."""
    shape, out = op.shape(0), op.out_shape()
    mode = str(op.attrs.get("mode", "nearest")).lower()
    transformation = str(op.attrs.get("coordinate_transformation_mode", "asymmetric")).lower()
    steps = []
    for axis, scale in enumerate(op.attrs["scales"]):
        if scale != 1:
            resized = Resized(
                length=shape[axis],
                out_length=out[axis],
                scale=float(scale),
                copied=False,
                extrapolated=False,
                roi=(0.0, 1.0),
                mode=mode,
                transformation=transformation,
                nearest_mode="floor",
                cubic_coeff_a=-0.75,
                antialias=False,
            )
            t = taps(resized)
            if t is None:
                raise Unproven(f"axis {axis} is too long for a table of its taps")
            steps.append(Select(axis, t.first, t.last, 1, t.period, t.shift, t.free_first, t.free_last))
    return Access((Path(op.name(0), tuple(steps)),))
