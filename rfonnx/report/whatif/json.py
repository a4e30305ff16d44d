"""What changes to a model would do, as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from rfonnx.report.data import as_json
from rfonnx.results.plain import plain
from rfonnx.results.variants import WhatIf


def whatif_json(found: WhatIf) -> Iterator[str]:
    """One JSON object."""
    return as_json(plain(found))
