"""If, and loops whose rounds are taken together, against onnxruntime."""

import numpy as np
import onnx
import pytest

from access.brute import program_reads
from access.probe import probe_model, values
from rfonnx.analysis.lower import lower
from rfonnx.model.building.limits import FEW
from rfonnx.model.reading.load import load
from rfonnx.operators.access.primitives import Permute, Reduce, Reshape, Select, Window
from rfonnx.operators.access.relations import Relation, after, join

X = {"x": values(3, 4)}
GO = {"m": np.array(3, np.int64)}


@pytest.fixture
def together(monkeypatch):
    """Loops keep their bodies, however few their rounds."""
    monkeypatch.setattr("rfonnx.model.opened.FEW", FEW._replace(rounds=-1))


def parse(body: str, signature: str = "float[3,4] x", output: str = "float[] y") -> onnx.ModelProto:
    return onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : 18]>\ncontrol ({signature}) => ({output}) {{ {body} }}'
    )


def reads(program, name, position):
    """Hull of what a position of a tensor reads of x, by axis."""
    seen = np.array(sorted(program_reads(program)[name]["x"][position]))
    return list(zip(seen.min(0).tolist(), seen.max(0).tolist(), strict=True))


IF = """y = If(c) <then_branch = t () => (float[3,4] a) { r = Relu(x) a = Softmax<axis: int = 1>(r) },
    else_branch = e () => (float[3,4] b) { b = Neg(x) }>"""


@pytest.mark.parametrize("condition", [True, False])
def test_if_reads_what_either_branch_reads(condition):
    program = probe_model(parse(IF, "float[3,4] x, bool c"), {**X, "c": np.array(condition)}, exact=False)
    assert reads(program, "y", (1, 2)) == [(1, 1), (0, 3)]
    assert "either branch" in program.tensors[-1].note
    assert {t.name: t.kind for t in program.tensors} == {
        "If/then/r": "Relu",
        "If/then/a": "Softmax",
        "If/else/b": "Neg",
        "y": "If",
    }


def test_the_condition_is_read():
    text = "s = ReduceSum<keepdims: int = 0>(x) zero = Constant<value: tensor = float {0}>() c = Greater(s, zero) " + IF
    program = probe_model(parse(text), X, exact=False)
    assert reads(program, "y", (1, 2)) == [(0, 2), (0, 3)]


def test_branches_of_different_shapes():
    text = """y = If(c) <then_branch = t () => (float[] a) { a = Concat<axis: int = 0>(x, x) },
        else_branch = e () => (float[] b) { b = Identity(x) }>"""
    program = lower(load(parse(text, "float[3,4] x, bool c")))
    assert program.tensors[-1].shape == (1, 4)  # the rows are as many as the branch makes
    assert reads(program, "y", (0, 1)) == [(0, 2), (1, 1)]


def test_a_branch_that_hands_an_outer_tensor_through():
    text = """h = Neg(x) one = Constant<value: tensor = float {1}>()
        y = If(c) <then_branch = t () => (float[3,4] a) { a = Identity(h) },
        else_branch = e () => (float[] b) { s = Shape(x) b = Expand(one, s) }>"""
    probe_model(parse(text, "float[3,4] x, bool c"), {**X, "c": np.array(True)}, exact=False)


def test_cells_in_a_branch_that_leave_out_their_first_output():
    """What is inside an operator has a name of its own: the first cell sees one sample, the second one both."""
    weights = ", ".join(str(value) for value in values(12))
    text = f"""w = Constant<value: tensor = float[1,6,2] {{{weights}}}>() start = Constant<value: tensor = int64[1] {{0}}>()
        end = Constant<value: tensor = int64[1] {{1}}>()
        y, z = If(c) <then_branch = t () => (float[1,2,2] a1, float[1,2,2] a2) {{
            mean = ReduceMean<axes = [1]>(x) both = Add(x, mean)
            "", a1 = GRU<hidden_size: int = 2>(x, w, w) "", a2 = GRU<hidden_size: int = 2>(both, w, w) }},
        else_branch = e () => (float[1,2,2] b1, float[1,2,2] b2) {{ b1 = Slice(x, start, end) b2 = Neg(b1) }}>"""
    model = parse(text, "float[3,2,2] x, bool c", "float[] y, float[] z")
    model.opset_import[0].version = 17
    program = probe_model(model, {"x": values(3, 2, 2), "c": np.array(True)}, exact=False)
    assert reads(program, "y", (0, 1, 0)) == [(0, 2), (1, 1), (0, 1)]
    assert reads(program, "z", (0, 1, 0)) == [(0, 2), (0, 1), (0, 1)]


LOOP = """yes = Constant<value: tensor = bool {1}>()
    y = Loop(m, yes, x) <body = b (int64 i, bool go, float[3,4] a) => (bool on, float[3,4] a_next) { STEP }>"""
STEPS = {
    "elementwise": ("on = Identity(go) a_next = Relu(a)", [(1, 1), (2, 2)]),
    "over rows": ("on = Identity(go) a_next = Softmax<axis: int = 1>(a)", [(1, 1), (0, 3)]),
    "captured": ("on = Identity(go) n = Softmax<axis: int = 0>(x) a_next = Add(a, n)", [(0, 2), (2, 2)]),
    "by the round": ("on = Identity(go) r = Gather<axis: int = 0>(x, i) a_next = Add(a, r)", [(0, 2), (2, 2)]),
    "axes grow together": (
        "on = Identity(go) t = Softmax<axis: int = 1>(a) u = Softmax<axis: int = 0>(x) a_next = Add(t, u)",
        [(0, 2), (0, 3)],
    ),
}


@pytest.mark.parametrize("case", STEPS)
def test_loop_of_unknown_length(case):
    step, expected = STEPS[case]
    program = probe_model(parse(LOOP.replace("STEP", step), "float[3,4] x, int64 m"), {**X, **GO}, exact=False)
    assert reads(program, "y", (1, 2)) == expected
    assert "Loop/a_next" in {tensor.name for tensor in program.tensors}


@pytest.mark.parametrize("body", ["m = MatMul(p, a)", "q = Softmax<axis: int = 1>(p) m = MatMul(p, a)"])
def test_masked_weights_from_outside_a_loop(body):
    text = f"""mask = Constant<value: tensor = float[3,3] {{0,-1e30,-1e30, 0,0,-1e30, 0,0,0}}>() keys = Transpose(x)
        products = MatMul(x, keys) scores = Add(products, mask) p = Softmax<axis: int = 1>(scores)
        {LOOP.replace("STEP", f"on = Identity(go) {body} a_next = Tanh(m)")}"""
    program = probe_model(parse(text, "float[3,4] x, int64 m"), {**X, **GO}, exact=False)
    assert reads(program, "y", (1, 2)) == [(0, 2), (0, 3)]


def test_a_condition_on_data_reads_the_data():
    step = """a_next = Mul(a, a) s = ReduceMax<keepdims: int = 0>(a) limit = Constant<value: tensor = float {0.1}>()
        on = Greater(s, limit)"""
    program = probe_model(parse(LOOP.replace("STEP", step), "float[3,4] x, int64 m"), {**X, **GO}, exact=False)
    assert reads(program, "y", (1, 2)) == [(0, 2), (0, 3)]


def test_the_number_of_rounds_may_be_data():
    text = """s = ReduceSum<keepdims: int = 0>(x) a = Abs(s) m = Cast<to: int = 7>(a)
        yes = Constant<value: tensor = bool {1}>() one = Constant<value: tensor = float {1}>()
        y = Loop(m, yes, x) <body = b (int64 i, bool go, float[3,4] a) => (bool on, float[3,4] a_next)
            { on = Identity(go) a_next = Add(a, one) }>"""
    program = probe_model(parse(text), X, exact=False)
    assert reads(program, "y", (1, 2)) == [(0, 2), (0, 3)]


@pytest.mark.usefixtures("together")
@pytest.mark.parametrize("output", [0, 1])
def test_loop_of_known_length_with_what_it_collects(output):
    made = "y, z" if output == 0 else "z, y"
    text = f"""yes = Constant<value: tensor = bool {{1}}>() m = Constant<value: tensor = int64 {{3}}>()
        {made} = Loop(m, yes, x) <body = b (int64 i, bool go, float[3,4] a) => (bool on, float[3,4] a_next, float[3,4] row)
            {{ on = Identity(go) a_next = Softmax<axis: int = 1>(a) row = Relu(a) }}>"""
    program = probe_model(parse(text), X, exact=False)
    position = (1, 2) if output == 0 else (0, 1, 2)
    assert reads(program, "y", position) == [(1, 1), (0, 3)]


@pytest.mark.usefixtures("together")
@pytest.mark.parametrize("backward", [0, 1])
@pytest.mark.parametrize("stored_backward", [0, 1])
def test_scan_is_causal(backward, stored_backward):
    text = f"""zero = Constant<value_floats = [0.0, 0.0, 0.0, 0.0]>()
        z, y = Scan(zero, x) <num_scan_inputs = 1, scan_input_directions = [{backward}],
            scan_output_directions = [{stored_backward}],
            body = b (float[4] sum, float[4] part) => (float[4] next, float[4] out)
            {{ next = Add(sum, part) out = Neg(next) }}>"""
    program = probe_model(parse(text), X, exact=False)
    turns = 2 if stored_backward else 0
    assert reads(program, "y", (turns, 1)) == [(2, 2) if backward else (0, 0), (1, 1)]
    assert reads(program, "y", (2 - turns, 1)) == [(0, 2), (1, 1)]


@pytest.mark.usefixtures("together")
def test_scan_of_columns_without_state():
    text = """y = Scan(x) <num_scan_inputs = 1, scan_input_axes = [1], scan_output_axes = [-1],
        body = b (float[3] part) => (float[3] out) { out = Softmax<axis: int = 0>(part) }>"""
    program = probe_model(parse(text), X, exact=False)
    assert reads(program, "y", (1, 2)) == [(0, 2), (2, 2)]


@pytest.mark.usefixtures("together")
def test_what_a_scan_carries_to_its_end():
    text = """zero = Constant<value_floats = [0.0, 0.0, 0.0, 0.0]>()
        y, z = Scan(zero, x) <num_scan_inputs = 1, body = b (float[4] sum, float[4] part) => (float[4] next, float[4] out)
            { next = Add(sum, part) out = Neg(part) }>"""
    program = probe_model(parse(text), X, exact=False)
    assert reads(program, "y", (1,)) == [(0, 2), (1, 1)]
    assert reads(program, "z", (1, 2)) == [(1, 1), (2, 2)]


def test_the_length_that_a_scan_goes_through_may_be_data():
    """The state counts the positions above 0, without a look at their values; the last count is stored first."""
    text = """one = Constant<value_float = 1.0>() none = Constant<value_float = 0.0>() p = Relu(x) n = NonZero(p)
        y, all = Scan<num_scan_inputs = 1, scan_input_axes = [1], scan_output_directions = [1],
        body = b (float s, int64[2] e) => (float u, float v) { u = Add(s, one) v = Add(s, one) }>(none, n)
        z = ReduceMax<keepdims = 0>(all)"""
    program = probe_model(parse(text, output="float[] y, float[] z"), X, exact=False)
    assert reads(program, "y", ()) == reads(program, "z", ()) == reads(program, "all", (0,)) == [(0, 2), (0, 3)]


def test_relations_follow_steps():
    shape, kept = (2, 3, 4), (0, 1, 2)
    assert after(kept, shape, [Permute((2, 0, 1))], (4, 2, 3)) == (2, 0, 1)
    assert after(kept, shape, [Reshape((2, 12))], (2, 12)) == (0, None)
    assert after(kept, shape, [Reshape((2, 3, 1, 4))], (2, 3, 1, 4)) == (0, 1, None, 2)
    assert after(kept, shape, [Reduce((1,))], (2, 3, 4)) == (0, None, 2)
    assert after(kept, shape, [Window(1, 3, 3, 1, 1, 1)], shape) == (0, None, 2)
    assert after(kept, shape, [Window(1, 3, 1, 1, 1, 0)], shape) == kept
    assert after(kept, shape, [Select(2, np.arange(4), np.arange(4))], shape) == kept
    assert after(kept, shape, [], (5, 2, 3, 4)) == (None, 0, 1, 2)


def test_joined_relations_keep_what_holds_for_both():
    one, other = {"x": Relation((0, 1), 2)}, {"x": Relation((0, None), ~2), "z": Relation((None, 0))}
    assert join(one, other) == {"x": Relation((0, None), ~2), "z": Relation((None, 0))}
    assert join(one, {"x": Relation((1, 0), None)}) == {"x": Relation((None, None), None)}
