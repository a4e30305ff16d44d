"""The graph that everything above sees: nodes in topological order, static shapes, constants on demand. No protobuf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rfonnx.results.fields import Shape


class Node:
    """One operator call.

    Attributes:
        op_type, domain: as in the file; the domain of ai.onnx is "".
        name: the node's name, or "".
        inputs: tensor names, "" for an optional input that is left out.
        outputs: tensor names, "" for an output that is not made.
        attrs: plain values: int, float, str, list, numpy array (tensors), Graph (subgraphs). After `canonical` in the one
            spelling that its docstrings state.
        version: opset version of the node's domain.
        alike: a number. Nodes of a graph that have the same one, not 0, differ in names and values of constants alone: their
            attributes, the types of what they read and make, and which of what they read is constant, are the same.
        kind: registry key: "Conv", or "com.microsoft.FusedConv" outside ai.onnx. All who look at a node ask for it.
    """

    __slots__ = ("alike", "attrs", "domain", "inputs", "kind", "name", "op_type", "outputs", "version")

    def __init__(
        self,
        op_type: str,
        domain: str,
        name: str,
        inputs: tuple[str, ...],
        outputs: tuple[str, ...],
        attrs: dict[str, Any],
        version: int,
        alike: int = 0,
    ) -> None:
        self.op_type, self.domain, self.name = op_type, domain, name
        self.inputs, self.outputs = inputs, outputs
        self.attrs, self.version, self.alike = attrs, version, alike
        self.kind = f"{domain}.{op_type}" if domain else op_type

    def called(self, op_type: str, attrs: dict[str, Any]) -> Node:
        """The same node under the name of another operator of its domain, with these attributes."""
        return Node(op_type, self.domain, self.name, self.inputs, self.outputs, attrs, self.version)

    def __str__(self) -> str:
        label = f"node '{self.name}'" if self.name else "node"
        return f"{label} ({self.kind}) that makes '{next((o for o in self.outputs if o), '')}'"


def no_value(name: str) -> None:
    """What a copy of a graph knows of its constants' values."""


class Graph:
    """A model's graph with every shape bound. A copy by pickle has no values of constants.

    Attributes:
        name: the file's name, for messages.
        inputs: names of the true inputs (initializers excluded), in file order.
        outputs: names of the outputs, in file order.
        nodes: in topological order, stable with respect to the file; canonical.
        shapes: by tensor name; see `rfonnx.results.fields.Shape`.
        dtypes: numpy-style element type by tensor name ("float32", "bfloat16", "string"), "" when unknown.
        constants: names of tensors that depend on no input (initializers, Constant, Shape of a static shape, and what is
            computed from those alone).
        evaluate: gives the value of a constant as a numpy array, or None when its data is absent or too large to be wanted.
        declared: dimensions of each input as the file declares them: a length, or the name of a symbolic one, "" when it
            has none.
        values: of the inputs that were bound to one: they are constants, and not among `inputs`.
        opsets: version by domain; the domain of ai.onnx is "".
        ir_version, producer: as in the file.
        warnings: one line each: shapes found another way, value_info that contradicts inference, and the like.
    """

    def __init__(
        self,
        name: str,
        inputs: tuple[str, ...],
        outputs: tuple[str, ...],
        nodes: list[Node],
        shapes: dict[str, Shape],
        dtypes: dict[str, str],
        constants: set[str],
        evaluate: Callable[[str], np.ndarray | None],
        warnings: list[str] | None = None,
        opsets: dict[str, int] | None = None,
    ) -> None:
        self.name, self.inputs, self.outputs, self.nodes = name, inputs, outputs, nodes
        self.shapes, self.dtypes = shapes, dtypes
        self.constants, self.evaluate = constants, evaluate
        self.warnings = [] if warnings is None else warnings
        self.opsets = {} if opsets is None else opsets
        self.ir_version, self.producer = 0, ""
        self.declared: dict[str, tuple[int | str, ...]] = {}
        self.values: dict[str, np.ndarray] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Values come from the file's weights, which a copy shall not carry: those that were looked at lie in `attrs`.
        return {name: value for name, value in vars(self).items() if name != "evaluate"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.evaluate = no_value
        vars(self).update(state)

    def with_constants(self, names: set[str]) -> Graph:
        """The same nodes, shapes and values, where these tensors alone are taken as constants."""
        return Graph(
            self.name, self.inputs, self.outputs, self.nodes, self.shapes, self.dtypes, names, self.evaluate,
            self.warnings, self.opsets,
        )  # fmt: skip

    def value(self, name: str) -> np.ndarray | None:
        """Value of a constant tensor, or None when `name` is no constant, is absent, or its data cannot be had."""
        return self.evaluate(name) if name in self.constants else None
