"""`--value NAME=VALUE` and the tables [check.values] and [compare.values]."""

import json

import onnx
import onnx.parser
import pytest

RATES = """
    <ir_version: 8, opset_import: ["" : 17]>
    net (float[batch, 1, 12] x, int64 sr) => (float[batch, 1, 12] y)
    <int64 high = {16000}, float[1,1,3] w3 = {1.0, 2.0, 3.0}, float[1,1,5] w5 = {1.0, 2.0, 3.0, 4.0, 5.0}>
    {
        c = Equal(sr, high)
        y = If (c) <
            then_branch = short () => (float[a, b, c] s) { s = Conv <pads = [1, 1]> (x, w3) },
            else_branch = long () => (float[a, b, c] l) { l = Conv <pads = [2, 2]> (x, w5) }
        >
    }"""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "rates.onnx"
    onnx.save(onnx.parser.parse_model(RATES), file)
    return file


def test_reports_say_what_is_bound(rfonnx, path):
    told = rfonnx("report", path, "--value", "sr=8000").out
    assert "input sr = 8000 (bound)" in told
    assert "y sees 5 of x" in told
    assert "input sr = 8000 (bound)" in rfonnx("explain", path, "--tensor", "y", "--value", "sr=8000").out
    assert json.loads(rfonnx("report", path, "--value", "sr=16000", "--format", "json").out)["values"] == {"sr": 16000}
    assert "values" not in json.loads(rfonnx("report", path, "--format", "json").out)


def test_every_command_takes_the_branch(rfonnx, path):
    assert rfonnx("check", path, "--rule", "field-maximum=3", "--value", "sr=8000").code == 1
    assert rfonnx("check", path, "--rule", "field-maximum=3", "--value", "sr=16000").code == 0
    compared = rfonnx("compare", path, path, "--value", "sr=16000", "--no-cost", "--samples", "2")
    assert (compared.code, "sr = 16000 (bound)" in compared.out) == (0, True)
    measured = rfonnx("erf", path, "-n", "2", "--tensor", "y", "--value", "sr=8000")
    assert (measured.code, "sr = 8000 (bound)" in measured.out) == (0, True)


@pytest.mark.parametrize("text", ["sr", "sr=", "sr=fast", "=1", 'sr="8"', "sr={}", "sr=" + "[" * 60_000])
def test_what_is_no_value(rfonnx, path, text):
    outcome = rfonnx("report", path, "--value", text)
    assert outcome.code == 2
    assert "is not like sr=16000 or sizes=[1,3,64,64]" in outcome.err


def test_unknown_and_double_inputs(rfonnx, path):
    unknown = rfonnx("report", path, "--value", "srr=8000")
    assert (unknown.code, "did you mean 'sr'?" in unknown.err) == (2, True)
    assert rfonnx("report", path, "--value", "sr=1", "--value", "sr=2").code == 2


def test_the_configuration_binds_too(rfonnx, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rfonnx.toml").write_text("[check.values]\nsr = 8000\n[compare.values]\nsr = 16000\n")
    assert rfonnx("check", path, "--rule", "field-maximum=3").code == 1
    assert rfonnx("check", path, "--rule", "field-maximum=3", "--value", "sr=16000").code == 0
    assert "sr = 16000 (bound)" in rfonnx("compare", path, path, "--no-cost", "--samples", "2").out
