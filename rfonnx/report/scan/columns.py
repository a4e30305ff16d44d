"""What of a record stands in a row: one table of columns, for people, spreadsheets and pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rfonnx.results.plain import shape_text
from rfonnx.results.scan import ScannedReport, ScanRecord
from rfonnx.system.named import NamedTuple

Cell = str | int | float | bool | None


class Column(NamedTuple):
    """A column of a fleet's table.

    Attributes:
        name: its heading; in files with "_" for blanks.
        value: of a report; None where there is nothing to say.
        short: it stands in the table for people, too.
    """

    name: str
    value: Callable[[ScannedReport], Cell]
    short: bool = True


def row(record: ScanRecord) -> dict[str, Cell]:
    """All columns of a record, by name."""
    report = record["report"]
    known: dict[str, Cell] = {one.name: None if report is None else one.value(report) for one in COLUMNS}
    return {name: known[name] if name in known else record[name] for name in names()}  # type: ignore[literal-required]


def names() -> list[str]:
    """The names of all columns, in their order."""
    return ["model", "state", *(one.name for one in COLUMNS), "reason", "bytes", "seconds", "sha256"]


def _largest(report: ScannedReport) -> Mapping[str, Any] | None:
    """The field of the output that sees most."""
    fields = [field for output in report["outputs"] for field in output["fields"]]
    return max(fields, key=lambda one: one["size"], default=None)


def _field(name: str) -> Callable[[ScannedReport], Cell]:
    def value(report: ScannedReport) -> Cell:
        found = _largest(report)
        return None if found is None else found[name]

    return value


def _times(report: ScannedReport) -> list[Mapping[str, Any]]:
    return [one for output in report["outputs"] for one in output["time"]]


def _causal(report: ScannedReport) -> Cell:
    found = [one["causal"] for one in _times(report)]
    if not found:
        return None
    return "no" if False in found else "unknown" if None in found else "yes"


def _lookahead(report: ScannedReport) -> Cell:
    return max((one["lookahead"] for one in _times(report)), default=None)


def _batch(report: ScannedReport) -> Cell:
    states = {output["batch"] for output in report["outputs"]}
    return next((state for state in ("mixed", "dropped", "unknown", "independent") if state in states), None)


def _tiles(report: ScannedReport) -> Cell:
    found = report["tiles"]
    return None if found is None else "yes" if found["exact"] else "no"


def _stream(report: ScannedReport) -> Cell:
    found = report["stream"]
    return None if found is None else "no" if found["reason"] else f"by {found['unit']}"


def _broken(report: ScannedReport) -> Cell:
    return ", ".join(rule for rule, outcome in report["rules"].items() if outcome in ("failed", "untried"))


def _shapes(report: ScannedReport) -> Cell:
    return ", ".join(shape_text(shape if shape is None else tuple(shape)) for shape in report["inputs"].values())


COLUMNS = (
    Column("inputs", _shapes),
    Column("field", _field("size")),
    Column("stride", lambda report: _text(_field("stride")(report))),
    Column("coverage", _field("coverage")),
    Column("kind", _field("kind")),
    Column("exact", lambda report: "yes" if all(one["exact"] for one in report["outputs"]) else "at most"),
    Column("causal", _causal),
    Column("lookahead", _lookahead, short=False),
    Column("batch", _batch),
    Column("tiles", _tiles),
    Column("stream", _stream),
    Column("broken rules", _broken),
    Column("globals", lambda report: len(report["globals"]), short=False),
    Column("misaligned", lambda report: len(report["misaligned"]), short=False),
    Column("unknown operators", lambda report: ", ".join(report["unknown"]), short=False),
    Column("nodes", lambda report: report["nodes"]),
    Column("macs", lambda report: report["macs"]),
    Column("parameters", lambda report: report["parameters"]),
    Column("opset", lambda report: report["opset"], short=False),
)
"""Beside the model, what became of it, and the file."""


def _text(value: Cell) -> Cell:
    """A fraction as it stands in records, as text: columns of files have one type each."""
    return None if value is None else str(value)
