"""Effective fields as JSON: figures, facts and marginals; the maps themselves are in the npz format.

Layout: `format` as in `rfonnx.results.plain`; NaN (no such figure) is null. Distances are in positions of the input.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rfonnx.report.effective.people import SHARES
from rfonnx.results.effective import ERF, Layer
from rfonnx.results.map_figures import marginals
from rfonnx.results.plain import FORMAT
from rfonnx.version import __version__


def erf_json(erfs: Sequence[ERF]) -> Iterator[str]:
    """One JSON object: what the units share, then a record per unit."""
    first = erfs[0]
    document = {
        "format": FORMAT,
        "rfonnx": __version__,
        "model": first.model,
        "tensor": first.tensor,
        "input": first.input,
        "axes": first.axes,
        "channel": first.channel,
        "method": first.method,
        "probe": first.probe,
        "aggregation": first.aggregation,
        "over": first.over,
        "data": first.data,
        "samples": first.samples,
        "skipped": [asdict(one) for one in first.skipped],
        "converged": first.converged,
        "interrupted": first.interrupted,
        "units": [erf_to_dict(erf) for erf in erfs],
        "notes": list(dict.fromkeys(note for erf in erfs for note in erf.notes)),
    }
    yield json.dumps(_plain(document), indent=1, allow_nan=False) + "\n"


def layers_json(model: str, layers: Sequence[Layer]) -> Iterator[str]:
    """One JSON object with a record per layer."""
    document = {"format": FORMAT, "rfonnx": __version__, "model": model, "layers": [asdict(layer) for layer in layers]}
    yield json.dumps(_plain(document), indent=1, allow_nan=False) + "\n"


def erf_to_dict(erf: ERF) -> dict[str, Any]:
    """One unit's figures."""
    fit = erf.gaussian
    return {
        "position": erf.position,
        "at": erf.at,
        "center": erf.center,
        "centre": erf.center,  # the key of 0.1.0: format 1 keeps it
        "field": erf.field,
        "unbounded": erf.unbounded,
        "window": erf.window,
        "scale": erf.scale,
        "outside": erf.outside,
        "half_width": erf.half_width,
        "runs": erf.runs,
        "naive_runs": erf.naive_runs,
        "sigma": erf.sigma,
        "gaussian": None if fit is None else asdict(fit),
        "mass_radius": {str(q): erf.mass_radius(q) for q in (0.5, 0.9, 0.95, 0.99)},
        "area_ratio": {str(t): erf.area_ratio(t) for t in SHARES},
        "area_ratio_log10": {str(t): erf.area_ratio_log10(t) for t in SHARES},
        "luo_size": erf.luo_size,
        "ratio": erf.ratio,
        "share": erf.share,
        "centroid": erf.centroid,
        "offset": erf.offset,
        "anisotropy": erf.anisotropy,
        "entropy": erf.entropy,
        "marginals": [marginal.tolist() for marginal in marginals(erf.map)],
    }


def _plain(value: Any) -> Any:
    """NaN and infinity have no place in JSON."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
