"""The pytest plugin, in a project of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import rfonnx
import small_nets
from rfonnx.errors import QueryError
from rfonnx.model.opened import opened
from rfonnx.testing import assert_agrees, assert_field, assert_rules, assert_tiles


def test_assert_field(models: Path) -> None:
    seed = models / "seed.onnx"
    assert_field(seed, "conv2", size=5, stride=1, start=-2, kind="local", exact=True)
    assert_field(seed, min=6, max=6)
    with pytest.raises(AssertionError, match="x axis 2: size is 6, expected 10"):
        assert_field(seed, "pool", size=10)
    with pytest.raises(AssertionError, match="sees 6 positions, expected at least 7"):
        assert_field(seed, "pool", min=7)
    with pytest.raises(AssertionError, match="expected at most 5"):
        assert_field(seed, "pool", max=5)
    with pytest.raises(QueryError, match="no tensor 'nope'"):
        assert_field(seed, "nope")
    with pytest.raises(QueryError, match="has no field along"):
        assert_field(seed, "pool", axis=7)


def test_assert_agrees(models: Path) -> None:
    folder = models / "digits"
    options = {"data": folder / "test.npz", "samples": 60, "effective": False}
    assert assert_agrees(folder / "teacher.onnx", folder / "student.onnx", **options).kind == "distilled"
    with pytest.raises(AssertionError, match="KL divergence of the student's probabilities"):
        assert_agrees(folder / "teacher.onnx", folder / "twin.onnx", **options)


def test_assert_tiles(models: Path) -> None:
    assert assert_tiles(models / "seed.onnx", halo=2, grid=2).exact
    assert assert_tiles(models / "unet.onnx", size=(480, 240), tile=(240, 240), verify=False).tiles
    with pytest.raises(AssertionError, match="axis 3: a halo of 2 before and 2 after, expected at most 1"):
        assert_tiles(models / "seed.onnx", halo=1)
    with pytest.raises(AssertionError, match="a grid of 2, expected at most 1"):
        assert_tiles(models / "seed.onnx", grid=1)
    with pytest.raises(AssertionError, match="'avgpool'"):
        assert_tiles(models / "resnet18.onnx")


def test_assert_tiles_runs_them(models: Path) -> None:
    weights = np.random.default_rng(0).standard_normal((4, 2, 5, 5)).astype(np.float32)
    node = onnx.helper.make_node("Conv", ["x", "w"], ["scores"], pads=[2, 2, 2, 2])
    wider = small_nets.model([node], {"x": (1, 2, "h", "w")}, {"scores": (1, 4, "h", "w")}, {"w": weights})
    plan = rfonnx.tile(small_nets.segmenter(), {"x": (1, 2, 30, 20)}, (12, 12))
    assert_tiles(plan)
    with pytest.raises(AssertionError, match="tiles see outside their crops"):
        assert_tiles(replace(plan, model=opened(wider)))


def test_assert_rules(models: Path) -> None:
    assert_rules(models / "wavenet.onnx", ["causal"])
    with pytest.raises(AssertionError, match=r"RF008 no-global-operator: block1\.squeeze"):
        assert_rules(models / "se.onnx", ["no-global-operator"])


def test_assert_rules_passes_nothing_that_was_not_checked(models: Path, tmp_path: Path) -> None:
    """A rule that the caller names is asserted, so one that was skipped fails; one that runs by default may be skipped."""
    with pytest.raises(AssertionError, match="RF019 dynamic-axes: not checked, the model declares no dynamic axis"):
        assert_rules(models / "seed.onnx", ["dynamic-axes", "finite"])
    with pytest.raises(AssertionError, match="RF019 dynamic-axes: not checked"):
        assert_rules(models / "seed.onnx", {"dynamic-axes": True})
    net = small_nets.classifier()
    net.ir_version = 99
    with pytest.raises(
        AssertionError, match=r"RF012 finite: could not be tried: \S*m.onnx.*; for that, RF013 could not"
    ):
        assert_rules(small_nets.save(net, tmp_path / "m.onnx"), ["finite", "deterministic"])


def test_fixtures_in_a_project_of_its_own(models: Path, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        f"""
def test_fields(rfonnx_analyze):
    model = {str(models / "seed.onnx")!r}
    assert rfonnx_analyze(model) is rfonnx_analyze(model)
    assert rfonnx_analyze(model).tensors["pool"].fields["x", 2].size == 6

def test_check(rfonnx_check):
    assert rfonnx_check({str(models / "seed.onnx")!r}).passed()
"""
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_loading_the_plugin_loads_nothing_heavy() -> None:
    """pytest loads it wherever rfonnx is installed."""
    program = (
        "import sys, rfonnx.testing; print(*[n for n in ('numpy', 'onnx', 'onnxruntime', 'rich') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == []
