"""The page that teaches, line by line: the files that it shows are written, its commands run, and what they print is compared.

It downloads a package (15 MB) and runs its model for minutes: only where the environment has TUTORIAL=run, as in `.ci/run`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pages import ROOT, holds, typed

PAGE = ROOT / "docs" / "tutorial.md"


@pytest.mark.skipif(os.environ.get("TUTORIAL") != "run", reason="TUTORIAL=run downloads a model and runs the tutorial")
def test_the_tutorial_runs_and_prints_what_it_shows(tmp_path: Path) -> None:
    text = PAGE.read_text()
    for name, body in re.findall(r"^```python\n# (\w+\.py)(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        (tmp_path / name).write_text(f"#{body}")
    (settings,) = re.findall(r"^```toml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for one in typed(PAGE):
        if one.line.startswith("rfonnx compare"):  # from here on
            (tmp_path / "rfonnx.toml").write_text(settings)
        done = subprocess.run(
            one.line,
            shell=True,
            cwd=tmp_path,
            env={**os.environ, "PATH": programs},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in ((0, 1, 2) if one.shown else (0,)), done.stderr
        holds(one.shown, done.stdout or done.stderr)
