"""Rules that read the graph and the weights: each on nets that break it and on near misses; the truth from runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import small_nets
from checked import found, net, run, status
from rfonnx.operators.table import kinds

node = helper.make_node
DRAWING = kinds("draws") | kinds("training")
X = np.random.default_rng(0).standard_normal((2, 8)).astype("f")


def constant(value: object, dtype: type = np.float32) -> np.ndarray:
    return np.asarray(value, dtype)


def dropout(ratio: float, training: bool) -> onnx.ModelProto:
    weights = {"ratio": constant(ratio), "mode": constant(training, np.bool_)}
    return net([node("Dropout", ["x", "ratio", "mode"], ["y"], "drop")], (2, 8), weights)


def noise(kind: str, **attributes: object) -> onnx.ModelProto:
    return net([node(kind, ["x"], ["r"], "noise", **attributes), node("Add", ["x", "r"], ["y"])], (2, 8))


def coin(chances: np.ndarray) -> onnx.ModelProto:
    return net([node("Bernoulli", ["p"], ["r"]), node("Add", ["x", "r"], ["y"])], (2, 8), {"p": chances.astype("f")})


def swallowed() -> onnx.ModelProto:
    """Noise that a rounding hides in nearly all runs."""
    nodes = [
        node("RandomNormalLike", ["x"], ["r"], "noise", scale=1e-9, seed=3.0),
        node("Add", ["x", "r"], ["s"]),
        node("Round", ["s"], ["y"]),
    ]
    return net(nodes, (2, 8))


def within_a_function() -> onnx.ModelProto:
    body = [node("RandomUniformLike", ["a"], ["r"], "noise"), node("Add", ["a", "r"], ["b"])]
    model = net([node("Jitter", ["x"], ["y"], domain="own")], (2, 8))
    model.functions.append(helper.make_function("own", "Jitter", ["a"], ["b"], body, [helper.make_opsetid("", 17)], []))
    model.opset_import.append(helper.make_opsetid("own", 1))
    return model


def within_a_branch() -> onnx.ModelProto:
    """Random only where the mean is positive: a run on one sample sees one branch."""

    def branch(nodes: list[onnx.NodeProto]) -> onnx.GraphProto:
        return helper.make_graph(nodes, "b", [], [helper.make_tensor_value_info("o", TensorProto.FLOAT, [2, 8])])

    nodes = [
        node("ReduceMax", ["x"], ["m"], keepdims=0),
        node("Greater", ["m", "limit"], ["c"]),
        node(
            "If",
            ["c"],
            ["y"],
            then_branch=branch([node("RandomNormalLike", ["x"], ["r"]), node("Add", ["x", "r"], ["o"])]),
            else_branch=branch([node("Identity", ["x"], ["o"])]),
        ),
    ]
    return net(nodes, (2, 8), {"limit": constant(100)})


def noise_that_ends_nowhere() -> onnx.ModelProto:
    return net([node("RandomNormalLike", ["x"], ["r"]), node("Relu", ["x"], ["y"])], (2, 8))


DRAWS = {
    "dropout in training": (dropout(0.5, True), True),
    "dropout in evaluation": (dropout(0.5, False), False),
    "dropout of ratio 0": (dropout(0.0, True), False),
    "normal": (noise("RandomNormalLike"), True),
    "normal with a seed": (noise("RandomNormalLike", seed=1.0), True),
    "a coin that is certain": (coin(np.tile([0, 1], 4)), False),
    "a coin": (coin(np.full(8, 0.5)), True),
    "in a function": (within_a_function(), True),
    "no output needs it": (noise_that_ends_nowhere(), False),
}


@pytest.mark.parametrize("case", DRAWS)
def test_random_operators_are_read_off_the_graph(case: str, tmp_path: Path) -> None:
    model, draws = DRAWS[case]
    # Two sessions with two seeds: what draws at random differs.
    one, other = run(model, seed=1, x=X), run(model, seed=2, x=X)
    if "seed" not in case:
        assert (one[0].tobytes() != other[0].tobytes()) == draws
    assert status(model, tmp_path, "deterministic") == ("fail" if draws else "pass")


def test_a_seed_and_a_rounding_hide_what_the_graph_shows(tmp_path: Path) -> None:
    """Two runs agree to the bit; the graph still says it."""
    model = swallowed()
    assert run(model, x=X)[0].tobytes() == run(model, x=X)[0].tobytes()
    (said,) = found(model, tmp_path, "deterministic")
    assert (said.status, said.tensor) == ("fail", "r")
    assert "node 'noise' (RandomNormalLike)" in said.message
    assert status(within_a_branch(), tmp_path, "deterministic") == "fail"


@pytest.mark.skipif(not hasattr(onnx.defs.OpSchema, "NodeDeterminism"), reason="this onnx marks none")
def test_every_operator_that_draws_is_in_the_table() -> None:
    """onnx marks what is not deterministic; AffineGrid is so marked for an If inside, on constants alone."""
    marked = {
        f"{schema.domain}.{schema.name}".lstrip(".")
        for schema in onnx.defs.get_all_schemas_with_history()
        if getattr(schema, "node_determinism", None) == onnx.defs.OpSchema.NodeDeterminism.NonDeterministic
    }
    assert marked
    assert marked - {"AffineGrid"} == (DRAWING | kinds("holds_graphs")) - {
        kind for kind in DRAWING if kind.startswith("com.microsoft.")
    }


def test_every_operator_of_onnxruntime_that_draws_is_in_the_table() -> None:
    from onnxruntime.capi._pybind_state import get_all_operator_schema

    named = {
        f"{schema.domain}.{schema.name}".lstrip(".")
        for schema in get_all_operator_schema()
        if any(word in schema.name for word in ("Random", "Dropout", "Bernoulli", "Multinomial", "Sampl"))
    }
    harmless = {"GridSample", "com.microsoft.GridSample", "com.ms.internal.nhwc.GridSample", "com.microsoft.SampleOp"}
    harmless |= {"Upsample", "com.microsoft.nchwc.Upsample"}
    assert {kind for kind in named if not kind.endswith("Grad")} - harmless == DRAWING


def batch_norm(training: int) -> onnx.ModelProto:
    weights = {name: np.ones(3, "f") for name in ("scale", "bias", "mean", "var")}
    outputs = ["y", "m", "v"] if training else ["y"]
    nodes = [node("BatchNormalization", ["x", *weights], outputs, "norm", training_mode=training)]
    return net(nodes, (2, 3, 4), weights)


@pytest.mark.parametrize("training", [0, 1])
def test_batch_statistics(training: int, tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4)).astype("f")
    moved = np.concatenate([x[:1], x[1:] + 5])
    follows = np.array_equal(run(batch_norm(training), x=x)[0][0], run(batch_norm(training), x=moved)[0][0])
    assert follows == (not training)
    assert status(batch_norm(training), tmp_path, "no-batch-statistics") == ("fail" if training else "pass")


def two_inputs(nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray] | None = None) -> onnx.ModelProto:
    return small_nets.model(nodes, {"x": (2, 8), "z": (2, 8)}, {"y": (2, 8)}, weights)


def captured() -> onnx.ModelProto:
    branch = helper.make_graph(
        [node("Identity", ["z"], ["o"])], "b", [], [helper.make_tensor_value_info("o", TensorProto.FLOAT, [2, 8])]
    )
    nodes = [
        node("ReduceMax", ["x"], ["m"], keepdims=0),
        node("Greater", ["m", "limit"], ["c"]),
        node("If", ["c"], ["y"], then_branch=branch, else_branch=branch),
    ]
    return two_inputs(nodes, {"limit": constant(0)})


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (two_inputs([node("Relu", ["x"], ["y"])]), "fail"),
        (two_inputs([node("Relu", ["x"], ["y"]), node("Exp", ["z"], ["lost"])]), "fail"),
        (two_inputs([node("Add", ["x", "z"], ["y"])]), "pass"),
        (captured(), "pass"),
        (two_inputs([node("Shape", ["z"], ["s"]), node("Reshape", ["x", "s"], ["y"])]), "pass"),
    ],
    ids=["unread", "read by a dead branch", "read", "read in a subgraph", "its shape is read"],
)
def test_inputs_that_no_output_needs(model: onnx.ModelProto, expected: str, tmp_path: Path) -> None:
    z = np.random.default_rng(1).standard_normal((2, 8)).astype("f")
    moved = not np.array_equal(run(model, x=X, z=z)[0], run(model, x=X, z=z + 1)[0])
    assert moved <= (expected == "pass")
    assert status(model, tmp_path, "inputs-used") == expected


def test_branches_that_end_nowhere(tmp_path: Path) -> None:
    lost = [node("Exp", ["x"], ["a"], "lost1"), node("Neg", ["a"], ["b"], "lost2")]
    model = net([*lost, node("Relu", ["x"], ["y"])], (2, 8))
    (said,) = found(model, tmp_path, "no-dead-nodes")
    assert (said.status, said.tensor) == ("fail", "b")
    pruned = net([node("Relu", ["x"], ["y"])], (2, 8))
    assert np.array_equal(run(model, x=X)[0], run(pruned, x=X)[0])
    assert status(pruned, tmp_path, "no-dead-nodes") == "pass"
    idle = [node("Constant", [], ["c"], value=numpy_helper.from_array(constant(1))), node("Relu", ["x"], ["y"])]
    assert status(net(idle, (2, 8)), tmp_path, "no-dead-nodes") == "pass"


def test_outputs_of_a_loop_that_are_not_wanted_are_no_dead_nodes(tmp_path: Path) -> None:
    """A loop is written out before it is looked at: what that adds is not in the file."""
    info = helper.make_tensor_value_info
    given = [info("i", TensorProto.INT64, []), info("t", TensorProto.BOOL, []), info("c", TensorProto.FLOAT, [2, 8])]
    made = [
        info("t2", TensorProto.BOOL, []),
        info("d", TensorProto.FLOAT, [2, 8]),
        info("e", TensorProto.FLOAT, [2, 8]),
    ]
    body = [node("Relu", ["c"], ["d"]), node("Exp", ["c"], ["e"]), node("Identity", ["t"], ["t2"])]
    loop = node("Loop", ["n", "", "x"], ["y", "steps"], body=helper.make_graph(body, "b", given, made))
    assert status(net([loop], (2, 8), {"n": constant(2, np.int64)}), tmp_path, "no-dead-nodes") == "pass"


def softmaxes(*nodes: onnx.NodeProto) -> onnx.ModelProto:
    return net(nodes, (2, 8), {"shape": constant([2, 8], np.int64), "w": np.eye(8, dtype="f")})


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (softmaxes(node("Softmax", ["x"], ["a"]), node("Softmax", ["a"], ["y"])), "fail"),
        (softmaxes(node("Softmax", ["x"], ["a"]), node("Reshape", ["a", "shape"], ["b"]), node("Softmax", ["b"], ["y"])), "fail"),
        (softmaxes(node("Softmax", ["x"], ["a"]), node("LogSoftmax", ["a"], ["b"]), node("Exp", ["b"], ["y"])), "fail"),
        (softmaxes(node("LogSoftmax", ["x"], ["a"]), node("Softmax", ["a"], ["y"])), "pass"),
        (softmaxes(node("Softmax", ["x"], ["a"], axis=0), node("Softmax", ["a"], ["y"])), "pass"),
        (softmaxes(node("Softmax", ["x"], ["a"]), node("MatMul", ["a", "w"], ["b"]), node("Softmax", ["b"], ["y"])), "pass"),
        (softmaxes(node("Softmax", ["x"], ["y"])), "pass"),
        (softmaxes(node("Relu", ["x"], ["y"])), "skip"),
    ],
    ids=["twice", "through a reshape", "log of it", "of a log", "another axis", "attention", "once", "none"],
)  # fmt: skip
def test_a_softmax_of_a_softmax(model: onnx.ModelProto, expected: str, tmp_path: Path) -> None:
    (y,) = run(model, x=X * 20)
    flat = bool((y.max(axis=1) <= y.min(axis=1) * np.e * 1.0001).all())
    if expected == "fail":
        assert flat
    assert status(model, tmp_path, "no-double-softmax") == expected


def widened(end: int) -> onnx.ModelProto:
    nodes = [
        node("Cast", ["x"], ["d"], to=TensorProto.DOUBLE),
        node("Exp", ["d"], ["e"]),
        node("Cast", ["e"], ["y"], to=end),
    ]
    return net(nodes, (2, 8), types={"y": end})


def test_float64_that_nobody_asked_for(tmp_path: Path) -> None:
    (said,) = found(widened(TensorProto.FLOAT), tmp_path, "no-accidental-float64")
    assert (said.status, said.tensor) == ("fail", "e")
    table = [node("Cast", ["t"], ["c"], to=TensorProto.FLOAT), node("Add", ["x", "c"], ["y"])]
    assert status(net(table, (2, 8), {"t": np.ones(8)}), tmp_path, "no-accidental-float64") == "pass"
    asked = net([node("Cast", ["x"], ["y"], to=TensorProto.DOUBLE)], (2, 8))
    asked.graph.output[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    assert run(asked, x=X)[0].dtype == np.float64
    assert status(asked, tmp_path, "no-accidental-float64") == "skip"
