"""The README's table is what compare finds, and the documented limits are those that hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rfonnx
from rfonnx.results.measures import default_limits

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in README.splitlines()
    if re.match(r"\| \w+\.onnx \|", line)
]


def number(text: str) -> float:
    return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_story(models: Path, row: list[str]) -> None:
    name, kind, accuracy, agreement, kl, sqnr, verdict = row
    folder = models / "digits"
    files = (folder / "teacher.onnx", folder / name, folder / "test.npz")
    found = rfonnx.compare(*files, cost=False, layers=True)
    values = {measure: figure.value for measure, figure in found.outputs[0].measures.items()}
    assert found.kind == kind
    # Kernels of another processor round otherwise: a quantised model may flip one image of the 360.
    assert values["accuracy_student"] == pytest.approx(number(accuracy), abs=0.005)
    assert values["top1"] == pytest.approx(number(agreement), abs=0.005)
    assert values["kl"] == pytest.approx(number(kl), rel=0.05, abs=0.005)
    assert values["sqnr_db"] == pytest.approx(number(sqnr), abs=1)
    told = {outcome: [v.measure for v in found.verdicts if v.outcome == outcome] for outcome in ("missed", "undecided")}
    assert found.passed == verdict.startswith("agrees")
    if told["missed"]:
        differs, *rest = verdict.split("; ")
        assert differs == f"differs: {', '.join(told['missed'])}"
        assert [word for word in rest if word.startswith("undecided")] == [f"undecided: {m}" for m in told["undecided"]]
    if "first in" in verdict:
        assert found.parting is not None
        assert found.parting.first is not None
        assert verdict.endswith(f"first in {found.parting.first.node}")
    if "as fp32 differs" in verdict:
        strict = rfonnx.compare(*files, cost=False, effective=False, kind="fp32")
        assert [v.measure for v in strict.verdicts if not v.passed] == ["sqnr_db"]


def test_there_are_five() -> None:
    assert len(ROWS) == 5


def test_documented_limits_are_the_defaults() -> None:
    text = (ROOT / "docs/compare.md").read_text()
    table = text[text.index("| | fp32 | fp16") : text.index("Why these:")]
    kinds = ["fp32", "fp16", "int8", "distilled"]
    told: dict[str, dict[str, float]] = {kind: {} for kind in kinds}
    for line in table.splitlines()[2:]:
        names, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        for kind, cell in zip(kinds, cells, strict=False):
            if cell and cell != "none":
                for name in re.findall(r"`(\w+)`", names):
                    told[kind][name] = float(cell.split()[-1])
    for kind in kinds:
        assert told[kind] == default_limits(kind, "values")  # type: ignore[arg-type]
