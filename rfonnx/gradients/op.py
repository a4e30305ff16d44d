"""A node of the forward graph as a rule sees it: its tensors as Values, static shapes, and what is asked for.

Many seeds may share one forward run. Every gradient is then longer than its forward tensor along one axis of length 1, the
tensor's *lane* (usually the batch axis). Arithmetic broadcasts; only explicit shapes must leave the lane open: `op.like(i)`
gives a shape with -1 there, and a rule that folds axes of a gradient writes -1 for axis 0, never a length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rfonnx.gradients.answers import Unsupported
from rfonnx.gradients.emitter import Emitter
from rfonnx.gradients.values import Value
from rfonnx.gradients.verify import Claim
from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import HALF


@dataclass(slots=True)
class Walk:
    """What all nodes of one reverse walk share.

    Attributes:
        graph: the forward graph.
        emit: where the gradient's nodes go.
        active: tensors that depend on a tensor whose gradient is wanted.
        lanes: the axis of each active tensor along which seeds lie side by side; empty for one seed.
        demanded: outputs that a node of the file leaves out and a rule needs: by the node's first output, name by index.
        claims: the shapes that what rules gave must have.
    """

    graph: Graph
    emit: Emitter
    active: set[str]
    lanes: Mapping[str, int] = field(default_factory=dict)
    demanded: dict[str, dict[int, str]] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    _casts: dict[str, Value] = field(default_factory=dict)

    def forward(self, name: str) -> Value:
        """A tensor of the forward graph, half precision cast to float32."""
        value = Value(self.emit, name, self.graph.dtypes[name])
        if value.dtype not in HALF:
            return value
        if name not in self._casts:
            self._casts[name] = value.cast("float32")
        return self._casts[name]

    def precision(self, name: str) -> str:
        """Element type of the gradient of a tensor."""
        return "float64" if self.graph.dtypes[name] == "float64" else "float32"

    def static_shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor, all of it known.

        Raises:
            Unsupported: it is not known.
        """
        shape = self.graph.shapes.get(name)
        if shape is None or None in shape:
            raise Unsupported(f"the shape of tensor '{name}' depends on data")
        return tuple(n for n in shape if n is not None)

    def open_shape(self, name: str) -> list[int]:
        """Shape of a tensor's gradient, with -1 for the lane."""
        shape = list(self.static_shape(name))
        if name in self.lanes:
            shape[self.lanes[name]] = -1
        return shape


class Op:
    """A node whose gradient is being written.

    Attributes:
        node: canonical.
        attrs: its attributes.
        emit: for nodes that no Value method emits.
        gradients: of the outputs; None where nothing arrives.
    """

    def __init__(self, node: Node, walk: Walk, gradients: Sequence[Value | None]) -> None:
        self.node = node
        self.attrs: dict[str, Any] = node.attrs
        self.emit = walk.emit
        self.gradients = gradients
        self.walk = walk

    def has(self, index: int) -> bool:
        """True when input `index` is given."""
        return index < len(self.node.inputs) and bool(self.node.inputs[index])

    def needs(self, index: int) -> bool:
        """True when the gradient of input `index` is asked for."""
        return self.has(index) and self.node.inputs[index] in self.walk.active

    def x(self, index: int = 0) -> Value:
        """Input `index`."""
        return self.walk.forward(self.node.inputs[index])

    def y(self, index: int = 0) -> Value:
        """Output `index`."""
        return self.walk.forward(self.node.outputs[index])

    def demand(self, index: int) -> Value:
        """Output `index`, of the first input's type, also where the file leaves it out: the node is then made to give it."""
        if index < len(self.node.outputs) and self.node.outputs[index]:
            return self.y(index)
        key = next(o for o in self.node.outputs if o)
        names = self.walk.demanded.setdefault(key, {})
        if index not in names:
            names[index] = self.emit.unique(f"output_{index}")
        value = Value(self.emit, names[index], self.walk.graph.dtypes[self.node.inputs[0]])
        return value.cast("float32") if value.dtype in HALF else value

    def shape(self, index: int = 0) -> tuple[int, ...]:
        """Shape of input `index`."""
        return self.walk.static_shape(self.node.inputs[index])

    def out_shape(self, index: int = 0) -> tuple[int, ...]:
        """Shape of output `index`."""
        return self.walk.static_shape(self.node.outputs[index])

    def like(self, index: int = 0) -> list[int]:
        """Shape of the gradient of input `index`: -1 for its lane."""
        return self.walk.open_shape(self.node.inputs[index])

    def lane(self, index: int = 0) -> int | None:
        """The lane of input `index`, or None."""
        return self.walk.lanes.get(self.node.inputs[index])

    def precision(self, index: int = 0) -> str:
        """Element type of the gradient of input `index`."""
        return self.walk.precision(self.node.inputs[index])

    def value(self, index: int) -> np.ndarray | None:
        """Value of input `index` when it is a constant, else None."""
        return self.walk.graph.value(self.node.inputs[index]) if self.has(index) else None

    def constant(self, name: str) -> Any:
        """An attribute that must be known before the run.

        Raises:
            Unsupported: it is computed at run time.
        """
        value = self.attrs.get(name)
        if value is None:
            raise Unsupported(f"its '{name}' is computed at run time")
        return value

    def unbroadcast(self, gradient: Value, index: int) -> Value:
        """A gradient of the first output's shape summed down to the shape of input `index`, which was broadcast to it."""
        shape, out = self.shape(index), self.out_shape()
        if shape == out:
            return gradient
        extra = len(out) - len(shape)
        lane = self.walk.lanes.get(self.node.outputs[0])
        axes = [a for a, n in enumerate(out) if a != lane and (a < extra or (n != 1 and shape[a - extra] == 1))]
        gradient = gradient.sum([a for a in axes if a >= extra])
        return gradient.sum([a for a in axes if a < extra], keepdims=False)
