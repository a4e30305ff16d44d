"""Settings of all tests; where the models are, and the functions that build them."""

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# Processes that tests start find the installed package, not the source folder that they are started in, which has no core.
os.environ["PYTHONSAFEPATH"] = "1"

# Workers of one run (`-n auto`) share the cores: with a thread per core in each of them, threads spin and wait for each other.
if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
    share = str(max(1, (os.cpu_count() or 1) // int(workers)))
    os.environ.setdefault("RFONNX_THREADS", share)  # of onnxruntime's operators
    os.environ.setdefault("OPENBLAS_NUM_THREADS", share)

# The same examples in every run, and no test that depends on how fast the machine is.
settings.register_profile("rfonnx", derandomize=True, deadline=None)
settings.load_profile("rfonnx")

LINES = pytest.StashKey[list[str]]()

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture(scope="session")
def models() -> Path:
    return MODELS


@pytest.fixture(scope="session")
def recipes() -> ModuleType:
    sys.path.insert(0, str(MODELS))
    try:
        return importlib.import_module("recipes")
    finally:
        sys.path.remove(str(MODELS))


@pytest.fixture(scope="session")
def record_lines(request: pytest.FixtureRequest) -> list[str]:
    """Lines to print after the run: the counts of suites that measure."""
    return request.config.stash.setdefault(LINES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(LINES, []):
        terminalreporter.write_line(line)
