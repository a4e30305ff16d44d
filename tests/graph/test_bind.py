"""Dynamic dimensions: bound by input or by name, by 1 for the batch, and by nothing else."""

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from rfonnx.errors import ShapeError
from rfonnx.model.reading.bind import evaluate_dim
from rfonnx.model.reading.load import load


def model(*inputs):
    """y = Relu of each input; an input is a list of dimensions, None for a missing shape."""
    names = ["x", "z", "w"][: len(inputs)]
    infos = [helper.make_tensor_value_info(n, TensorProto.FLOAT, dims) for n, dims in zip(names, inputs, strict=True)]
    nodes = [helper.make_node("Relu", [n], [f"{n}_out"]) for n in names]
    outputs = [onnx.ValueInfoProto(name=f"{n}_out") for n in names]
    graph = helper.make_graph(nodes, "g", infos, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(
    ("dims", "shapes", "bound"),
    [
        ([1, 3, 8], None, (1, 3, 8)),
        ([], None, ()),
        (["N", 3, 8], None, (1, 3, 8)),
        (["N", 3, "H"], {"H": 5}, (1, 3, 5)),
        (["N", 3, "H"], {"H": 5, "N": 4}, (4, 3, 5)),
        (["N", 3, "H"], {"H": (5,)}, (1, 3, 5)),
        (["N", 3, "H"], {"x": (2, 3, 5)}, (2, 3, 5)),
        (["N", 3, "H"], {"x": [2, 3, 5], "H": 5}, (2, 3, 5)),
        ([-1, 3, 4], None, (1, 3, 4)),
        ([None, 3, None], {"x": (2, 3, 5)}, (2, 3, 5)),
        (["unk__3", "unk__4", 3], {"x": (1, 9, 3)}, (1, 9, 3)),
        (["unk__3", "unk__4", 3], {"unk__4": 9}, (1, 9, 3)),
        ([1, 3, -1], {"x": (1, 3, 4)}, (1, 3, 4)),
        (None, {"x": (1, 3, 4)}, (1, 3, 4)),
        (["n"], {"x": 7}, (7,)),
        ([1, "(h+1)//2", "h"], {"h": 9}, (1, 5, 9)),
        ([0, 4], None, (0, 4)),
    ],
)
def test_bound_shapes(dims, shapes, bound):
    graph = load(model(dims), shapes)
    assert graph.shapes["x"] == graph.shapes["x_out"] == bound


def test_the_batch_is_not_bound_silently():
    assert load(model(["N", 3])).warnings == ["input 'x': its first dimension 'N' was taken as 1"]
    assert load(model(["N", 3]), {"N": 1}).warnings == []


def test_inputs_share_symbols():
    graph = load(model(["N", "H"], ["N", "H", "2*H"]), {"x": (2, 5)})
    assert graph.shapes["z"] == (2, 5, 10)


@pytest.mark.parametrize(
    ("inputs", "shapes", "message"),
    [
        (
            [["N", 3, "H", "W"]],
            None,
            r"input 'x' has the shape 'N'x3x'H'x'W': the lengths of axes 2, 3, 'H', 'W', are unknown; "
            r"pass --shape H=224 --shape W=224$",
        ),
        ([[1, None]], None, r"the length of axis 1, \?, is unknown; pass --shape x=1,128$"),
        ([[1, 3, -1]], None, r"axis 2, -1, is unknown; pass --shape x=1,3,128$"),
        ([["N", "(h+1)//2"]], None, r"axis 1, '\(h\+1\)//2', is unknown; pass --shape x=1,128$"),
        (
            [["N", "T", 80], ["N", "T", "samples"], ["N", None]],
            None,
            r"input 'x' .* axis 1, 'T', is unknown; input 'z' .* axes 1, 2, 'T', 'samples', are unknown; input 'w' .* \?, is "
            r"unknown; pass --shape T=128 --shape samples=16000 --shape w=1,128$",
        ),
        ([None], None, "the file gives no shape for input 'x'; pass --shape x=1,3,224,224"),
        ([[1, 3]], {"x": (1, 3, 4)}, r"shape 1x3x4 of 3 axes, but the file says 1x3 \(2 axes\); pass --shape x=1,3"),
        ([[1, 3]], {"x": (1, 4)}, "axis 1 of input 'x' was given the length 4, but the file fixes it at 3"),
        ([["N", "H", "H"]], {"x": (1, 4, 5)}, "axis 2 .* the length 5, but its dimension 'H' is 4 elsewhere"),
        ([["N", "H"], ["N", "H"]], {"x": (1, 4), "z": (1, 5)}, "axis 1 of input 'z' .* 5, but its dimension 'H' is 4"),
        ([["N", "H"]], {"x": (1, 4), "H": 5}, "the length 4, but its dimension 'H' is 5 elsewhere"),
        (
            [["N", "H"]],
            {"xx": (1, 4)},
            r"given for 'xx', which is neither an input \('x'\) nor .* \('H', 'N'\); did you mean 'x'",
        ),
        ([[1, 2]], {"H": 4}, "the model has none"),
        ([["N", "H"]], {"H": (4, 5)}, "dimension 'H' was given as 4x5, expected one length"),
        ([["N", "H"]], {"H": -4}, r"dimension 'H' was given the length -4, expected 0 to 2\^40"),
        (
            [["N", "H"]],
            {"x": (1, 2**41)},
            r"axis 1 of input 'x' was given the length 2199023255552, expected 0 to 2\^40",
        ),
        ([[1, 2**41]], None, r"axis 1 of tensor 'x' \(input\) has length 2199023255552, expected 0 to 2\^40"),
        (
            [[2**40, 2**40]],
            None,
            r"tensor 'x' \(input\) of shape 1099511627776x1099511627776 has more than 2\^62 elements",
        ),
    ],
)
def test_errors(inputs, shapes, message):
    with pytest.raises(ShapeError, match=message) as caught:
        load(model(*inputs), shapes)
    assert "\n" not in str(caught.value)


def test_inputs_that_are_no_tensors():
    sequence = model([2])
    sequence.graph.input.append(helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, [2]))
    graph = load(sequence)
    assert (graph.inputs, graph.shapes["s"], graph.dtypes["s"]) == (("x", "s"), None, "sequence")


@given(st.integers(1, 99), st.integers(1, 99))
def test_dimension_expressions(h, w):
    symbols = {"h": h, "w": w}
    assert evaluate_dim("(h + 2*w - 1)//2 + h % 3", symbols) == (h + 2 * w - 1) // 2 + h % 3
    assert evaluate_dim("-h + 200", symbols) == 200 - h


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "q",
        "h**9",
        "h**h**h",
        "__import__('os')",
        "h if h else 1",
        "(" * 150 + "h" + ")" * 150,
        "h//0",
        "h+",
        "1.5",
        "h-9",
    ],
)
def test_what_is_no_length_is_unknown(text):
    assert evaluate_dim(text, {"h": 9}) is None
