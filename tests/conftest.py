"""Settings of all tests; where the models are, and the functions that build them."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# The same examples in every run, and no test that depends on how fast the machine is.
settings.register_profile("rfonnx", derandomize=True, deadline=None)
settings.load_profile("rfonnx")

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
