"""Ranges of ids, held against onnxruntime: both ends run, one more at one of them does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from rfonnx.errors import ShapeError
from rfonnx.model import runtime
from rfonnx.model.id_range import id_range, lookups
from rfonnx.model.reading.load import load
from rfonnx.operators.table import operator

TABLE = np.arange(40, dtype=np.float32).reshape(4, 10)
Step = tuple[str, Sequence[Any], dict[str, Any]]


def net(steps: Sequence[Step], shape: Sequence[int] = (1, 6), dtype: int = TensorProto.INT64) -> onnx.ModelProto:
    """`x` through operators, each of which takes the one before it as the operand "@"; arrays become weights."""
    nodes, weights, last = [], [], "x"
    for number, (op_type, operands, attrs) in enumerate(steps):
        names = []
        for operand in operands:
            if isinstance(operand, np.ndarray):
                names.append(f"w{len(weights)}")
                weights.append(numpy_helper.from_array(operand, names[-1]))
            else:
                names.append(last if operand == "@" else operand)
        output = "y" if number == len(steps) - 1 else f"t{number}"
        domain, _, op_type = op_type.rpartition(".")
        nodes.append(helper.make_node(op_type, names, [output], f"n{number}", domain=domain, **attrs))
        last = output
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", dtype, list(shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        weights,
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, ir_version=8, opset_imports=opsets)


def i64(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


ROWS: Step = ("Gather", (TABLE, "@"), {"axis": 0})
COLUMNS: Step = ("Gather", (TABLE, "@"), {"axis": 1})

CASES: dict[str, tuple[Sequence[Step], tuple[int, int]]] = {
    "rows": ([ROWS], (0, 3)),
    "columns": ([COLUMNS], (0, 9)),
    "last axis": ([("Gather", (TABLE, "@"), {"axis": -1})], (0, 9)),
    "cast": ([("Cast", "@", {"to": TensorProto.INT32}), COLUMNS], (0, 9)),
    "offset": ([("Add", ("@", i64(2)), {}), COLUMNS], (-2, 7)),
    "offset before": ([("Add", (i64(2), "@"), {}), COLUMNS], (-2, 7)),
    "offsets by column": ([("Add", ("@", i64(0, 1, 2, 3, 4, 5)), {}), COLUMNS], (0, 4)),
    "less": ([("Sub", ("@", i64(1)), {}), COLUMNS], (1, 10)),
    "from": ([("Sub", (i64(9), "@"), {}), COLUMNS], (0, 9)),
    "negated": ([("Neg", "@", {}), ("Add", ("@", i64(9)), {}), COLUMNS], (0, 9)),
    "times": ([("Mul", ("@", i64(3)), {}), COLUMNS], (0, 3)),
    "over": ([("Div", ("@", i64(2)), {}), COLUMNS], (0, 19)),
    "unsqueezed": ([("Unsqueeze", ("@", i64(2)), {}), ("Concat", ("@", "@"), {"axis": 2}), COLUMNS], (0, 9)),
    "sliced": ([("Slice", ("@", i64(1), i64(4), i64(1)), {}), COLUMNS], (0, 9)),
    "at most": ([("Min", ("@", i64(9)), {}), COLUMNS], (0, np.inf)),
    "clipped": ([("Clip", ("@", np.array(0), np.array(20)), {}), COLUMNS], (-np.inf, 9)),
    "remainder": ([("Mod", ("@", i64(10)), {}), COLUMNS], (-np.inf, np.inf)),
    "running sum": ([("CumSum", ("@", np.array(1)), {}), ("Gather", (np.zeros((30, 2), "f"), "@"), {})], (0, 4)),
    "tuples": ([("Reshape", ("@", i64(3, 2)), {}), ("GatherND", (TABLE, "@"), {})], (0, 3)),
    "features": ([("ai.onnx.ml.ArrayFeatureExtractor", (TABLE, "@"), {})], (0, 9)),
    "elements": (
        [("Slice", ("@", i64(0), i64(1), i64(1)), {}), ("GatherElements", (TABLE, "@"), {"axis": 1})],
        (0, 9),
    ),
}


def runs(model: onnx.ModelProto, value: float) -> bool:
    session = runtime.open_session(model, level="none")
    try:
        runtime.run(session, ["y"], {"x": np.full((1, 6), value, np.int64)})
    except ShapeError:
        return False
    return True


@pytest.mark.parametrize("name", CASES)
def test_both_ends_run_and_one_more_does_not(name: str) -> None:
    steps, (low, high) = CASES[name]
    model = net([(op, list(operands) if operands != "@" else ["@"], dict(attrs)) for op, operands, attrs in steps])
    found = id_range(load(model), "x")
    if np.isinf(low) or np.isinf(high):
        # One end holds by itself: nothing bounds the values from there, and what is said of the other end is that it runs.
        assert found is None or (runs(model, found[0]) and runs(model, found[1]))
        for value in (low if np.isfinite(low) else -1000, high if np.isfinite(high) else 1000):
            assert runs(model, value)
        return
    assert found == (low, high)
    assert runs(model, low)
    assert runs(model, high)
    assert not (runs(model, low - 1) and runs(model, high + 1))


def test_the_tightest_table_of_several() -> None:
    model = net([ROWS])
    model.graph.node.append(helper.make_node("Gather", ["w0", "x"], ["z"], "other", axis=1))
    model.graph.output.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, None))
    graph = load(model)
    assert id_range(graph, "x") == (0, 3)
    assert [(one.node.name, one.table, one.axis, one.rows) for one in lookups(graph, "x")] == [
        ("n0", "w0", 0, 4),
        ("other", "w0", 1, 10),
    ]


def test_negative_ids_that_an_export_wraps() -> None:
    """Where(x < 0, x + 10, x): no value suits both branches, and ids count from the front."""
    model = net([COLUMNS])
    graph = model.graph
    graph.initializer.extend([numpy_helper.from_array(i64(0), "zero"), numpy_helper.from_array(i64(10), "ten")])
    wrap = [
        helper.make_node("Less", ["x", "zero"], ["below"]),
        helper.make_node("Add", ["x", "ten"], ["raised"]),
        helper.make_node("Where", ["below", "raised", "x"], ["ids"]),
    ]
    graph.node[0].input[1] = "ids"
    gather = graph.node[0]
    del graph.node[:]
    graph.node.extend([*wrap, gather])
    assert id_range(load(model), "x") == (0, 9)


def test_lengths_of_sequences() -> None:
    draw = np.random.default_rng(0).standard_normal
    arrays = [draw(shape).astype(np.float32) for shape in ((7, 2, 3), (1, 4, 3), (1, 4, 4))]
    model = net([("RNN", (*arrays, "", "@"), {"hidden_size": 4})], (2,), TensorProto.INT32)
    assert id_range(load(model), "x") == (1, 7)
    session = runtime.open_session(model)
    runtime.run(session, ["y"], {"x": np.array([1, 7], np.int32)})
    with pytest.raises(ShapeError):
        runtime.run(session, ["y"], {"x": np.array([1, 8], np.int32)})


def test_the_type_of_the_input_bounds_too() -> None:
    model = net([("Cast", "@", {"to": TensorProto.INT64}), ("Gather", (np.zeros((300, 2), "f"), "@"), {})], (2,))
    for elem, high in ((TensorProto.INT8, 127), (TensorProto.UINT8, 255), (TensorProto.INT16, 299)):
        model.graph.input[0].type.tensor_type.elem_type = elem
        assert id_range(load(model), "x") == (0, high)


def test_nothing_is_said_without_a_table() -> None:
    model = net([("Cast", "@", {"to": TensorProto.FLOAT})])
    assert id_range(load(model), "x") is None
    assert lookups(load(model), "x") == []


NO_INDEX = {
    "Unique": "its indices are outputs",
    "MaxRoiPool": "rois hold coordinates and samples of the batch as floats",
    "RoiAlign": "batch_indices count samples of the batch",
    "OneHot": "an index outside of depth gives zeros",
    "StringSplit": "counts are outputs",
    "MaxPool": "its indices are outputs",
    "CastLike": "target_type is a type",
    "TopK": "its indices are outputs",
}


def test_every_operator_that_takes_indices_is_known() -> None:
    """By the names that onnx's schemas give their operands."""
    words = ("indices", "position_ids", "sequence_lens", "nonpad", "target")
    for schema in onnx.defs.get_all_schemas():
        if schema.domain or schema.name in NO_INDEX:
            continue
        for slot, operand in enumerate(schema.inputs):
            if any(word in operand.name.lower() for word in words) and operand.type_str != "T":
                known = {**operator(schema.name).indexed, **operator(schema.name).lengths}
                assert slot in known, f"{schema.name} operand {slot} ({operand.name})"
