"""A fleet for people: how many models, a row for each, those that were not reported with the reason, and what changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rfonnx.report.document import Document, Line, Name, Section, Table, shortened
from rfonnx.report.scan.columns import COLUMNS, Cell, row
from rfonnx.results.plain import counted
from rfonnx.results.scan import Fleet, ScanRecord

SPARE = ("parameters", "nodes", "kind", "stride", "batch", "macs")
"""Columns that a narrow window leaves out."""


def scan_document(fleet: Fleet) -> Document:
    """The fleet as a document."""
    return Document((_head(fleet),), tuple(_parts(fleet)))


def _head(fleet: Fleet) -> Line:
    states = Counter(record["state"] for record in fleet.records)
    told = ", ".join(f"{n} {state}" for state, n in states.items())
    return (counted(len(fleet.records), "model") + (f": {told}" if told else ""),)


def _parts(fleet: Fleet) -> Iterator[Table | Section]:
    reported = [record for record in fleet.records if record["report"] is not None]
    if reported:
        yield fleet_table(reported)
    lost = [record for record in fleet.records if record["report"] is None]
    if lost:
        lines = tuple((Name(record["model"]), f": {record['state']}: ", Name(record["reason"])) for record in lost)
        yield Section("Not reported", lines, alarm=True)
    if fleet.changes is not None:
        yield _changes(fleet)


def fleet_table(reported: list[ScanRecord], every: bool = False) -> Table:
    """A row for each model that was reported; not all of a large fleet, unless asked for."""
    names = ("model", *(one.name for one in COLUMNS if one.short))
    rows = [tuple(_cell(row(record)[name]) for name in names) for record in reported]
    shown, gap, _ = (rows, None, "") if every else shortened(rows)
    left = "" if gap is None else f"... {len(rows) - len(shown)} models left out here; csv and html have them all ..."
    note = "field: of the output that sees most, along its longest axis; stream: what chunks are multiples of"
    return Table(names, tuple(shown), (note,), gap, left, spare=SPARE)


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return Name(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def _changes(fleet: Fleet) -> Table | Section:
    found = fleet.changes or ()
    if not found:
        return Section("Since the baseline", (("nothing changed",),))
    rows = [(Name(one.model), Name(one.what), _value(one.before), _value(one.after)) for one in found]
    shown, gap, elision = shortened(rows)
    models = len({one.model for one in found})
    caption = (f"since the baseline: {counted(len(found), 'change')} of {counted(models, 'model')}",)
    return Table(
        ("model", "what", "before", "now"), tuple(shown), caption, gap, elision, alarm=frozenset(range(len(shown)))
    )


def _value(value: Any) -> str:
    return Name("-" if value is None else value if isinstance(value, str) else json.dumps(value))
