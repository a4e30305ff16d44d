"""`import rfonnx` in the root of a checkout, where Python finds the source folder first, which has no compiled core."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rfonnx
from rfonnx import _core

SOURCES = Path(__file__).parents[1] / "rfonnx"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    shutil.copytree(SOURCES, root / "rfonnx", ignore=shutil.ignore_patterns("_core.*.*", "__pycache__"))
    return root


def started_in(root: Path, program: str, *path: Path) -> subprocess.CompletedProcess[str]:
    """Python without what is installed (`-S`: an editable install would come first), but for the folders of `path`."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    environment = kept | {"PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-S", "-c", program]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def test_the_installed_modules_are_taken(checkout: Path, tmp_path: Path, models: Path) -> None:
    installed = tmp_path / "site"
    shutil.copytree(SOURCES, installed / "rfonnx")
    shutil.copy(str(_core.__file__), installed / "rfonnx")
    shutil.rmtree(checkout / "rfonnx" / "analysis")  # and none of the source folder beside them
    program = f"import rfonnx; print(rfonnx.__path__, rfonnx.analyze({str(models / 'seed.onnx')!r}).outputs)"
    done = started_in(checkout, program, installed, Path(np.__file__).parents[1])
    assert done.stderr == ""
    assert done.stdout == f"{[str(installed / 'rfonnx')]} {rfonnx.analyze(models / 'seed.onnx').outputs}\n"


def test_where_nothing_is_installed_one_line_says_what_to_run(checkout: Path) -> None:
    done = started_in(checkout, "import rfonnx")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ImportError: rfonnx has no compiled core here: run `pip install .` in the root of the checkout"
    )
