"""The explanation of one tensor as JSON. Layout: `format` as in `rfonnx.results.plain`; positions are closed ranges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rfonnx.report.data import as_json
from rfonnx.report.explanation.chains import Explanation, Region
from rfonnx.report.explanation.growth import growth, percentages
from rfonnx.results.plain import plain, tensor_to_dict, values_to_dict


def explain_json(told: Explanation, every: bool = True) -> Iterator[str]:
    """One JSON object, keys in a fixed order; every operator of a chain is in it, `every` or not."""
    document = {
        "tensor": tensor_to_dict(told.tensor),
        **values_to_dict(told.values),
        "chains": [
            {
                "input": chain.input,
                "axes": list(chain.axes),
                "shares": percentages(growth(chain.steps)),
                "steps": plain(chain.steps),
            }
            for chain in told.chains
        ],
        "reads": [_region("input", region) for region in told.reads],
        "reached": [_region("tensor", region) for region in told.reached],
    }
    return as_json(document)


def _region(what: str, region: Region) -> dict[str, Any]:
    return {
        what: region.where,
        "position": list(region.of),
        "axes": [
            {"axis": e.axis, "first": e.first, "last": e.last, "span": e.span, "used": e.used} for e in region.extents
        ],
    }
