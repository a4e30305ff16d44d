"""com.microsoft operators that onnxruntime's optimiser makes of a few elementwise ones: biases and activations."""

from __future__ import annotations

from onnx import TensorProto, TypeProto

from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce
from rfonnx.operators.access.shared import joined
from rfonnx.operators.shaping import ShapeCall, same, shapes
from rfonnx.operators.table import declare, microsoft


@shapes(*microsoft("BiasDropout"))
def bias_dropout_shape(call: ShapeCall) -> list[TypeProto]:
    """The mask has the same shape."""
    return [call.like(0), call.like(0, TensorProto.BOOL)]


rule(*microsoft("Gelu QuickGelu FastGelu BiasAdd ScaledSiLU"))(joined)


@rule(*microsoft("BiasDropout"))
def bias_dropout(op: Op) -> Access:
    """y reads data, bias and residual at its position. Exact."""
    return Access(tuple(Path(op.name(index)) for index in (0, 1, 2) if op.reads(index)))


@rule(*microsoft("BiasSoftmax"))
def bias_softmax(op: Op) -> Access:
    """Softmax of data + bias over `axis` and all later axes. Exact."""
    rank = len(op.shape(0))
    first = op.attrs.get("axis", 1) % rank
    axes = tuple(range(first, rank))
    offset = rank - len(op.shape(1))
    bias = tuple(axis - offset for axis in axes if axis >= offset)
    return Access((Path(op.name(0), (Reduce(axes),)), Path(op.name(1), (Reduce(bias),))))


@shapes(*microsoft("NGramRepeatBlock"))
def n_gram_repeat_block_shape(call: ShapeCall) -> list[TypeProto]:
    """The scores: ids (2,7) and scores (2,30) give (2,30)."""
    return [call.like(1)]


@rule(*microsoft("NGramRepeatBlock"))
def n_gram_repeat_block(op: Op) -> Access:
    """A score reads itself, and all ids of its row: which words would repeat is data."""
    note = "which scores are taken out is decided by the ids of the row"
    return Access((Path(op.name(0), (Reduce((1,)),)), Path(op.name(1))), exact=False, note=note)


shapes(*microsoft("BiasAdd BiasSoftmax FastGelu Gelu QuickGelu ScaledSiLU"))(same)

declare(*microsoft("BiasSoftmax NGramRepeatBlock"), macs=0, manner=())
declare(*microsoft("BiasAdd QuickGelu ScaledSiLU"), macs=0, manner=("elementwise",), pointwise=True)
declare(*microsoft("FastGelu Gelu"), macs=0, manner=("elementwise",), pointwise=True, stands_for="Gelu")
declare("com.microsoft.BiasDropout", macs=0, manner=(), training=(3, 4))
declare("com.microsoft.BiasDropout", family="elementwise")
declare("com.microsoft.BiasSoftmax", family="normalisation")
