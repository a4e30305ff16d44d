"""A badge for a README: what a model sees, or how much of a fleet was reported."""

from __future__ import annotations

from collections.abc import Sequence

from rfonnx.report.chart.markup import tag, words
from rfonnx.results.scan import Fleet, ScannedReport

HEIGHT, LETTER, MARGIN = 20, 6.6, 6
"""In pixels: of the badge, the width of a letter of its font, and what lies beside words."""


def scan_badge(fleet: Fleet) -> bytes:
    """SVG. Of one model: the field of its outputs and the length of the input; of several: how many were reported."""
    label, said, fine = _told(fleet)
    left, right = (round(len(text) * LETTER + 2 * MARGIN) for text in (label, said))
    box = tag("rect", width=left + right, height=HEIGHT, rx=3, fill="#444")
    corner = f"M{left} 0h{right - 3}a3 3 0 0 1 3 3v{HEIGHT - 6}a3 3 0 0 1 -3 3h-{right - 3}z"
    value = tag("path", d=corner, fill="#27c" if fine else "#b33")
    font = {"font_family": "Verdana,DejaVu Sans,sans-serif", "font_size": 11, "fill": "#fff", "y": 14}
    parts = (
        tag("title", words(f"{label}: {said}")),
        box,
        value,
        tag("text", words(label), x=MARGIN, textLength=left - 2 * MARGIN, **font),
        tag("text", words(said), x=left + MARGIN, textLength=right - 2 * MARGIN, **font),
    )
    size = {"width": left + right, "height": HEIGHT, "viewBox": f"0 0 {left + right} {HEIGHT}"}
    return tag("svg", *parts, xmlns="http://www.w3.org/2000/svg", role="img", **size).encode() + b"\n"


def _told(fleet: Fleet) -> tuple[str, str, bool]:
    """Label, words, and whether all is well."""
    if len(fleet.records) != 1:
        count = sum(record["report"] is not None for record in fleet.records)
        return "rfonnx", f"{count} of {len(fleet.records)} models reported", count == len(fleet.records)
    record = fleet.records[0]
    if record["report"] is None:
        return "receptive field", record["state"], False
    return "receptive field", _field(record["report"]), True


def _field(report: ScannedReport) -> str:
    """Sizes along the axes of the output that sees most, and the lengths of these axes."""
    best: Sequence[tuple[int, int]] = ()
    for output in report["outputs"]:
        sizes = [(field["size"], _length(report, field["input"], field["axis"])) for field in output["fields"]]
        best = max(best, sizes, key=lambda found: [size for size, _ in found])
    if not best:
        return "none"
    most = "" if all(output["exact"] for output in report["outputs"]) else "at most "
    return f"{most}{'x'.join(str(size) for size, _ in best)} of {'x'.join(str(n) for _, n in best)}"


def _length(report: ScannedReport, name: str, axis: int) -> int:
    shape = report["inputs"].get(name) or ()
    return (shape[axis] or 0) if axis < len(shape) else 0
