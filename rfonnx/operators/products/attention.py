"""Attention, dense: every query meets every key, also those that a mask or a window hides.

Letters: B batch, S queries, T keys with those of a cache, D features of all heads together.
"""

from __future__ import annotations

from math import prod

from rfonnx.operators.products.registry import Call, UncountedError, counts


@counts("Attention", "ai.onnx.preview.FlexAttention")
def attention(call: Call) -> int:
    """Products of queries (B, heads, S, size) and keys, then of weights and values. Packed ones, (B, S, D), say their heads."""
    if "score_mod" in call.node.attrs or "prob_mod" in call.node.attrs:
        raise UncountedError("what its modifiers cost is not followed")
    query, key, value = call.shape(0), call.shape(1), call.shape(2)
    heads = int(call.attr("q_num_heads", 0)) if len(query) == 3 else query[1]
    per_head = query[-1] // heads if len(query) == 3 else query[-1]
    per_value = value[-1] // int(call.attr("kv_num_heads", 0)) if len(value) == 3 else value[-1]
    cached = call.shape(4)[-2] if call.node.kind == "Attention" and call.has(4) else 0
    return _scores(query[0] * heads * query[-2], key[-2] + cached, per_head + per_value)


@counts("com.microsoft.Attention")
def projected_attention(call: Call) -> int:
    """Input (B,S,I) by weights (I, D of queries, keys and values), then attention; a cache is (2, B, heads, length, size)."""
    return _projected(call, past=4)


@counts("com.microsoft.QAttention")
def quantised_attention(call: Call) -> int:
    """As com.microsoft.Attention, with the cache elsewhere."""
    return _projected(call, past=8)


def _projected(call: Call, past: int) -> int:
    _shared_buffer(bool(call.attr("past_present_share_buffer", 0)))
    batch, tokens, width = call.shape(0)
    columns = call.shape(1)[1]
    query, key, value = map(int, call.attr("qkv_hidden_sizes", None) or [columns // 3] * 3)
    keys = tokens + (call.shape(past)[3] if call.has(past) else 0)
    return batch * tokens * width * (query + key + value) + _scores(batch * tokens, keys, query + value)


@counts("com.microsoft.MultiHeadAttention")
def multi_head_attention(call: Call) -> int:
    """Queries (B,S,D), or packed with keys and values as (B, S, heads, 3, size); keys (B,T,D), (B, heads, T, size) or packed
    with values as (B, T, heads, 2, size); values likewise."""
    _shared_buffer(call.has(8) or call.has(9))
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
    return _scores(query[0] * query[1], keys + cached, width + of_values)


@counts("com.microsoft.GroupQueryAttention")
def group_query_attention(call: Call) -> int:
    """Queries (B,S,D), or packed with keys and values of fewer heads. How many keys there are with those of the cache is input 6;
    without a cache, they are those of the queries."""
    batch, tokens, width = call.shape(0)
    heads, shared = int(call.attr("num_heads", 0)), int(call.attr("kv_num_heads", 0))
    if not call.has(1):
        width = width // (heads + 2 * shared) * heads
    keys = call.number(6) if call.has(3) else tokens
    if keys is None:
        raise UncountedError("how many keys its cache holds is data; --value may say it")
    return _scores(batch * tokens, keys, 2 * width)


@counts("LinearAttention")
def linear_attention(call: Call) -> int:
    """Each token adds the product of a key and a value to the state of its head, and multiplies the state by a query; delta rules
    multiply it by the key too. What decays it is elementwise."""
    batch, tokens, width = call.shape(1)
    heads, shared = call.attr("q_num_heads", 0), call.attr("kv_num_heads", 0)
    state = width // shared * (call.shape(2)[2] // shared)
    rule = call.attr("update_rule", "gated_delta")
    retrieved = shared if "delta" in (rule.decode() if isinstance(rule, bytes) else rule) else 0
    return prod((batch, tokens, state, shared + retrieved + heads))


def _scores(queries: int, keys: int, features: int) -> int:
    """Both products: `features` are those of a query and of a value."""
    return queries * keys * features


def _shared_buffer(shared: bool) -> None:
    if shared:
        raise UncountedError("how many keys its cache holds is data")
