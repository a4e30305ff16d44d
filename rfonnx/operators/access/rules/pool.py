"""Pools: windows along space, each channel for itself."""

from __future__ import annotations

from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Spread
from rfonnx.operators.access.rules.shared import windows


@rule("MaxPool", "AveragePool", "LpPool")
def pool(op: Op) -> Access:
    """y[n,c,o] (and Indices) read x[n,c,o*stride - pad + t*dilation]; in ceil mode the last windows reach past the end. Exact."""
    return pooled(op, 2, op.out_shape()[2:])


def pooled(op: Op, first_axis: int, lengths: tuple[int, ...]) -> Access:
    """Lower a pool whose spatial axes begin at `first_axis`, to these output lengths."""
    path = Path(op.name(0), windows(op, first_axis, lengths))
    if op.attrs.get("other_pads") is None:
        return Access((path,))
    other = Path(op.name(0), windows(op, first_axis, lengths, pads=op.attrs["other_pads"]))
    return Access(
        (path, other), exact=False, note="the specification and onnxruntime pad SAME otherwise here: both are taken"
    )


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


@rule("MaxRoiPool", "RoiAlign")
def roi_pool(op: Op) -> Access:
    """y[r,c] may read all of x[:,c], and reads the box r (and, in RoiAlign, its batch index). A superset: boxes are data."""
    rank = len(op.shape(0))
    space = tuple(range(2, rank))
    paths = [Path(op.name(0), (Reduce((0, *space)),))]
    if op.reads(1):
        paths.append(Path(op.name(1), (Reduce((1,)), Reshape((op.shape(1)[0], *(1,) * (rank - 1))))))
    if op.reads(2):
        paths.append(Path(op.name(2), (Reshape((op.shape(2)[0], *(1,) * (rank - 1))),)))
    return Access(tuple(paths), exact=False, note=f"{op.node.kind} reads where its boxes say: any position in space")
