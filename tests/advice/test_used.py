"""Units that use a small part of their field: against each stretch, and through the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import rfonnx
from rfonnx.cli.main import run
from rfonnx.report.explorer.measured_field import measured_field
from rfonnx.report.fields.used import SMALL, used_lines
from rfonnx.results.advice import USED_MASS
from rfonnx.results.map_figures import shortest_stretch


def test_the_shortest_stretch_is_the_least_of_all() -> None:
    draw = np.random.default_rng(0)
    for _ in range(200):
        mass = draw.random(int(draw.integers(1, 12))) ** 4
        share = float(draw.uniform(0.05, 1))
        stretches = [(j - i, mass[i:j].sum()) for i in range(len(mass)) for j in range(i + 1, len(mass) + 1)]
        least = min(length for length, held in stretches if held >= share * mass.sum() * (1 - 1e-9))
        assert shortest_stretch(mass, share) == least


@pytest.fixture(scope="module")
def measured(models: Path) -> rfonnx.ERF:
    return rfonnx.erf(models / "resnet18.onnx", "layer3.1.conv2", n=1)


def test_what_is_said_is_what_was_measured(models: Path, measured: rfonnx.ERF) -> None:
    analysis = rfonnx.analyze(models / "resnet18.onnx")
    (line,) = used_lines(analysis, [measured_field(measured)])
    fields = [hi - lo + 1 for lo, hi in measured.field]
    parts = [shortest_stretch(measured.map.sum(1 - k), USED_MASS) for k in (0, 1)]
    assert np.prod(parts) < SMALL * np.prod(fields)
    text = "".join(line)
    assert (
        f"by axis 95% of the mass lies on {parts[0]}x{parts[1]} of {fields[0]}x{fields[1]} positions along axes 2, 3 of x"
        in text
    )


def test_an_even_field_is_no_small_part(models: Path, measured: rfonnx.ERF) -> None:
    analysis = rfonnx.analyze(models / "resnet18.onnx")
    even = measured_field(measured)._replace(map=np.ones_like(measured.map))
    assert not list(used_lines(analysis, [even]))
    assert not list(used_lines(analysis, [even._replace(map=np.zeros_like(measured.map))]))


def test_the_command_says_it(
    models: Path, measured: rfonnx.ERF, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured.save(tmp_path / "f.npz")
    arguments = ["report", str(models / "resnet18.onnx"), "--summary", "--erf", str(tmp_path / "f.npz")]
    assert run(arguments) == 0
    assert "of layer3.1.conv2 uses less than half of its field, as measured on 1 sample" in capsys.readouterr().out
    assert run([*arguments, "--format", "csv"]) == 2
    capsys.readouterr()
    assert run([*arguments, "--format", "json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["used"]
    lengths = [hi - lo + 1 for lo, hi in measured.field]
    held = [shortest_stretch(measured.map.sum(1 - k), one["mass"]) for k in (0, 1)]
    assert (one["tensor"], one["axes"], one["field"], one["used"]) == ("layer3.1.conv2", [2, 3], lengths, held)
    assert one["share"] == np.prod(held) / np.prod(lengths)
