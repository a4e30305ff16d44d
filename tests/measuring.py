"""What `erf` and `compare` write of a model that other tests annotate."""

from __future__ import annotations

from pathlib import Path

from rfonnx.cli.main import run

STUDENT = "teacher_int8.onnx"


def measure(models: Path, folder: Path) -> tuple[Path, Path, Path]:
    """The student of the repository's digits, and the JSON of both commands, measured on few of its samples."""
    digits, erf, compare = models / "digits", folder / "layers.json", folder / "compare.json"
    model, data = str(digits / STUDENT), ["--data", str(digits / "test.npz")]
    assert run(["erf", model, *data, "-n", "2", "--all-layers", "-o", str(erf)]) == 0
    quick = ["--samples", "8", "--no-cost", "--no-fields"]
    assert run(["compare", str(digits / "teacher.onnx"), model, *data, *quick, "--layers", "-o", str(compare)]) in (
        0,
        1,
    )
    return digits / STUDENT, erf, compare
