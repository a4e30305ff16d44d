"""Language models see no token after their own: `hi(t) = t`, in every way that exporters write the mask.

Each model embeds token ids, attends once with the mask under test, and projects to logits. What the intervals say is held against
onnxruntime: the token at each place is replaced, and the logits that change are the truth.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx
from access.probe import runner, values

N, WIDTH, HEADS, VOCABULARY = 6, 16, 2, 11
SIZE = WIDTH // HEADS
LOWEST = float(np.finfo(np.float32).min)
IDS = np.random.default_rng(0).integers(0, VOCABULARY, (2, N))


class Writer:
    """Collects the nodes and constants of one model."""

    def __init__(self, opset: int = 18) -> None:
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []

    def constant(self, value: object, dtype: type | None = None) -> str:
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def node(self, op: str, *inputs: str, domain: str = "", outputs: int = 1, **attrs: object) -> str:
        names = [f"t{len(self.nodes)}" + (f".{i}" if i else "") for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, domain=domain, **attrs))
        return names[0]

    def linear(self, x: str, width: int) -> str:
        return self.node("MatMul", x, self.constant(values(WIDTH, width, seed=len(self.weights)) / 8))

    def model(self, batch: int | str, output: str) -> onnx.ModelProto:
        ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [batch, N])
        self.nodes.append(helper.make_node("Identity", [output], ["logits"]))
        graph = helper.make_graph(
            self.nodes,
            "gpt",
            [ids, *self.inputs],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
            self.weights,
        )
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def embedded(w: Writer) -> str:
    """ids -> (batch, N, WIDTH), with learned positions added."""
    tokens = w.node("Gather", w.constant(values(VOCABULARY, WIDTH)), "ids")
    return w.node("Add", tokens, w.constant(values(1, N, WIDTH, seed=1)))


def heads(w: Writer, x: str, count: int = HEADS) -> str:
    """(batch, N, count*SIZE) -> (batch, count, N, SIZE)."""
    return w.node("Transpose", w.node("Reshape", x, w.constant([0, N, count, SIZE])), perm=[0, 2, 1, 3])


def joined(w: Writer, x: str) -> str:
    """The inverse of `heads`."""
    return w.node("Reshape", w.node("Transpose", x, perm=[0, 2, 1, 3]), w.constant([0, N, WIDTH]))


def eager(mask: Callable[[Writer, str], str], guard: bool = False) -> onnx.ModelProto:
    """Attention written out; `mask` makes the masked scores from the scores; `guard`: rows of NaN become zero."""
    w = Writer()
    x = embedded(w)
    q, k, v = (heads(w, w.linear(x, WIDTH)) for _ in range(3))
    scores = w.node("MatMul", q, w.node("Transpose", k, perm=[0, 1, 3, 2]))
    scores = w.node("Mul", scores, w.constant(0.5, np.float32))
    weights = w.node("Softmax", mask(w, scores), axis=-1)
    if guard:
        weights = w.node("Where", w.node("IsNaN", weights), w.constant(0, np.float32), weights)
    return w.model("batch", w.linear(joined(w, w.node("MatMul", weights, v)), VOCABULARY))


CAUSAL = np.tri(N, dtype=bool)


def stored_addition(w: Writer, scores: str) -> str:
    """A stored mask of 0 and -inf is added."""
    return w.node("Add", scores, w.constant(np.where(CAUSAL, 0, -np.inf), np.float32))


def lowest_addition(w: Writer, scores: str) -> str:
    return w.node("Add", scores, w.constant(np.where(CAUSAL, 0, LOWEST)[None, None], np.float32))


def sliced_buffer(w: Writer, scores: str) -> str:
    """GPT-2 of old: a stored triangle for the longest context, cut to this one by its shape, and Where."""
    whole = w.constant(np.tri(32, dtype=bool)[None, None])
    length = w.node("Gather", w.node("Shape", "ids"), w.constant([1]))
    start, step = w.constant([0]), w.constant([1])
    rows = w.node("Slice", whole, start, length, w.constant([2]), step)
    mask = w.node("Slice", rows, start, length, w.constant([3]), step)
    return w.node("Where", mask, scores, w.constant(LOWEST, np.float32))


def triu_of_full(w: Writer, scores: str) -> str:
    """torch.triu(torch.full((n, n), -inf), diagonal=1)."""
    length = w.node("Gather", w.node("Shape", "ids"), w.constant([1]))
    shape = w.node("Concat", length, length, axis=0)
    full = w.node("ConstantOfShape", shape, value=numpy_helper.from_array(np.array([-np.inf], np.float32)))
    return w.node("Add", scores, w.node("Trilu", full, w.constant(1), upper=1))


def tril_of_ones(w: Writer, scores: str) -> str:
    """masked_fill(tril(ones(n, n)) == 0, -inf)."""
    ones = w.constant(np.ones((N, N), np.float32))
    hidden = w.node("Equal", w.node("Trilu", ones, upper=0), w.constant(0, np.float32))
    return w.node("Where", hidden, w.constant(-np.inf, np.float32), scores)


def compared_ranges(w: Writer, scores: str) -> str:
    """Positions of keys against those of queries, as recent Hugging Face models build it."""
    length = w.node("Gather", w.node("Shape", "ids"), w.constant(1))
    positions = w.node("Range", w.constant(0), length, w.constant(1))
    row = w.node("Unsqueeze", positions, w.constant([0]))
    column = w.node("Unsqueeze", positions, w.constant([1]))
    seen = w.node("LessOrEqual", row, column)
    return w.node("Where", seen, scores, w.constant(-np.inf, np.float32))


def boolean_to_float(w: Writer, scores: str) -> str:
    """F.scaled_dot_product_attention with a boolean mask: Where(mask, 0, -inf), expanded, then added."""
    bias = w.node("Where", w.constant(CAUSAL), w.constant(0, np.float32), w.constant(-np.inf, np.float32))
    shape = w.node("Concat", w.node("Gather", w.node("Shape", "ids"), w.constant([0])), w.constant([1, N, N]), axis=0)
    return w.node("Add", scores, w.node("Expand", bias, shape))


def one_minus_mask(w: Writer, scores: str) -> str:
    """(1 - mask) * minimum."""
    inverted = w.node("Sub", w.constant(1, np.float32), w.constant(CAUSAL, np.float32))
    return w.node("Add", scores, w.node("Mul", inverted, w.constant(LOWEST, np.float32)))


def with_padding(w: Writer, scores: str) -> str:
    """A triangle and a padding mask from an input, joined by And."""
    w.inputs.append(helper.make_tensor_value_info("padding", TensorProto.BOOL, ["batch", N]))
    padding = w.node("Unsqueeze", "padding", w.constant([1, 2]))
    seen = w.node("And", w.constant(CAUSAL), padding)
    return w.node("Where", seen, scores, w.constant(LOWEST, np.float32))


def with_padding_added(w: Writer, scores: str) -> str:
    """BERT-style: a float padding mask from an input, times the minimum, added beside the triangle."""
    w.inputs.append(helper.make_tensor_value_info("padding", TensorProto.BOOL, ["batch", N]))
    keep = w.node("Cast", w.node("Unsqueeze", "padding", w.constant([1, 2])), to=TensorProto.FLOAT)
    bias = w.node("Mul", w.node("Sub", w.constant(1, np.float32), keep), w.constant(LOWEST, np.float32))
    both = w.node("Add", w.constant(np.where(CAUSAL, 0, LOWEST), np.float32), bias)
    return w.node("Add", scores, w.node("Max", both, w.constant(LOWEST, np.float32)))


def scatter_free_minimum(w: Writer, scores: str) -> str:
    """The smaller of the scores and a mask of the largest and the smallest number."""
    return w.node("Min", scores, w.constant(np.where(CAUSAL, -LOWEST, LOWEST), np.float32))


WAYS = [
    stored_addition,
    lowest_addition,
    sliced_buffer,
    triu_of_full,
    tril_of_ones,
    compared_ranges,
    boolean_to_float,
    one_minus_mask,
    with_padding,
    with_padding_added,
    scatter_free_minimum,
]


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
def test_masks_of_attention_written_out(way):
    hold(eager(way))


def test_rows_of_nan_are_guarded_against():
    hold(eager(stored_addition, guard=True))


def test_attention_that_is_causal_by_attribute():
    w = Writer(opset=23)
    x = embedded(w)
    q, k, v = (heads(w, w.linear(x, WIDTH)) for _ in range(3))
    hold(w.model("batch", w.linear(joined(w, w.node("Attention", q, k, v, is_causal=1)), VOCABULARY)))


def test_attention_of_packed_heads_that_is_causal_by_attribute():
    w = Writer(opset=23)
    x = embedded(w)
    q, k, v = w.linear(x, WIDTH), w.linear(x, SIZE), w.linear(x, SIZE)
    y = w.node("Attention", q, k, v, is_causal=1, q_num_heads=HEADS, kv_num_heads=1)
    hold(w.model("batch", w.linear(y, VOCABULARY)))


def test_unidirectional_attention_of_onnxruntime():
    w = Writer()
    weight, bias = w.constant(values(WIDTH, 3 * WIDTH, seed=5) / 8), w.constant(values(3 * WIDTH, seed=6))
    y = w.node("Attention", embedded(w), weight, bias, domain="com.microsoft", num_heads=HEADS, unidirectional=1)
    hold(w.model("batch", w.linear(y, VOCABULARY)))


def test_unidirectional_multi_head_attention_of_onnxruntime():
    w = Writer()
    x = embedded(w)
    q, k, v = (w.linear(x, WIDTH) for _ in range(3))
    y = w.node("MultiHeadAttention", q, k, v, domain="com.microsoft", num_heads=HEADS, unidirectional=1)
    hold(w.model("batch", w.linear(y, VOCABULARY)))


@pytest.mark.parametrize("window", [-1, 3])
def test_group_query_attention_is_always_causal(window):
    w = Writer()
    x = embedded(w)
    q, k, v = w.linear(x, WIDTH), w.linear(x, SIZE), w.linear(x, SIZE)
    lengths = w.constant(np.full(2, N - 1), np.int32)
    y = w.node(
        "GroupQueryAttention",
        *(q, k, v, "", "", lengths, w.constant(N, np.int32)),
        domain="com.microsoft",
        outputs=3,
        num_heads=HEADS,
        kv_num_heads=1,
        local_window_size=window,
    )
    first = np.zeros(N, int) if window < 0 else np.maximum(np.arange(N) - window + 1, 0)
    hold(w.model(2, w.linear(y, VOCABULARY)), first)


def test_a_sliding_window_forgets():
    seen = CAUSAL & ~np.tri(N, k=-3, dtype=bool)

    def window(w: Writer, scores: str) -> str:
        return w.node("Where", w.constant(seen), scores, w.constant(-np.inf, np.float32))

    hold(eager(window), np.maximum(np.arange(N) - 2, 0))


def test_a_stack_of_layers_stays_causal():
    w = Writer()
    x = embedded(w)
    for _ in range(3):
        q, k, v = (heads(w, w.linear(x, WIDTH)) for _ in range(3))
        scores = w.node("MatMul", q, w.node("Transpose", k, perm=[0, 1, 3, 2]))
        mixed = w.node("MatMul", w.node("Softmax", triu_of_full(w, scores), axis=-1), v)
        x = w.node("Add", x, joined(w, mixed))
        x = w.node("LayerNormalization", x, w.constant(np.ones(WIDTH), np.float32), axis=-1)
    hold(w.model("batch", w.linear(x, VOCABULARY)))


def test_keys_of_the_past_come_before():
    """With a cache of P keys, query t sees the cache and tokens 0..t."""
    past = 3
    w = Writer()
    w.inputs += [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", HEADS, past, SIZE]) for n in ("pk", "pv")
    ]
    x = embedded(w)
    q, k, v = (heads(w, w.linear(x, WIDTH)) for _ in range(3))
    k, v = w.node("Concat", "pk", k, axis=2), w.node("Concat", "pv", v, axis=2)
    scores = w.node("MatMul", q, w.node("Transpose", k, perm=[0, 1, 3, 2]))
    mask = np.where(np.tri(N, N + past, k=past, dtype=bool), 0, -np.inf)
    weights = w.node("Softmax", w.node("Add", scores, w.constant(mask, np.float32)), axis=-1)
    model = w.model("batch", w.linear(joined(w, w.node("MatMul", weights, v)), VOCABULARY))
    hold(model)
    lo, hi = rfonnx.analyze(model).intervals("logits", input="pk", axis=2)
    assert (lo == 0).all()
    assert (hi == past - 1).all()


def hold(model: onnx.ModelProto, first: np.ndarray | int = 0) -> None:
    """Position t of the logits sees tokens first..t of its own sample, as the intervals say and as the runtime shows."""
    fixed = model.graph.input[0].type.tensor_type.shape.dim[0].dim_value
    batch = fixed or 2
    a = rfonnx.analyze(model, shapes=None if fixed else {"batch": batch})
    assert a.tensors["logits"].exact, a.tensors["logits"].notes
    lo, hi = by_token(a.intervals("logits", input="ids", axis=1), N)
    assert hi.tolist() == list(range(N))
    assert lo.tolist() == np.broadcast_to(first, N).tolist()
    seen = replaced(model, batch)
    positions = np.arange(N)
    claimed = (positions >= lo[:, None]) & (positions <= hi[:, None])
    for sample in range(batch):
        assert np.array_equal(seen[sample, :, sample], claimed)
    lo, hi = a.intervals("logits", input="ids", axis=0)
    assert np.array_equal(np.broadcast_to(lo, (batch, 1, 1)).ravel(), np.arange(batch))
    assert np.array_equal(lo, hi)


def by_token(interval: tuple[np.ndarray, np.ndarray], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Intervals of (batch, token, feature) by token, the others' hull."""
    lo, hi = interval
    return np.broadcast_to(lo.min(axis=(0, 2)), length), np.broadcast_to(hi.max(axis=(0, 2)), length)


def replaced(model: onnx.ModelProto, batch: int) -> np.ndarray:
    """(sample, position of the logits, sample, token): what changes when a token is replaced by any other."""
    run = runner(model)
    feeds = {"ids": IDS[:batch]}
    for extra in model.graph.input[1:]:
        shape = [batch, *(d.dim_value for d in extra.type.tensor_type.shape.dim[1:])]
        boolean = extra.type.tensor_type.elem_type == TensorProto.BOOL
        feeds[extra.name] = np.ones(shape, bool) if boolean else values(*shape)
    before = run(feeds)[0]
    seen = np.zeros((batch, N, batch, N), bool)
    for sample, token in np.ndindex(batch, N):
        for step in range(1, 4):
            ids = feeds["ids"].copy()
            ids[sample, token] = (ids[sample, token] + step) % VOCABULARY
            seen[:, :, sample, token] |= (run({**feeds, "ids": ids})[0] != before).any(axis=2)
    return seen


CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of exports is not here")
@pytest.mark.parametrize("name", ["hf_gpt2_tiny_dy18", "hf_mistral_swa_dy20"])
def test_exported_language_models(name):
    shapes = json.loads((CORPUS / "shapes.json").read_text())[name]
    a = rfonnx.analyze(CORPUS / "models" / f"{name}.onnx", shapes={k: tuple(v) for k, v in shapes.items()})
    (output,) = a.outputs[:1]
    length = shapes["input"][1]
    _, hi = by_token(a.intervals(output, input="input", axis=1), length)
    assert hi.tolist() == list(range(length))
    assert a.tensors[output].exact
