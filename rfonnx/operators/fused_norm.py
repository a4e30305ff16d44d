"""com.microsoft norms that add, embed, gate or activate as well."""

from __future__ import annotations

from onnx import TensorProto, TypeProto

from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select
from rfonnx.operators.access.shared import grouped, known, per_channel
from rfonnx.operators.shaping import ShapeCall, same, shapes
from rfonnx.operators.table import declare, microsoft


@shapes(*microsoft("SkipGroupNorm"))
def skip_group_norm_shape(call: ShapeCall) -> list[TypeProto]:
    """Outputs: normalised, and the sum before normalisation."""
    return [call.like(0), call.like(0)]


@shapes(*microsoft("EmbedLayerNormalization QEmbedLayerNormalization"))
def embed_layer_norm_shape(call: ShapeCall) -> list[TypeProto]:
    """input_ids (B,S) and a word table (V,D) give (B,S,D), mask_index (B), embedding_sum (B,S,D)."""
    shape = call.shape(0)
    if shape is None or len(shape) != 2:
        return []
    scales = 8  # in the quantised form, the tables' scales follow the eight tensors
    elem = call.elem(scales) if call.node.op_type.startswith("Q") else call.elem(2)
    embedded = tensor_type(elem, (*shape, call.dim(2, 1)))
    return [embedded, tensor_type(TensorProto.INT32, shape[:1]), embedded]


@rule(*microsoft("EmbedLayerNormalization QEmbedLayerNormalization"))
def embed_layer_norm(op: Op) -> list[Access]:
    """y[b,s] reads the word, segment and position ids at (b,s). Exact for constant tables. The second output counts mask[b,:]."""
    known(op, 2, 3, 4, 5, 6, *range(9, len(op.node.inputs)))
    last = 7 if op.node.op_type.startswith("Q") else 8
    ids = [index for index in (0, 1, last) if index != 7 and op.reads(index)]
    y = Access(tuple(Path(op.name(i), (Reshape((*op.shape(i), 1)),)) for i in ids))
    counted = Path(op.name(7), (Reduce((1,)), Reshape((op.shape(7)[0],)))) if op.reads(7) else None
    return [y, Access((counted,) if counted else ()), y][: len(op.node.outputs)]


@rule(*microsoft("GroupNorm"))
def group_norm(op: Op) -> Access:
    """y[n, of a channel] reads all of x[n, group of the channel], gamma and beta of the channel. Exact."""
    return Access(tuple(_group_norm(op, (0,))))


@rule(*microsoft("SkipGroupNorm"))
def skip_group_norm(op: Op) -> list[Access]:
    """As GroupNorm of x + skip + bias, and that sum itself. Exact."""
    known(op, 4)
    skip = op.shape(3)
    if len(skip) != len(op.shape(0)):
        raise Unproven(f"a skip of shape {skip} that is broadcast over space")
    total = Access(tuple(Path(op.name(i)) for i in (0, 3) if op.reads(i)))
    return [Access(tuple(_group_norm(op, (0, 3)))), total][: len(op.node.outputs)]


def _group_norm(op: Op, summed: tuple[int, ...]) -> list[Path]:
    shape = op.shape(0)
    rank = len(shape)
    channel = rank - 1 if op.attrs.get("channels_last", 1) else 1
    space = tuple(i for i in range(1, rank) if i != channel)
    group = grouped(channel, shape[channel], shape[channel], op.attrs["groups"])
    paths = [Path(op.name(i), (Reduce(space), *group)) for i in summed if op.reads(i)]
    return paths + [per_channel(op, i, channel, rank) for i in (1, 2) if op.reads(i)]


@rule(*microsoft("GatedRMSNorm"))
def gated_rms_norm(op: Op) -> Access:
    """y reads x along its group of C features, C values of scale, and the gate at its position. Exact."""
    shape, size = op.shape(0), op.shape(1)[0]
    last = len(shape) - 1
    groups = shape[last] // size
    paths = [Path(op.name(0), grouped(last, shape[last], shape[last], groups))]
    if op.reads(1):
        feature = positions(shape[last]) % size
        paths.append(Path(op.name(1), (Select(0, feature, feature),)))
    return Access((*paths, *([Path(op.name(2))] if op.reads(2) else [])))


shapes(*microsoft("GatedRMSNorm GroupNorm"))(same)

declare(*microsoft("EmbedLayerNormalization GatedRMSNorm GroupNorm SkipGroupNorm"), macs=0, manner=())
declare(
    *microsoft("EmbedLayerNormalization GatedRMSNorm GroupNorm QEmbedLayerNormalization SkipGroupNorm"),
    family="normalisation",
)
declare("com.microsoft.QEmbedLayerNormalization", macs=0, manner=(), quantised=True)
