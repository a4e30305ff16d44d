"""Names of tensors that an operator makes inside itself (attention scores, say): "y\\0" and a number, where y is its output.

No file can hold such a name: names with a NUL are refused when a model is read.
"""

from __future__ import annotations

_MARK = "\0"


def temporary_name(output: str, number: int) -> str:
    """Name of a tensor inside the operator that makes `output`."""
    return f"{output}{_MARK}{number}"


def is_temporary(name: str) -> bool:
    """True when no tensor of the file has this name."""
    return _MARK in name


def named_by(name: str) -> str:
    """The tensor of the file that a name stands for: the output of its operator, or the tensor itself."""
    return name.partition(_MARK)[0]
