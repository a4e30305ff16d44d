"""A fleet as a page: a table that is sorted and filtered, models side by side, and what was not reported or changed."""

from __future__ import annotations

from rfonnx.report.escape import printable
from rfonnx.report.page.page import Page, Panel, Sheet
from rfonnx.report.scan.columns import Cell, row
from rfonnx.report.scan.people import fleet_table, scan_document
from rfonnx.results.scan import Fleet


def scan_page(fleet: Fleet) -> Page:
    """All models."""
    document = scan_document(fleet)
    reported = [record for record in fleet.records if record["report"] is not None]
    rows = [row(record) for record in reported]
    data = {"columns": list(rows[0]) if rows else [], "rows": [[_shown(cell) for cell in one.values()] for one in rows]}
    table = Panel("fleet", "Models", data, (fleet_table(reported, every=True),)) if rows else None
    rest = document.parts[1:] if rows else document.parts
    return Page(
        "rfonnx scan: " + "".join(document.head[0]), (Sheet(document.head, (*([table] if table else ()), *rest)),)
    )


def _shown(cell: Cell) -> Cell:
    return printable(cell) if isinstance(cell, str) else cell
