"""What programs read: JSON and CSV against the analysis itself."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from pathlib import Path

import pytest

import rfonnx
from rfonnx.report.fields.view import View
from rfonnx.report.formats import FIELDS
from rfonnx.results.plain import COVERAGE_DIGITS, analysis_to_dict

MODELS = ["seed", "unet", "inception", "se", "wavenet", "conv3d"]


@pytest.fixture(params=MODELS)
def analysis(request: pytest.FixtureRequest, models: Path) -> rfonnx.Analysis:
    return rfonnx.analyze(models / f"{request.param}.onnx")


def test_json_is_to_dict(analysis: rfonnx.Analysis) -> None:
    assert (
        json.loads("".join(FIELDS.write("json", analysis, View()))) == analysis.to_dict() == analysis_to_dict(analysis)
    )


def test_json_is_the_same_for_the_same_file(models: Path) -> None:
    texts = {"".join(FIELDS.write("json", rfonnx.analyze(models / "unet.onnx"), View())) for _ in range(2)}
    texts.add("".join(FIELDS.write("json", rfonnx.analyze(models / ".." / "models" / "unet.onnx"), View())))
    assert len(texts) == 1


def test_json_loses_nothing(analysis: rfonnx.Analysis) -> None:
    """Every field comes back from the JSON equal to the analysis', coverage to its digits."""
    tensors = json.loads("".join(FIELDS.write("json", analysis, View())))["tensors"]
    assert [tensor["name"] for tensor in tensors] == list(analysis.tensors)
    for tensor in tensors:
        fields = analysis.tensors[tensor["name"]].fields
        assert [(field["input"], field["axis"]) for field in tensor["fields"]] == list(fields)
        for field in tensor["fields"]:
            real = fields[field["input"], field["axis"]]
            for exact in ("kind", "size", "size_min", "period", "start", "tensor_axis", "aligned"):
                assert field[exact] == getattr(real, exact)
            assert Fraction(field["stride"]) == real.stride
            assert Fraction(field["center"]) == real.center
            assert [Fraction(offset) for offset in field["offsets"]] == list(real.offsets)
            assert field["coverage"] == round(real.coverage, COVERAGE_DIGITS)


def test_csv_has_the_rows_of_the_frame(analysis: rfonnx.Analysis) -> None:
    pandas = pytest.importorskip("pandas")
    frame = analysis.to_frame()
    read = pandas.read_csv(io.StringIO("".join(FIELDS.write("csv", analysis, View()))))
    assert list(read.columns) == list(frame.columns)
    for column in ("name", "axis", "size", "size_min", "start", "kind"):
        assert read[column].tolist() == frame[column].tolist()


def test_csv_views_filter_rows(models: Path) -> None:
    analysis = rfonnx.analyze(models / "seed.onnx")
    text = "".join(FIELDS.write("csv", analysis, View(tensors=("pool",), axes="spatial")))
    assert [(row["name"], row["axis"], row["size"]) for row in csv.DictReader(io.StringIO(text))] == [
        ("pool", "2", "6"),
        ("pool", "3", "6"),
    ]
