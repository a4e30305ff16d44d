"""Explanations of single tensors, on models made for the purpose, and pictures."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import rfonnx
from rfonnx.errors import QueryError
from rfonnx.report.explanation.chains import Question, explanation
from rfonnx.report.explanation.people import explain_document
from rfonnx.report.formats import render
from rfonnx.report.pictures import picture


def dilated(length: int = 64) -> rfonnx.Analysis:
    """Three 1-D convolutions of kernel 3 and dilation 2, padded to keep the length: span 13, 7 positions used."""
    nodes = [
        helper.make_node("Conv", [source, "w"], [made], dilations=[2], pads=[2, 2], kernel_shape=[3])
        for source, made in [("x", "a"), ("a", "b"), ("b", "c")]
    ]
    nodes.append(helper.make_node("Add", ["c", "y"], ["sum"]))
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, length]) for name in ("x", "y", "sum")]
    weights = helper.make_tensor("w", TensorProto.FLOAT, [1, 1, 3], [1.0, 2.0, 3.0])
    graph = helper.make_graph(nodes, "dilated", values[:2], values[2:], [weights])
    return rfonnx.analyze(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8))


@pytest.fixture(scope="module")
def analysis() -> rfonnx.Analysis:
    return dilated()


def test_span_against_used(analysis: rfonnx.Analysis) -> None:
    told = explanation(analysis, "c", Question(position=(0, 0, 20)))
    (region,) = told.reads
    (extent,) = region.extents
    assert (extent.axis, extent.first, extent.last, extent.span, extent.used) == (2, 14, 26, 13, 7)
    text = "".join(render(explain_document(told, every=False), "text"))
    assert "axis 2: 14..26, span 13, 7 used" in text
    assert "\n  #.#.#.#.#.#.#\n" in text


def test_chain_and_shares(analysis: rfonnx.Analysis) -> None:
    (chain,) = explanation(analysis, "c", Question()).chains
    assert [(step.tensor, step.added, step.size) for step in chain.steps] == [("a", 4, 5), ("b", 4, 9), ("c", 4, 13)]
    text = "".join(render(explain_document(explanation(analysis, "c", Question()), every=False), "text"))
    assert "x, axis 2: kernels 17%, depth 33%, dilation 50%\n" in text


def test_operators_that_add_nothing_are_left_out_unless_asked_for(analysis: rfonnx.Analysis) -> None:
    told = explanation(analysis, "sum", Question(input="x"))
    quiet, every = (explain_document(told, every=flag).parts[0] for flag in (False, True))
    assert [row[0] for row in quiet.rows] == ["a", "b", "c"]
    assert [row[0] for row in every.rows] == ["a", "b", "c", "sum"]
    assert "1 operator that adds nothing is left out; see --all" in "".join(quiet.caption)


def test_the_middle_is_the_default(analysis: rfonnx.Analysis) -> None:
    assert explanation(analysis, "c", Question()).reads[0].of == (0, 0, 32)


def test_a_border_position_reads_less(analysis: rfonnx.Analysis) -> None:
    (extent,) = explanation(analysis, "c", Question(position=(0, 0, 0))).reads[0].extents
    assert (extent.first, extent.last, extent.used) == (0, 6, 4)


def test_what_sees_an_input_position(analysis: rfonnx.Analysis) -> None:
    """The other side of span 13: seven outputs really see position 20, the hull says at most 14..26."""
    (region,) = explanation(analysis, "c", Question(origin=(0, 0, 20))).reached
    assert [(extent.first, extent.last) for extent in region.extents] == [(14, 26)]
    assert (region.where, region.of) == ("c", (0, 0, 20))


def test_what_sees_a_position_is_told_along_the_axes_that_differ() -> None:
    """Channels last: rows and columns, not columns and channels."""
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["a", "w"], ["b"]),
        helper.make_node("Transpose", ["b"], ["y"], perm=[0, 2, 3, 1]),
    ]
    ends = [helper.make_tensor_value_info("x", 1, [1, 9, 8, 2]), helper.make_tensor_value_info("y", 1, [1, 7, 6, 4])]
    weights = np.random.default_rng(0).normal(size=(4, 2, 3, 3)).astype("f")
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (region,) = explanation(rfonnx.analyze(model), "y", Question(origin=(0, 4, 1, 1))).reached
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.zeros((1, 9, 8, 2), "f")
    x[0, 4, 1, 1] = 1
    seen = np.nonzero(session.run(None, {"x": x})[0])
    told = [(extent.axis, extent.first, extent.last) for extent in region.extents]
    assert told == [(axis, seen[axis].min(), seen[axis].max()) for axis in (1, 2)]


def test_every_input_is_told(analysis: rfonnx.Analysis) -> None:
    told = explanation(analysis, "sum", Question())
    assert [region.where for region in told.reads] == ["x", "y"]
    assert explanation(analysis, "sum", Question(input="y")).reads[0].extents[0].used == 1


@pytest.mark.parametrize(
    ("name", "question", "message"),
    [
        ("d", Question(), r"no tensor 'd' is computed from an input"),
        ("c", Question(input="z"), r"there is no input 'z'; the inputs are 'x', 'y'$"),
        ("c", Question(position=(0, 0)), r"position \(0, 0\) is not in tensor 'c'"),
        (
            "c",
            Question(origin=(0, 0, 64)),
            r"position \(0, 0, 64\) is not in input 'x' of shape 1x1x64; give one index per",
        ),
        ("sum", Question(origin=(0, 0, 1)), r"'sum' sees 2 inputs; say with --input which one is meant$"),
        ("c", Question(axes=(9,)), r"no input has an axis 9"),
    ],
)
def test_errors(analysis: rfonnx.Analysis, name: str, question: Question, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        explanation(analysis, name, question)


def test_picture_draws_each_position() -> None:
    mask = np.array([[True, False], [False, True]])
    assert picture(mask) == (["#.", ".#"], "# used, . not used")


def test_a_large_mask_is_drawn_in_blocks() -> None:
    mask = np.zeros((65, 130), bool)
    mask[:3, :6] = True
    mask[10, 20] = True
    lines, legend = picture(mask)
    assert (len(lines), len(lines[0])) == (22, 44)
    assert lines[0] == "##" + "." * 42
    assert lines[3][6] == "+"
    assert legend == "# all used, + some used, . none used; a character is 3 x 3 positions"


def test_an_unused_input_reads_nothing() -> None:
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["": 17]> g (float[1, 2] x, float[1, 2] y) => (float[1, 2] z) { z = Relu(x) }'
    )
    told = explanation(rfonnx.analyze(model), "z", Question())
    assert [region.where for region in told.reads] == ["x"]
