"""The function that --hook names: code of the user's, run because the user asks for it, from the file that is given alone."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

from rfonnx.errors import DataError

if TYPE_CHECKING:
    from rfonnx.results.binding import Hook


NAME = "rfonnx_hook"
"""Of the module."""


class FromSource(SourceFileLoader):
    """Reads the file alone. A `__pycache__` beside it may hold other code than the file shows, and none is written."""

    def get_code(self, fullname: str) -> CodeType:
        """The file, compiled."""
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code


def load_hook(text: str) -> Hook:
    """The function.

    Args:
        text: FILE.py:FUNCTION.

    Raises:
        DataError: there is no such file or function, or the file fails.
    """
    name, colon, function = text.rpartition(":")
    path = Path(name)
    if not colon or path.suffix != ".py" or not function.isidentifier():
        raise DataError(f"--hook '{text}' is not like FILE.py:FUNCTION", "give, for example, --hook decode.py:boxes")
    if not path.is_file():
        raise DataError(f"--hook: there is no file '{path}'", "give the path of a Python file")
    from rfonnx.data.npy import reason_of

    spec = importlib.util.spec_from_loader(NAME, FromSource(NAME, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module  # dataclasses, and what is pickled, look it up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit, GeneratorExit) as error:  # the user's code, whose exit is no verdict
        told = f"{type(error).__name__}: {reason_of(error)}"
        raise DataError(f"--hook: '{path}' fails ({told})", "run it with python") from None
    found = getattr(module, function, None)
    if not callable(found):
        raise DataError(f"--hook: '{path}' has no function '{function}'", "name one that it defines")
    hook: Hook = found
    return hook
