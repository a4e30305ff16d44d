"""A comparison as JSON. Layout: `format` as in `rfonnx.results.plain`; infinite figures are the strings "inf" and "-inf", which
JSON has no numbers for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, TypedDict

from rfonnx.report.comparison.view import ComparisonView
from rfonnx.report.data import as_json
from rfonnx.results.comparison import Comparison
from rfonnx.results.plain import plain


class ComparedRow(TypedDict):
    """Two models side by side: the JSON of `rfonnx compare`. The teacher's figure comes first.

    Attributes:
        passed: no limit is missed and one is held, and nothing ended early.
        config: the configuration file that was read, or null.
    """

    passed: bool
    config: str | None


Compared = Annotated[ComparedRow, Comparison]


def compare_json(found: Comparison, view: ComparisonView) -> Iterator[str]:
    """One JSON object: the fields of `rfonnx.results.comparison.Comparison`, `passed`, and the configuration file or null."""
    return as_json({"passed": found.passed, "config": view.config or None, **plain(found)})
