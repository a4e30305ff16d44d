"""Models of strangers: small files that would take for ever, or end in words of Python's."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

import rfonnx
from rfonnx.comparing.pairs.running_model import OpenModel
from rfonnx.errors import ModelError, ShapeError
from rfonnx.model.building.limits import FEW
from rfonnx.model.reading.endless import refuse_endless
from rfonnx.model.reading.load import load
from rfonnx.model.runtime import _unknown_operator, open_session

WEIGHT = numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "w")


def info(name: str, shape: tuple[int, ...] | None = (1, 3, 8, 8), elem: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, elem, shape)


def model(nodes: list[NodeProto], *stored: TensorProto, inputs: list[onnx.ValueInfoProto] | None = None) -> ModelProto:
    graph = helper.make_graph(nodes, "g", inputs or [info("x")], [info("y", None)], list(stored))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def conv(given: str = "x", made: str = "y", name: str = "c") -> NodeProto:
    return helper.make_node("Conv", [given, "w"], [made], name, pads=[1, 1, 1, 1])


def body(inner: NodeProto, level: int = 0, keep: str = "k") -> GraphProto:
    """A round that hands its condition through."""
    given = [
        info(f"i{level}", (), TensorProto.INT64),
        info(f"{keep}{level}", (), TensorProto.BOOL),
        info(f"v{level}", None),
    ]
    nodes = [inner, helper.make_node("Identity", [f"{keep}{level}"], [f"kept{level}"])]
    return helper.make_graph(
        nodes, f"b{level}", given, [info(f"kept{level}", (), TensorProto.BOOL), info(f"o{level}", None)]
    )


def nested(depth: int) -> NodeProto:
    inner = helper.make_node("Relu", ["v0"], ["o0"])
    for level in range(depth):
        made = f"o{level + 1}" if level + 1 < depth else "y"
        given = f"v{level + 1}" if level + 1 < depth else "x"
        inner = helper.make_node("Loop", ["M", "", given], [made], body=body(inner, level))
    return inner


def number(value: int, name: str = "M") -> TensorProto:
    return numpy_helper.from_array(np.array(value), name)


@pytest.mark.parametrize("depth", [3, 10, 14])
def test_loops_inside_loops_are_not_written_out_without_end(depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rfonnx.model.opened.FEW", FEW._replace(total=2000))
    graph = load(model([nested(depth)], number(3)))
    assert ("Loop" in {node.op_type for node in graph.nodes}) == (depth > 3)
    assert len(graph.nodes) < 2000
    assert graph.shapes["y"] == (1, 3, 8, 8)


@pytest.mark.parametrize("rounds", [2**62, 10**9 + 1])
def test_a_loop_that_would_not_end_is_not_run(rounds: int) -> None:
    loop = helper.make_node("Loop", ["M", "", "h"], ["y"], body=body(helper.make_node("Relu", ["v0"], ["o0"])))
    made = model([conv(made="h"), loop], WEIGHT, number(rounds))
    message = (
        f"node \\(Loop\\) that makes 'y' runs {rounds} rounds, expected at most 1000000000: a run would not end; export"
    )
    for opened in (lambda: open_session(made), lambda: OpenModel("teacher", made.SerializeToString(), 1, None)):
        with pytest.raises(ModelError, match=message):
            opened()
    with pytest.raises(ModelError, match=message):
        rfonnx.erf(made, "y", n=1)
    assert rfonnx.analyze(made).tensors["y"].shape == (1, 4, 8, 8)  # nothing runs


def test_rounds_of_loops_inside_loops_count_together() -> None:
    refuse_endless(model([nested(2)], number(30_000)), "m")
    with pytest.raises(ModelError, match="runs 1600000000 rounds"):
        refuse_endless(model([nested(2)], number(40_000)), "m")


def test_a_loop_that_a_condition_ends_may_run() -> None:
    """Exporters write 2^63 - 1 rounds for "as long as the condition holds"."""
    ends = helper.make_graph(
        [helper.make_node("Less", ["i", "few"], ["again"]), helper.make_node("Relu", ["v"], ["o"])],
        "b",
        [info("i", (), TensorProto.INT64), info("k", (), TensorProto.BOOL), info("v", None)],
        [info("again", (), TensorProto.BOOL), info("o", None)],
        [number(4, "few")],
    )
    made = model([helper.make_node("Loop", ["M", "", "x"], ["y"], body=ends)], number(2**63 - 1))
    session = open_session(made)
    (y,) = session.run(None, {"x": np.full((1, 3, 8, 8), -1, np.float32)})
    assert not y.any()


def test_a_loop_of_rounds_that_come_from_an_input_may_run() -> None:
    refuse_endless(model([nested(1)], inputs=[info("x"), info("M", (), TensorProto.INT64)]), "m")


@pytest.mark.parametrize("length", [10, 1_000_000])
def test_a_message_of_onnxruntime_is_searched_in_linear_time(length: int) -> None:
    """It was searched from each of its characters: 40 KB took 48 s."""
    made = model([conv(made="h"), helper.make_node("Odd", ["h"], ["y"], "n")], WEIGHT)
    assert _unknown_operator("a" * length, made) == ""
    assert _unknown_operator("a" * length + ":Odd(-1)", made) == ""
    told = f"{'a ' * length}: ai.onnx:Odd(-1) is not a registered function/op"
    assert _unknown_operator(told, made) == "node 'n' (ai.onnx.Odd)"
    assert _unknown_operator(f"{'a' * length} is not a registered function/op", made) == ""


def test_a_constant_of_two_outputs() -> None:
    two = helper.make_node("Constant", [], ["w", "v"], value=WEIGHT)
    with pytest.raises(ModelError, match=r"node \(Constant\) that makes 'w' has 2 outputs, expected 1"):
        load(model([two, conv()]))


@pytest.mark.parametrize("where", ["input", "inner", "node"])
def test_names_with_a_nul(where: str) -> None:
    given, made, name = (
        ("x\0" if where == "input" else "x"),
        ("h\0" if where == "inner" else "h"),
        "c\0"[: 1 + (where == "node")],
    )
    nodes = [conv(given, made, name), helper.make_node("Relu", [made], ["y"])]
    with pytest.raises(ModelError, match="has a name that holds a NUL"):
        load(model(nodes, WEIGHT, inputs=[info(given)]))


@pytest.mark.parametrize(("mark", "new"), [(b"\x0a\x01x", b"\x0a\x01\xff"), (b"\x01y", b"\x01\xfe")])
def test_names_that_are_no_text_are_told_before_onnxruntime_is_asked(tmp_path: Path, mark: bytes, new: bytes) -> None:
    data = model([conv()], WEIGHT).SerializeToString()
    assert mark in data
    (tmp_path / "m.onnx").write_bytes(data.replace(mark, new))
    with pytest.raises(ModelError, match=r"m\.onnx: an input or output has a name that is no UTF-8 text"):
        OpenModel("teacher", tmp_path / "m.onnx", 1, None)


def test_over_64_axes() -> None:
    with pytest.raises(ShapeError, match=r"tensor 'x' \(.*\) has 70 axes, expected at most 64"):
        load(model([helper.make_node("Relu", ["x"], ["y"])], inputs=[info("x", (1,) * 70)]))


def test_fields_of_thousands_of_inputs_are_refused() -> None:
    names = [f"x{i}" for i in range(9000)]
    made = model([helper.make_node("Sum", names, ["y"])], inputs=[info(name, (4,)) for name in names])
    with pytest.raises(ModelError, match="9000 inputs of 9000 axes in all and 1 tensors are more than 67108864 fields"):
        rfonnx.analyze(made)


def branches(location: str) -> ModelProto:
    """An If whose branch has a weight in a file."""
    outside = TensorProto()
    outside.CopyFrom(WEIGHT)
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value=location)
    one = helper.make_graph([conv(made="a")], "t", [], [info("a", None)], [outside])
    other = helper.make_graph([helper.make_node("Conv", ["x", "v"], ["b"], pads=[1, 1, 1, 1])], "e", [], [info("b", None)],
                              [numpy_helper.from_array(np.zeros((4, 3, 3, 3), np.float32), "v")])  # fmt: skip
    choice = helper.make_node("If", ["c"], ["y"], then_branch=one, else_branch=other)
    return model([choice], inputs=[info("x"), info("c", (), TensorProto.BOOL)])


def test_weights_of_a_branch_that_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(WEIGHT.raw_data)
    onnx.save(branches("w.bin"), tmp_path / "m.onnx")
    samples = {"x": np.ones((2, 3, 8, 8), np.float32), "c": np.array([True, True])}
    assert rfonnx.erf(tmp_path / "m.onnx", "y", data=samples, input="x", n=2).input == "x"
    (tmp_path / "w.bin").unlink()
    with pytest.raises(ModelError, match="the weights of 'If/then/w' are missing"):
        rfonnx.erf(tmp_path / "m.onnx", "y", data=samples, input="x", n=2)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_models_and_weights_that_are_pipes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.onnx")
    with pytest.raises(ModelError, match=r"p\.onnx: is no regular file; give an \.onnx file"):
        load(tmp_path / "p.onnx")
    os.mkfifo(tmp_path / "w.bin")
    onnx.save(branches("w.bin"), tmp_path / "m.onnx")
    with pytest.raises(ModelError, match="the weights of 'If/then/w' are missing"):
        rfonnx.erf(tmp_path / "m.onnx", "y", n=1)
