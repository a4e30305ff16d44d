"""com.microsoft attention whose keys and values come apart, packed, cached or rotated.

Letters of shapes: B batch, S queries, L keys, P cached keys, N heads, H head size.
"""

from __future__ import annotations

import numpy as np
from onnx import TypeProto

from rfonnx.graph.tensors import element_count, tensor_type
from rfonnx.operators.access.attending import Heads, Keys, attended, bias, masked, packed, scores, unpacked, with_past
from rfonnx.operators.access.indexing import positions, whole
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Permute, Reduce, Reshape, Select, Step
from rfonnx.operators.access.shared import known
from rfonnx.operators.attention import refuse_shared_buffer, rotary, score_macs
from rfonnx.operators.counting import CountCall, UncountedError, counts
from rfonnx.operators.fused_attention import LENGTHS_NOTE, attention_output, present_length
from rfonnx.operators.row import Sequential
from rfonnx.operators.shaping import ShapeCall, same, shapes
from rfonnx.operators.table import declare, microsoft
from rfonnx.results.fields import Shape


@shapes(*microsoft("MultiHeadAttention DecoderMaskedMultiHeadAttention"))
def multi_head_attention_shape(call: ShapeCall) -> list[TypeProto]:
    """Query (B,S,NH), or packed (B,S,N,3,H); keys and values (B,L,NH) or (B,N,L,H). Gives (B,S,NV), present (B,N,P+L,H) each."""
    query, key, value = call.shape(0), call.shape(1), call.shape(2)
    if query is None or len(query) not in (3, 5):
        return []
    if len(query) == 5:
        return [tensor_type(call.elem(0), (*query[:2], element_count((query[2], query[4]))))]
    heads = int(call.attr("num_heads", 0)) or None
    if value is None:  # left out: packed with the keys, (B,L,N,2,H)
        width, length = query[2], call.dim(1, 1)
    elif len(value) == 4:
        width, length = element_count((value[1], value[3])), value[2]
    else:
        width, length = value[-1], value[1]
    outputs = [tensor_type(call.elem(0), (*query[:2], width))]
    first_past = 5 if call.node.op_type.startswith("Decoder") else 6
    for past, source in enumerate((key, value), first_past):
        total = present_length(call, call.dim(past, 2) if call.has(past) else 0, length)
        outputs.append(tensor_type(call.elem(0), (query[0], heads, total, _head_size(source, heads))))
    return outputs


def _head_size(source: Shape, heads: int | None) -> int | None:
    """Features of a head in keys or values of (B,N,L,H) or (B,L,NH)."""
    if source is None or len(source) not in (3, 4):
        return None
    features = source[-1]
    return features if len(source) == 4 else features // heads if features is not None and heads else None


@shapes(*microsoft("GroupQueryAttention SparseAttention"))
def group_query_attention_shape(call: ShapeCall) -> list[TypeProto]:
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


@rule(*microsoft("MultiHeadAttention"))
def multi_head_attention(op: Op) -> list[Access]:
    """y[b,q] of a head reads query q and the keys and values it attends to: up to q when unidirectional. Exact without a mask."""
    known(op, 3)
    if op.name(8) or op.name(9):
        raise Unproven("past and present share a buffer")
    heads = op.attrs["num_heads"]
    query, key, value = _separate(op, heads)
    keys, values = with_past(op, 6, heads, key, value)
    queries, total = query.shape[2], keys[0].shape[2]
    seen = Keys.all(queries, total)
    if op.attrs.get("unidirectional", 0):
        seen = seen.within(0, positions(queries) + total - queries)
    biases = [bias(op.name(5), op.shape(5))] if op.reads(5) else []
    if op.name(5):
        seen = masked(op, op.name(5), False, seen, total)
    y = attention_output(op, query, keys, values, biases, seen, mask=4, width=values[0].shape[3])
    present = [Access(tuple(part.then() for part in parts)) for parts in (keys, values)]
    products = Access(tuple(scores(query, keys)))
    weights = Access((*products.paths, *attended(query, keys, [], biases, seen)), False, "taken as all it may mix")
    return [y, *present, weights][: len(op.node.outputs)]


def _separate(op: Op, heads: int) -> tuple[Heads, Heads, Heads]:
    """Query, key and value; packed as (batch, sequence, heads, 3, features), or key and value with 2 for 3."""
    if len(op.shape(0)) == 5:
        return _packed_part(op, 0, 0), _packed_part(op, 0, 1), _packed_part(op, 0, 2)
    query = packed(op.name(0), op.shape(0), heads)
    if op.name(1) and len(op.shape(1)) == 5:
        return query, _packed_part(op, 1, 0), _packed_part(op, 1, 1)
    if not op.name(1) or not op.name(2):
        raise Unproven("neither key nor value is given")
    return query, packed(op.name(1), op.shape(1), heads), packed(op.name(2), op.shape(2), heads)


def _packed_part(op: Op, index: int, which: int) -> Heads:
    batch, length, heads, _, features = op.shape(index)
    place = np.array([which], np.int64)
    steps = (Select(3, place, place), Reshape((batch, length, heads, features)), Permute((0, 2, 1, 3)))
    return Heads(op.name(index), steps, (batch, heads, length, features))


@rule(*microsoft("GroupQueryAttention"))
def group_query_attention(op: Op) -> list[Access]:
    """y[b,s] of a head reads query s, the whole past, and new keys and values up to s, or of a window before s.

    A superset where lengths are computed: shorter ones leave keys out.
    """
    known(op, 7, 8, 11, 12, 13, 14, 15)
    if op.attrs.get("sliding_window_cache", 0) or op.name(16):
        raise Unproven("where its cache keeps a token is data")
    if len(op.node.outputs) > 3:
        raise Unproven("its products as an output")
    query, key, value = _grouped_parts(op, op.attrs["num_heads"], op.attrs["kv_num_heads"])
    batch, heads, queries, _ = query.shape
    exact = not (op.name(3) or any(op.reads(index) for index in (5, 6, 10)))
    made = Access(tuple(_grouped_paths(op, query, key, value)), exact, "" if exact else LENGTHS_NOTE)
    y = op.temporary((batch, heads, queries, value.shape[3]), made)
    outputs = [Access((Path(y, unpacked(queries, op.out_shape()[2], batch)),))]
    for index, (new, past) in enumerate(((key, 3), (value, 4)), start=1):
        wanted = any(op.node.outputs[index : index + 1])
        outputs.append(_cache(op, new, past, op.out_shape(index), rotated=index == 1) if wanted else Access(()))
    return outputs[: len(op.node.outputs)]


def _grouped_paths(op: Op, query: Heads, key: Heads, value: Heads) -> list[Path]:
    """What each query of a head reads: new tokens up to it, all of the cache, its bias, and what says where sequences end."""
    batch, _, queries, _ = query.shape
    rows, window = positions(queries), op.attrs.get("local_window_size", -1)
    seen = Keys.all(queries, key.shape[2])
    if op.attrs.get("causal", 1):
        seen = seen.within(rows - window + 1 if window > 0 else 0, rows)
    # one key alone has weight 1, unless something else takes part of it
    alone = not (op.name(3) or op.name(11) or op.attrs.get("smooth_softmax", 0))
    paths = attended(query, [key], [value], [], seen, alone)
    if op.name(3):
        past_key, past_value = (packed(op.name(i), op.shape(i), key.shape[1]) for i in (3, 4))
        paths += attended(query, [past_key], [past_value], [], Keys.all(queries, past_key.shape[2]), alone=False)
    if op.reads(10):
        paths.append(bias(op.name(10), op.shape(10)).then(Reduce((3,))))
    return paths + [_steering(op, i, batch, queries) for i in (5, 6, 9) if op.reads(i)]


def _grouped_parts(op: Op, heads: int, kv_heads: int) -> tuple[Heads, Heads, Heads]:
    """Query, key and value; without a key all three lie behind each other in the last axis of the query."""
    if op.name(1):
        parts = [packed(op.name(i), op.shape(i), n) for i, n in ((0, heads), (1, kv_heads), (2, kv_heads))]
        return parts[0], parts[1], parts[2]
    batch, length, width = op.shape(0)
    size = width // (heads + 2 * kv_heads)
    found = []
    start = 0
    for count in (heads, kv_heads, kv_heads):
        place = np.arange(start, start + count * size, dtype=np.int64)
        steps: tuple[Step, ...] = (
            Select(2, place, place),
            Reshape((batch, length, count, size)),
            Permute((0, 2, 1, 3)),
        )
        found.append(Heads(op.name(0), steps, (batch, count, length, size)))
        start += count * size
    return found[0], found[1], found[2]


def _steering(op: Op, index: int, batch: int, queries: int) -> Path:
    """Lengths per batch, one for all, or position ids per batch and query."""
    shape = op.shape(index)
    if shape == (batch,):
        return Path(op.name(index), (Reshape((batch, 1, 1, 1)),))
    if shape == (batch, queries):
        return Path(op.name(index), (Reshape((batch, 1, queries, 1)),))
    return whole(op, index)


def _cache(op: Op, new: Heads, past: int, shape: tuple[int, ...], rotated: bool) -> Access:
    """The present cache: past places keep themselves; where new tokens are put follows from the lengths."""
    mixed: tuple[Step, ...] = (Reduce((3,)),) if rotated and op.attrs.get("do_rotary", 0) else ()
    if not op.name(past) and not op.reads(5) and shape[2] == new.shape[2]:
        note = "rotated features are taken to mix all of their head" if mixed else ""
        return Access((new.then(*mixed),), not mixed, note)
    paths = [new.then(*mixed, Reduce((2,)))]
    if op.reads(past):
        paths.append(Path(op.name(past), (Reduce((2,)),)))
    return Access(tuple(paths), False, "where tokens are put follows from the lengths: anywhere along the sequence")


@rule(*microsoft("RotaryEmbedding"))
def rotary_embedding(op: Op) -> Access:
    """As RotaryEmbedding of ai.onnx, by position ids. Exact for constant caches."""
    if op.attrs.get("is_packed_batching", 0):
        raise Unproven("batches are packed by data")
    return rotary(op, op.name(0), op.shape(0), (2, 3), 1)


@counts("com.microsoft.MultiHeadAttention")
def multi_head_attention_macs(call: CountCall) -> int:
    """Queries (B,S,D), or packed with keys and values as (B, S, heads, 3, size); keys (B,T,D), (B, heads, T, size) or packed
    with values as (B, T, heads, 2, size); values likewise."""
    refuse_shared_buffer(call.has(8) or call.has(9))
    query = call.shape(0)
    width = query[2] * query[4] if len(query) == 5 else query[2]
    keys, of_values = query[1], width
    if call.has(1):
        key = call.shape(1)
        keys = key[2] if len(key) == 4 else key[1]
    if call.has(2):
        value = call.shape(2)
        of_values = value[1] * value[3] if len(value) == 4 else value[2]
    cached = call.shape(6)[2] if call.has(6) else 0
    return score_macs(query[0] * query[1], keys + cached, width + of_values)


@counts("com.microsoft.GroupQueryAttention")
def group_query_attention_macs(call: CountCall) -> int:
    """Queries (B,S,D), or packed with keys and values of fewer heads. How many keys there are with those of the cache is input 6;
    without a cache, they are those of the queries."""
    batch, tokens, width = call.shape(0)
    heads, shared = int(call.attr("num_heads", 0)), int(call.attr("kv_num_heads", 0))
    if not call.has(1):
        width = width // (heads + 2 * shared) * heads
    keys = call.number(6) if call.has(3) else tokens
    if keys is None:
        raise UncountedError("how many keys its cache holds is data; --value may say it")
    return score_macs(batch * tokens, keys, 2 * width)


shapes(*microsoft("RotaryEmbedding GemmaRotaryEmbedding LongformerAttention"))(same)
declare(*microsoft("RotaryEmbedding"), macs=0, manner=())
declare(*microsoft("RotaryEmbedding"), family="attention")
declare(
    *microsoft("DecoderMaskedMultiHeadAttention GemmaRotaryEmbedding LongformerAttention SparseAttention"), manner=()
)
declare("com.microsoft.GroupQueryAttention", attending=Sequential((0, 1, 2), (3, 4)), manner=())
declare(
    "com.microsoft.MultiHeadAttention",
    attending=Sequential((0, 1, 2), (6, 7), 5, {"unidirectional": 0}),
    manner=("attention",),
)
