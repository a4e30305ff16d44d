"""com.microsoft attention that projects its input itself.

Letters of shapes: B batch, S queries, L keys, P cached keys, N heads, H head size.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, TypeProto

from rfonnx.graph.tensors import element_count, tensor_type
from rfonnx.operators.access.attending import Heads, Keys, appended, attended, bias, ends, masked, unpacked
from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, entire
from rfonnx.operators.access.shared import known
from rfonnx.operators.access.visible import MASK_NOTE
from rfonnx.operators.attention import refuse_shared_buffer, score_macs
from rfonnx.operators.counting import CountCall, counts
from rfonnx.operators.row import Sequential
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.table import declare, microsoft


@shapes(*microsoft("Attention QAttention QOrderedAttention"))
def attention_shape(call: ShapeCall) -> list[TypeProto]:
    """Input (B,S,D) and weights (D, 3NH) give (B,S,NH) and present (2,B,N,P+S,H). With other sizes of Q, K, V: (B,S,V)."""
    shape = call.shape(0)
    if shape is None or len(shape) != 3:
        return []
    quantized = call.node.op_type != "Attention"
    weights = 3 if call.node.op_type == "QOrderedAttention" else 1
    hidden = _hidden_size(call, weights)
    elem = call.elem(3) if call.node.op_type == "QAttention" else call.elem(0)
    past = 8 if quantized else 4
    heads = int(call.attr("num_heads", 0)) or None
    total = present_length(call, call.dim(past, 3) if call.has(past) else 0, shape[1])
    present = (2, shape[0], heads, total, None if hidden is None or heads is None else hidden // heads)
    return [tensor_type(elem, (*shape[:2], hidden)), tensor_type(elem, present)]


def _hidden_size(call: ShapeCall, weights: int) -> int | None:
    """Features of all heads together: of weights (D, 3NH), or as it is stated for Q, K and V."""
    packed, sizes = call.dim(weights, 1), call.attr("qkv_hidden_sizes")
    return sizes[2] if sizes else None if packed is None else packed // 3


def present_length(call: ShapeCall, cached: int | None, new: int | None) -> int | None:
    """Tokens in the cache that comes out, of those that were in it and new ones."""
    if call.attr("past_present_share_buffer", 0):
        return cached
    return None if cached is None or new is None else cached + new


@shapes(*microsoft("PackedAttention"))
def packed_attention_shape(call: ShapeCall) -> list[TypeProto]:
    """Tokens of all sequences without padding: (T,D) and weights (D,3NH) give (T,NH)."""
    return [tensor_type(call.elem(0), (call.dim(0, 0), _hidden_size(call, 1)))]


@shapes(*microsoft("PackedMultiHeadAttention"))
def packed_multi_head_attention_shape(call: ShapeCall) -> list[TypeProto]:
    """Query (T,NH) or packed (T,N,3,H) gives (T,NV)."""
    query = call.shape(0)
    if query is None:
        return []
    width = element_count((query[1], query[3])) if len(query) == 4 else call.dim(2, -1)
    return [tensor_type(call.elem(0), (query[0], width))]


@shapes(*microsoft("RelativePositionBias"))
def relative_position_bias_shape(call: ShapeCall) -> list[TypeProto]:
    """A table (buckets, N) and two lengths give (1,N,S,L)."""
    queries, keys = call.value(1), call.value(2)
    lengths = tuple(None if v is None else int(v.reshape(-1)[0]) for v in (queries, keys))
    return [tensor_type(call.elem(0) or TensorProto.FLOAT, (1, call.dim(0, 1), *lengths))]


LENGTHS_NOTE = "sequences end where their lengths say: taken as long as the tensor"


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
    y = attention_output(op, query, keys, values, biases, seen, mask, width // heads)
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
    old, new = ends(3, 1, total - tokens, total)
    paths = [Path(op.name(0), (Reduce((2,)), new, Reshape((batch, 1, total, 1))))]
    if op.reads(past):
        paths.append(Path(op.name(past), (old,)))
    return Access(tuple(paths))


def attention_output(
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
    return entire(name, len(shape))


@counts("com.microsoft.Attention")
def projected_attention_macs(call: CountCall) -> int:
    """Input (B,S,I) by weights (I, D of queries, keys and values), then attention; a cache is (2, B, heads, length, size)."""
    return _projected_macs(call, past=4)


@counts("com.microsoft.QAttention")
def quantised_attention_macs(call: CountCall) -> int:
    """As com.microsoft.Attention, with the cache elsewhere."""
    return _projected_macs(call, past=8)


def _projected_macs(call: CountCall, past: int) -> int:
    refuse_shared_buffer(bool(call.attr("past_present_share_buffer", 0)))
    batch, tokens, width = call.shape(0)
    columns = call.shape(1)[1]
    query, key, value = map(int, call.attr("qkv_hidden_sizes", None) or [columns // 3] * 3)
    keys = tokens + (call.shape(past)[3] if call.has(past) else 0)
    return batch * tokens * width * (query + key + value) + score_macs(batch * tokens, keys, query + value)


declare(*microsoft("PackedAttention PackedMultiHeadAttention RelativePositionBias"), manner=())
declare("com.microsoft.Attention", attending=Sequential((0,), (4,)), manner=("attention",))
declare("com.microsoft.QAttention", attending=Sequential((0,), (8,)), manner=(), quantised=True, stands_for="Attention")
declare("com.microsoft.QOrderedAttention", manner=(), quantised=True)
