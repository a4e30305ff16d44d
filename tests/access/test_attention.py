"""Attention rules against onnx's reference evaluator."""

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from access.probe import one_node, probe, values
from rfonnx.analysis.lower import lower
from rfonnx.model.reading.load import load

B, HEADS, Q, K, D = 1, 2, 3, 3, 2
SMALL = {"deltas": (0.5, -0.25), "trials": 1}


def reference(op_type, inputs, constants=(), **node):
    """Runs the operator as onnx defines it: onnxruntime's kernels know few opsets of these."""
    evaluator = ReferenceEvaluator(one_node(op_type, inputs, constants, **node))
    return lambda feeds: [np.asarray(y) for y in evaluator.run(None, feeds)]


def check(op_type, inputs, constants=(), exact=True, vary=None, **node):
    run = reference(op_type, inputs, constants, **node)
    return probe(op_type, inputs, constants, run=run, exact=exact, vary=vary, **SMALL, **node)


def qkv(queries=Q, keys=K, heads=HEADS, kv_heads=HEADS, packed=False):
    q, k, v = values(B, heads, queries, D), values(B, kv_heads, keys, D, seed=1), values(B, kv_heads, keys, 1, seed=2)
    if packed:
        q, k, v = (np.ascontiguousarray(x.transpose(0, 2, 1, 3)).reshape(B, x.shape[2], -1) for x in (q, k, v))
    return {"q": q, "k": k, "v": v}


def past(length, kv_heads=HEADS):
    return {"pk": values(B, kv_heads, length, D, seed=3), "pv": values(B, kv_heads, length, 1, seed=4)}


@pytest.mark.parametrize("opset", [23, 24, 25])
@pytest.mark.parametrize("causal", [0, 1])
def test_attention(opset, causal):
    check("Attention", qkv(), opset=opset, is_causal=causal)


@pytest.mark.parametrize("causal", [0, 1])
def test_packed_heads_and_grouped_queries(causal):
    inputs = qkv(heads=4, kv_heads=2, packed=True)
    check("Attention", inputs, opset=24, is_causal=causal, q_num_heads=4, kv_num_heads=2)


@pytest.mark.parametrize("causal", [0, 1])
def test_past_keys_lie_before(causal):
    inputs = qkv(queries=2, keys=2) | past(2)
    order = ["q", "k", "v", "", "pk", "pv"]
    check("Attention", inputs, opset=24, is_causal=causal, order=order, outputs=3)


def test_more_keys_than_queries_without_a_cache():
    check("Attention", qkv(queries=2, keys=4), opset=24, is_causal=1)


@pytest.mark.parametrize(("left", "right"), [(1, -1), (-1, 1), (0, 1), (1, 0)])
def test_sliding_windows(left, right):
    check("Attention", qkv(4, 4, heads=1, kv_heads=1), opset=25, left_window_size=left, right_window_size=right)


@pytest.mark.parametrize("shape", [(Q, K), (1, K), (B, HEADS, Q, K), (B, 1, 1, K)])
def test_masks_that_are_inputs(shape):
    check("Attention", qkv() | {"m": values(*shape, seed=5)}, opset=24)
    if shape[-2:] == (Q, K):  # the reference evaluator takes the causal mask of another mask's one row for all queries
        check("Attention", qkv() | {"m": values(*shape, seed=5)}, opset=24, is_causal=1)


@pytest.mark.parametrize("shape", [(4,), (1,), (3, 4), (1, 4), (3, 1), (1, 1), (2, 1, 1, 4), (2, 1, 3, 4)])
@pytest.mark.parametrize(
    "attrs", [{}, {"is_causal": 1}, {"is_causal": 1, "left_window_size": 1}, {"left_window_size": 0}]
)
@pytest.mark.parametrize("kind", ["float", "bool"])
def test_masks_of_fewer_axes_that_are_inputs_under_onnxruntime(shape, attrs, kind):
    """A key that is seen alone shows the condition that hides it."""
    mask = values(*shape, seed=5)
    feeds = {"q": values(2, 1, 3, D), "k": values(2, 1, 4, D, seed=1), "v": values(2, 1, 4, 1, seed=2)}
    feeds["m"] = np.ones(shape, bool) if kind == "bool" else mask
    column = shape[-1] == 1  # onnxruntime takes it as a mask of the first key alone
    probe("Attention", feeds, opset=25, vary=list(feeds), exact=not column, hull=True, trials=2, **attrs)


CAUSAL = np.tri(4, dtype=bool)


@pytest.mark.parametrize("mask", [CAUSAL, np.where(CAUSAL, 0, -np.inf).astype(np.float32), CAUSAL[3:, :3]])
def test_masks_that_are_constant(mask):
    """The last one is shorter than the keys: those that it has not are hidden."""
    check("Attention", qkv(4, 4) | {"m": mask}, constants=["m"], opset=24)


def test_mask_with_holes_is_a_superset():
    mask = np.array([[True, False, True]] * Q)
    check("Attention", qkv() | {"m": mask}, constants=["m"], opset=24, exact=False)


def test_a_query_without_keys_is_a_superset():
    mask = np.array([[False, True, True], [True, True, True], [True, True, True]])
    check("Attention", qkv() | {"m": mask}, constants=["m"], opset=24, is_causal=1, exact=False)


def test_queries_without_any_key_alone_are_a_superset():
    mask = np.array([[False, False, False], [True, True, True], [True, True, True]])
    check("Attention", qkv() | {"m": mask}, constants=["m"], opset=24, exact=False)


@pytest.mark.parametrize("constant", [True, False])
def test_sequence_lengths(constant):
    inputs = qkv(2, 4) | {"n": np.array([3], np.int64)}
    order = ["q", "k", "v", "", "", "", "n"]
    names = ["n"] if constant else []
    check("Attention", inputs, names, opset=24, order=order, is_causal=1, exact=constant, vary=["q", "k", "v"])


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_products_as_an_output(mode):
    inputs = qkv() | {"m": values(Q, K, seed=5)}
    exact = [True, True, True, mode in (0, 2)]
    order = ["q", "k", "v", "m"]
    outputs = ["y", "pk", "pv", "s"]
    check(
        "Attention",
        inputs,
        opset=24,
        order=order,
        outputs=outputs,
        qk_matmul_output_mode=mode,
        softcap=2.0,
        exact=exact,
    )


def test_products_that_a_mask_hides_are_a_superset():
    attrs = {"outputs": 4, "qk_matmul_output_mode": 2, "is_causal": 1}
    check("Attention", qkv(), opset=24, order=["q", "k", "v"], exact=[True, True, True, False], **attrs)


@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("rotated", [0, 2])
@pytest.mark.parametrize("packed", [False, True])
def test_rotary_embedding(interleaved, rotated, packed):
    angles = (rotated or 4) // 2
    x = values(2, 2, 3, 4) if not packed else values(2, 3, 8)
    inputs = {"x": x, "c": values(2, 3, angles, seed=1), "s": values(2, 3, angles, seed=2)}
    attrs = {"interleaved": interleaved, "rotary_embedding_dim": rotated} | ({"num_heads": 2} if packed else {})
    check("RotaryEmbedding", inputs, opset=23, **attrs)


@pytest.mark.parametrize("packed", [False, True])
def test_rotary_embedding_by_position_ids(packed):
    x = values(1, 2, 3, 4) if not packed else values(1, 3, 8)
    inputs = {"x": x, "c": values(5, 2, seed=1), "s": values(5, 2, seed=2), "i": np.array([[0, 2, 4]], np.int64)}
    attrs = {"num_heads": 2} if packed else {}
    check("RotaryEmbedding", inputs, opset=23, exact=False, **attrs)
    check("RotaryEmbedding", inputs, ["c", "s"], opset=23, vary=["x"], **attrs)


@pytest.mark.parametrize("rule", ["linear", "gated", "delta", "gated_delta"])
@pytest.mark.parametrize("with_past", [False, True])
def test_linear_attention(rule, with_past):
    time, heads, kv_heads = 3, 2, 1
    inputs = {
        "q": values(1, time, heads * 2),
        "k": values(1, time, kv_heads * 2, seed=1) / 2,
        "v": values(1, time, kv_heads * 2, seed=2),
    }
    order = ["q", "k", "v", "", "", ""]
    if with_past:
        inputs["p"] = values(1, kv_heads, 2, 2, seed=3)
        order[3] = "p"
    if "gated" in rule:
        inputs["g"] = -np.abs(values(1, time, kv_heads * 2, seed=4))
        order[4] = "g"
    if "delta" in rule:
        inputs["b"] = np.abs(values(1, time, 1, seed=5))
        order[5] = "b"
    check(
        "LinearAttention",
        inputs,
        opset=27,
        order=order,
        outputs=2,
        q_num_heads=heads,
        kv_num_heads=kv_heads,
        update_rule=rule,
        exact=[True, rule == "linear"],
    )


@pytest.mark.parametrize("with_past", [False, True])
def test_causal_conv(with_past):
    inputs = {"x": values(2, 2, 4), "w": values(2, 1, 3, seed=1), "b": values(2, seed=2)}
    inputs |= {"p": values(2, 2, 2, seed=3)} if with_past else {}
    check("CausalConvWithState", inputs, opset=27, outputs=2)


def test_causal_conv_of_a_short_input():
    inputs = {"x": values(1, 1, 1), "w": values(1, 1, 4, seed=1), "b": values(1, seed=2), "p": values(1, 1, 3, seed=3)}
    check("CausalConvWithState", inputs, opset=27, outputs=2)


def test_flex_attention():
    check("FlexAttention", qkv(heads=4, kv_heads=2), domain="ai.onnx.preview")


def test_flex_attention_with_a_modifier_is_not_guessed():
    from onnx import TensorProto, helper

    info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [B, HEADS, Q, K]) for n in ("s", "t")]
    modifier = helper.make_graph([helper.make_node("Tanh", ["s"], ["t"])], "modifier", info[:1], info[1:])
    model = one_node("FlexAttention", qkv(), domain="ai.onnx.preview", score_mod=modifier)
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("y0", TensorProto.FLOAT, [B, HEADS, Q, 1]))
    program = lower(load(model))
    assert not program.tensors[0].exact
    assert "modifiers" in program.tensors[0].note
