"""Kinds of operators by domain."""

from __future__ import annotations


def microsoft(*names: str) -> tuple[str, ...]:
    """Kinds of the com.microsoft domain."""
    return tuple(f"com.microsoft.{name}" for name in names)
