"""A folder of a stranger's: none of its modules run. What libraries would leave in the user's folders is not left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

NAMES = ("numpy", "onnx", "onnxruntime", "rfonnx", "json", "click", "subprocess")


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that appears when a module of the current folder is run."""
    folder = tmp_path / "strangers"
    folder.mkdir()
    for name in NAMES:
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'mark')!r}, 'a').write({name!r})\n")
    monkeypatch.chdir(folder)
    return tmp_path / "mark"


def python(*args: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, args)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("path", [None, ":", f"{os.curdir}{os.pathsep}"])
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak of memory is measured on Linux")
def test_a_process_that_is_started_runs_nothing_of_the_current_folder(
    mark: Path, models: Path, path: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    from rfonnx.comparing.cost.memory import peak_bytes

    if path is not None:
        monkeypatch.setenv("PYTHONPATH", path)
    peak = peak_bytes(str(models / "seed.onnx"), {"x": np.zeros((1, 3, 32, 40), np.float32)}, 1)
    assert not mark.exists()
    assert peak is not None


def test_compare_and_check_run_nothing_of_the_current_folder(mark: Path, models: Path) -> None:
    seed = models / "seed.onnx"
    compared = python("-P", "-m", "rfonnx", "compare", seed, seed, "--samples", 1, "--no-effective")
    checked = python("-P", "-m", "rfonnx", "check", seed, "--rule", f"max-memory={10**9}")
    assert (compared.returncode, checked.returncode) == (0, 0)
    assert not mark.exists()


def test_python_m_rfonnx_drops_the_current_folder(mark: Path, models: Path) -> None:
    """Only what Python itself imports before our first line is not ours to keep: `python -P -m rfonnx` does that."""
    (Path.cwd() / "rfonnx.py").unlink()
    done = python("-m", "rfonnx", "report", models / "seed.onnx")
    assert (done.returncode, done.stderr) == (0, "")
    assert not mark.exists()


def test_onnxruntime_leaves_nothing_behind(tmp_path: Path, models: Path) -> None:
    """Telemetry: 1.32 wrote a device id and a database of events into the cache folder, and `.ses` into the temporary one."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    inherited = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    places = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "TMPDIR": str(temporary)}
    seed = str(models / "seed.onnx")
    for args in (["compare", seed, seed, "--samples", "1"], ["erf", seed, "-n", "1"], ["check", seed]):
        command = [sys.executable, "-P", "-m", "rfonnx", *args]
        done = subprocess.run(command, capture_output=True, env={**inherited, **places}, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
    assert [path for folder in (home, temporary) for path in folder.rglob("*")] == []


def test_who_sets_the_variable_has_chosen() -> None:
    program = "import os, rfonnx.model.runtime; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    assert python("-P", "-c", program, ORT_DISABLE_TELEMETRY="0").stdout == "0\n"
