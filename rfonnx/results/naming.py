"""What a user calls a tensor: by its name, or by that of the node that makes it, which is what viewers show."""

from __future__ import annotations

from collections.abc import Mapping

from rfonnx.results.fields import TensorField


def tensor_called(tensors: Mapping[str, TensorField], name: str) -> str:
    """The tensor that `name` stands for: the one of that name; else the one output of the node of that name; else `name`."""
    if name in tensors:
        return name
    made = [tensor.name for tensor in tensors.values() if tensor.node == name] if name else []
    return made[0] if len(made) == 1 else name
