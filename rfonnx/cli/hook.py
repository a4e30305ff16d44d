"""The function that --hook names: code of the user's, run because the user asks for it, from the file that is given alone."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from rfonnx.errors import DataError

if TYPE_CHECKING:
    from rfonnx.compare.settings import Hook


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
    spec = importlib.util.spec_from_file_location("rfonnx_hook", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the user's code, whose exit is no verdict
        reason = " ".join(str(error).split())
        raise DataError(f"--hook: '{path}' fails ({type(error).__name__}: {reason})", "run it with python") from None
    found = getattr(module, function, None)
    if not callable(found):
        raise DataError(f"--hook: '{path}' has no function '{function}'", "name one that it defines")
    hook: Hook = found
    return hook
