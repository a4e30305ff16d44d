"""Kinds of operators by domain."""

from __future__ import annotations

from rfonnx.graph.blocks import NCHWC


def microsoft(*names: str) -> tuple[str, ...]:
    """Kinds of the com.microsoft domain."""
    return tuple(f"com.microsoft.{name}" for name in names)


def nchwc(*names: str) -> tuple[str, ...]:
    """Kinds of the domain that onnxruntime's last optimisation level writes."""
    return tuple(f"{NCHWC}.{name}" for name in names)


def internal_nhwc(*names: str) -> tuple[str, ...]:
    """Kinds of the domain that providers with a channels-last layout write."""
    return tuple(f"com.ms.internal.nhwc.{name}" for name in names)
