"""Shapes of operators that onnx cannot infer: which rule tells them, and what such a rule sees of a node.

They are those that onnxruntime writes into models, and a few of ai.onnx whose inference in onnx 1.23 is missing or wrong. Rules
follow onnxruntime's docs/ContribOperators.md and its type inference. An operator without a rule is left to what the file
declares, and to a run of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any, Protocol

import numpy as np
import onnx
from onnx import TypeProto, helper, shape_inference

from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import Tensors, element_count, read_type, tensor_type
from rfonnx.operators.schemas import schema_of
from rfonnx.operators.spelling import input_name
from rfonnx.operators.table import filling
from rfonnx.results.fields import Shape
from rfonnx.system.named import NamedTuple

_STANDARD_OPSET = 17
"""The opset whose operators stand in for others: axes are attributes still, as in com.microsoft."""


class Constants(Protocol):
    """The tensors of a graph that depend on no input."""

    @property
    def names(self) -> Container[str]:
        """Their names."""
        ...

    def evaluate(self, name: str) -> np.ndarray | None:
        """The value of one; None when its data is absent or too large to be wanted."""
        ...


class ShapeCall(NamedTuple):
    """A node as a rule sees it."""

    node: Node
    tensors: Tensors
    constants: Constants

    def has(self, index: int) -> bool:
        """True when input `index` is present."""
        return bool(input_name(self.node, index))

    def shape(self, index: int) -> Shape:
        """Shape of an input; None when it is left out or unknown."""
        return self.tensors.shapes[self.node.inputs[index]] if self.has(index) else None

    def dim(self, index: int, axis: int) -> int | None:
        """One length of an input; None when it is unknown."""
        shape = self.shape(index)
        return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None

    def elem(self, index: int) -> int:
        """Element type of an input; 0 when it is left out or unknown."""
        return self.tensors.elem(self.node.inputs[index]) if self.has(index) else 0

    def attr(self, name: str, default: Any = None) -> Any:
        """An attribute as the file gives it."""
        return self.node.attrs.get(name, default)

    def value(self, index: int) -> np.ndarray | None:
        """Value of an input that is a small constant."""
        if not self.has(index) or self.node.inputs[index] not in self.constants.names:
            return None
        count = element_count(self.shape(index))
        return self.constants.evaluate(self.node.inputs[index]) if count is not None and count <= 64 else None

    def like(self, index: int, elem: int = 0) -> TypeProto:
        """The type of an input, with another element type if one is given."""
        return tensor_type(elem or self.elem(index), self.shape(index))

    def standard(self, op_type: str, inputs: Sequence[int | Shape], elem: int = 0, **attrs: Any) -> TypeProto:
        """What a standard operator would make of these inputs (by index, or shapes) under this node's attributes.

        Args:
            op_type: of ai.onnx.
            inputs: in the standard operator's order.
            elem: element type of the result; that of the first input when 0. The inference itself sees floats.
            attrs: attributes that differ from the node's; None leaves one out.

        Raises:
            InferenceError: the inputs do not fit.
        """
        schema = schema_of(op_type, _STANDARD_OPSET, "")
        assert schema is not None, op_type
        kept = {name: value for name, value in self.node.attrs.items() if name in schema.attributes}
        kept = {name: value for name, value in {**kept, **attrs}.items() if value is not None}
        types = {
            f"i{n}": tensor_type(onnx.TensorProto.FLOAT, self.shape(i) if isinstance(i, int) else i)
            for n, i in enumerate(inputs)
        }
        proto = helper.make_node(op_type, list(types), ["o"], **kept)
        found = shape_inference.infer_node_outputs(schema, proto, types)
        first = next((i for i in inputs if isinstance(i, int)), 0)
        return tensor_type(elem or self.elem(first), read_type(found["o"])[2])


Rule = Callable[[ShapeCall], "list[TypeProto]"]
"""Gives the types of the outputs, as many as it knows."""


def shapes(*kinds: str) -> Callable[[Rule], Rule]:
    """Fill in the shape rule of operators."""
    return filling("shapes", *kinds)


def like_standard(op_type: str, inputs: Sequence[int], elem: int = 0) -> Rule:
    """The rule of an operator that a standard one tells the shape of: see `ShapeCall.standard`."""
    return lambda call: [call.standard(op_type, inputs, elem)]


def same(call: ShapeCall) -> list[TypeProto]:
    """The type of the first input: x (2,8,64) gives (2,8,64)."""
    return [call.like(0)]
