"""Tables, files and badges say what the records say."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from rfonnx.report.formats import SCAN
from rfonnx.report.scan.columns import row
from rfonnx.results.scan import Fleet, ScanRecord
from rfonnx.scanning.alone import How
from rfonnx.scanning.fleet import scan
from rfonnx.scanning.listing import listed
from scan.troublemakers import small

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[ScanRecord]:
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "<script>alert(1)</script>.onnx".replace("/", "_")).write_bytes(b"x")
    small(folder / "small.onnx")
    return scan(listed([str(folder), str(MODELS / "wavenet.onnx"), str(MODELS / "resnet18.onnx")]), How(), workers=2)


def text(style: str, records: list[ScanRecord]) -> str:
    return "".join(map(str, SCAN.write(style, Fleet(records))))


def test_rows_are_those_of_a_report(records: list[ScanRecord]) -> None:
    rows = {Path(one["model"]).stem: row(one) for one in records}
    wavenet, resnet, broken = rows["wavenet"], rows["resnet18"], rows["<script>alert(1)<_script>"]
    assert (wavenet["field"], wavenet["causal"], wavenet["stream"], wavenet["tiles"]) == (1024, "yes", "by 1", "yes")
    assert (resnet["field"], resnet["kind"], resnet["tiles"], resnet["stream"]) == (627, "global", "no", None)
    assert (broken["state"], broken["field"]) == ("refused", None)


def test_csv_and_parquet_are_the_same_table(records: list[ScanRecord]) -> None:
    read = list(csv.DictReader(io.StringIO(text("csv", records))))
    (data,) = SCAN.write("parquet", Fleet(records))
    assert isinstance(data, bytes)
    table: list[dict[str, Any]] = pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
    assert [{key: "" if value is None else str(value) for key, value in one.items()} for one in table] == read
    assert [one["model"] for one in read] == [one["model"] for one in records]


def test_names_that_are_no_text_and_large_counts_are_held(records: list[ScanRecord]) -> None:
    from copy import deepcopy

    odd = deepcopy([one for one in records if one["report"] is not None][:2])
    odd[0]["model"] = "bad\udcff.onnx"
    assert odd[0]["report"] is not None
    odd[0]["report"]["macs"] = 10**20
    (data,) = SCAN.write("parquet", Fleet(odd))
    assert isinstance(data, bytes)
    table: list[dict[str, Any]] = pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
    assert (table[0]["model"], table[0]["macs"]) == ("bad\\udcff.onnx", 1e20)


def test_of_no_models_there_are_columns_alone(records: list[ScanRecord]) -> None:
    (data,) = SCAN.write("parquet", Fleet([]))
    assert isinstance(data, bytes)
    table = pyarrow.parquet.read_table(io.BytesIO(data))
    assert (table.num_rows, table.column_names) == (0, text("csv", []).strip().split(","))
    assert text("csv", []).splitlines() == text("csv", records).splitlines()[:1]
    assert text("text", []).strip() == "0 models"
    (badge,) = SCAN.write("badge", Fleet([]))
    assert b"0 of 0 models" in badge


def test_people_see_every_model(records: list[ScanRecord]) -> None:
    told = text("text", records)
    assert told.startswith("4 models: 1 refused, 3 reported")
    assert all(Path(one["model"]).name in told for one in records)


def test_a_badge_says_the_field(records: list[ScanRecord]) -> None:
    said = {}
    for one in [*records, None]:
        fleet = Fleet(records if one is None else [one])
        (data,) = SCAN.write("badge", fleet)
        said["all" if one is None else Path(one["model"]).stem] = "".join(ET.fromstring(data).itertext())
    assert "receptive field: 627x627 of 224x224" in said["resnet18"]
    assert "receptive field: 1024 of 1100" in said["wavenet"]
    assert "rfonnx: 3 of 4 models reported" in said["all"]
    assert "receptive field: refused" in said["<script>alert(1)<_script>"]
