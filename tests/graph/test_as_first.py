"""Outputs that have the type of the first input: no inference is asked, and it would say the same."""

from __future__ import annotations

import itertools

import onnx
import pytest
from onnx import TensorProto, helper

from rfonnx.errors import RfonnxError
from rfonnx.model.building import infer
from rfonnx.model.reading.load import load
from rfonnx.operators.table import operators

KINDS = [row.kind for row in operators() if row.as_first]
SHAPES = ((), (3,), (1,), (2, 3), (2, 1), (0, 3), (1, 1, 1, 3))
ELEMS = [getattr(TensorProto, name) for name in ("FLOAT", "FLOAT16", "DOUBLE", "BFLOAT16", "INT64", "BOOL")]
OPSETS = (1, 6, 7, 12, 13, 14, 22)


def said(kind: str, opset: int, elems: tuple[int, ...], given: tuple[tuple[int, ...], ...]) -> object:
    """Type and shape of what a node makes, or the error."""
    inputs = [f"i{number}" for number in range(len(given))]
    typed = [helper.make_tensor_value_info(*one) for one in zip(inputs, elems, given, strict=True)]
    made = helper.make_tensor_value_info("y", TensorProto.UNDEFINED, None)
    graph = helper.make_graph([helper.make_node(kind, inputs, ["y"])], "g", typed, [made])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    try:
        found = load(model)
    except RfonnxError as error:
        return str(error)
    return found.dtypes["y"], found.shapes["y"]


@pytest.mark.parametrize("kind", KINDS)
def test_inference_says_the_same(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    count = next(row.as_first for row in operators() if row.kind == kind)
    newest = onnx.defs.onnx_opset_version()
    cases = [
        (min(opset, newest), elems, given)
        for opset in OPSETS
        for elems in itertools.product(ELEMS, repeat=count)
        for given in (itertools.product(SHAPES, repeat=count) if len(set(elems)) == 1 else [((2, 3),) * count])
    ]
    quick = [said(kind, *case) for case in cases]
    monkeypatch.setattr(infer, "_as_first", lambda node, tensors: None)
    assert quick == [said(kind, *case) for case in cases]


def test_more_inputs_than_it_has_are_refused() -> None:
    assert "Relu" in str(said("Relu", 17, (TensorProto.FLOAT,) * 2, ((2,), (2,))))


def test_nodes_without_inputs_are_left_to_inference() -> None:
    graph = helper.make_graph(
        [helper.make_node("SequenceEmpty", [], ["s"]), helper.make_node("SequenceInsert", ["s", "x"], ["t"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (2, 3))],
        [helper.make_tensor_sequence_value_info("t", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    assert load(model).dtypes["s"] == "sequence"
