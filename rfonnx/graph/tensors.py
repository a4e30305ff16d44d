"""The types of a model's tensors: what onnx's inference takes and gives (TypeProto), and the plain shapes and dtypes of it."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TypeGuard

import numpy as np
import onnx
from onnx import TensorProto, TypeProto, helper

from rfonnx.errors import ShapeError
from rfonnx.graph.text import quote, show_shape
from rfonnx.results.fields import Shape

Types = dict[str, tuple[str, int, Shape]]
"""By tensor: numpy-style name, TensorProto element type, shape."""

MAX_DIM = 2**40
"""No axis of a real tensor is longer; a larger dimension is an absurd or hostile file."""
MAX_ELEMENTS = 2**62
MAX_AXES = 64
"""numpy's own limit."""

DTYPES: dict[int, str] = {
    value: {"FLOAT": "float32", "DOUBLE": "float64", "UNDEFINED": ""}.get(name, name.lower())
    for name, value in TensorProto.DataType.items()
}
"""numpy-style names by TensorProto element type; numpy itself lacks some of them (bfloat16, float8e4m3fn, int4)."""

ELEMENT_TYPES = {name: value for value, name in DTYPES.items() if name}
"""TensorProto element type by numpy-style name."""

HALF = ("float16", "bfloat16")
FLOATS = ("float32", "float64", *HALF)
"""Types of ordinary floating-point numbers, those of half precision and all."""


@cache
def element_type(dtype: np.dtype) -> int:
    """TensorProto element type of a numpy type. onnx makes a table of all types each time that it is asked."""
    return int(helper.np_dtype_to_tensor_dtype(dtype))


@lru_cache(maxsize=8192)
def tensor_type(elem: int, shape: Shape) -> TypeProto:
    """The TypeProto of a tensor. Shared between callers: never change it."""
    proto = TypeProto()
    proto.tensor_type.elem_type = elem
    if shape is not None:
        dims = proto.tensor_type.shape
        dims.SetInParent()  # rank 0 is not the same as no shape
        for dim in shape:
            entry = dims.dim.add()
            if dim is not None:
                entry.dim_value = dim
    return proto


def read_type(proto: TypeProto) -> tuple[str, int, Shape]:
    """dtype, element type (0 when it is no tensor or unknown) and shape of a TypeProto; symbolic dimensions are None."""
    kind = proto.WhichOneof("value")
    if kind == "tensor_type" or kind == "sparse_tensor_type":
        tensor: TypeProto.Tensor = getattr(proto, kind)
        elem = tensor.elem_type
        shape: Shape = None
        if tensor.HasField("shape"):
            shape = tuple([d.dim_value or (0 if d.HasField("dim_value") else None) for d in tensor.shape.dim[:]])
        return DTYPES.get(elem, ""), elem, shape
    return (kind.removesuffix("_type") if kind else ""), 0, None


def element_count(shape: Shape) -> int | None:
    """Number of elements, or None when a dimension is unknown."""
    if shape is None:
        return None
    count = 1
    for dim in shape:
        if dim is None:
            return None
        count *= dim
    return count


def is_static(shape: Shape) -> TypeGuard[tuple[int, ...]]:
    """True when the rank and every dimension are known."""
    return shape is not None and None not in shape


def check_size(name: str, shape: Shape, origin: object) -> None:
    """Refuse dimensions that no real tensor has. `origin` says where the tensor comes from.

    Raises:
        ShapeError: there are over 64 axes, a dimension is negative or above 2^40, or the tensor has over 2^62 elements.
    """
    count = 1
    if len(shape or ()) > MAX_AXES:
        raise ShapeError(
            f"tensor {quote(name)} ({origin}) has {len(shape or ())} axes, expected at most {MAX_AXES}", "reshape it"
        )
    for axis, dim in enumerate(shape or ()):
        if dim is not None:
            if not 0 <= dim <= MAX_DIM:
                raise ShapeError(
                    f"axis {axis} of tensor {quote(name)} ({origin}) has length {dim}, expected 0 to 2^40",
                    "check that the model accepts inputs of this size",
                )
            count *= dim
    if count > MAX_ELEMENTS:
        raise ShapeError(
            f"tensor {quote(name)} ({origin}) of shape {show_shape(shape)} has more than 2^62 elements",
            "check that the model accepts inputs of this size",
        )


class Tensors:
    """Types of all tensors met so far, by name.

    Attributes:
        types: as onnx's inference takes them; a tensor of unknown type has an empty TypeProto.
        shapes, dtypes: the same in plain values, as `Graph` gives them.
        block: channels of a block, where the model has blocked tensors (see `blocks`).
        recorded: the names, in the order in which they came.
        sized: shapes that `check_size` has let pass.
    """

    def __init__(self, block: int = 8) -> None:
        self.block = block
        self.types: dict[str, onnx.TypeProto] = {}
        self.shapes: dict[str, Shape] = {}
        self.dtypes: dict[str, str] = {}
        self.recorded: list[str] = []
        self.sized: set[Shape] = set()
        self._typed: dict[tuple[int, Shape], TypeProto] = {}
        self._told: dict[int, tuple[int, Shape]] = {}  # by identity of those in `_typed`: reading them back takes long

    def set(self, name: str, proto: TypeProto) -> None:
        """Record a type."""
        told = self._told.get(id(proto))
        if told is None:
            dtype, elem, shape = read_type(proto)
            proto = self.typed(elem, shape) if proto.HasField("tensor_type") else proto
        else:
            elem, shape = told
            dtype = DTYPES.get(elem, "")
        if name not in self.types:
            self.recorded.append(name)
        self.types[name] = proto
        self.shapes[name] = shape
        self.dtypes[name] = dtype

    def set_tensor(self, name: str, elem: int, shape: Shape) -> None:
        """Record a tensor of an element type and shape."""
        if name not in self.types:
            self.recorded.append(name)
        self.types[name] = self.typed(elem, shape)
        self.shapes[name] = shape
        self.dtypes[name] = DTYPES.get(elem, "")

    def typed(self, elem: int, shape: Shape) -> TypeProto:
        """The type of a tensor; equal ones are one object."""
        found = self._typed.get((elem, shape))
        if found is None:
            found = self._typed[elem, shape] = tensor_type(elem, shape)
            self._told[id(found)] = elem, shape
        return found

    def told(self, proto: TypeProto) -> tuple[int, Shape] | None:
        """Element type and shape of a type; None when it is no tensor's."""
        found = self._told.get(id(proto))
        if found is None and proto.HasField("tensor_type"):
            found = read_type(proto)[1:]
        return found

    def elem(self, name: str) -> int:
        """Element type of a tensor, 0 when it is unknown."""
        proto = self.types.get(name)
        return proto.tensor_type.elem_type if proto is not None else 0

    def forget(self, name: str) -> None:
        """Drop what was recorded, before a loop's body is inferred again."""
        self.types.pop(name, None)
        self.shapes.pop(name, None)
        self.dtypes.pop(name, None)
