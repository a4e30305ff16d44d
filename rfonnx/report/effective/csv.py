"""The radial profile of effective fields as CSV: a row per unit and whole radius around its theoretical centre."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from typing import Any

from rfonnx.report.data import as_csv
from rfonnx.report.escape import csv_text
from rfonnx.results.effective import ERF, Layer
from rfonnx.results.map_figures import radial_profile
from rfonnx.results.plain import position_text


def erf_csv(erfs: Sequence[ERF]) -> Iterator[str]:
    """Columns: tensor, position, radius (positions at r <= distance < r + 1), positions, mean, mass within."""
    return as_csv(_profiles(erfs))


def _profiles(erfs: Sequence[ERF]) -> Iterator[tuple[Any, ...]]:
    yield ("tensor", "position", "radius", "positions", "mean", "mass_within")
    for erf in erfs:
        place = csv_text(erf.tensor), position_text(erf.position)
        for radius, count, mean, within in radial_profile(erf.map, erf.center):
            yield (*place, radius, count, repr(mean), repr(within))


def layers_csv(model: str, layers: Sequence[Layer]) -> Iterator[str]:
    """A row per layer; values per axis are separated by blanks. The model is named by the file."""
    header = [one.name for one in fields(Layer)]
    return as_csv([header, *([_cell(value) for value in astuple(layer)] for layer in layers)])


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(":" if one is None else str(one) for one in value)
    return csv_text(value) if isinstance(value, str) else repr(value)
