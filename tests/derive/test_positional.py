"""Constants that treat positions differently are named; those that only look like it are not."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx
from rfonnx.analysis.derive.moves import Factor
from rfonnx.analysis.derive.positional import follows

TOKENS, WIDTH = 12, 8


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


def net(nodes, weights, shape, dtype=TensorProto.FLOAT) -> onnx.ModelProto:
    graph = helper.make_graph(
        [helper.make_node(op, sources.split(), made.split(), **attrs) for op, sources, made, attrs in nodes],
        "net",
        [helper.make_tensor_value_info("x", dtype, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def found(model) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(c.name, c.tensor, c.axes) for c in rfonnx.analyze(model).facts["y"].positional]


def image(op: str, constant: np.ndarray, strided: bool = False) -> onnx.ModelProto:
    """conv 3, `op` with the constant, conv 3 (or 3/2 first)."""
    nodes = [
        ("Conv", "x w", "a", {"pads": [1] * 4, "strides": [1 + strided] * 2}),
        (op, "a c", "b", {}),
        ("Conv", "b w", "y", {"pads": [1] * 4}),
    ]
    return net(nodes, {"w": normal(3, 3, 3, 3), "c": constant}, [1, 3, 16, 20])


def stripes(rows: int, columns: int, period: int) -> np.ndarray:
    return (np.indices((rows, columns)).sum(axis=0) % period).astype(np.float32)


IMAGES = {
    "both axes": (normal(1, 3, 16, 20), (2, 3)),
    "rows": (normal(16, 1), (2,)),
    "columns": (normal(20), (3,)),
    "channels": (normal(1, 3, 1, 1), ()),
    "one number": (np.float32(2), ()),
    "one number, spread": (np.full((1, 3, 16, 20), 2, np.float32), ()),
    "channels, spread": (np.broadcast_to(normal(1, 3, 1, 1), (1, 3, 16, 20)).copy(), ()),
    "stripes": (stripes(16, 20, 2), (2, 3)),
}


@pytest.mark.parametrize("op", ["Add", "Mul", "Sub", "Div", "Max"])
@pytest.mark.parametrize("name", IMAGES)
def test_constants_that_meet_an_image(name, op):
    constant, axes = IMAGES[name]
    assert found(image(op, constant)) == ([("c", "b", axes)] if axes else [])


def test_stripes_beside_a_stride_are_named_too():
    """Moved by two pixels, stripes of period 2 are what they were; that a stride asks for two anyway is not looked for."""
    assert found(image("Add", stripes(8, 10, 2), strided=True)) == [("c", "b", (2, 3))]
    nodes = [("Add", "x c", "a", {}), ("Conv", "a w", "y", {"strides": [2, 2]})]
    weights = {"w": normal(3, 3, 3, 3), "c": stripes(16, 20, 2)}
    assert found(net(nodes, weights, [1, 3, 16, 20])) == [("c", "a", (2, 3))]


def test_tables_are_named_as_they_are_stored():
    """A part of the table is taken by computed positions, as exporters write it."""
    nodes = [
        ("Shape", "x", "s", {}),
        ("Gather", "s one", "n", {"axis": 0}),
        ("Range", "zero n step", "p", {}),
        ("Gather", "wpe p", "e", {}),
        ("Gather", "wte x", "t", {}),
        ("Add", "t e", "y", {}),
    ]
    scalars = {"zero": np.int64(0), "step": np.int64(1), "one": np.int64(1)}
    weights = {"wte": normal(50, WIDTH), "wpe": normal(64, WIDTH), **scalars}
    assert found(net(nodes, weights, [1, TOKENS], TensorProto.INT64)) == [("wpe", "y", (1,))]


def attention(bias: np.ndarray) -> onnx.ModelProto:
    """Attention over (1, TOKENS, WIDTH) with a bias added to the scores."""
    nodes = [
        ("MatMul", "x w", "q", {}),
        ("Transpose", "x", "k", {"perm": [0, 2, 1]}),
        ("MatMul", "q k", "a", {}),
        ("Add", "a bias", "b", {}),
        ("Softmax", "b", "p", {"axis": -1}),
        ("MatMul", "p x", "y", {}),
    ]
    return net(nodes, {"w": normal(WIDTH, WIDTH), "bias": bias}, [1, TOKENS, WIDTH])


def test_biases_by_relative_position_are_none_and_others_are():
    """Before a softmax they do keep the output from following: a border cuts off far keys."""
    place = np.arange(TOKENS)
    relative = 3 * normal(2 * TOKENS - 1)[place[:, None] - place + TOKENS - 1]
    assert found(attention(relative)) == []
    assert found(attention(normal(TOKENS, TOKENS))) == [("bias", "b", (1, 2))]
    (fact,) = rfonnx.analyze(attention(relative)).facts["y"].shifts
    assert fact.period is None
    assert "near positions count otherwise" in fact.reason
    tokens = np.full((1, TOKENS + 1, WIDTH), 0.3, np.float32)
    tokens[:, TOKENS // 2 : TOKENS // 2 + 2] = normal(1, 2, WIDTH)
    session = onnxruntime.InferenceSession(attention(relative).SerializeToString(), providers=["CPUExecutionProvider"])
    before, after = (session.run(None, {"x": x})[0] for x in (tokens[:, 1:], tokens[:, :-1]))
    assert np.abs(after[:, 1:] - before[:, :-1]).max() > 1e-2


def test_scales_of_norms():
    def norm(shape):
        nodes = [("LayerNormalization", "a s", "b", {"axis": -len(shape)}), ("Conv", "b w", "y", {})]
        nodes.insert(0, ("Conv", "x w", "a", {"pads": [1] * 4}))
        return net(nodes, {"s": normal(*shape), "w": normal(3, 3, 3, 3)}, [1, 3, 16, 20])

    assert found(norm((3, 16, 20))) == [("s", "b", (2, 3))]
    assert found(norm((20,))) == [("s", "b", (3,))]


def test_the_vit(models):
    a = rfonnx.analyze(models / "vit.onnx")
    (constant,) = a.facts["head"].positional
    assert (constant.name, constant.tensor, constant.op_type, constant.axes) == ("pos_embed", "embedded", "Add", (1,))
    assert all(fact.period is None and "pos_embed" in fact.reason for fact in a.facts["head"].shifts)


def test_a_vit_whose_table_is_the_same_everywhere_has_none(models):
    model = onnx.load(models / "vit.onnx")
    (table,) = (tensor for tensor in model.graph.initializer if tensor.name == "pos_embed")
    value = numpy_helper.to_array(table)
    table.CopyFrom(numpy_helper.from_array(np.broadcast_to(value[:, :1], value.shape).copy(), "pos_embed"))
    assert rfonnx.analyze(model).facts["head"].positional == ()


def test_absent_data_is_taken_to_differ(tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(image("Add", np.zeros((16, 20), np.float32)), path, save_as_external_data=True, size_threshold=600)
    assert found(path) == []
    next(file for file in tmp_path.iterdir() if file != path).unlink()
    assert found(path) == [("c", "b", (2, 3))]


def test_a_constant_that_follows_by_rows():
    """Tokens of an image of 3 rows and 4 columns in one axis: a table by rows follows a move along columns."""
    by_rows = np.repeat(normal(3), 4)
    by_columns = np.tile(normal(4), 3)
    along_columns, along_rows = ((Factor(3, 0), Factor(4, 1)),), ((Factor(3, 1), Factor(4, 0)),)
    assert follows(by_rows, along_columns)
    assert not follows(by_rows, along_rows)
    assert follows(by_columns, along_rows)
    assert not follows(by_columns, along_columns)
