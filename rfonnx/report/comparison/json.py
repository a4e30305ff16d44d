"""A comparison as JSON. Layout: `format` as in `rfonnx.results.plain`; infinite figures are the strings "inf" and "-inf", which
JSON has no numbers for.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from rfonnx.report.comparison.view import ComparisonView
from rfonnx.results.comparison import Comparison
from rfonnx.results.plain import COVERAGE_DIGITS, FORMAT, fraction
from rfonnx.version import __version__


def compare_json(found: Comparison, view: ComparisonView) -> Iterator[str]:
    """One JSON object: the fields of `rfonnx.results.comparison.Comparison`, `passed`, and the configuration file or null."""
    head = {"format": FORMAT, "rfonnx": __version__, "passed": found.passed, "config": view.config or None}
    document = {**head, **_plain(found)}
    yield json.dumps(document, indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _field(f.name, getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Fraction):
        return fraction(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _field(name: str, value: Any) -> Any:
    return round(value, COVERAGE_DIGITS) if name == "coverage" else _plain(value)
