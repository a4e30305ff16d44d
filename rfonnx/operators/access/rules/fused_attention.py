"""com.microsoft attention: the projection may be part of the operator, keys and values may come packed, cached or rotated."""

from __future__ import annotations

import numpy as np

from rfonnx.operators.access.attending import Heads, Keys, appended, attended, bias, masked, packed, scores, unpacked
from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Permute, Reduce, Reshape, Select, Step
from rfonnx.operators.access.rules.attention import rotary
from rfonnx.operators.access.rules.fused import microsoft
from rfonnx.operators.access.rules.shared import known
from rfonnx.operators.access.visible import MASK_NOTE

_LENGTHS = "sequences end where their lengths say: taken as long as the tensor"
_MASK = "a mask that is computed may hide any key: none is taken as hidden"


@rule(*microsoft("Attention"))
def attention(op: Op) -> list[Access]:
    """y[b,s] reads all features of input[b,s] and of the tokens it attends to, up to s when unidirectional.

    Exact without a mask.
    """
    known(op, 1, 2)
    return _projected(op, mask=3, past=4, added=5, length=6)


@rule(*microsoft("QAttention"))
def quantized_attention(op: Op) -> list[Access]:
    """As Attention, on quantised tensors. Exact without a mask."""
    known(op, 1, 2, 3, 4, 6, 7)
    return _projected(op, mask=5, past=8, added=9, length=10)


def _projected(op: Op, mask: int, past: int, added: int, length: int) -> list[Access]:
    """Attention whose weights make queries, keys and values: each mixes all features of its token."""
    if op.name(length) or op.attrs.get("past_present_share_buffer", 0):
        raise Unproven("past and present share a buffer")
    batch, tokens, _ = op.shape(0)
    heads = op.attrs["num_heads"]
    token = Heads(op.name(0), (Reduce((2,)), Reshape((batch, 1, tokens, 1))), (batch, 1, tokens, 1))
    query = Heads(token.name, token.steps, (batch, heads, tokens, 1))
    keys, values = [token], [token]
    if op.name(past):
        keys, values = (appended(_half(op, past, i), token) for i in (0, 1))
    total = keys[0].shape[2]
    seen = Keys.all(tokens, total)
    if op.attrs.get("unidirectional", 0):
        seen = seen.within(0, positions(tokens) + total - tokens)
    biases = [bias(op.name(added), op.shape(added))] if op.reads(added) else []
    if op.name(added):
        seen = masked(op, op.name(added), False, seen, total)
    width = op.out_shape()[2]
    y = _output(op, query, keys, values, biases, seen, mask, width // heads)
    outputs = [y]
    if len(op.node.outputs) > 1:
        outputs.append(_present(op, past, total))
    return outputs


def _half(op: Op, past: int, which: int) -> Heads:
    """Keys (0) or values (1) of a cache of shape (2, batch, heads, sequence, features)."""
    _, batch, heads, length, features = op.shape(past)
    place = np.array([which], np.int64)
    return Heads(
        op.name(past),
        (Select(0, place, place), Reshape((batch, heads, length, features))),
        (batch, heads, length, features),
    )


def _present(op: Op, past: int, total: int) -> Access:
    """(2, batch, heads, past and new tokens, features): old places are copied, new ones read all features of their token."""
    batch, tokens, _ = op.shape(0)
    before = total - tokens
    places = positions(total)
    new = Select(1, places - before, np.where(places >= before, places - before, places - before - 1))
    paths = [Path(op.name(0), (Reduce((2,)), new, Reshape((batch, 1, total, 1))))]
    if op.reads(past):
        old = Select(3, places, np.where(places < before, places, places - 1))
        paths.append(Path(op.name(past), (old,)))
    return Access(tuple(paths))


def _output(
    op: Op,
    query: Heads,
    keys: list[Heads],
    values: list[Heads],
    biases: list[Heads],
    seen: Keys,
    mask: int,
    width: int,
) -> Access:
    """The first output, (batch, queries, heads * width), with what a mask input adds."""
    batch, heads, queries, _ = query.shape
    paths = attended(query, keys, values, biases, seen)
    note = ""
    if op.name(mask):
        note = _MASK
        if op.reads(mask):
            paths.append(_mask_path(op, mask, batch, queries))
    note = note or ("" if seen.exact else MASK_NOTE)
    whole = op.temporary((batch, heads, queries, width), Access(tuple(paths), not note, note))
    return Access((Path(whole, unpacked(queries, heads * width, batch)),))


def _mask_path(op: Op, index: int, batch: int, queries: int) -> Path:
    """Masks of (batch), (batch, keys), (batch, queries, keys) or (batch, 1, ...); packed lengths are read anywhere."""
    shape = op.shape(index)
    name = op.name(index)
    if shape == (batch,):
        return Path(name, (Reshape((batch, 1, 1, 1)),))
    if shape[0] == batch and len(shape) == 3 and shape[1] == queries:
        return Path(name, (Reduce((2,)), Reshape((batch, 1, queries, 1))))
    if shape[0] == batch and len(shape) > 1:
        return Path(name, (Reduce(tuple(range(1, len(shape)))), Reshape((batch, 1, 1, 1))))
    return Path(name, (Reduce(tuple(range(len(shape)))), Reshape(())))


@rule(*microsoft("MultiHeadAttention"))
def multi_head_attention(op: Op) -> list[Access]:
    """y[b,q] of a head reads query q and the keys and values it attends to: up to q when unidirectional. Exact without a mask."""
    known(op, 3)
    if op.name(8) or op.name(9):
        raise Unproven("past and present share a buffer")
    heads = op.attrs["num_heads"]
    query, key, value = _separate(op, heads)
    keys, values = [key], [value]
    if op.name(6):
        keys = appended(packed(op.name(6), op.shape(6), heads), key)
        values = appended(packed(op.name(7), op.shape(7), heads), value)
    queries, total = query.shape[2], keys[0].shape[2]
    seen = Keys.all(queries, total)
    if op.attrs.get("unidirectional", 0):
        seen = seen.within(0, positions(queries) + total - queries)
    biases = [bias(op.name(5), op.shape(5))] if op.reads(5) else []
    if op.name(5):
        seen = masked(op, op.name(5), False, seen, total)
    y = _output(op, query, keys, values, biases, seen, mask=4, width=values[0].shape[3])
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
    attrs = op.attrs
    known(op, 7, 8, 11, 12, 13, 14, 15)
    if attrs.get("sliding_window_cache", 0) or op.name(16):
        raise Unproven("where its cache keeps a token is data")
    heads, kv_heads = attrs["num_heads"], attrs["kv_num_heads"]
    query, key, value = _grouped_parts(op, heads, kv_heads)
    batch, _, queries, _ = query.shape
    rows = positions(queries)
    causal = bool(attrs.get("causal", 1))
    window = attrs.get("local_window_size", -1)
    seen = Keys.all(queries, key.shape[2])
    if causal:
        seen = seen.within(rows - window + 1 if window > 0 else 0, rows)
    # one key alone has weight 1, unless something else takes part of it
    alone = not (op.name(3) or op.name(11) or attrs.get("smooth_softmax", 0))
    biases = [bias(op.name(10), op.shape(10))] if op.reads(10) else []
    paths = attended(query, [key], [value], [], seen, alone)
    if op.name(3):
        past_key, past_value = (packed(op.name(i), op.shape(i), kv_heads) for i in (3, 4))
        everything = Keys.all(queries, past_key.shape[2])
        paths += attended(query, [past_key], [past_value], [], everything, alone=False)
    paths += [term.then(Reduce((3,))) for term in biases]
    paths += [_steering(op, i, batch, queries) for i in (5, 6, 9) if op.reads(i)]
    exact = not (op.reads(5) or op.reads(6) or op.name(3) or biases)
    whole = op.temporary(
        (batch, heads, queries, value.shape[3]), Access(tuple(paths), exact, "" if exact else _LENGTHS)
    )
    outputs = [Access((Path(whole, unpacked(queries, op.out_shape()[2], batch)),))]
    for index, (new, past) in enumerate(((key, 3), (value, 4)), start=1):
        if index < len(op.node.outputs) and op.node.outputs[index]:
            outputs.append(_cache(op, new, past, op.out_shape(index), rotated=index == 1))
        else:
            outputs.append(Access(()))
    if len(op.node.outputs) > 3:
        raise Unproven("its products as an output")
    return outputs[: len(op.node.outputs)]


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
    return Path(op.name(index), (Reduce(tuple(range(len(shape)))), Reshape(())))


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
