"""Effective fields as JSON: figures, facts and marginals; the maps themselves are in the npz format.

Layout: `format` as in `rfonnx.results.plain`; NaN (no such figure) is null. Distances are in positions of the input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, TypedDict

from rfonnx.report.data import as_json
from rfonnx.report.effective.people import SHARES
from rfonnx.results.effective import ERF, Layer
from rfonnx.results.layout import Picked
from rfonnx.results.map_figures import marginals
from rfonnx.results.plain import plain

SHARED = (
    *("model", "tensor", "input", "axes", "channel", "method", "probe", "aggregation", "over", "data", "samples"),
    *("skipped", "converged", "interrupted"),
)
"""Attributes of `ERF` that units which are measured together have in common."""

FIGURES = (
    *("position", "at", "center", "field", "unbounded", "window", "scale", "outside", "half_width", "runs"),
    *("naive_runs", "sigma", "gaussian", "luo_size", "ratio", "share", "centroid", "offset", "anisotropy", "entropy"),
)
"""Attributes of `ERF` that each unit has its own of."""


class UnitRow(TypedDict):
    """What more is told of a unit.

    Attributes:
        centre: as `center`.
        mass_radius: the smallest radius around the theoretical centre that holds a share of the mass, in positions, by share.
        area_ratio: the share of the input's positions in the smallest centred square that holds more than a share of the mass, by
            share.
        area_ratio_log10: the same of log10(x + 1) of the gradient as it is, as RepLKNet published it.
        marginals: by axis: the mass at each position, summed over the other axes.
    """

    centre: tuple[float, ...]
    mass_radius: Mapping[str, float]
    area_ratio: Mapping[str, float]
    area_ratio_log10: Mapping[str, float]
    marginals: list[list[float]]


class UnitsRow(TypedDict):
    """Effective fields of units: the JSON of `rfonnx erf`. NaN (no such figure) is null; distances are in positions of the input.

    Attributes:
        units: the figures of each.
        notes: what was assumed, a line each.
    """

    units: list[Annotated[UnitRow, Picked(ERF, FIGURES)]]
    notes: list[str]


Units = Annotated[UnitsRow, Picked(ERF, SHARED)]


class Layers(TypedDict):
    """Effective fields of all layers in figures: the JSON of `rfonnx erf --all-layers`. NaN (no such figure) is null.

    Attributes:
        model: the file's name.
        layers: in topological order.
    """

    model: str
    layers: Sequence[Layer]


def erf_json(erfs: Sequence[ERF]) -> Iterator[str]:
    """One JSON object: what the units share, then a record per unit."""
    units = [erf_to_dict(erf) for erf in erfs]
    notes = list(dict.fromkeys(note for erf in erfs for note in erf.notes))
    return _json({name: getattr(erfs[0], name) for name in SHARED} | {"units": units, "notes": notes})


def layers_json(model: str, layers: Sequence[Layer]) -> Iterator[str]:
    """One JSON object with a record per layer."""
    return _json({"model": model, "layers": layers})


def erf_to_dict(erf: ERF) -> dict[str, Any]:
    """One unit's figures."""
    return {
        **{name: getattr(erf, name) for name in FIGURES},
        "centre": erf.center,  # the key of 0.1.0: format 1 keeps it
        "mass_radius": {q: erf.mass_radius(q) for q in (0.5, 0.9, 0.95, 0.99)},
        "area_ratio": {t: erf.area_ratio(t) for t in SHARES},
        "area_ratio_log10": {t: erf.area_ratio_log10(t) for t in SHARES},
        "marginals": [marginal.tolist() for marginal in marginals(erf.map)],
    }


def _json(document: dict[str, Any]) -> Iterator[str]:
    return as_json(plain(document, lambda _: None))
