"""Attributes that would take the process down inside onnx are refused before it sees them."""

import onnx
import pytest

from rfonnx.errors import ModelError
from rfonnx.graph import load


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


def test_what_fits_is_taken():
    load(model("m (float[6] x) => (float[] a) { a, b, c = Split<num_outputs = 3>(x) }"))
    text = "m (float[2,2,2] x, int64[2,1] i) => (float[] y) { y = GatherND<batch_dims = 1>(x, i) }"
    assert load(model(text)).shapes["y"] == (2, 2)
