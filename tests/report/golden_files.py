"""Text against a golden file."""

from __future__ import annotations

import os
import re
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    """Compare with the golden file, the version aside, or write it when RFONNX_GOLDEN is "write".

    What a failing run made is kept beside the golden file, as `NAME.actual`.
    """
    text = re.sub(r'"rfonnx": "[^"]*"', '"rfonnx": "VERSION"', text)
    golden, actual = GOLDEN / name, GOLDEN / f"{name}.actual"
    if os.environ.get("RFONNX_GOLDEN") == "write":
        golden.write_text(text, encoding="utf-8", newline="")
    expected = golden.read_bytes().decode()
    if text != expected:
        actual.write_text(text, encoding="utf-8", newline="")
    else:
        actual.unlink(missing_ok=True)
    assert text == expected
