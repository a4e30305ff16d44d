"""Batch independence, against onnxruntime: one sample of three is replaced, and the outputs that change are the truth."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx
from rfonnx.analysis.derive.batch_search import MAX_NODES, doubled

SHAPE = (3, 4, 6)  # channels, rows, columns


def net(nodes, weights=None, batch="n", outputs=("y",), inputs=("x",)) -> onnx.ModelProto:
    """A net over x, (batch, *SHAPE)."""
    graph = helper.make_graph(
        [helper.make_node(op, list(sources), list(made), **attrs) for op, sources, made, attrs in nodes],
        "net",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, *SHAPE]) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


PARAMETERS = {name: np.full(3, value, np.float32) for name, value in [("s", 1), ("b", 0), ("m", 0), ("v", 1)]}
NETS = {  # nodes, weights, what is true
    "conv": ([("Conv", "xw", "y", {})], {"w": normal(2, 3, 2, 2)}, "independent"),
    "global pool and a product": (
        [("GlobalAveragePool", "x", "p", {}), ("Flatten", "p", "f", {}), ("Gemm", "fw", "y", {})],
        {"w": normal(3, 5)},
        "independent",
    ),
    "tokens of all samples in one axis": (
        [("Transpose", "x", "t", {"perm": [0, 2, 3, 1]}), ("Reshape", "tr", "f", {}), ("MatMul", "fw", "y", {})],
        {"r": np.array([-1, 3]), "w": normal(3, 5)},
        "independent",
    ),
    "samples in the second axis, and back": (
        [
            ("Transpose", "x", "t", {"perm": [1, 0, 2, 3]}),
            ("Softmax", "t", "s", {"axis": 0}),
            ("Transpose", "s", "y", {"perm": [1, 0, 2, 3]}),
        ],
        {},
        "independent",
    ),
    "softmax over the batch": ([("Softmax", "x", "y", {"axis": 0})], {}, "mixed"),
    "mean of the batch": ([("ReduceMean", "x", "y", {"axes": [0], "keepdims": 0})], {}, "mixed"),
    "mean of everything": ([("ReduceMean", "x", "y", {"keepdims": 0})], {}, "mixed"),
    "less the mean of the batch": (
        [("ReduceMean", "x", "p", {"axes": [0]}), ("Sub", "xp", "y", {})],
        {},
        "mixed",
    ),
    "statistics of the batch": (
        [("BatchNormalization", "xsbmv", ("y", "o", "q"), {"training_mode": 1})],
        PARAMETERS,
        "mixed",
    ),
    "the first sample for all": (
        [("Gather", "xi", "g", {"axis": 0}), ("Add", "xg", "y", {})],
        {"i": np.array([0])},
        "mixed",
    ),
    "samples turned round": (
        [("Slice", ("x", "start", "end", "axis", "step"), "y", {})],
        {"start": np.array([-1]), "end": np.array([-100]), "axis": np.array([0]), "step": np.array([-1])},
        "mixed",
    ),
    "a constant": ([("Identity", "w", "y", {})], {"w": normal(2, 3)}, "independent"),
}


@pytest.mark.parametrize("name", NETS)
def test_batches(name):
    nodes, weights, truth = NETS[name]
    model = net(nodes, weights)
    fact = rfonnx.analyze(model).facts["y"].batch
    assert (fact.state, fact.batch) == (truth, 2)
    assert bool(fact.reason) == (truth == "mixed")
    assert mixes(model) == (truth == "mixed")


def test_a_length_that_a_sample_decides():
    """As many positions as the first sample says, all alike: which sample position 1 belongs to is nobody's to tell."""
    text = """<ir_version: 8, opset_import: ["" : 17]> net (int64[n] x) => (float[?] y) <int64[1] first = {0}>
        { g = Gather(x, first) y = ConstantOfShape(g) }"""
    fact = rfonnx.analyze(onnx.parser.parse_model(text), {"n": 3}).facts["y"].batch
    assert (fact.state, fact.reason) == ("unknown", "the length of 'y' depends on data")


def mixes(model: onnx.ModelProto) -> bool:
    """True when replacing a sample changes an output of another one."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = normal(3, *SHAPE)
    before = session.run(["y"], {"x": x})[0]
    changed = []
    for sample in range(3):
        other = x.copy()
        other[sample] = 2 - 3 * other[sample]
        changed.append(session.run(["y"], {"x": other})[0] != before)
    rows = len(before) // 3 if before.ndim and len(before) % 3 == 0 else 0
    own = [c[s * rows : (s + 1) * rows] for s, c in enumerate(changed)] if rows else [np.zeros(0)] * 3
    return any(c.sum() > o.sum() for c, o in zip(changed, own, strict=True))


def test_a_batch_that_is_given_is_not_changed():
    nodes, weights, _ = NETS["softmax over the batch"]
    assert rfonnx.analyze(net(nodes, weights), shapes={"n": 5}).facts["y"].batch.batch == 5


@pytest.mark.parametrize("batch", [1, 4])
def test_a_batch_that_the_file_fixes(batch):
    fact = rfonnx.analyze(net(*NETS["conv"][:2], batch=batch)).facts["y"].batch
    expected = ("unknown", 0, "the batch is fixed to 1") if batch == 1 else ("independent", 4, "")
    assert (fact.state, fact.batch, fact.reason) == expected


def test_a_first_axis_that_outputs_do_not_have_may_be_no_batch():
    fact = rfonnx.analyze(net(*NETS["mean of the batch"][:2], batch=4)).facts["y"].batch
    assert fact.state == "unknown"
    assert "may count samples: give --batch-axis x=AXIS, or x=none" in fact.reason
    given = rfonnx.analyze(net(*NETS["mean of the batch"][:2], batch=4), batch_axes={"x": 0}).facts["y"].batch
    assert given.state == "mixed"


def test_samples_of_every_input_count():
    nodes = [("Softmax", ["b"], ["s"], {"axis": 0}), ("Add", ["a", "s"], ["y"], {})]
    fact = rfonnx.analyze(net(nodes, inputs=("a", "b"))).facts["y"].batch
    assert (fact.state, fact.reason) == ("mixed", "a position sees several samples of 'b'")


def test_each_output_has_its_own_answer():
    nodes = [("Relu", "x", "y", {}), ("Softmax", "x", "z", {"axis": 0})]
    facts = rfonnx.analyze(net(nodes, outputs=("y", "z", "x"))).facts
    assert {name: fact.batch.state for name, fact in facts.items()} == {
        "y": "independent",
        "z": "mixed",
        "x": "independent",
    }


def test_what_is_at_most_is_not_known():
    nodes = [("NonZero", "x", "p", {}), ("Cast", "p", "y", {"to": TensorProto.FLOAT})]
    fact = rfonnx.analyze(net(nodes)).facts["y"].batch
    assert (fact.state, fact.reason) == ("unknown", "it is not proven that samples of 'x' stay apart")


def test_a_model_that_holds_for_one_sample_only():
    nodes, weights = [("Reshape", "xr", "y", {})], {"r": np.array([1, -1])}
    nodes.append(("Split", ["y"], ["p", "q"], {"axis": 1}))
    weights["w"] = normal(1, 3, 4, 6)
    nodes.append(("Concat", "xw", "z", {"axis": 1}))  # a constant of one sample
    fact = rfonnx.analyze(net(nodes, weights, outputs=("z",))).facts["z"].batch
    assert fact.state == "unknown"
    assert "cannot be analysed with a batch of 2" in fact.reason


def test_a_large_model_is_not_analysed_twice():
    nodes = [("Relu", ["x"], ["t0"], {})]
    nodes += [("Relu", [f"t{i}"], [f"t{i + 1}"], {}) for i in range(MAX_NODES)]
    fact = rfonnx.analyze(net(nodes, outputs=(f"t{MAX_NODES}",))).facts[f"t{MAX_NODES}"].batch
    assert (fact.state, fact.reason) == ("unknown", "the model is large: analyse it with a batch of 2 to see")


def test_dimensions_of_the_same_name_grow_together():
    declared = {"x": ("n", 3, ""), "past": (2, "n", "t"), "fixed": (1, 5)}
    shapes = {"x": (1, 3, 7), "past": (2, 1, 9), "fixed": (1, 5)}
    assert doubled(shapes, declared, {"x": 0, "past": 1}, 2) == {"x": (2, 3, 7), "past": (2, 2, 9), "fixed": (1, 5)}
