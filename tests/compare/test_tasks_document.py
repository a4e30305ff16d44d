"""docs/tasks.md lists every kind, option and own limit."""

from __future__ import annotations

import re
from pathlib import Path

from rfonnx.comparing.tasks.registry import READERS
from rfonnx.comparing.tasks.spec import KEYS
from rfonnx.results.measures import MEASURES

TEXT = (Path(__file__).parents[2] / "docs/tasks.md").read_text()


def section(title: str) -> str:
    return TEXT.split(f"## {title}\n")[1].split("\n## ")[0]


def test_every_kind_with_its_measures_and_options() -> None:
    told = {}
    for line in section("Measures and options").splitlines():
        if line.startswith("| `"):
            kinds, measures, options = line.strip("|").split(" | ")
            told.update(dict.fromkeys(re.findall(r"`(\w+)`", kinds), (measures, options)))
    assert set(told) == set(READERS)
    plain = set(READERS["values"].figures)
    known = (Path(__file__).parents[2] / "docs/compare.md").read_text()
    for kind, (measures, options) in told.items():
        for measure in set(READERS[kind].figures) - plain:  # type: ignore[index]
            assert f"`{measure}`" in measures + known, f"{measure} of {kind}"
        assert set(re.findall(r"`(\w+)`", options)) - {"last"} == set(KEYS.get(kind, ()))  # type: ignore[call-overload]


def test_own_limits() -> None:
    kinds = ["fp32", "fp16", "int8", "distilled"]
    told = {}
    for line in section("Limits of the kinds").splitlines():
        if line.startswith("| `") and ("at least" in line or "at most" in line):
            names, *cells = [cell.strip() for cell in line.strip("|").split("|")]
            tasks, measure = names.split(": ")
            limits = {kind: float(cell) for kind, cell in zip(kinds, cells, strict=True) if cell}
            told.update({(task, measure.split("`")[1]): limits for task in re.findall(r"`(\w+)`", tasks)})
    own = {(task, name): dict(limits) for name, info in MEASURES.items() for task, limits in info.of_task.items()}
    assert {key: limits for key, limits in own.items() if key[0] != "values"} == told
