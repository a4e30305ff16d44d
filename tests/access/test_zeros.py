"""Masks that make attention weights exactly zero, in the ways that exporters write them."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from access.probe import probe_model, values
from rfonnx import analyze
from rfonnx.analysis.lower import lower
from rfonnx.model.reading.load import load
from rfonnx.operators.access.primitives import Reduce

N = 5
LOWEST = np.finfo(np.float32).min
CAUSAL = np.tri(N, dtype=bool)
SLIDING = CAUSAL & ~np.tri(N, k=-2, dtype=bool)
LOOKAHEAD = np.tri(N, k=1, dtype=bool)


def attention(mask_nodes, constants, scores="masked", weights="weights", result=None, inputs=(), opset=18):
    """x (2,5,3) -> x x^T -> `mask_nodes` from "scores" to `scores` -> softmax -> times x."""
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["x", "t"], ["scores"]),
        *mask_nodes,
        helper.make_node("Softmax", [scores], ["weights"], axis=-1),
        *(result or []),
        helper.make_node("MatMul", [weights, "x"], ["y"]),
    ]
    infos = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, N, 3])]
    infos += [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for n, v in inputs]
    graph = helper.make_graph(
        nodes,
        "attention",
        infos,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, N, 3])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def additive(visible, low=-np.inf):
    return np.where(visible, 0, low).astype(np.float32)


def node(*args, **attrs):
    return helper.make_node(*args, **attrs)


X = {"x": values(2, N, 3) / 2}
SMALL = (0.25, -0.5)

WAYS = {
    "add -inf": ([node("Add", ["scores", "m"], ["masked"])], {"m": additive(CAUSAL)}),
    "add the lowest": ([node("Add", ["scores", "m"], ["masked"])], {"m": additive(CAUSAL, LOWEST)[None]}),
    "add -1e9": ([node("Add", ["m", "scores"], ["masked"])], {"m": additive(CAUSAL, -1e9)}),
    "where": ([node("Where", ["m", "scores", "low"], ["masked"])], {"m": CAUSAL, "low": np.float32(-np.inf)}),
    "where, inverted": ([node("Where", ["m", "low", "scores"], ["masked"])], {"m": ~CAUSAL, "low": np.float32(LOWEST)}),
    "trilu": (
        [
            node("Trilu", ["ones", "k"], ["m"], upper=1),
            node("Mul", ["m", "low"], ["a"]),
            node("Add", ["scores", "a"], ["masked"]),
        ],
        {"ones": np.ones((N, N), np.float32), "k": np.int64(1), "low": np.float32(-1e10)},
    ),
    "scaled after": (
        [node("Add", ["scores", "m"], ["a"]), node("Div", ["a", "d"], ["masked"])],
        {"m": additive(CAUSAL), "d": np.float32(2)},
    ),
    "never below the lowest": (
        [node("Add", ["scores", "m"], ["a"]), node("Max", ["a", "low"], ["masked"])],
        {"m": additive(CAUSAL, LOWEST), "low": np.float32(LOWEST)},
    ),
    "clipped at the lowest": (
        [node("Add", ["scores", "m"], ["a"]), node("Clip", ["a", "low"], ["masked"])],
        {"m": additive(CAUSAL), "low": np.float32(LOWEST)},
    ),
    "clipped above": (
        [node("Add", ["scores", "m"], ["a"]), node("Clip", ["a", "", "high"], ["masked"])],
        {"m": additive(CAUSAL, LOWEST), "high": np.float32(100)},
    ),
    "sliding window": ([node("Add", ["scores", "m"], ["masked"])], {"m": additive(SLIDING)}),
    "lookahead": ([node("Add", ["scores", "m"], ["masked"])], {"m": additive(LOOKAHEAD)}),
    "padding": ([node("Add", ["scores", "m"], ["masked"])], {"m": additive(np.arange(N) < 3)}),
    "squeezed and expanded": (
        [
            node("Unsqueeze", ["m", "zero"], ["u"]),
            node("Expand", ["u", "s"], ["e"]),
            node("Where", ["e", "scores", "low"], ["masked"]),
        ],
        {"m": CAUSAL, "zero": np.array([0]), "s": np.array([2, N, N]), "low": np.float32(-np.inf)},
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_masks_hide_keys(way):
    probe_model(attention(*WAYS[way]), X, deltas=SMALL)


@pytest.mark.parametrize("way", WAYS)
def test_masked_scores_are_at_most_what_they_show(way):
    """Where they are hidden they are -inf, whatever is below. Outputs of the model, so that nothing is claimed by the way."""
    model = attention(*WAYS[way])
    model.graph.output.append(helper.make_tensor_value_info("masked", TensorProto.FLOAT, None))
    program = probe_model(model, X, deltas=SMALL, exact=[True, False])
    assert not any(tensor.exact for tensor in program.tensors if tensor.name == "masked")


@pytest.mark.parametrize(("op_type", "exact"), [("Exp", True), ("Sigmoid", True), ("Tanh", False)])
def test_other_weights_of_masked_scores(op_type, exact):
    """Zero where they are hidden, or -1."""
    model = attention(*WAYS["add -inf"], result=[node(op_type, ["masked"], ["e"]), node("MatMul", ["e", "x"], ["z"])])
    model.graph.output.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, None))
    probe_model(model, X, deltas=SMALL, exact=[True, exact])


def test_hidden_queries_are_at_most_what_they_show():
    model = attention([node("Add", ["scores", "m"], ["masked"])], {"m": additive(np.arange(N) < 3)[:, None]})
    model.graph.output.append(helper.make_tensor_value_info("masked", TensorProto.FLOAT, None))
    program = lower(load(model))
    assert not any(tensor.exact for tensor in program.tensors if tensor.name == "masked")


def test_a_mask_that_only_one_of_two_scores_has():
    """The larger of masked and unmasked scores shows what the mask hides in one of them; nothing is hidden in both."""
    nodes = [node("Add", ["scores", "m"], ["a"]), node("Neg", ["scores"], ["b"]), node("Max", ["a", "b"], ["masked"])]
    probe_model(attention(nodes, {"m": additive(CAUSAL)}), X, deltas=SMALL, exact=False)


def test_weights_after_dropout_and_removal_of_nan():
    nodes = [
        node("Dropout", ["weights"], ["d"]),
        node("IsNaN", ["d"], ["n"]),
        node("Where", ["n", "zero", "d"], ["w"]),
    ]
    model = attention(*WAYS["add -inf"], weights="w", result=nodes)
    model.graph.initializer.append(numpy_helper.from_array(np.float32(0), "zero"))
    probe_model(model, X, deltas=SMALL)


def test_causal_mask_and_padding_from_an_input():
    """And(causal, padding): what the constant part hides is hidden whatever the padding."""
    padding = np.array([[[True, True, True, True, True]], [[True, True, True, True, True]]])
    nodes = [node("And", ["causal", "padding"], ["m"]), node("Where", ["m", "scores", "low"], ["masked"])]
    constants = {"causal": CAUSAL, "low": np.float32(-np.inf)}
    model = attention(nodes, constants, inputs=[("padding", padding)])
    program = probe_model(model, {**X, "padding": padding}, vary=["x"], deltas=SMALL)
    assert any("\0" in tensor.name for tensor in program.tensors)


def test_one_minus_mask_times_the_lowest():
    keep = np.ones((2, 1, N), np.float32)
    nodes = [
        node("Mul", ["causal", "keep"], ["m"]),
        node("Sub", ["one", "m"], ["i"]),
        node("Mul", ["i", "low"], ["a"]),
        node("Add", ["scores", "a"], ["masked"]),
    ]
    constants = {"causal": CAUSAL.astype(np.float32), "one": np.float32(1), "low": np.float32(LOWEST)}
    model = attention(nodes, constants, inputs=[("keep", keep)])
    probe_model(model, {**X, "keep": keep}, vary=["x"], deltas=SMALL)


def combined(nodes, constants):
    """scores masked by "m", which `nodes` make of a constant causal mask and a padding mask that is an input."""
    padding = np.zeros((2, 1, N), np.float32)
    nodes = [*nodes, node("Add", ["scores", "m"], ["masked"])]
    model = attention(nodes, {"causal": additive(CAUSAL, LOWEST)[None], **constants}, inputs=[("padding", padding)])
    probe_model(model, {**X, "padding": padding}, vary=["x"], deltas=SMALL)


def test_a_slice_of_a_combined_mask():
    nodes = [
        node("Pad", ["causal", "more"], ["longer"]),
        node("Add", ["padding", "zeros"], ["wide"]),
        node("Add", ["longer", "wide"], ["both"]),
        node("Slice", ["both", "zero", "n", "last"], ["m"]),
    ]
    constants = {"more": np.array([0, 0, 0, 0, 0, 0]), "zeros": np.zeros((1, N, N), np.float32)}
    combined(nodes, {**constants, "zero": np.array([0]), "n": np.array([N]), "last": np.array([2])})
    nodes[-1] = node("Slice", ["both", "end", "begin", "last", "back"], ["r"])
    nodes.append(node("Slice", ["r", "end", "begin", "last", "back"], ["m"]))
    backwards = {"end": np.array([N]), "begin": np.array([-N - 1]), "last": np.array([2]), "back": np.array([-1])}
    combined(nodes, {**constants, **backwards})


def test_a_padded_mask_written_into_the_causal_one():
    """causal[..., :N] = causal[..., :N].masked_fill(padding == 0, lowest)"""
    places = np.stack(np.meshgrid([0, 1], range(N), range(N), indexing="ij"), axis=-1).astype(np.int64)
    nodes = [
        node("Expand", ["causal", "shape"], ["whole"]),
        node("Equal", ["padding", "one"], ["hidden"]),
        node("Where", ["hidden", "low", "whole"], ["written"]),
        node("ScatterND", ["whole", "places", "written"], ["m"]),
    ]
    constants = {"shape": np.array([2, N, N]), "one": np.float32(1), "low": np.float32(LOWEST), "places": places}
    combined(nodes, constants)


@pytest.mark.parametrize("op_type", ["Add", "Min"])
def test_a_combined_mask_is_clipped_at_the_lowest(op_type):
    """Twice the lowest would be -inf, and NaN where all is hidden."""
    nodes = [node(op_type, ["causal", "padding"], ["both"]), node("Clip", ["both", "low"], ["m"])]
    combined(nodes, {"low": np.float32(LOWEST)})


def test_the_logarithm_of_a_mask():
    keep = np.ones((2, 1, N), np.float32)
    nodes = [
        node("Mul", ["causal", "keep"], ["k"]),
        node("Log", ["k"], ["l"]),
        node("Clip", ["l", "low"], ["m"]),
        node("Add", ["scores", "m"], ["masked"]),
    ]
    constants = {"causal": CAUSAL.astype(np.float32), "low": np.float32(LOWEST)}
    model = attention(nodes, constants, inputs=[("keep", keep)])
    probe_model(model, {**X, "keep": keep}, vary=["x"], deltas=SMALL)


@pytest.mark.parametrize(("least", "last"), [(float(LOWEST), [0, 1, 2, 3, 4]), (-20.0, [4])])
def test_a_clip_of_opset_10_hides_nothing_above_its_least_value(least, last):
    nodes = [node("Add", ["scores", "m"], ["a"]), node("Clip", ["a"], ["masked"], min=least)]
    model = attention(nodes, {"m": additive(CAUSAL)}, opset=10)
    probe_model(model, X, deltas=SMALL, exact=None)
    assert analyze(model).intervals("y", "x", 1)[1].reshape(-1).tolist() == last


def test_scores_less_a_large_number():
    model = attention([node("Sub", ["scores", "m"], ["masked"])], {"m": np.where(CAUSAL, 0, 1e9).astype(np.float32)})
    probe_model(model, X, deltas=SMALL)


@pytest.mark.parametrize("low", [-100.0, -1e4])
def test_soft_masks_hide_nothing_and_are_named(low):
    model = attention([node("Add", ["scores", "m"], ["masked"])], {"m": additive(CAUSAL, low)})
    program = lower(load(model))
    softmax = next(tensor for tensor in program.tensors if tensor.kind == "Softmax")
    assert softmax.exact
    assert softmax.paths[0][1] == (Reduce((2,)),)
    assert f"{low:g} is taken to hide nothing" in softmax.note


def test_heads_folded_into_the_batch():
    """(1, 2, 5, 5) -> (2, 5, 5) between mask and softmax, as baddbmm is exported."""
    nodes = [
        node("Unsqueeze", ["scores", "zero"], ["heads"]),
        node("Add", ["heads", "m"], ["a"]),
        node("Reshape", ["a", "s"], ["masked"]),
    ]
    probe_model(
        attention(nodes, {"zero": np.array([0]), "m": additive(CAUSAL), "s": np.array([2, N, N])}), X, deltas=SMALL
    )


def test_keys_before_queries_are_not_taken_for_rows():
    """Weights of (5, 2, 1) with keys first, reshaped to (2, 5): rows are no longer rows."""
    nodes = [
        node("Add", ["x", "m"], ["a"]),
        node("Softmax", ["a"], ["w"], axis=0),
        node("Reshape", ["w", "s"], ["r"]),
        node("MatMul", ["r", "v"], ["y"]),
    ]
    shapes = {"x": [5, 2, 1], "v": [5, 1], "y": [2, 1]}
    infos = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]
    mask = additive(np.array([[1, 1], [1, 1], [0, 1], [0, 0], [0, 0]], bool))[:, :, None]
    constants = [numpy_helper.from_array(mask, "m"), numpy_helper.from_array(np.array([2, 5]), "s")]
    graph = helper.make_graph(nodes, "folded", infos[:2], infos[2:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    probe_model(model, {"x": values(5, 2, 1), "v": values(5, 1, seed=1)}, deltas=SMALL, exact=None)


def test_a_mask_stays_small_however_large_the_scores():
    """64 heads of 1024 queries and keys: 2**26 scores, and a mask of 2**20."""
    heads, queries = 64, 1024
    nodes = [
        node("MatMul", ["x", "k"], ["s"]),
        node("Add", ["s", "m"], ["a"]),
        node("Reshape", ["a", "folded"], ["r"]),
        node("Softmax", ["r"], ["p"]),
        node("Reshape", ["p", "unfolded"], ["w"]),
        node("MatMul", ["w", "x"], ["y"]),
    ]
    shapes = {"x": [1, heads, queries, 1], "k": [1, heads, 1, queries], "y": [1, heads, queries, 1]}
    infos = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]
    constants = {
        "m": np.where(np.tri(queries, dtype=bool), 0, -np.inf).astype(np.float32),
        "folded": np.array([heads, queries, queries]),
        "unfolded": np.array([1, heads, queries, queries]),
    }
    constants = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "large", infos[:2], infos[2:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    field = analyze(model)
    _, hi = field.intervals("y", "x", 2)
    assert hi.reshape(-1).tolist() == list(range(queries))
    assert field.tensors["y"].exact


def test_mask_with_holes_is_taken_as_wide_as_it_reaches():
    seen = CAUSAL.copy()
    seen[3:, 1] = False
    model = attention([node("Add", ["scores", "m"], ["masked"])], {"m": additive(seen)})
    probe_model(model, X, deltas=SMALL, exact=False)


def test_mask_that_differs_by_batch_is_taken_as_wide_as_it_reaches():
    model = attention(
        [node("Add", ["scores", "m"], ["masked"])], {"m": np.stack([additive(CAUSAL), additive(LOOKAHEAD)])}
    )
    probe_model(model, X, deltas=SMALL, exact=False)


def test_a_row_without_any_key_weighs_all_alike():
    seen = CAUSAL.copy()
    seen[2] = False
    model = attention([node("Add", ["scores", "m"], ["masked"])], {"m": additive(seen, LOWEST)})
    probe_model(model, X, deltas=SMALL, exact=False)


def test_rows_without_any_key_alone_are_a_superset():
    seen = np.ones((N, N), bool)
    seen[2] = False
    model = attention([node("Add", ["scores", "m"], ["masked"])], {"m": additive(seen, LOWEST)})
    probe_model(model, X, deltas=SMALL, exact=False)


def test_linear_attention_multiplies_by_a_triangle():
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["x", "t"], ["scores"]),
        helper.make_node("Mul", ["scores", "triangle"], ["w"]),
        helper.make_node("MatMul", ["w", "x"], ["y"]),
    ]
    info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [2, N, 3]) for n in "xy"]
    triangle = numpy_helper.from_array(CAUSAL.astype(np.float32), "triangle")
    graph = helper.make_graph(nodes, "linear", info[:1], info[1:], [triangle])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    probe_model(model, X)


def test_quantised_weights_keep_their_zeros():
    nodes = [
        node("QuantizeLinear", ["weights", "scale", "zero"], ["q"]),
        node("DequantizeLinear", ["q", "scale", "zero"], ["w"]),
    ]
    model = attention(*WAYS["add -inf"], weights="w", result=nodes)
    model.graph.initializer.append(numpy_helper.from_array(np.float32(1 / 200), "scale"))
    model.graph.initializer.append(numpy_helper.from_array(np.uint8(3), "zero"))
    probe_model(model, X, deltas=(0.5, -0.5))


@pytest.mark.parametrize("weights", ["structure", "values"])
def test_a_constant_triangle_is_a_weight(weights):
    """The default takes every weight as non-zero."""
    nodes = [helper.make_node("MatMul", ["triangle", "x"], ["y"])]
    info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [2, N, 3]) for n in "xy"]
    triangle = numpy_helper.from_array(CAUSAL.astype(np.float32), "triangle")
    graph = helper.make_graph(nodes, "weights", info[:1], info[1:], [triangle])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    ((_, steps),) = lower(load(model), weights).tensors[0].paths
    if weights == "structure":
        assert steps == (Reduce((1,)),)
    else:
        probe_model(model, X, weights="values")
