"""Pools: windows along space, each channel for itself.

Spelling: `kernel_shape, strides, dilations, pads` (explicit); `pads` None when they cannot be known. Where onnxruntime pads SAME
otherwise than the specification says, `other_pads` holds its pads: with dilations, they give another length too, which is the
one that is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from onnx import TensorProto, TypeProto

from rfonnx.errors import malformed
from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Spread
from rfonnx.operators.access.shared import windows
from rfonnx.operators.row import Unknown
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare, microsoft, operator
from rfonnx.operators.windows import window_attrs
from rfonnx.results.fields import Shape


@spelling("MaxPool", "AveragePool", "LpPool", "MaxUnpool", *microsoft("MaxpoolWithMask NhwcMaxPool QLinearAveragePool"))
def spell_pool(call: SpellCall) -> Node:
    """Ceil mode needs nothing: its last windows lie beyond the edge, and their number is in the output's shape."""
    row = operator(call.node.kind)
    if row.body is not None and str(call.node.attrs.get("auto_pad", "")).startswith("SAME"):
        return call.node  # the pool in its body is spelt
    kernel = call.ints_attr("kernel_shape")
    image = call.shape(0)
    if image is not None and (row.space == 1 or call.int_attr("channels_last", 0)):
        image = (*image[:1], *image[-1:], *image[1:-1])
    if kernel is None or (image is not None and len(image) != len(kernel) + 2):
        raise malformed(
            f"{call.node}: 'kernel_shape' must have one size per spatial axis of the input's shape {image}, but is {kernel}"
        )
    lengths = None if image is None else image[2:]
    attrs = window_attrs(call, kernel, lengths)
    other = _onnxruntime_pads(call, attrs["strides"], kernel, lengths)
    if other is None or attrs["pads"] is None:
        return call.with_attrs(**attrs)
    dilated = any(d > 1 < k for d, k in zip(attrs["dilations"], kernel, strict=True))
    if other == attrs["pads"] or (not dilated and other[: len(kernel)] == attrs["pads"][: len(kernel)]):
        return call.with_attrs(**attrs)  # windows begin at the same places, and are as many
    return call.with_attrs(**attrs, other_pads=other)


def _onnxruntime_pads(call: SpellCall, strides: list[int], kernel: list[int], lengths: Shape) -> list[int] | None:
    """SAME pads as onnxruntime's pools have them: without regard to dilation, and negative where the stride exceeds the kernel
    (`ComputeSizePadDilations` in its pool_attributes.h). None without SAME."""
    auto_pad = call.node.attrs.get("auto_pad", "NOTSET")
    if auto_pad not in ("SAME_UPPER", "SAME_LOWER") or lengths is None:
        return None
    begins, ends = [], []
    for n, stride, k in zip(lengths, strides, kernel, strict=True):
        if n is None:
            return None
        needed = (-(-n // stride) - 1) * stride + k - n
        head = needed + 1 if auto_pad == "SAME_LOWER" else needed
        begins.append(head // 2 if head >= 0 else -(-head // 2))  # C++ rounds towards zero
        ends.append(needed - begins[-1])
    return begins + ends


Lengths = Sequence["int | None"]


@shapes("MaxPool", "AveragePool", "LpPool", "com.microsoft.MaxpoolWithMask")
def pool_shape(call: ShapeCall) -> list[TypeProto]:
    """x (1,1,4) under k2 dilation 2 and SAME gives (1,1,3) in onnxruntime, whose SAME padding overlooks dilation; onnx says 4."""
    shape, kernel = call.shape(0), call.attr("kernel_shape")
    if shape is None or kernel is None or len(shape) != len(kernel) + 2:
        return []
    made = (*shape[:2], *pooled_lengths(call, shape[2:], kernel))
    return [tensor_type(call.elem(0), made), tensor_type(TensorProto.INT64, made)]


def pooled_lengths(call: ShapeCall, lengths: Lengths, kernel: Sequence[int]) -> list[int | None]:
    """Lengths after a pool, as in onnxruntime's `PoolAttributes::ComputeSizePadDilations`; for any pool's attributes."""
    ones = [1] * len(kernel)
    strides, dilations = call.attr("strides") or ones, call.attr("dilations") or ones
    pads = call.attr("pads") or [0] * (2 * len(kernel))
    auto_pad, up = call.attr("auto_pad", "NOTSET"), bool(call.attr("ceil_mode", 0))
    out: list[int | None] = []
    ends = zip(lengths, kernel, strides, dilations, pads[: len(kernel)], pads[len(kernel) :], strict=True)
    for n, k, stride, dilation, begin, end in ends:
        if n is None:
            out.append(None)
            continue
        total = begin + end
        if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
            total = (-(-n // stride) - 1) * stride + k - n
            begin = (total + (auto_pad == "SAME_LOWER")) // 2
        elif auto_pad == "VALID":
            begin = total = 0
        room = n + total - dilation * (k - 1) - 1
        count = (-(-room // stride) if up or room < 0 else room // stride) + 1  # C++ rounds towards zero
        if up and (count - 1) * stride >= n + begin:  # the last window would begin behind the input
            count -= 1
        out.append(max(count, 0))
    return out


@shapes("MaxUnpool")
def max_unpool_shape(call: ShapeCall) -> list[TypeProto]:
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


@rule("MaxPool", "AveragePool", "LpPool")
def pool(op: Op) -> Access:
    """y[n,c,o] (and Indices) read x[n,c,o*stride - pad + t*dilation]; in ceil mode the last windows reach past the end. Exact."""
    lengths = op.out_shape()[2:]
    path = Path(op.name(0), windows(op, lengths))
    if op.attrs.get("other_pads") is None:
        return Access((path,))
    other = Path(op.name(0), windows(op, lengths, pads=op.attrs["other_pads"]))
    return Access(
        (path, other), exact=False, note="the specification and onnxruntime pad SAME otherwise here: both are taken"
    )


@rule("com.microsoft.MaxpoolWithMask")
def max_pool_with_mask(op: Op) -> Access:
    """y[n,c,o] reads the window of x[n,c]; and any of the mask: where it has several channels, onnxruntime's kernel reads other
    places of it than the window's."""
    access = pool(op)
    mask = Path(op.name(1), (Reduce(tuple(range(len(op.shape(1))))), Reshape((1,) * len(op.out_shape()))))
    return Access((*access.paths, mask), exact=False, note="what the mask holds decides how far a window is read")


@rule("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def global_pool(op: Op) -> Access:
    """y[n,c] reads all of x[n,c]. Exact."""
    return Access((Path(op.name(0), (Reduce(tuple(range(2, len(op.shape(0))))),)),))


@rule("MaxUnpool")
def max_unpool(op: Op) -> Access:
    """y[n,c,o] reads the x[n,c,i], and their indices, in whose window o lies, when the indices are those of a MaxPool of a tensor
    of y's shape. Exact. Other indices are data."""
    producer = op.producer(1)
    if producer is None or producer.kind != "MaxPool" or len(producer.outputs) < 2 or producer.outputs[1] != op.name(1):
        raise Unproven("its indices are not those of a MaxPool")
    attrs, out = producer.attrs, op.out_shape()
    if op.graph.shapes.get(producer.inputs[0]) != out or attrs["pads"] is None or attrs.get("storage_order", 0):
        raise Unproven("its output has not the shape of the tensor that its indices point into")
    steps = tuple(
        Spread(2 + i, out[2 + i], kernel, attrs["strides"][i], attrs["dilations"][i], attrs["pads"][i])
        for i, kernel in enumerate(attrs["kernel_shape"])
    )
    return Access((Path(op.name(0), steps), Path(op.name(1), steps)))


declare(
    "AveragePool",
    "LpPool",
    "MaxPool",
    macs=0,
    manner=("order free", "pool", "regular"),
    maps=True,
    shapes_when={"auto_pad": ("SAME_UPPER", "SAME_LOWER"), "ceil_mode": (1,)},
)
declare("AveragePool", "GlobalAveragePool", "GlobalMaxPool", "MaxPool", by_shapes=True)
declare("GlobalAveragePool", "GlobalMaxPool", macs=0, manner=("order free", "pool"), maps=True)
declare("GlobalAveragePool", statistic="mean")
declare("GlobalMaxPool", statistic="max")
declare("GlobalLpPool", statistic="lp")
declare("GlobalLpPool", macs=0, manner=("order free", "pool"))
declare("MaxUnpool", macs=0, manner=(), moves=True)
declare("com.microsoft.MaxpoolWithMask", macs=0, manner=())
declare("com.microsoft.MaxpoolWithMask", family="pooling")
declare("MaxPool", border="lowest", switched_off="pads")
declare("AveragePool", border="uncounted", switched_off="pads")
declare("LpPool", border="zero", switched_off="pads")
declare("MaxUnpool", border=Unknown("where a number goes is data"))
