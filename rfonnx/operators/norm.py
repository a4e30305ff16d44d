"""Normalisations and softmaxes: what a statistic spans, every position of it reads. Spelling:

- Softmax, LogSoftmax, Hardmax: `axes`, the list of axes that one distribution spans (`axis .. rank-1` before opset 13).
- LayerNormalization, RMSNormalization: `axes`, likewise from `axis` on.
- LpNormalization, MeanVarianceNormalization: `axes`.
- BatchNormalization: `training_mode` (0 or 1), whichever way the opset says it.
- `axes` is None when the rank is unknown.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, TypeProto

from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.access.certain import twin
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Window
from rfonnx.operators.access.shared import axes_of, grouped, per_channel
from rfonnx.operators.access.visible import MASK_NOTE, Range, range_steps, seen_by_softmax, soft_mask
from rfonnx.operators.access.zeros import fact
from rfonnx.operators.row import Norm
from rfonnx.operators.shaping import ShapeCall, same, shapes
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare, named


@spelling("Softmax", "LogSoftmax", "Hardmax")
def spell_softmax(call: SpellCall) -> Node:
    """Before opset 13 the tensor is flattened at `axis` (1 by default), so that one distribution spans all later axes."""
    rank = call.rank(0)
    if rank is None:
        return call.with_attrs(axes=None)
    if call.node.version >= 13:
        return call.with_attrs(axes=[call.axis_attr(-1, rank)])
    axis = call.int_attr("axis", 1)
    first = rank if axis == rank else call.positive_axis(axis, rank)  # axis 1 of a list: one distribution per value
    return call.with_attrs(axes=list(range(first, rank)))


@spelling("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization")
def spell_layer_norm(call: SpellCall) -> Node:
    """Normalised over `axis` and all later axes."""
    rank = call.rank(0)
    return call.with_attrs(axes=None if rank is None else list(range(call.axis_attr(-1, rank), rank)))


@spelling("LpNormalization")
def spell_lp_norm(call: SpellCall) -> Node:
    """Normalised along `axis` alone."""
    rank = call.rank(0)
    return call.with_attrs(axes=None if rank is None else [call.axis_attr(-1, rank)])


@spelling("MeanVarianceNormalization")
def spell_mean_variance_norm(call: SpellCall) -> Node:
    """Batch and space by default, each channel for itself."""
    rank = call.rank(0)
    axes = call.ints_attr("axes")
    return call.with_attrs(axes=None if rank is None else call.positive_axes([0, 2, 3] if axes is None else axes, rank))


@spelling("BatchNormalization")
def spell_batch_norm(call: SpellCall) -> Node:
    """Training is `training_mode` since opset 14; before, more outputs than one (7..9) or `is_test` of 0 (1..6) say it."""
    if call.node.version >= 14:
        training = call.int_attr("training_mode", 0)
    elif call.node.version >= 7:
        training = int(any(call.node.outputs[1:]))
    else:
        training = int(not call.int_attr("is_test", 0))
    return call.with_attrs(training_mode=int(bool(training)))


@rule("Softmax", "LogSoftmax", "Hardmax")
def softmax(op: Op) -> Access:
    """y reads x along `axes`; of scores that a known mask hides, Softmax reads none. Exact, but for hidden weights themselves."""
    axes = axes_of(op)
    if op.node.op_type == "Softmax" and len(axes) == 1:
        visible = seen_by_softmax(op, op.name(0), axes[0])
        if visible:
            return _masked_softmax(op, visible)
    soft = soft_mask(op, op.name(0))
    note = (
        "" if soft is None else f"a mask of {soft:g} is taken to hide nothing: only -inf, the type's minimum or -1e9 do"
    )
    return Access((Path(op.name(0), (Reduce(axes),)),), note=note)


def _masked_softmax(op: Op, visible: Range) -> Access:
    """A row reads its visible scores; a hidden weight is zero and reads nothing, but is claimed with its row. What
    multiplies with the weights reads the row (`op.known.rows`), which is exact."""
    alone = visible.first == visible.last  # the weight of a single visible key is 1, whatever its score
    visible = visible._replace(last=np.where(alone, visible.first - 1, visible.last))
    shape = tuple(1 if i == visible.axis else n for i, n in enumerate(op.shape(0)))
    note = "" if visible.exact else MASK_NOTE
    scores = twin(op, op.name(0), fact(op, op.name(0), "hidden"))
    row = op.temporary(shape, Access((Path(scores, range_steps(visible)),), visible.exact, note))
    op.known.rows[op.node.outputs[0]] = (row, shape)
    return Access((Path(row),), exact=False, note="weights that a mask hides are zero, but are shown with their row")


@rule("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization")
def layer_norm(op: Op) -> list[Access]:
    """y, and its statistics, read x along `axes`; scale and bias at y's position. Exact."""
    x = Path(op.name(0), (Reduce(axes_of(op)),))
    parameters = tuple(Path(op.name(index)) for index in (1, 2) if op.reads(index))
    return [Access((x, *parameters)), *[Access((x,))] * (len(op.node.outputs) - 1)]


@rule("LpNormalization", "MeanVarianceNormalization")
def statistics_norm(op: Op) -> Access:
    """y reads x along `axes`. Exact."""
    return Access((Path(op.name(0), (Reduce(axes_of(op)),)),))


@rule("InstanceNormalization")
def instance_norm(op: Op) -> Access:
    """y[n,c] reads all of x[n,c], scale[c], bias[c]. Exact."""
    rank = len(op.shape(0))
    x = Path(op.name(0), (Reduce(tuple(range(2, rank))),))
    return Access((x, *(per_channel(op, index, 1, rank) for index in (1, 2) if op.reads(index))))


@rule("GroupNormalization")
def group_norm(op: Op) -> Access:
    """y[n,c] reads all of x[n, group of c], scale and bias at c (opset 18: at the group of c). Exact."""
    shape, groups = op.shape(0), op.attrs["num_groups"]
    rank, channels = len(shape), shape[1]
    paths = [Path(op.name(0), (Reduce(tuple(range(2, rank))), *grouped(1, channels, channels, groups)))]
    for index in (1, 2):
        if op.reads(index) and op.shape(index) == (groups,) and 1 < groups < channels:  # opset 18
            column = Reshape((channels, *(1,) * (rank - 2)))
            paths.append(Path(op.name(index), (*grouped(0, groups, channels, groups), column)))
        elif op.reads(index):
            paths.append(per_channel(op, index, 1, rank))
    return Access(tuple(paths))


@rule("BatchNormalization")
def batch_norm(op: Op) -> list[Access]:
    """Inference: y[n,c,o] reads x[n,c,o] and the four parameters at c. Training: y[n,c] and the statistics
    at c read all of x[:,c]. Exact."""
    rank = len(op.shape(0))
    # `spatial=0` of opset 1..8 has one parameter per channel and position
    parameters = [
        Path(op.name(index)) if len(op.shape(index)) == rank - 1 and rank > 2 else per_channel(op, index, 1, rank)
        for index in range(1, 5)
        if op.reads(index)
    ]
    if not op.attrs["training_mode"]:
        return [Access((Path(op.name(0)), *parameters))] * len(op.node.outputs)
    if len(op.shape(1)) > 1:
        raise Unproven("training with `spatial=0`")
    x = Path(op.name(0), (Reduce((0, *range(2, rank))),))
    y = Access((x, *(p for p in parameters if p.source in (op.name(1), op.name(2)))))
    if rank == 1:
        return [y] * len(op.node.outputs)
    statistic = Path(op.name(0), (*x.steps, Reshape((op.shape(0)[1],))))
    results = [y]
    for index in range(1, len(op.node.outputs)):  # running (or saved) mean, variance
        old = index + 2
        results.append(Access((statistic, *([Path(op.name(old))] if old < 5 and op.reads(old) else []))))
    return results


@rule("LRN")
def local_response(op: Op) -> Access:
    """y[n,c,o] reads x[n, c - (size-1)//2 .. c + size//2, o]. Exact."""
    size = op.attrs["size"]
    return Access((Path(op.name(0), (Window(1, op.shape(0)[1], size, 1, 1, (size - 1) // 2),)),))


@shapes("SimplifiedLayerNormalization", "LayerNormalization")
def layer_norm_shape(call: ShapeCall) -> list[TypeProto]:
    """Statistics of (2,3,8) along the last axis are (2,3,1). onnxruntime wrote both before ai.onnx had one of them."""
    shape, axis = call.shape(0), call.attr("axis", -1)
    if shape is None:
        return [call.like(0)]
    axis %= len(shape)
    statistics = tensor_type(TensorProto.FLOAT, (*shape[:axis], *(1,) * (len(shape) - axis)))
    return [call.like(0), statistics, statistics]


shapes("GroupNormalization", "MeanVarianceNormalization")(same)

declare(
    *named("LayerNormalization LogSoftmax LpNormalization RMSNormalization"), macs=0, manner=("norm",), normalises=True
)
declare("Hardmax", "MeanVarianceNormalization", "SimplifiedLayerNormalization", macs=0, manner=("norm",))
declare("GroupNormalization", "InstanceNormalization", statistic="moments", macs=0, manner=("by channel", "norm"))
declare("InstanceNormalization", norm=Norm(scale=1, bias=2, by_channel=True))
declare("GroupNormalization", norm=Norm(scale=1, bias=2, by_channel=True, groups="num_groups"))
declare("LayerNormalization", norm=Norm(scale=1, bias=2))
declare("RMSNormalization", "SimplifiedLayerNormalization", norm=Norm(centred=False, spread="mean square", scale=1))
declare(
    "MeanVarianceNormalization", norm=Norm(epsilon=1e-18)
)  # 1e-9 is added to the root: that is what counts where it is 0
declare("BatchNormalization", affine=True, by_shapes=True, macs=0, manner=("by channel", "norm"), maps=True)
declare("LRN", macs=0, manner=("regular",))
declare("LRN", family="normalisation")
declare("Softmax", evaluation="fast", macs=0, manner=("norm",), normalises=True, weighs=True)
declare("LayerNormalization", shapes_when={})  # our rule tells its shapes before opset 17, which had no such operator
