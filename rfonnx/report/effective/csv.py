"""The radial profile of effective fields as CSV: a row per unit and whole radius around its theoretical centre."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rfonnx.report.escape import csv_text
from rfonnx.results.effective import ERF, Layer
from rfonnx.results.map_figures import radial_profile


def erf_csv(erfs: Sequence[ERF]) -> Iterator[str]:
    """Columns: tensor, position, radius (positions at r <= distance < r + 1), positions, mean, mass within."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("tensor", "position", "radius", "positions", "mean", "mass_within"))
    for erf in erfs:
        position = ",".join(":" if p is None else str(p) for p in erf.position)
        for radius, count, mean, within in radial_profile(erf.map, erf.center):
            writer.writerow((csv_text(erf.tensor), position, radius, count, repr(mean), repr(within)))
    yield buffer.getvalue()


def layers_csv(model: str, layers: Sequence[Layer]) -> Iterator[str]:
    """A row per layer; values per axis are separated by blanks. The model is named by the file."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for number, layer in enumerate(layers):
        record = asdict(layer)
        if number == 0:
            writer.writerow(record)
        writer.writerow(_cell(value) for value in record.values())
    yield buffer.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(":" if one is None else str(one) for one in value)
    return csv_text(value) if isinstance(value, str) else repr(value)
