"""Inputs that are bound to a value: what depends on them is folded, and everything takes the branch that onnxruntime takes."""

import re

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest

import rfonnx
from rfonnx.comparing.settings import Settings
from rfonnx.model.opened import with_values

RATES = {16000: 3, 8000: 5}
"""What the branch of a sampling rate sees."""

LENGTH = 12


def branches(ir: int = 8, sr: str = "int64 sr") -> onnx.ModelProto:
    """Three taps at 16000, five at other rates. The branches do not say the shapes of what they give."""
    return onnx.parser.parse_model(f"""
        <ir_version: {ir}, opset_import: ["" : 17]>
        net (float[batch, 1, {LENGTH}] x, {sr}) => (float[batch, 1, {LENGTH}] y)
        <int64 high = {{16000}}, float[1,1,3] w3 = {{1.0, 2.0, 3.0}}, float[1,1,5] w5 = {{1.0, 2.0, 3.0, 4.0, 5.0}}>
        {{
            c = Equal(sr, high)
            z = If (c) <
                then_branch = short () => (float[a, b, c] s) {{ s = Conv <pads = [1, 1]> (x, w3) }},
                else_branch = long () => (float[a, b, c] l) {{ l = Conv <pads = [2, 2]> (x, w5) }}
            >
            y = Tanh(z)
        }}""")


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "rates.onnx"
    onnx.save(branches(), file)
    return str(file)


def seen(model: onnx.ModelProto, sr: int) -> set[int]:
    """Positions of x that change y at its middle, by onnxruntime."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.full((1, 1, LENGTH), 0.01, np.float32)
    before = session.run(["y"], {"x": x, "sr": np.array(sr)})[0][0, 0, LENGTH // 2]
    found = set()
    for position in range(LENGTH):
        other = x.copy()
        other[0, 0, position] += 0.02
        if session.run(["y"], {"x": other, "sr": np.array(sr)})[0][0, 0, LENGTH // 2] != before:
            found.add(position)
    return found


@pytest.mark.parametrize("sr", RATES)
def test_the_branch_that_runs_is_analysed(sr):
    analysis = rfonnx.analyze(branches(), values={"sr": sr})
    (interval,) = (box[2] for box in analysis.box("y", (0, 0, LENGTH // 2)).values())
    assert set(range(interval[0], interval[1] + 1)) == seen(branches(), sr)
    assert (analysis.inputs, analysis.tensors["y"].exact) == (("x",), True)
    assert {name: value.tolist() for name, value in analysis.values.items()} == {"sr": sr}


def test_without_a_value_either_branch_may_run():
    analysis = rfonnx.analyze(branches())
    assert (analysis.inputs, analysis.values, analysis.tensors["y"].exact) == (("x", "sr"), {}, False)


@pytest.mark.parametrize("sr", RATES)
def test_gradients_are_those_of_the_branch_that_runs(sr):
    x = np.full((1, 1, LENGTH), 0.01, np.float32)
    seed = np.zeros((1, 1, LENGTH), np.float32)
    seed[0, 0, LENGTH // 2] = 1
    found = rfonnx.gradient(branches(), {"x": x}, "y", seed, values={"sr": sr})
    assert set(np.flatnonzero(found["x"])) == seen(branches(), sr)
    assert set(found) == {"x"}


@pytest.mark.parametrize("method", ["gradient", "perturb"])
@pytest.mark.parametrize("sr", RATES)
def test_effective_fields_are_those_of_the_branch_that_runs(sr, method):
    found = rfonnx.erf(branches(), "y", n=4, values={"sr": sr}, method=method)
    assert set(np.flatnonzero(found.map)) == seen(branches(), sr)
    assert f"sr = {sr} (bound)" in found.data


def test_a_file_of_an_old_ir_version_runs_too():
    found = rfonnx.erf(branches(ir=3), "y", n=2, values={"sr": 8000})
    assert np.count_nonzero(found.map) == RATES[8000]


def test_an_input_of_one_element_takes_a_number():
    model = branches(sr="int64[1] sr")
    assert rfonnx.analyze(model, values={"sr": 8000}).tensors["y"].fields["x", 2].size == RATES[8000]


def test_small_arrays_are_bound():
    text = """<ir_version: 8, opset_import: ["" : 17]> net (float[1,2,6] x, int64[k] sizes) => (float[?,?] y)
        { y = Reshape(x, sizes) }"""
    model = onnx.parser.parse_model(text)
    assert rfonnx.analyze(model, values={"sizes": [3, 4]}).tensors["y"].shape == (3, 4)
    assert rfonnx.analyze(model, values={"sizes": np.array([2, 2, 3])}).tensors["y"].shape == (2, 2, 3)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"srr": 1}, "a value was given for 'srr', which is no input; did you mean 'sr'?"),
        ({"sr": 1.5}, "input 'sr' takes int64 scalar, but was given 1.5 (float64)"),
        ({"sr": True}, "input 'sr' takes int64 scalar, but was given True (bool)"),
        (
            {"sr": [1, 2]},
            "takes int64 scalar, but was given [1, 2] of shape 2; give a value of the input's shape, such as --value sr=1",
        ),
        ({"sr": 2**70}, "the value of input 'sr' is"),
        ({"sr": "fast"}, "the value of input 'sr' is 'fast'"),
        ({"sr": [[1], [1, 2]]}, "the value of input 'sr' is [[1], [1, 2]]"),
        ({"sr": np.zeros(1025, np.int64)}, "a value of 1025 elements, expected at most 1024"),
    ],
)
def test_a_value_that_does_not_fit_says_why(values, said):
    with pytest.raises(rfonnx.QueryError, match=re.escape(said)):
        rfonnx.analyze(branches(), values=values)


def test_numbers_beyond_the_type_are_refused():
    text = """<ir_version: 8, opset_import: ["" : 17]> net (float[2] x, uint8 k) => (float[2] y)
        { f = Cast<to = 1>(k) y = Mul(x, f) }"""
    with pytest.raises(
        rfonnx.QueryError, match="input 'k' takes uint8 scalar, but was given 300; give numbers from 0 to 255"
    ):
        rfonnx.analyze(onnx.parser.parse_model(text), values={"k": 300})


def test_the_users_model_is_not_changed():
    model = branches()
    before = model.SerializeToString()
    rfonnx.analyze(model, values={"sr": 8000})
    assert model.SerializeToString() == before


def test_values_are_bound_one_after_the_other():
    model = with_values(with_values(branches(), {"sr": 16000}), {"sr": 8000})
    assert rfonnx.analyze(model).tensors["y"].fields["x", 2].size == RATES[8000]


def test_check_runs_the_branch(path):
    found = rfonnx.check(path, {"field-maximum": 3, "finite": True}, values={"sr": 16000})
    assert not found.failed()
    assert rfonnx.check(path, ["field-maximum=3"], values={"sr": 8000}).failed()


def test_compare_runs_the_branch(path):
    """The same model twice: alike under one rate, and told what it was."""
    same = rfonnx.compare(path, path, values={"sr": 16000}, samples=4, cost=False)
    assert same.passed
    assert same.samples.source.endswith("sr = 16000 (bound)")
    assert same.fields[0].teacher.size == RATES[16000]


def test_compare_binds_the_model_that_has_the_input(path, tmp_path):
    """A student exported for one rate has no input for it."""
    session = branches()
    student = onnx.parser.parse_model(f"""
        <ir_version: 8, opset_import: ["" : 17]> net (float[batch, 1, {LENGTH}] x) => (float[batch, 1, {LENGTH}] y)
        <float[1,1,3] w3 = {{1.0, 2.0, 3.0}}>
        {{ z = Conv <pads = [1, 1]> (x, w3) y = Tanh(z) }}""")
    assert rfonnx.compare(session, student, values={"sr": 16000}, samples=4, cost=False).passed
    assert not rfonnx.compare(session, student, values={"sr": 8000}, samples=4, cost=False).passed
    with pytest.raises(rfonnx.QueryError, match="'rate', which is an input of neither model"):
        rfonnx.compare(session, student, values={"rate": 8000}, samples=4, cost=False)


def test_samples_need_not_hold_what_is_bound(path, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 1, LENGTH)).astype(np.float32)
    np.savez(tmp_path / "with.npz", x=x, sr=np.full(3, 16000))
    np.savez(tmp_path / "without.npz", x=x)
    for name in ("with.npz", "without.npz"):
        data = str(tmp_path / name)
        assert rfonnx.compare(path, path, data, values={"sr": 16000}, cost=False).samples.count == 3
        assert rfonnx.erf(path, "y", data=data, values={"sr": 16000}).samples == 3
        settings = Settings(data=data, cost=False)
        assert not rfonnx.check(path, ["finite"], values={"sr": 16000}, settings=settings).failed()
    for call in (
        lambda data: rfonnx.compare(path, path, data, values={"sr": 8000}, cost=False),
        lambda data: rfonnx.erf(path, "y", data=data, values={"sr": 8000}),
        lambda data: rfonnx.erf(path, "y", data=dict(np.load(data)), values={"sr": 8000}),
    ):
        with pytest.raises(rfonnx.DataError, match=r"holds .*16000.* for input 'sr', which is bound to 8000"):
            call(str(tmp_path / "with.npz"))
