"""Attributes over which onnx would crash or never end are refused before it sees them."""

import re

import onnx
import pytest

from rfonnx.errors import ModelError
from rfonnx.model.reading.load import load


def model(text: str) -> onnx.ModelProto:
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]>\n{text}')


@pytest.mark.parametrize("number", [1, 2, 4])
def test_split_into_another_number_of_parts(number):
    text = f"m (float[6] x) => (float[] a) {{ a, b, c = Split<num_outputs = {number}>(x) }}"
    with pytest.raises(ModelError, match=rf"'num_outputs' is {number}, but there are 3 outputs"):
        load(model(text))


@pytest.mark.parametrize("batch", [-5, -1, 2, 7])
def test_gather_from_batch_axes_that_are_not_there(batch):
    text = f"m (float[2,2,2] x, int64[2,1] i) => (float[] y) {{ y = GatherND<batch_dims = {batch}>(x, i) }}"
    with pytest.raises(
        ModelError, match=rf"'batch_dims' is {batch}, expected less than the ranks of its inputs, \[3, 2\]"
    ):
        load(model(text))


@pytest.mark.parametrize("equation", ["i!", "..i", "....i", "i>i", "i->i->i", "i=>i", "é", "i...j..."])
def test_an_equation_that_is_none(equation):
    text = f'm (float[2] x) => (float[] y) {{ y = Einsum<equation = "{equation}">(x) }}'
    with pytest.raises(ModelError, match=rf"'equation' is '{re.escape(equation)}', expected one like"):
        load(model(text))


def test_an_equation_that_is_no_text():
    broken = model('m (float[2] x) => (float[] y) { y = Einsum<equation = "i">(x) }')
    broken.graph.node[0].attribute[0].s = b"i\xd4"
    with pytest.raises(ModelError, match=r"'equation' is b'i\\xd4', expected one like"):
        load(broken)


@pytest.mark.parametrize("equation", ["i j -> j i", "ij", "...j", "i...->...i", "Ij->", "i...j - > j"])
def test_equations(equation):
    text = f'm (float[2,3] x) => (float[] y) {{ y = Einsum<equation = "{equation}">(x) }}'
    assert load(model(text)).shapes["y"] is not None


def test_what_fits_is_taken():
    load(model("m (float[6] x) => (float[] a) { a, b, c = Split<num_outputs = 3>(x) }"))
    text = "m (float[2,2,2] x, int64[2,1] i) => (float[] y) { y = GatherND<batch_dims = 1>(x, i) }"
    assert load(model(text)).shapes["y"] == (2, 2)
