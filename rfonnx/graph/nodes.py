"""The graph that everything above sees: nodes in topological order, static shapes, constants on demand. No protobuf."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from rfonnx.results.fields import Shape


@dataclass(slots=True)
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
        kind: registry key: "Conv", or "com.microsoft.FusedConv" outside ai.onnx. All who look at a node ask for it.
    """

    op_type: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: dict[str, Any]
    version: int
    kind: str = field(init=False)

    def __post_init__(self) -> None:
        self.kind = f"{self.domain}.{self.op_type}" if self.domain else self.op_type

    def __str__(self) -> str:
        label = f"node '{self.name}'" if self.name else "node"
        return f"{label} ({self.kind}) that makes '{next((o for o in self.outputs if o), '')}'"


def no_value(name: str) -> None:
    """What a copy of a graph knows of its constants' values."""


@dataclass(slots=True, eq=False, repr=False)
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

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: list[Node]
    shapes: dict[str, Shape]
    dtypes: dict[str, str]
    constants: set[str]
    evaluate: Callable[[str], np.ndarray | None]
    warnings: list[str] = field(default_factory=list)
    opsets: dict[str, int] = field(default_factory=dict)
    ir_version: int = 0
    producer: str = ""
    declared: dict[str, tuple[int | str, ...]] = field(default_factory=dict)
    values: dict[str, np.ndarray] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        # Values come from the file's weights, which a copy shall not carry: those that were looked at lie in `attrs`.
        return {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name != "evaluate"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.evaluate = no_value
        for name, value in state.items():
            setattr(self, name, value)

    def value(self, name: str) -> np.ndarray | None:
        """Value of a constant tensor, or None when `name` is no constant, is absent, or its data cannot be had."""
        return self.evaluate(name) if name in self.constants else None
