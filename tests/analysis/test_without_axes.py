"""A model whose input has no axes: there is nothing to see along one, and all questions are answered."""

from __future__ import annotations

import onnx
import pytest

import rfonnx
from rfonnx.report.fields.view import View
from rfonnx.report.formats import FIELDS

SCALAR = '<ir_version: 8, opset_import: ["": 17]> g (float x) => (float y) { y = Relu(x) }'


@pytest.mark.parametrize("style", ["text", "json", "csv"])
def test_a_model_without_axes_is_reported(style: str) -> None:
    analysis = rfonnx.analyze(onnx.parser.parse_model(SCALAR))
    assert analysis.tensors["y"].exact
    assert (analysis.windowed, analysis.slid, analysis.globals) == ((), (), ())
    assert "".join(map(str, FIELDS.write(style, analysis, View())))
