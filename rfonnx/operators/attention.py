"""Attention and rotary embedding of ai.onnx.

MACs are dense: every query meets every key, also those that a mask or a window hides.
"""

from __future__ import annotations

import numpy as np

from rfonnx.operators.access.attending import Heads, Keys, attended, bias, masked, packed, scores, unpacked, with_past
from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Step
from rfonnx.operators.access.visible import MASK_NOTE
from rfonnx.operators.counting import CountCall, UncountedError, counts
from rfonnx.operators.row import Sequential
from rfonnx.operators.table import declare

_LENGTHS = "sequences end where nonpad_kv_seqlen says: taken as long as the tensor"


@rule("Attention")
def attention(op: Op) -> list[Access]:
    """Y[b,h,q] reads Q[b,h,q], and of K, V and the mask the keys that is_causal, the window and a constant mask leave. Exact."""
    attrs = op.attrs
    heads, kv_heads = attrs.get("q_num_heads", 0), attrs.get("kv_num_heads", 0)
    query = packed(op.name(0), op.shape(0), heads)
    key, value = packed(op.name(1), op.shape(1), kv_heads), packed(op.name(2), op.shape(2), kv_heads)
    keys, values = with_past(op, 4, kv_heads, key, value)
    batch, count, queries, _ = query.shape
    total = keys[0].shape[2]

    seen, certain = _seen(op, queries, total)
    masks = [bias(op.name(3), op.shape(3))] if op.reads(3) else []
    biases, conditions = ([], masks) if _boolean(op) else (masks, [])
    paths = attended(query, keys, values, biases, seen, conditions=conditions)
    if op.reads(6):
        paths.append(Path(op.name(6), (Reshape((batch, 1, 1, 1)),)))
    exact = seen.exact and certain
    y = Access(tuple(paths), exact, "" if exact else MASK_NOTE if certain else _LENGTHS)
    if len(op.out_shape()) == 3:
        whole = op.temporary((batch, count, queries, values[0].shape[3]), y)
        y = Access((Path(whole, unpacked(queries, op.out_shape()[2], batch)),))

    present = [Access(tuple(part.then() for part in parts)) for parts in (keys, values)]
    return [y, *present, _products(op, query, keys, masks, seen)][: len(op.node.outputs)]


def _seen(op: Op, queries: int, total: int) -> tuple[Keys, bool]:
    """The keys of each query, and whether nothing at run time narrows them further."""
    keys, certain = Keys.all(queries, total), True
    least = most = op.shape(4)[2] if op.name(4) else 0
    if op.name(6):
        lengths = op.value(6)
        if lengths is None:
            certain, least, most = False, -queries, total
        else:
            least, most = int(lengths.min()) - queries, int(lengths.max()) - queries
            certain = least == most
            keys = keys.within(0, int(lengths.max()) - 1)
    rows = positions(queries)
    right = op.attrs.get("right_window_size", -1)
    if op.attrs.get("is_causal", 0):
        right = 0
    if right >= 0:
        keys = keys.within(0, rows + most + right)
    if op.attrs.get("left_window_size", -1) >= 0:
        keys = keys.within(rows + least - op.attrs["left_window_size"], total - 1)
    if op.name(3):
        keys = masked(op, op.name(3), _boolean(op), keys, total)
    return keys, certain


def _boolean(op: Op) -> bool:
    """Whether the mask says which keys are seen, and is not added to their scores."""
    return op.graph.dtypes.get(op.name(3)) == "bool"


def _products(op: Op, query: Heads, keys: list[Heads], masks: list[Heads], seen: Keys) -> Access:
    """The fourth output: products of queries and keys, with the mask added (mode 2), or after the softmax (mode 3)."""
    mode = op.attrs.get("qk_matmul_output_mode", 0)
    raw = scores(query, keys)
    if mode == 3:
        weights = attended(query, keys, [], masks, seen, alone=not _boolean(op))
        return Access(
            tuple(weights), exact=False, note="weights that a mask hides are zero, but are shown with their row"
        )
    if mode == 0:
        return Access(tuple(raw))
    added = Access((*raw, *(term.then() for term in masks)))
    if mode == 1 and masks:  # after the soft cap by the specification, after the mask in onnxruntime
        return added._replace(exact=False, note="runtimes differ in whether the mask is added: taken as if")
    if bool((seen.first == 0).all() and (seen.last == keys[0].shape[2] - 1).all()):
        return added
    return added._replace(
        exact=False, note="products that a mask hides are constant, but are shown as if they were not"
    )


@rule("RotaryEmbedding")
def rotary_embedding(op: Op) -> Access:
    """y[b,h,s,i] reads x at i and at the place i is rotated with, and the caches at s, or, by position_ids, anywhere. Exact,
    but for caches that are computed."""
    return rotary(op, op.name(0), op.shape(0), (1, 2), 3)


def rotary(op: Op, x: str, shape: tuple[int, ...], caches: tuple[int, int], ids: int) -> Access:
    """Lower a rotary embedding whose caches and position ids are those inputs."""
    attrs = op.attrs
    heads = attrs.get("num_heads", 0)
    rank, width = len(shape), shape[-1]
    size = width if rank == 4 else width // heads if heads else 2 * op.shape(caches[0])[-1]
    rotated = attrs.get("rotary_embedding_dim", 0) or size
    if not size or width % size or rotated > size or rotated % 2:
        raise Unproven(f"{heads} heads with {rotated} rotated features do not fit a tensor of shape {shape}")
    place = positions(size)
    half = rotated // 2
    if attrs.get("interleaved", 0):
        partner, angle = place ^ 1, place // 2
    else:
        partner, angle = np.where(place < half, place + half, place - half), place % max(half, 1)
    partner = np.where(place < rotated, partner, place)
    starts = positions(width)[::size, None]
    both = (starts + partner).reshape(-1)
    paths = [Path(x), Path(x, (Select(rank - 1, both, both),))]

    by_features = Select(1, angle, np.where(place < rotated, angle, angle - 1))
    picked = any(op.reads(index) and len(op.shape(index)) == 2 for index in caches)  # by position_ids
    paths += [_cached(op, index, by_features, shape) for index in caches if op.reads(index)]
    if op.reads(ids):
        paths.append(_by_token(op, ids, rank))
    return Access(tuple(paths), not picked, "which row of the cache is read is data: all are taken" if picked else "")


def _by_token(op: Op, ids: int, rank: int) -> Path:
    """Position ids, one for all or (batch, sequence), lined up with a tensor of 3 or 4 axes."""
    shape = op.shape(ids)
    if len(shape) < 2:
        return Path(op.name(ids), (Reshape(()),))
    batch, length = shape
    return Path(op.name(ids), (Reshape((batch, 1, length, 1) if rank == 4 else (batch, length, 1)),))


def _cached(op: Op, index: int, by_features: Select, shape: tuple[int, ...]) -> Path:
    """A cache of (batch, sequence, angles), or of (positions, angles) of which position_ids pick rows."""
    cache, size = op.shape(index), len(by_features.first)
    one_row = len(cache) == 2
    steps: tuple[Step, ...]
    if one_row:
        steps = (Reduce((0,)), by_features, Reshape((size,)))
    else:
        steps = (Reshape((cache[0] * cache[1], cache[2])), by_features, Reshape((*cache[:2], size)))
    return Path(op.name(index), (*steps, *_over_heads(shape, size, one_row)))


def _over_heads(shape: tuple[int, ...], size: int, one_row: bool) -> tuple[Step, ...]:
    """A cache of (batch, sequence, size), or (size) when one row serves all, lined up with the tensor."""
    if len(shape) == 4:
        return () if one_row else (Reshape((shape[0], 1, shape[2], size)),)
    feature = np.tile(positions(size), shape[2] // size)
    return (Select(0 if one_row else 2, feature, feature),)


@rule("ai.onnx.preview.FlexAttention")
def flex_attention(op: Op) -> Access:
    """As Attention without a mask. Exact. What its modifiers do to the scores is not followed."""
    if "score_mod" in op.attrs or "prob_mod" in op.attrs:
        raise Unproven("its modifiers may hide or mix any scores")
    query, key, value = (packed(op.name(i), op.shape(i), 0) for i in range(3))
    return Access(tuple(attended(query, [key], [value], [], Keys.all(query.shape[2], key.shape[2]))))


@counts("Attention", "ai.onnx.preview.FlexAttention")
def attention_macs(call: CountCall) -> int:
    """Products of queries (B, heads, S, size) and keys, then of weights and values. Packed ones, (B, S, D), say their heads."""
    if "score_mod" in call.node.attrs or "prob_mod" in call.node.attrs:
        raise UncountedError("what its modifiers cost is not followed")
    query, key, value = call.shape(0), call.shape(1), call.shape(2)
    heads = int(call.attr("q_num_heads", 0)) if len(query) == 3 else query[1]
    per_head = query[-1] // heads if len(query) == 3 else query[-1]
    per_value = value[-1] // int(call.attr("kv_num_heads", 0)) if len(value) == 3 else value[-1]
    cached = call.shape(4)[-2] if call.node.kind == "Attention" and call.has(4) else 0
    return score_macs(query[0] * heads * query[-2], key[-2] + cached, per_head + per_value)


def score_macs(queries: int, keys: int, features: int) -> int:
    """Both products: `features` are those of a query and of a value."""
    return queries * keys * features


def refuse_shared_buffer(shared: bool) -> None:
    if shared:
        raise UncountedError("how many keys its cache holds is data")


_WHOLE = {"is_causal": 0, "left_window_size": -1, "right_window_size": -1}
declare("Attention", attending=Sequential((0, 1, 2), (4, 5), 3, _WHOLE), manner=("attention",))
declare("RotaryEmbedding", family="attention", macs=0, manner=())
declare("ai.onnx.preview.FlexAttention", attending=Sequential((0, 1, 2), ()), manner=())
