"""Loops of few, known rounds are written out."""

import numpy as np
import onnx
import pytest

from access.probe import probe_model, values
from rfonnx.model.building.limits import FEW
from rfonnx.model.reading.load import load

X = {"x": values(3, 4)}


def parse(body: str, signature: str = "float[3,4] x", opset: int = 18) -> onnx.ModelProto:
    return onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : {opset}]>\nwritten ({signature}) => (float[] y) {{ {body} }}'
    )


YES = "yes = Constant<value: tensor = bool {1}>()"
STEPS = {
    "shifted each round": 'p = Pad<mode: string = "edge">(a, pads) a_next = Slice(p, starts, ends, axes)',
    "the round's row": "row = Gather<axis: int = 0>(x, i) a_next = Add(a, row)",
    "grows": "a_next = Concat<axis: int = 0>(a, x)",
    "unused": "a_next = Neg(x)",
    "handed through": "a_next = Identity(a)",
}


def loop(step: str, trips: int) -> str:
    constants = """pads = Constant<value: tensor = int64[4] {0, 1, 0, 0}>() starts = Constant<value: tensor = int64[1] {0}>()
        ends = Constant<value: tensor = int64[1] {4}>() axes = Constant<value: tensor = int64[1] {1}>()"""
    return f"""{YES} {constants} m = Constant<value: tensor = int64 {{{trips}}}>()
        y = Loop(m, yes, x) <body = b (int64 i, bool go, float[?,?] a) => (bool on, float[?,?] a_next)
            {{ on = Identity(go) {step} }}>"""


@pytest.mark.parametrize("case", STEPS)
@pytest.mark.parametrize("trips", [0, 1, 2])
def test_loop(case, trips):
    program = probe_model(parse(loop(STEPS[case], trips)), X)
    assert not any("Loop" in tensor.kind for tensor in program.tensors)


@pytest.mark.parametrize("opset", [12, 18])
def test_what_a_loop_collects(opset):
    text = f"""{YES} m = Constant<value: tensor = int64 {{3}}>()
        last, y = Loop(m, yes, x) <body = b (int64 i, bool go, float[?,?] a) => (bool on, float[?,?] a_next, float[?] row)
            {{ on = Identity(go) a_next = Relu(a) row = Gather<axis: int = 0>(a, i) }}>"""
    program = probe_model(parse(text, opset=opset), X)
    assert "Loop/2/row" in {tensor.name for tensor in program.tensors}


def test_a_condition_that_counts_ends_the_loop():
    text = """yes = Constant<value: tensor = bool {1}>() zero = Constant<value: tensor = int64 {0}>()
        one = Constant<value: tensor = int64 {1}>() two = Constant<value: tensor = int64 {2}>()
        y, n = Loop(, yes, x, zero) <body = b (int64 i, bool go, float[?,?] a, int64 n) => (bool on, float[?,?] b, int64 k)
            { k = Add(n, one) on = Less(k, two) b = Concat<axis: int = 0>(a, x) }>"""
    assert load(parse(text)).shapes["y"] == (9, 4)
    probe_model(parse(text), X)


def test_rounds_that_depend_on_data_are_not_written_out():
    text = f"""{YES} y = Loop(m, yes, x) <body = b (int64 i, bool go, float[?,?] a) => (bool on, float[?,?] a_next)
        {{ on = Identity(go) a_next = Relu(a) }}>"""
    graph = load(parse(text, "float[3,4] x, int64 m"))
    assert [node.op_type for node in graph.nodes if node.outputs[0] == "y"] == ["Loop"]


SCANS = {
    "forward": "",
    "backward": "scan_input_directions = [1],",
    "stored backward": "scan_output_directions = [1],",
    "columns": "scan_input_axes = [1],",
    "stored as columns": "scan_input_axes = [-1], scan_output_axes = [-1],",
}


@pytest.mark.parametrize("case", SCANS)
@pytest.mark.parametrize("output", [0, 1])
def test_scan(case, output):
    length = 3 if "input_axes" in SCANS[case] else 4
    made = "y, z" if output == 0 else "z, y"
    text = f"""zero = Constant<value_floats = {[0.0] * length}>() {made} = Scan(zero, x)
        <num_scan_inputs = 1, {SCANS[case]} body = b (float[?] sum, float[?] part) => (float[?] next, float[?] out)
            {{ next = Add(sum, part) out = Neg(next) }}>"""
    probe_model(parse(text), X)


def test_a_loop_in_a_loop():
    text = f"""{YES} m = Constant<value: tensor = int64 {{2}}>()
        y = Loop(m, yes, x) <body = outer (int64 i, bool go, float[?,?] a) => (bool on, float[?,?] a_next) {{
            on = Identity(go)
            a_next = Loop(m, yes, a) <body = inner (int64 j, bool go2, float[?,?] c) => (bool on2, float[?,?] c_next)
                {{ on2 = Identity(go2) c_next = Concat<axis: int = 0>(c, a) }}>
        }}>"""
    assert load(parse(text)).shapes["y"] == (27, 4)
    probe_model(parse(text), X, trials=1, deltas=(1.0,))


def test_a_list_that_a_loop_fills():
    text = f"""{YES} m = Constant<value: tensor = int64 {{3}}>() empty = SequenceEmpty<dtype: int = 1>()
        s = Loop(m, yes, empty) <body = b (int64 i, bool go, seq(float[4]) a) => (bool on, seq(float[4]) a_next)
            {{ on = Identity(go) row = Gather<axis: int = 0>(x, i) a_next = SequenceInsert(a, row) }}>
        y = ConcatFromSequence<axis: int = 0, new_axis: int = 1>(s)"""
    graph = load(parse(text))
    assert graph.shapes["y"] == (3, 4)


def test_names_of_rounds():
    names = [node.outputs[0] for node in load(parse(loop(STEPS["grows"], 2))).nodes]
    assert "Loop/0/a_next" in names
    assert "Loop/1/a_next" in names


def test_too_many_rounds_are_kept_together(monkeypatch):
    monkeypatch.setattr("rfonnx.model.opened.FEW", FEW._replace(nodes=3))
    assert [n.op_type for n in load(parse(loop(STEPS["unused"], 2))).nodes if n.outputs[0] == "y"] == ["Loop"]
    assert np.prod(load(parse(loop(STEPS["unused"], 1))).shapes["y"]) == 12
