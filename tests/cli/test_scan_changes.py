"""`rfonnx scan --baseline`: what is other than it was, and exit code 1 for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from outcome import Outcome
from scan.troublemakers import small


def test_the_command_says_what_changed(rfonnx: Callable[..., Outcome], tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    small(models / "a.onnx")
    small(models / "b.onnx")
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    assert rfonnx("scan", models, "-o", old, "--quiet").code == 0
    same = rfonnx("scan", old, "--baseline", old)
    assert same.code == 0
    assert "nothing changed" in same.out
    small(models / "a.onnx", 5)
    (models / "b.onnx").unlink()
    small(models / "c.onnx")
    found = rfonnx("scan", models, "-o", new, "--baseline", old, "--quiet")
    assert found.code == 1
    assert [line.split()[1:] for line in found.out.splitlines() if "outputs.y.fields.x:2.size " in line] == [
        ["outputs.y.fields.x:2.size", "3", "5"]
    ]
    assert "b.onnx" in found.out
    assert "c.onnx" in found.out
    mixed = rfonnx("scan", models, old)
    assert mixed.code == 2
    assert json.loads(new.read_text().splitlines()[0])["state"] == "reported"
