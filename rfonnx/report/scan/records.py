"""A fleet as programs read it: a line of JSON for each model, or a table."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping

from rfonnx.errors import RfonnxError
from rfonnx.report.data import as_csv
from rfonnx.report.scan.columns import row
from rfonnx.results.scan import Fleet


def scan_jsonl(fleet: Fleet) -> Iterator[str]:
    """A record a line, as `-o FILE.jsonl` collects them."""
    for record in fleet.records:
        yield json.dumps(record, allow_nan=False) + "\n"


def scan_csv(fleet: Fleet) -> Iterator[str]:
    """A row for each model."""
    rows = [row(record) for record in fleet.records]
    if not rows:
        return iter(())
    return as_csv([_titles(rows[0]), *([_spelt(cell) for cell in one.values()] for one in rows)])


def scan_parquet(fleet: Fleet) -> bytes:
    """The same rows as a Parquet file. Needs pyarrow.

    Raises:
        RfonnxError: it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise RfonnxError("Parquet needs pyarrow, which is not installed", "pip install 'rfonnx[scan]'") from None
    rows = [row(record) for record in fleet.records]
    columns = {title: [one[name] for one in rows] for title, name in zip(_titles(rows[0]), rows[0], strict=True)}
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), sink)
    return sink.getvalue()


def _titles(first: Mapping[str, object]) -> list[str]:
    return [name.replace(" ", "_") for name in first]


def _spelt(cell: object) -> object:
    return "" if cell is None else cell
