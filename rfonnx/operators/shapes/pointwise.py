"""Operators whose output has the shape of their first input, activations and normalisations above all."""

from __future__ import annotations

from onnx import TensorProto, TypeProto

from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.shapes.registry import Call, microsoft, shapes


@shapes(
    *microsoft(
        *(
            "BiasAdd",
            "BiasGelu",
            "BiasSoftmax",
            "FastGelu",
            "Gelu",
            "GroupNorm",
            "Inverse",
            "QuickGelu",
            "RotaryEmbedding",
        ),
        *(
            "GemmaRotaryEmbedding",
            "LongformerAttention",
            "MoE",
            "QMoE",
            "Trilu",
            "NGramRepeatBlock",
            "BifurcationDetector",
        ),
        *("QLinearLeakyRelu", "QLinearSigmoid", "QLinearSoftmax", "QOrderedGelu", "QOrderedLayerNormalization"),
    ),
    # Written into the default domain by onnxruntime, before ai.onnx had them or without its ever having had them.
    *("SimplifiedLayerNormalization", "LayerNormalization"),
)
def same(call: Call) -> list[TypeProto]:
    """x (2,8,64) gives (2,8,64)."""
    return [call.like(0)]


@shapes(*microsoft("BiasDropout"))
def bias_dropout(call: Call) -> list[TypeProto]:
    """The mask has the same shape."""
    return [call.like(0), call.like(0, TensorProto.BOOL)]


@shapes(*microsoft("SkipLayerNormalization", "SkipSimplifiedLayerNormalization"))
def skip_layer_norm(call: Call) -> list[TypeProto]:
    """Outputs: normalised, mean, inverse deviation, and the sum before normalisation."""
    shape = call.shape(0)
    statistics = tensor_type(TensorProto.FLOAT, None if shape is None else (*shape[:-1], 1))
    return [call.like(0), statistics, statistics, call.like(0)]


@shapes(*microsoft("SkipGroupNorm"))
def skip_group_norm(call: Call) -> list[TypeProto]:
    """Outputs: normalised, and the sum before normalisation."""
    return [call.like(0), call.like(0)]


@shapes(*microsoft("BiasSplitGelu"))
def bias_split_gelu(call: Call) -> list[TypeProto]:
    """Half of the last axis gates the other half: (2,64,320) gives (2,64,160)."""
    shape = call.shape(0)
    if not shape or shape[-1] is None:
        return []
    return [tensor_type(call.elem(0), (*shape[:-1], shape[-1] // 2))]


@shapes(*microsoft("EmbedLayerNormalization", "QEmbedLayerNormalization"))
def embed_layer_norm(call: Call) -> list[TypeProto]:
    """input_ids (B,S) and a word table (V,D) give (B,S,D), mask_index (B), embedding_sum (B,S,D)."""
    shape = call.shape(0)
    if shape is None or len(shape) != 2:
        return []
    scales = 8  # in the quantised form, the tables' scales follow the eight tensors
    elem = call.elem(scales) if call.node.op_type.startswith("Q") else call.elem(2)
    embedded = tensor_type(elem, (*shape, call.dim(2, 1)))
    return [embedded, tensor_type(TensorProto.INT32, shape[:1]), embedded]


@shapes(*microsoft("ExpandDims"))
def expand_dims(call: Call) -> list[TypeProto]:
    """x (2,3) at axis -1 gives (2,3,1)."""
    shape, axis = call.shape(0), call.value(1)
    if shape is None or axis is None:
        return []
    at = int(axis.reshape(-1)[0])
    at = at + len(shape) + 1 if at < 0 else at
    return [tensor_type(call.elem(0), (*shape[:at], 1, *shape[at:]))]
