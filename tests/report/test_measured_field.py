"""Effective fields from a file, to be shown on a page: those of this model at these shapes, or what is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rfonnx
from rfonnx.errors import DataError
from rfonnx.report.explorer.explored import explored
from rfonnx.report.explorer.measured_field import measured_field, read_measured_fields
from rfonnx.report.formats import EFFECTIVE

MODEL = Path(__file__).parents[2] / "models/digits_erf/near.onnx"


@pytest.fixture(scope="module")
def measured() -> rfonnx.ERF:
    return rfonnx.erf(MODEL, n=2)


@pytest.fixture
def file(measured: rfonnx.ERF, tmp_path: Path) -> Path:
    path = tmp_path / "near.npz"
    path.write_bytes(b"".join(EFFECTIVE.write("npz", [measured])))  # type: ignore[arg-type]
    return path


def test_what_erf_wrote_is_read(file: Path, measured: rfonnx.ERF) -> None:
    analysis = rfonnx.analyze(MODEL)
    [found] = read_measured_fields(analysis, str(file))
    expected = measured_field(measured)
    assert np.array_equal(found.map, expected.map)
    assert found._replace(map=expected.map) == expected
    [shown] = explored(analysis, [found])["measured"]
    assert shown["position"] == list(measured.position)
    assert shown["samples"] == 2


def test_fields_of_another_model_or_size_are_refused(file: Path, measured: rfonnx.ERF) -> None:
    seed = rfonnx.analyze(MODEL.parents[1] / "seed.onnx")
    with pytest.raises(DataError, match=r"measured of 'logits', which seed\.onnx does not have"):
        read_measured_fields(seed, str(file))
    smaller = replace(measured, map=measured.map[:30])
    file.write_bytes(b"".join(EFFECTIVE.write("npz", [smaller])))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="with 30x35 positions, where this analysis has 35x35"):
        read_measured_fields(rfonnx.analyze(MODEL), str(file))


def test_files_that_are_no_fields_are_refused(tmp_path: Path) -> None:
    analysis = rfonnx.analyze(MODEL)
    path = tmp_path / "x.npz"
    with pytest.raises(DataError, match=r"x\.npz: No such file"):
        read_measured_fields(analysis, str(path))
    path.write_bytes(b"not an archive")
    with pytest.raises(DataError, match="not effective fields as `rfonnx erf` writes them"):
        read_measured_fields(analysis, str(path))
    for held in (
        {"map": np.zeros((1, 2))},
        {"map": np.array([object()]), "json": np.array("{}")},
        {"json": np.array("[1")},
    ):
        np.savez(path, **held)
        with pytest.raises(DataError, match="not effective fields as `rfonnx erf` writes them"):
            read_measured_fields(analysis, str(path))
