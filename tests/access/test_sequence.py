"""What goes into sequences and optionals, and comes out again."""

import numpy as np
import onnx
import pytest

from access.probe import probe_model, values

X = {"x": values(2, 4)}
PAIR = {"x": values(2, 3), "z": values(2, 3, seed=1)}


def model(text: str) -> onnx.ModelProto:
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]>\n{text}')


TAKEN = {
    "constructed": "s = SequenceConstruct(x, z)\n one = Constant<value: tensor = int64 {1}>()\n y = SequenceAt(s, one)",
    "from the end": "s = SequenceConstruct(x, z)\n n = Constant<value: tensor = int64 {-2}>()\n y = SequenceAt(s, n)",
    "inserted before": """
        s = SequenceConstruct(x)
        zero = Constant<value: tensor = int64 {0}>()
        t = SequenceInsert(s, z, zero)
        y = SequenceAt(t, zero)""",
    "appended to nothing": """
        s = SequenceEmpty<dtype: int = 1>()
        t = SequenceInsert(s, z)
        u = SequenceInsert(t, x)
        i = Identity(u)
        last = Constant<value: tensor = int64 {-1}>()
        y = SequenceAt(i, last)""",
    "erased": """
        s = SequenceConstruct(x, z)
        zero = Constant<value: tensor = int64 {0}>()
        t = SequenceErase(s, zero)
        y = SequenceAt(t, zero)""",
    "joined": "s = SequenceConstruct(x, z, x)\n y = ConcatFromSequence<axis: int = 1>(s)",
    "stacked": "s = SequenceConstruct(x, z)\n y = ConcatFromSequence<axis: int = -1, new_axis: int = 1>(s)",
}


@pytest.mark.parametrize("case", TAKEN)
def test_elements_are_followed(case):
    text = f"taken (float[2,3] x, float[2,3] z) => (float[...] y) {{ {TAKEN[case]} }}"
    probe_model(model(text.replace("float[...] y", "float[] y")), PAIR)


SPLITS = {
    "single": ("", "<axis: int = 1>(x)", 2),
    "without the axis": ("", "<axis: int = -1, keepdims: int = 0>(x)", 2),
    "chunks": ("n = Constant<value: tensor = int64 {3}>()", "<axis: int = 1>(x, n)", 1),
    "lengths": ("n = Constant<value: tensor = int64[2] {1, 3}>()", "<axis: int = 1>(x, n)", 1),
}


@pytest.mark.parametrize("case", SPLITS)
def test_parts_are_followed(case):
    before, call, position = SPLITS[case]
    text = f"""parts (float[2,4] x) => (float[] y) {{
        {before}
        s = SplitToSequence{call}
        i = Constant<value: tensor = int64 {{{position}}}>()
        y = SequenceAt(s, i)
    }}"""
    probe_model(model(text), X)


def test_parts_joined_again():
    text = """joined (float[2,4] x) => (float[] y) {
        s = SplitToSequence<axis: int = 1>(x)
        y = ConcatFromSequence<axis: int = 0>(s)
    }"""
    probe_model(model(text), X)


def test_the_length_reads_no_element():
    text = """counted (float[2,3] x, float[2,3] z) => (float[] y) {
        s = SequenceConstruct(x, z)
        n = SequenceLength(s)
        f = Cast<to: int = 1>(n)
        y = Mul(f, z)
    }"""
    probe_model(model(text), PAIR)


def test_an_element_chosen_at_run_time_may_be_any():
    text = """chosen (float[2,3] x, float[2,3] z, int64 i) => (float[2,3] y) {
        s = SequenceConstruct(x, z)
        y = SequenceAt(s, i)
    }"""
    program = probe_model(model(text), {**PAIR, "i": np.array(1, np.int64)}, exact=False)
    assert "computed at run time" in program.tensors[-1].note


def test_what_is_left_of_a_sequence_cut_at_run_time():
    text = """cut (float[2,3] x, float[2,3] z, int64 i) => (float[2,3] y) {
        s = SequenceConstruct(x, z)
        t = SequenceErase(s, i)
        zero = Constant<value: tensor = int64 {0}>()
        y = SequenceAt(t, zero)
    }"""
    probe_model(model(text), {**PAIR, "i": np.array(1, np.int64)}, exact=False)


def test_an_optional_holds_its_tensor():
    text = """held (float[2,4] x) => (float[2,4] y) {
        o = Optional(x)
        e = OptionalGetElement(o)
        h = OptionalHasElement(o)
        f = Cast<to: int = 1>(h)
        y = Add(e, f)
    }"""
    probe_model(model(text), X)
