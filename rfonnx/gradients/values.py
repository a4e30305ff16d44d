"""Tensors of the graph that is being written: a `Value` is a name and an element type, and arithmetic on it emits nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rfonnx.gradients.emitter import Emitter

_END = 2**31
"""A Slice that ends here ends where the axis ends."""


class Value:
    """A tensor of the emitted graph. `a * b + 1.0` emits Mul and Add; numbers become constants of the other's type."""

    __slots__ = ("dtype", "emit", "name")

    def __init__(self, emit: Emitter, name: str, dtype: str) -> None:
        self.emit = emit
        self.name = name
        self.dtype = dtype

    def _binary(self, op_type: str, other: Value | float, swapped: bool = False) -> Value:
        operand = other if isinstance(other, Value) else self.emit.scalar(other, self.dtype)
        pair = (operand, self) if swapped else (self, operand)
        return self.emit(op_type, *pair)

    def __add__(self, other: Value | float) -> Value:
        return self._binary("Add", other)

    def __radd__(self, other: float) -> Value:
        return self._binary("Add", other, swapped=True)

    def __sub__(self, other: Value | float) -> Value:
        return self._binary("Sub", other)

    def __rsub__(self, other: float) -> Value:
        return self._binary("Sub", other, swapped=True)

    def __mul__(self, other: Value | float) -> Value:
        return self._binary("Mul", other)

    def __rmul__(self, other: float) -> Value:
        return self._binary("Mul", other, swapped=True)

    def __truediv__(self, other: Value | float) -> Value:
        return self._binary("Div", other)

    def __rtruediv__(self, other: float) -> Value:
        return self._binary("Div", other, swapped=True)

    def __neg__(self) -> Value:
        return self.emit("Neg", self)

    def __matmul__(self, other: Value) -> Value:
        return self.emit("MatMul", self, other)

    def reshape(self, shape: Sequence[int]) -> Value:
        """The same elements under another shape; one -1 stands for what is left."""
        return self.emit("Reshape", self, self.emit.ints(shape))

    def transpose(self, perm: Sequence[int]) -> Value:
        """Axis `i` of the result is axis `perm[i]`."""
        if list(perm) == list(range(len(perm))):
            return self
        return self.emit("Transpose", self, perm=list(perm))

    def sum(self, axes: Sequence[int], keepdims: bool = True) -> Value:
        """The sum along axes."""
        return self.emit.reduce("ReduceSum", self, axes, keepdims) if axes else self

    def mean(self, axes: Sequence[int], keepdims: bool = True) -> Value:
        """The mean along axes."""
        return self.emit.reduce("ReduceMean", self, axes, keepdims) if axes else self

    def unsqueeze(self, axes: Sequence[int]) -> Value:
        """New axes of length 1 at these positions of the result."""
        return self.emit("Unsqueeze", self, self.emit.ints(axes)) if axes else self

    def squeeze(self, axes: Sequence[int]) -> Value:
        """Without these axes of length 1."""
        return self.emit("Squeeze", self, self.emit.ints(axes)) if axes else self

    def slice(self, axis: int, start: int, end: int, step: int = 1) -> Value:
        """Positions `start, start + step, ...` before `end` along an axis."""
        ints = self.emit.ints
        return self.emit("Slice", self, ints([start]), ints([end]), ints([axis]), ints([step]))

    def reversed(self, axes: Sequence[int]) -> Value:
        """Last position first, along axes."""
        if not axes:
            return self
        ints, ones = self.emit.ints, [-1] * len(axes)
        return self.emit("Slice", self, ints(ones), ints([-_END] * len(axes)), ints(axes), ints(ones))

    def pad(self, pads: Sequence[int], fill: float = 0.0) -> Value:
        """Padded by a constant; begins of all axes, then ends; negative ones crop."""
        rank = len(pads) // 2
        ints = self.emit.ints
        cropped = [a for a in range(rank) if pads[a] < 0 or pads[rank + a] < 0]
        value = self
        if cropped:
            starts = [max(-pads[a], 0) for a in cropped]
            ends = [min(pads[rank + a], 0) or _END for a in cropped]
            value = self.emit("Slice", self, ints(starts), ints(ends), ints(cropped))
        grown = [max(p, 0) for p in pads]
        if not any(grown):
            return value
        return self.emit("Pad", value, ints(grown), self.emit.scalar(fill, self.dtype))

    def cast(self, dtype: str) -> Value:
        """In another element type."""
        return self if dtype == self.dtype else self.emit.cast(self, dtype)

    def expand(self, shape: Sequence[int]) -> Value:
        """Broadcast to a shape; a 1 in it keeps what is there."""
        return self.emit("Expand", self, self.emit.ints(shape))
