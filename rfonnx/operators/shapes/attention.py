"""Fused attention. Shapes: B batch, S queries, L keys, P cached keys, N heads, H head size."""

from __future__ import annotations

from onnx import TensorProto, TypeProto

from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.shapes.registry import Call, microsoft, shapes


@shapes(*microsoft("Attention", "QAttention", "QOrderedAttention"))
def attention(call: Call) -> list[TypeProto]:
    """Input (B,S,D) and weights (D, 3NH) give (B,S,NH) and present (2,B,N,P+S,H). With other sizes of Q, K, V: (B,S,V)."""
    shape = call.shape(0)
    if shape is None or len(shape) != 3:
        return []
    quantized = call.node.op_type != "Attention"
    weights = 3 if call.node.op_type == "QOrderedAttention" else 1
    packed, sizes = call.dim(weights, 1), call.attr("qkv_hidden_sizes")
    hidden = sizes[2] if sizes else None if packed is None else packed // 3
    elem = call.elem(3) if call.node.op_type == "QAttention" else call.elem(0)
    past = 8 if quantized else 4
    heads = int(call.attr("num_heads", 0)) or None
    cached = call.dim(past, 3) if call.has(past) else 0
    total = None if cached is None or shape[1] is None else cached + shape[1]
    if call.attr("past_present_share_buffer", 0):
        total = cached
    present = (2, shape[0], heads, total, None if hidden is None or heads is None else hidden // heads)
    return [tensor_type(elem, (*shape[:2], hidden)), tensor_type(elem, present)]


@shapes(*microsoft("MultiHeadAttention", "DecoderMaskedMultiHeadAttention"))
def multi_head_attention(call: Call) -> list[TypeProto]:
    """Query (B,S,NH), or packed (B,S,N,3,H); keys and values (B,L,NH) or (B,N,L,H). Gives (B,S,NV), present (B,N,P+L,H) each."""
    query, key, value = call.shape(0), call.shape(1), call.shape(2)
    if query is None or len(query) not in (3, 5):
        return []
    heads = int(call.attr("num_heads", 0)) or None
    if len(query) == 5:
        width = None if query[2] is None or query[4] is None else query[2] * query[4]
        return [tensor_type(call.elem(0), (*query[:2], width))]
    if value is None:  # left out: packed with the keys, (B,L,N,2,H)
        width, length = query[2], call.dim(1, 1)
    elif len(value) == 4:
        width, length = (None if None in (value[1], value[3]) else (value[1] or 0) * (value[3] or 0)), value[2]
    else:
        width, length = value[-1], value[1]
    masked = call.node.op_type.startswith("Decoder")
    past = (5, 6) if masked else (6, 7)
    outputs = [tensor_type(call.elem(0), (*query[:2], width))]
    for index, source in zip(past, (key, value), strict=True):
        cached = call.dim(index, 2) if call.has(index) else 0
        size = source[3] if source is not None and len(source) == 4 else None
        if source is not None and len(source) == 3 and source[2] is not None and heads:
            size = source[2] // heads
        total = None if cached is None or length is None else cached + length
        if call.attr("past_present_share_buffer", 0):
            total = cached
        outputs.append(tensor_type(call.elem(0), (query[0], heads, total, size)))
    return outputs


@shapes(*microsoft("GroupQueryAttention", "SparseAttention"))
def group_query_attention(call: Call) -> list[TypeProto]:
    """Query (B,S,NH), or packed (B,S,(N+2K)H) with K key-value heads. Gives (B,S,NH), present (B,K,total,H) each.

    Past and present may share a buffer, whose length is then the longest: the total is known when one of them is.
    """
    query = call.shape(0)
    if query is None or len(query) != 3:
        return []
    heads, shared = int(call.attr("num_heads")), int(call.attr("kv_num_heads"))
    packed = not call.has(1)
    width = query[2]
    size = None if width is None else width // (heads + 2 * shared if packed else heads)
    out = None if size is None else heads * size
    given = call.value(6) if call.node.op_type == "GroupQueryAttention" else None
    cached = call.dim(3, 2) if call.has(3) else 0
    total: int | None = None
    if given is not None and given.size == 1 and cached is not None:
        total = max(int(given.reshape(-1)[0]), cached)
    present = tensor_type(call.elem(0), (query[0], shared, total, size))
    return [tensor_type(call.elem(0), (*query[:2], out)), present, present]


@shapes(*microsoft("PackedAttention"))
def packed_attention(call: Call) -> list[TypeProto]:
    """Tokens of all sequences without padding: (T,D) and weights (D,3NH) give (T,NH)."""
    packed, sizes = call.dim(1, 1), call.attr("qkv_hidden_sizes")
    hidden = sizes[2] if sizes else None if packed is None else packed // 3
    return [tensor_type(call.elem(0), (call.dim(0, 0), hidden))]


@shapes(*microsoft("PackedMultiHeadAttention"))
def packed_multi_head_attention(call: Call) -> list[TypeProto]:
    """Query (T,NH) or packed (T,N,3,H) gives (T,NV)."""
    query = call.shape(0)
    if query is None:
        return []
    if len(query) == 4:
        width = None if query[1] is None or query[3] is None else query[1] * query[3]
    else:
        width = call.dim(2, -1)
    return [tensor_type(call.elem(0), (query[0], width))]


@shapes(*microsoft("RelativePositionBias"))
def relative_position_bias(call: Call) -> list[TypeProto]:
    """A table (buckets, N) and two lengths give (1,N,S,L)."""
    queries, keys = call.value(1), call.value(2)
    lengths = tuple(None if v is None else int(v.reshape(-1)[0]) for v in (queries, keys))
    return [tensor_type(call.elem(0) or TensorProto.FLOAT, (1, call.dim(0, 1), *lengths))]
