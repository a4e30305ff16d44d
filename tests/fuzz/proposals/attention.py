"""Attention, written out with masks in the ways that exporters write them, and as one operator."""

from __future__ import annotations

import numpy as np

from fuzz.builder import Builder, NoFit, Tensor
from fuzz.proposals.registry import frequent, proposal

HIDDEN = (-np.inf, np.finfo(np.float32).min, -1e10, -1e4, -100.0)
"""What masks are written with; the last two only make a weight small."""


@frequent
def attention(net: Builder) -> None:
    x = net.pick(2, 3, 4)
    other = net.pick(x.rank) if net.chance(0.2) else x
    q, k = (net.add("MatMul", [t.name, net.floats(t.shape[-1], 2)]) for t in (x, other))
    turned = net.add("Transpose", k, perm=[*range(x.rank - 2), x.rank - 1, x.rank - 2])
    scores = net.tensors[net.add("MatMul", [q, turned])]
    axis = -1 if net.chance(0.9) or net.opset < 13 else scores.rank - 1
    weights = net.add("Softmax", masked(net, scores), axis=axis if net.opset >= 13 else scores.rank - 1)
    if net.chance(0.15):
        weights = net.add("Dropout", weights)
    net.add("MatMul", [weights, other.name])


def pattern(net: Builder, rows: int, columns: int) -> np.ndarray:
    """Which keys a query keeps: those before it, those near it, those of a block, or any; at least one."""
    row, column = np.arange(rows)[:, None], np.arange(columns)[None]
    kinds = [
        column <= row + net.integer(0, 1),
        abs(row - column) <= 1,
        row // 2 == column // 2,
        net.random.random((rows, columns)) < 0.5,
    ]
    kept = net.choice(kinds)
    kept[:, 0] |= ~kept.any(axis=1)
    return np.broadcast_to(kept, (rows, columns))


def masked(net: Builder, scores: Tensor) -> str:
    rows, columns = scores.shape[-2:]
    kept = pattern(net, rows, columns)
    low = np.float32(net.choice(HIDDEN))
    match net.integer(0, 4):
        case 0:
            return net.add("Add", [scores.name, net.constant(np.where(kept, np.float32(0), low))])
        case 1:
            order = [scores.name, net.constant(low)]
            return net.add(
                "Where", [net.constant(kept), *order] if net.chance() else [net.constant(~kept), *order[::-1]]
            )
        case 2 if net.opset >= 14:
            full = net.constant(np.full((rows, columns), low))
            return net.add("Add", [scores.name, net.add("Trilu", [full, net.constant(np.int64(1))], upper=1)])
        case 3 if np.isfinite(low):
            hidden = net.add("Mul", [net.constant((~kept).astype(np.float32)), net.constant(low)])
            return net.add("Add", [scores.name, hidden])
    return scores.name


@frequent
def attention_operator(net: Builder) -> None:
    """The operator of opset 23, on packed heads or separate ones."""
    x = net.pick(3, 4)
    if net.opset < 23:
        raise NoFit
    heads = net.choice([d for d in range(1, x.shape[-1] + 1) if x.shape[-1] % d == 0]) if x.rank == 3 else None
    settings = {"q_num_heads": heads, "kv_num_heads": heads} if heads else {}
    length = x.shape[-2]
    inputs = [x.name] * 3
    if net.chance(0.4):
        kept = pattern(net, length, length)
        inputs.append(
            net.constant(kept if net.chance() else np.where(kept, np.float32(0), np.float32(net.choice(HIDDEN))))
        )
    net.add("Attention", inputs, is_causal=net.choice([None, 1]), softcap=net.choice([None, 2.0]), **settings)


@proposal
def fused_attention(net: Builder) -> None:
    """com.microsoft's, with one weight for query, key and value."""
    x = net.pick(3)
    heads = net.integer(1, 2)
    width = 2 * heads
    inputs = [x.name, net.floats(x.shape[-1], 3 * width), net.floats(3 * width)]
    if net.chance(0.3):
        lengths = net.random.integers(1, x.shape[1] + 1, x.shape[0]) if x.shape[1] else np.zeros(x.shape[0])
        inputs.append(net.constant(lengths.astype(np.int32)))
    net.add("Attention", inputs, domain="com.microsoft", num_heads=heads, unidirectional=net.integer(0, 1))


@proposal
def many_heads(net: Builder) -> None:
    x = net.pick(3)
    heads = net.choice([d for d in range(1, x.shape[-1] + 1) if x.shape[-1] % d == 0])
    inputs = [x.name] * 3
    if net.chance(0.4):
        length = x.shape[1]
        bias = np.where(pattern(net, length, length), np.float32(0), np.float32(net.choice(HIDDEN)))
        inputs += ["", "", net.constant(np.broadcast_to(bias, (1, heads, length, length)))]
    net.add("MultiHeadAttention", inputs, domain="com.microsoft", num_heads=heads, unidirectional=net.choice([None, 1]))


@frequent
def grouped_queries(net: Builder) -> None:
    """GroupQueryAttention without a past; a local window sometimes."""
    x = net.pick(3)
    batch, length, width = x.shape
    heads, size = 2, 8
    q = net.add("MatMul", [x.name, net.floats(width, heads * size)])
    k, v = (net.add("MatMul", [x.name, net.floats(width, size)]) for _ in range(2))
    lengths = net.constant(np.full(batch, length - 1, np.int32))
    net.add_many(
        "GroupQueryAttention",
        [q, k, v, "", "", lengths, net.constant(np.int32(length))],
        3,
        domain="com.microsoft",
        num_heads=heads,
        kv_num_heads=1,
        local_window_size=net.choice([None, 2]),
    )


@frequent
def rotary(net: Builder) -> None:
    x = net.pick(3, 4)
    if net.opset < 23 or x.shape[-1] % 2:
        raise NoFit
    length = x.shape[-2]
    tables = [net.floats(x.shape[0], length, x.shape[-1] // 2) for _ in range(2)]
    net.add(
        "RotaryEmbedding", [x.name, *tables], interleaved=net.choice([None, 1]), num_heads=1 if x.rank == 3 else None
    )


@proposal
def skip_norm(net: Builder) -> None:
    x = net.pick(3)
    width = x.shape[-1]
    inputs = [x.name, x.name if net.chance() else net.floats(*x.shape), net.floats(width), net.floats(width)]
    net.add("SkipLayerNormalization", inputs, domain="com.microsoft", epsilon=0.1)
