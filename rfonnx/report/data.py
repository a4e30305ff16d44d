"""What programs read: JSON and CSV, as all reports write them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rfonnx.results.plain import HEAD


def as_json(document: Mapping[str, Any]) -> Iterator[str]:
    """The document, after what tells its layout and its maker. NaN and infinity have no place in it."""
    yield json.dumps({**HEAD, **document}, indent=1, allow_nan=False) + "\n"


def as_csv(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """The rows (RFC 4180 quoting, LF line ends), one at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in rows:
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
