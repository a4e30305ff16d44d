"""What is believed of a tensor when inference, the file and earlier measurements speak about it."""

from __future__ import annotations

from collections.abc import Mapping

from onnx import TypeProto

from rfonnx.graph.tensors import Tensors
from rfonnx.graph.text import quote, show_shape
from rfonnx.model.reading.bind import evaluate_dim
from rfonnx.results.fields import Shape
from rfonnx.results.plain import counted

Measured = tuple[int, Shape]
"""Element type (TensorProto's number) and shape."""


class Declared:
    """Inference comes first. Where it leaves something open, a measured shape fills it, else the file's value_info.

    Attributes:
        filled: tensors whose shape value_info completed.
        measured: tensors whose shape a measurement completed.
        contradicted: tensors whose value_info is wrong, and how.
    """

    def __init__(self, symbols: Mapping[str, int], known: Mapping[str, Measured]) -> None:
        self.filled: dict[str, None] = {}
        self.measured: dict[str, None] = {}
        self.contradicted: dict[str, str] = {}
        self._symbols = symbols
        self._known = known

    def settle(self, name: str, found: TypeProto | None, declared: TypeProto | None, tensors: Tensors) -> None:
        """Record the type that is believed."""
        if found is not None and declared is None and not self._known:
            tensors.set(name, found)
            return
        told = (0, None) if found is None else tensors.told(found)
        if told is None:
            assert found is not None
            tensors.set(name, found)
            return
        elem, shape = told
        if declared is not None:
            if not elem and not declared.HasField("tensor_type"):
                tensors.set(name, declared)
                return
            elem, shape = self._fill(name, elem, shape, declared)
        measured = self._known.get(name)
        if measured is not None and (shape is None or None in shape):
            self.filled.pop(name, None)  # what the file declares was not enough
            self.measured[name] = None
            elem, shape = measured
        tensors.set_tensor(name, elem, shape)

    def _fill(self, name: str, elem: int, shape: Shape, declared: TypeProto) -> tuple[int, Shape]:
        if not declared.HasField("tensor_type"):
            return elem, shape
        tensor = declared.tensor_type
        elem = elem or tensor.elem_type
        if not tensor.HasField("shape"):
            return elem, shape
        said = tuple([d.dim_value if d.dim_value > 0 else None for d in tensor.shape.dim[:]])
        if said == shape:
            return elem, shape
        if not agree(shape, said):
            self.contradicted[name] = f"{show_shape(said)} declared, {show_shape(shape)} inferred"
        elif shape is None or None in shape:
            bound = tuple(
                n or evaluate_dim(d.dim_param, self._symbols) for n, d in zip(said, tensor.shape.dim, strict=True)
            )
            merged = bound if shape is None else tuple(b if a is None else a for a, b in zip(shape, bound, strict=True))
            if merged != shape:
                self.filled[name] = None
                return elem, merged
        return elem, shape

    def forget(self, name: str) -> None:
        """Drop what was recorded, before a loop's body is inferred again."""
        for table in (self.filled, self.measured, self.contradicted):
            table.pop(name, None)

    def warnings(self) -> list[str]:
        """One line for each way that a shape was found other than by inference."""
        lines = []
        for names, what in (
            (self.filled, "took the shape that the file declares, which inference could not tell or check"),
            (self.measured, "took the shape that a run of the model showed"),
        ):
            if names:
                lines.append(f"{counted(len(names), 'tensor')} {what}: {_some([quote(n) for n in names])}")
        if self.contradicted:
            lines.append(
                f"the file declares wrong shapes for {counted(len(self.contradicted), 'tensor')}, the inferred ones are used:"
                f" {_some([f'{quote(n)} ({what})' for n, what in self.contradicted.items()])}"
            )
        return lines


def agree(one: Shape, other: Shape) -> bool:
    """False when two shapes cannot be of one tensor."""
    if one is None or other is None:
        return True
    return len(one) == len(other) and all(a == b or a is None or b is None for a, b in zip(one, other, strict=True))


def _some(items: list[str]) -> str:
    return ", ".join(items[:3]) + (", ..." if len(items) > 3 else "")
