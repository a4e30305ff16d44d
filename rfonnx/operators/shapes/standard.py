"""Operators of ai.onnx and ai.onnx.ml whose inference in onnx is missing or wrong (onnx 1.23)."""

from __future__ import annotations

import math

from onnx import TensorProto, TypeProto

from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.shapes.registry import Call, shapes


@shapes("GroupNormalization", "MeanVarianceNormalization", "ai.onnx.ml.Imputer")
def same_shape(call: Call) -> list[TypeProto]:
    """x (2,8,64) gives (2,8,64)."""
    return [call.like(0)]


@shapes("ai.onnx.ml.Scaler", "ai.onnx.ml.Normalizer")
def same_shape_of_floats(call: Call) -> list[TypeProto]:
    """The same, in float32."""
    return [call.like(0, TensorProto.FLOAT)]


@shapes("Dropout")
def dropout(call: Call) -> list[TypeProto]:
    """onnx leaves out the shape of the mask, which was of the data's type before opset 10."""
    return [call.like(0), call.like(0, TensorProto.BOOL if call.node.version >= 10 else 0)]


@shapes("Range")
def arange(call: Call) -> list[TypeProto]:
    """Limits (0, 10, 3) give (4). JAX exporters write limits of shape (1), which onnx refuses."""
    values = [call.value(index) for index in range(3)]
    start, limit, delta = (None if v is None or v.size != 1 else v.reshape(-1)[0].item() for v in values)
    length = None
    if start is not None and limit is not None and delta:
        steps = (limit - start) / delta if isinstance(delta, float) else -((start - limit) // delta)
        length = max(math.ceil(steps), 0) if math.isfinite(steps) else None
    return [tensor_type(call.elem(0), (length,))]


@shapes("STFT")
def short_time_fourier(call: Call) -> list[TypeProto]:
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


@shapes("MaxUnpool")
def max_unpool(call: Call) -> list[TypeProto]:
    """Length (n-1)*stride + kernel - pads, or as the third input says; (1,1,2,2) with k2 s2 gives (1,1,4,4)."""
    shape, wanted = call.shape(0), call.value(2)
    if call.has(2):
        return [tensor_type(call.elem(0), tuple(map(int, wanted)))] if wanted is not None else []
    if shape is None:
        return []
    kernel = call.attr("kernel_shape")
    strides = call.attr("strides") or [1] * len(kernel)
    pads = call.attr("pads") or [0] * (2 * len(kernel))
    ends = zip(shape[2:], strides, kernel, pads, pads[len(kernel) :], strict=False)
    spatial = (None if n is None else (n - 1) * s + k - p - q for n, s, k, p, q in ends)
    return [tensor_type(call.elem(0), (*shape[:2], *spatial))]


@shapes("ConvTranspose")
def conv_transpose(call: Call) -> list[TypeProto]:
    """x (1,2,3,4), w (2,5,3,3) in 2 groups and output_shape (6,8) give (1,10,6,8); so do SAME and strides of 2.

    Some exporters write the whole shape there, batch and channels too. SAME never lengthens: with kernels shorter than their
    strides, runtimes leave out positions at the end that no kernel reaches.
    """
    shape, wanted, channels = call.shape(0), call.attr("output_shape"), call.dim(1, 1)
    if shape is None:
        return []
    made = None if channels is None else channels * int(call.attr("group", 1))
    if wanted is None:
        ones = [1] * len(shape[2:])
        kernel = call.attr("kernel_shape") or [call.dim(1, axis + 2) for axis in range(len(ones))]
        strides, dilations = call.attr("strides") or ones, call.attr("dilations") or ones
        extra = call.attr("output_padding") or [0] * len(ones)
        spatial = [
            None if n is None or k is None else min(n * s, (n - 1) * s + (k - 1) * d + 1 + more)
            for n, k, s, d, more in zip(shape[2:], kernel, strides, dilations, extra, strict=True)
        ]
    else:
        spatial = wanted[-len(shape[2:]) :]
    return [tensor_type(call.elem(0), (shape[0], made, *spatial))]


@shapes("ai.onnx.ml.LinearRegressor", "ai.onnx.ml.SVMRegressor", "ai.onnx.ml.TreeEnsembleRegressor")
def regressor(call: Call) -> list[TypeProto]:
    """x (N,F) gives (N, targets)."""
    names = {"LinearRegressor": "targets", "TreeEnsembleRegressor": "n_targets"}
    targets = call.attr(names.get(call.node.op_type, ""), 1)
    return [tensor_type(TensorProto.FLOAT, (call.dim(0, 0), int(targets)))]
