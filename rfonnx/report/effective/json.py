"""Effective fields as JSON: figures, facts and marginals; the maps themselves are in the npz format.

Layout: `format` as in `rfonnx.results.plain`; NaN (no such figure) is null. Distances are in positions of the input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rfonnx.report.data import as_json
from rfonnx.report.effective.people import SHARES
from rfonnx.results.effective import ERF, Layer
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
