"""A fleet as programs read it: a line of JSON for each model, or a table."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

from rfonnx.errors import RfonnxError
from rfonnx.report.data import as_csv
from rfonnx.report.scan.columns import Cell, names, row
from rfonnx.results.scan import Fleet


def scan_jsonl(fleet: Fleet) -> Iterator[str]:
    """A record a line, as `-o FILE.jsonl` collects them."""
    for record in fleet.records:
        yield json.dumps(record, allow_nan=False) + "\n"


def scan_csv(fleet: Fleet) -> Iterator[str]:
    """A row for each model."""
    rows = [["" if cell is None else cell for cell in row(record).values()] for record in fleet.records]
    return as_csv([_titles(), *rows])


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
    columns = {title: _column([one[name] for one in rows]) for title, name in zip(_titles(), names(), strict=True)}
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), sink)
    return sink.getvalue()


def _column(cells: list[Cell]) -> list[Cell]:
    """As Parquet can hold it: names of files that are no text are spelt out, and counts beyond 64 bits are floats."""
    if any(isinstance(cell, int) and cell >= 2**63 for cell in cells):
        return [float(cell) if isinstance(cell, int) else cell for cell in cells]
    return [cell.encode(errors="backslashreplace").decode() if isinstance(cell, str) else cell for cell in cells]


def _titles() -> list[str]:
    return [name.replace(" ", "_") for name in names()]
