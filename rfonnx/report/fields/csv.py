"""CSV (RFC 4180 quoting, LF line ends): one row per tensor, input and input axis, for spreadsheets and data frames.

Text cells are made visible and harmless (`escape.csv_text`); JSON is the format that keeps names as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from rfonnx.report.data import as_csv
from rfonnx.report.escape import csv_text
from rfonnx.report.fields.view import View, pick_axes, pick_tensors
from rfonnx.report.fields.view_source import Source
from rfonnx.results.plain import flat_rows

COLUMNS = (
    *("name", "shape", "op_type", "node", "exact", "input", "axis", "kind", "size", "size_min", "stride", "period"),
    *("start", "center", "tensor_axis", "coverage", "aligned", "offsets"),
)


def fields_csv(source: Source, view: View) -> Iterator[str]:
    """Every tensor along every axis, or what `view` names."""
    rows = flat_rows(pick_tensors(source, view.tensors), pick_axes(source, view.axes or "all"))
    return as_csv(chain([COLUMNS], ([_cell(row[column]) for column in COLUMNS] for row in rows)))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    # Numbers and fractions are ours, and "-1" must stay a number.
    if isinstance(value, str) and not _is_fraction(value):
        return csv_text(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_fraction(text: str) -> bool:
    return text.lstrip("-").replace("/", "", 1).isdecimal() and text.isascii()
