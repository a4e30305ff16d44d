"""Masks by product: what is multiplied by zero is not read, nor by what sums, normalises or attends over the rest."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from access.brute import mask, program_reads
from access.probe import probe_model, runner, values
from rfonnx import analyze
from rfonnx.analysis.lower import lower
from rfonnx.model.reading.load import load

N = 5
CAUSAL = np.tri(N, dtype=np.float32)
DECAY = CAUSAL * 0.9 ** np.abs(np.arange(N)[:, None] - np.arange(N)).astype(np.float32)
X = {"x": values(2, N, 3)}
SMALL = (0.25, -0.5)


def node(op_type, inputs, output, **attrs):
    return helper.make_node(op_type, inputs.split(), [output], **attrs)


SCORES = [node("Transpose", "x", "t", perm=[0, 2, 1]), node("MatMul", "x t", "scores")]
CONSTANTS = {
    "D": DECAY,
    "keep": CAUSAL.astype(bool),
    "zero": np.float32(0),
    "one": np.float32(1),
    "minus1": np.float32(-1),
    "scale": np.array([1, 2, 3], np.float32),
    "keys": (np.arange(N) < 3).astype(np.float32),
    "two": np.float32(2),
    "last": np.array([2]),
    "row": np.array([1]),
    "edges": np.array([0, 1, 0, 0, 0, 0]),
    "rows": (np.arange(N) < 3).astype(np.float32)[:, None],
    "places": np.array([0]),
    "end": np.array([N]),
    "line": np.zeros((2, 1, 3), np.float32),
    "minus": np.where(CAUSAL, 0, -np.inf).astype(np.float32),
    "axis": np.int64(2),
}


def net(nodes, outputs):
    """x (2,5,3) through the nodes; the outputs in order."""
    graph = helper.make_graph(
        nodes,
        "masked",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, N, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in CONSTANTS.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


MASKS = {
    "product": [node("Mul", "scores D", "m")],
    "choice": [node("Where", "keep scores zero", "m")],
    "triangle": [node("Trilu", "scores", "m", upper=0)],
    "product, then abs": [node("Mul", "D scores", "a"), node("Abs", "a", "m")],
    "product, then square": [node("Mul", "scores D", "a"), node("Pow", "a two", "m")],
    "product of the transposed": [
        node("Transpose", "scores", "u", perm=[0, 2, 1]),
        node("Mul", "u D", "m"),
    ],
    "product by heads": [
        node("Unsqueeze", "scores row", "u"),
        node("Mul", "u D", "a"),
        node("Squeeze", "a row", "m"),
    ],
}

USES = {
    "sum": [node("ReduceSum", "m last", "y")],
    "L1": [node("ReduceL1", "m last", "y")],
    "max": [node("ReduceMax", "m last", "y")],
    "mean of the squares": [node("Pow", "m two", "p"), node("ReduceMean", "p last", "y")],
    "over columns": [node("ReduceSum", "m row", "y", keepdims=0)],
    "values": [node("MatMul", "m x", "y")],
    "exponential": [node("Exp", "m", "e"), node("ReduceSum", "e last", "y")],
    "softmax": [node("Softmax", "m", "p", axis=2), node("ReduceMax", "p last", "y")],
    "normalised": [
        node("ReduceSum", "m last", "s"),
        node("Abs", "s", "b"),
        node("Max", "b one", "c"),
        node("Div", "m c", "p"),
        node("MatMul", "p x", "y"),
    ],
    "layer norm": [node("LayerNormalization", "m line1", "y", axis=2)],
    "einsum": [node("Einsum", "m x", "y", equation="bij,bjk->bik")],
}
CONSTANTS["line1"] = np.arange(1, N + 1).astype(np.float32)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("masked", MASKS)
def test_what_a_mask_leaves_is_read(masked, use):
    deltas, trials = ((9, -9), 6) if "ReduceMax" in {n.op_type for n in USES[use]} and use == "max" else (SMALL, 3)
    probe_model(net([*SCORES, *MASKS[masked], *USES[use]], ["y"]), X, deltas=deltas, trials=trials)


@pytest.mark.parametrize("masked", MASKS)
def test_masked_tensors_are_at_most_what_they_show(masked):
    """Triangles of small matrices are followed one by one."""
    probe_model(net([*SCORES, *MASKS[masked]], ["m"]), X, deltas=SMALL, exact=masked == "triangle")


LINES = {
    "padded": [node("Pad", "x edges", "p"), node("Slice", "p places end row", "q"), node("Mul", "x q", "y")],
    "a line of zeros before": [
        node("Slice", "x places end row", "q"),
        node("Concat", "line q", "p", axis=1),
        node("Slice", "p places end row", "r"),
        node("Mul", "x r", "y"),
    ],
    "rows": [node("Mul", "x rows", "y")],
    "rows chosen": [
        node("Greater", "x zero", "g"),
        node("Cast", "g", "f", to=1),
        node("Mul", "f rows", "k"),
        node("Mul", "k x", "y"),
    ],
    "divided": [node("Mul", "x rows", "a"), node("Exp", "x", "e"), node("Div", "a e", "y")],
    "then a sum": [node("Mul", "x rows", "a"), node("ReduceSum", "a row", "y")],
    "then running": [node("Mul", "x rows", "a"), node("CumSum", "a row0", "y")],
    "then shifted": [node("Mul", "x rows", "a"), node("Pad", "a edges", "y")],
    "then bounded": [
        node("Mul", "x rows", "a"),
        node("Clip", "a minus1 one", "b"),
        node("Min", "b two", "c"),
        node("Mul", "x c", "y"),
    ],
    "times nothing so far": [node("CumSum", "x row0", "a", exclusive=1), node("Mul", "x a", "y")],
    "rows of a product": [
        node("Mul", "x rows", "a"),
        *SCORES[:1],
        node("MatMul", "a t", "b"),
        node("MatMul", "b x", "y"),
    ],
    "then a norm": [
        node("Mul", "x rows", "a"),
        node("LayerNormalization", "a scale", "b", axis=2),
        *SCORES[:1],
        node("MatMul", "b t", "y"),
    ],
    "keys of an einsum": [
        *SCORES,
        node("Mul", "scores keys", "a"),
        node("Einsum", "a x", "y", equation="bij,bjk->bik"),
    ],
    "everywhere": [node("Mul", "x zero", "y")],
}
CONSTANTS["row0"] = np.int64(1)


@pytest.mark.parametrize("name", LINES)
def test_zeros_along_one_axis_are_said_exactly(name):
    probe_model(net(LINES[name], ["y"]), X, deltas=(0.25, -0.5, 9, -9))


SOUND = {
    "the greatest of one": [node("Max", "m", "y")],
    "bounds above 0": [node("Clip", "m one two", "a"), node("ReduceSum", "a last", "s"), node("MatMul", "a x", "y")],
    "bounds below 0": [node("Min", "m minus1", "a"), node("MatMul", "a x", "y")],
    "a mean added": [node("ReduceMean", "m last", "s"), node("Add", "m s", "y")],
    "a running sum": [node("CumSum", "m axis", "y")],
    "a sum of masked and unmasked": [node("Add", "m scores", "a"), node("ReduceSum", "a last", "y")],
    "a window": [node("Unsqueeze", "m row", "u"), node("AveragePool", "u", "y", kernel_shape=[2, 2])],
    "zeros that another mask does not have": [node("Max", "m one", "a"), node("ReduceMax", "a last", "y")],
    "hidden, then the greatest": [
        node("Add", "scores minus", "h"),
        node("ReduceMax", "h last", "g"),
        node("Sub", "h g", "d"),
        node("Exp", "d", "e"),
        node("ReduceSum", "e last", "s"),
        node("Div", "e s", "p"),
        node("MatMul", "p x", "y"),
    ],
}


@pytest.mark.parametrize("use", SOUND)
def test_other_uses_are_sound(use):
    probe_model(net([*SCORES, *MASKS["product"], *SOUND[use]], ["y"]), X, deltas=SMALL, exact=None)


def test_old_operands_line_up_otherwise():
    """Up to opset 6, the second operand's axes begin at `axis`: which rows are zero is not followed."""
    rows = numpy_helper.from_array(np.array([1, 0, 1], np.float32), "rows")
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3, 3]) for name in "xy"]
    graph = helper.make_graph([node("Mul", "x rows", "y", axis=1, broadcast=1)], "old", infos[:1], infos[1:], [rows])
    program = lower(load(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 6)], ir_version=3)))
    read = mask(program_reads(program)["y"]["x"], (2, 3, 3), (2, 3, 3))
    assert all(read[(*place, *place)] for place in np.ndindex(2, 3, 3))


def test_a_large_choice_of_rows_is_said_exactly():
    """The condition has more elements than are looked at one by one."""
    n, chosen = 300, 7
    keep = np.broadcast_to((np.arange(n) < chosen)[:, None], (n, n))
    constants = [numpy_helper.from_array(keep.copy(), "keep"), numpy_helper.from_array(np.float32(0), "zero")]
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [n, n]) for name in "xy"]
    graph = helper.make_graph([node("Where", "keep x zero", "y")], "rows", infos[:1], infos[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    field = analyze(model)
    lo, hi = (np.broadcast_to(end, (n, n))[:, 0] for end in field.intervals("y", "x", 0))
    assert field.tensors["y"].exact
    assert ((hi >= lo) == (np.arange(n) < chosen)).all()
    x = values(n, n)
    run = runner(model)
    assert ((run({"x": x + 1})[0] != run({"x": x})[0]).any(axis=1) == (np.arange(n) < chosen)).all()


def test_a_softmax_by_hand_is_causal():
    field = analyze(net([*SCORES, *MASKS["product"], *SOUND["hidden, then the greatest"]], ["y"]))
    assert field.intervals("y", "x", 1)[1].reshape(-1).tolist() == list(range(N))


def test_retention_is_causal():
    """Scores times decay, normalised by their sums (Sun et al. 2023), times values."""
    field = analyze(net([*SCORES, *MASKS["product"], *USES["normalised"]], ["y"]))
    lo, hi = field.intervals("y", "x", 1)
    assert (lo.max(), hi.reshape(-1).tolist()) == (0, list(range(N)))
    assert field.tensors["y"].exact
    assert not field.tensors["m"].exact
    assert "one value" in field.tensors["m"].notes[0]
