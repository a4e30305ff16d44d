"""Builds a random graph node by node. Each node is run by onnxruntime as it is added, so that shapes and values are a runtime's.

What the runtime refuses is not added: the operators' proposals may be bold.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from fuzz.runtime import run_node, value_info

LARGEST_TENSOR = 160  # elements
LARGEST_VALUE = 1e4
IR_VERSION = 10


class NoFit(Exception):
    """No tensor suits the operator, or the runtime refuses the node: something else is tried."""


@dataclass(frozen=True)
class Tensor:
    """A tensor with the value that a first run gave it; sequences are lists. `varies`: computed from an input."""

    name: str
    value: Any
    varies: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """That of a sequence is like no tensor's."""
        return self.value.shape if isinstance(self.value, np.ndarray) else (-1,)

    @property
    def rank(self) -> int:
        return self.value.ndim


class Builder:
    """A graph under construction, or the body of a subgraph (`outer` is the graph around it) or of a function."""

    def __init__(
        self, random: np.random.Generator, opset: int, outer: Builder | None = None, function: bool = False
    ) -> None:
        self.random = random
        self.opset = opset
        self.function = function  # constants are nodes, and nothing around the body is seen
        self.depth: int = outer.depth + 1 if outer else 0
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.tensors: dict[str, Tensor] = {}
        self.outer: dict[str, Tensor] = {} if outer is None or function else {**outer.outer, **outer.tensors}
        self.functions: list[onnx.FunctionProto] = outer.functions if outer else []
        self.domains: set[str] = outer.domains if outer else {""}
        self.hollow: bool = outer.hollow if outer else self.chance(0.03)  # tensors without elements may be made
        self._names: Iterator[int] = outer._names if outer and not function else itertools.count()

    # Random choices.

    def integer(self, low: int, high: int) -> int:
        """From `low` to `high`, both included."""
        if low > high:
            raise NoFit
        return int(self.random.integers(low, high, endpoint=True))

    def integers(self, count: int, low: int, high: int) -> list[int]:
        return [self.integer(low, high) for _ in range(count)]

    def chance(self, share: float = 0.5) -> bool:
        return bool(self.random.random() < share)

    def choice(self, options: Sequence[Any]) -> Any:
        if not options:
            raise NoFit
        return options[self.integer(0, len(options) - 1)]

    def axis(self, tensor: Tensor, last: bool = False) -> int:
        """An axis, counted from either end; `last` allows the rank itself, as Flatten does."""
        if tensor.rank + last == 0:
            raise NoFit
        axis = self.integer(0, tensor.rank - 1 + last)
        return axis - tensor.rank if axis < tensor.rank and self.chance(0.3) else axis

    def axes(self, tensor: Tensor, least: int = 1) -> list[int]:
        if tensor.rank < least:
            raise NoFit
        count = self.integer(least, tensor.rank)
        axes = [int(axis) for axis in self.random.permutation(tensor.rank)[:count]]
        return [axis - tensor.rank for axis in axes] if self.chance(0.3) else sorted(axes)

    # Tensors to read.

    def pick(self, *ranks: int, kind: str = "f", least: int = 0, empty: bool = False) -> Tensor:
        """A tensor that varies of one of the ranks (any when none is given; at least `least`), the newer the likelier.

        Args:
            kind: numpy's: "f" for float32, "i" for int64, "b" for bool.
            empty: it may have no elements, which not every operator of onnxruntime survives.
        """
        dtype = {"f": np.float32, "i": np.int64, "b": np.bool_}[kind]
        fit = [
            t
            for t in (*self.outer.values(), *self.tensors.values())
            if t.varies and isinstance(t.value, np.ndarray) and t.value.dtype == dtype and (t.value.size or empty)
            if (not ranks or t.rank in ranks) and t.rank >= least
        ]
        if not fit:
            raise NoFit
        newest = self.integer(1, len(fit))
        return self.choice(fit[-newest:])

    def floats(self, *shape: int) -> str:
        """A constant of random weights."""
        return self.constant(self.weights(*shape))

    def weights(self, *shape: int) -> np.ndarray:
        """Random float32, small enough for deep graphs; sometimes with zeros."""
        values = self.random.normal(size=shape) / max(1.0, math.prod(shape[1:])) ** 0.5
        if self.chance(0.15):
            values = values * self.random.integers(0, 2, shape[-2:] if self.chance() else shape)
        return np.asarray(values, np.float32)

    def ints(self, *values: int) -> str:
        """A constant list of integers; sometimes one that the graph computes from a shape."""
        same = [t for t in self.tensors.values() if t.varies and t.shape == values]
        if values and same and self.chance(0.5):
            return self.add("Shape", self.choice(same).name)
        return self.constant(np.array(values, np.int64))

    def constant(self, value: np.ndarray) -> str:
        """A constant, as an initializer, a node, or something computed from others."""
        value = np.asarray(value)
        if self.function or self.chance(0.15):
            name = self.fresh("k")
            node = helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value, name))
            self.nodes.append(node)
        else:
            name = self.fresh("w")
            self.initializers.append(numpy_helper.from_array(value, name))
        self.tensors[name] = Tensor(name, value, False)
        if self.chance(0.05):
            return self.add("Identity", name)
        if value.ndim == 1 and len(value) > 1 and self.chance(0.1):
            return self.add("Concat", [self.constant(value[:1]), self.constant(value[1:])], axis=0)
        return name

    # Nodes.

    def add(
        self,
        op_type: str,
        inputs: str | Sequence[str],
        domain: str = "",
        captured: Sequence[str] = (),
        **attributes: Any,
    ) -> str:
        """Add a node of one output and give the output's name."""
        return self.add_many(op_type, inputs, 1, domain, captured, **attributes)[0]

    def add_many(
        self,
        op_type: str,
        inputs: str | Sequence[str],
        outputs: int | Sequence[bool],
        domain: str = "",
        captured: Sequence[str] = (),
        **attributes: Any,
    ) -> list[str]:
        """Add a node and give the names of its outputs.

        Args:
            outputs: how many, or for each whether it is made ("" stands for one that is not).
            captured: names of outer tensors that the node's subgraphs read.

        Raises:
            NoFit: the runtime refuses it, or what comes out is too large, or not a number.
        """
        inputs = [inputs] if isinstance(inputs, str) else list(inputs)
        made = [True] * outputs if isinstance(outputs, int) else outputs
        names = [self.fresh("t") if make else "" for make in made]
        attributes = {name: value for name, value in attributes.items() if value is not None and value != []}
        node = helper.make_node(
            op_type, inputs, names, f"n{names[0]}" if self.chance(0.7) else None, domain=domain, **attributes
        )
        self.domains.add(domain)
        known = {**self.outer, **self.tensors}
        read = {name: known[name] for name in (*inputs, *captured) if name}
        results = self.run(node, read)
        if not all(acceptable(result, self.hollow) for result in results):
            raise NoFit
        self.nodes.append(node)
        varies = op_type not in ("Shape", "Size") and any(t.varies for t in read.values())
        for name, result in zip((n for n in names if n), results, strict=True):
            self.tensors[name] = Tensor(name, result, varies)
        return names

    def run(self, node: onnx.NodeProto, read: dict[str, Tensor]) -> list[Any]:
        try:
            feeds = {name: tensor.value for name, tensor in read.items() if tensor.varies}
            constants = {name: tensor.value for name, tensor in read.items() if not tensor.varies}
            return run_node(node, feeds, constants, self.opsets(), self.functions)
        except Exception as error:  # onnxruntime raises classes of its own, RuntimeError and others
            raise NoFit from error

    def opsets(self) -> list[onnx.OperatorSetIdProto]:
        return [helper.make_opsetid(domain, 1 if domain else self.opset) for domain in sorted(self.domains)]

    def fresh(self, prefix: str) -> str:
        return f"{prefix}{next(self._names)}"

    def mark(self) -> tuple[int, int, int, int]:
        """The state to go back to when a proposal fails half-way."""
        return len(self.nodes), len(self.initializers), len(self.tensors), len(self.functions)

    def back_to(self, mark: tuple[int, int, int, int]) -> None:
        nodes, initializers, tensors, functions = mark
        del self.nodes[nodes:], self.initializers[initializers:], self.functions[functions:]
        self.tensors = dict(itertools.islice(self.tensors.items(), tensors))

    # Bodies.

    def body(self, parameters: dict[str, Any], function: bool = False) -> Builder:
        """A builder for a subgraph or function with these inputs, values given; they count as varying."""
        inner = Builder(self.random, self.opset, self, function)
        inner.tensors = {name: Tensor(name, value, True) for name, value in parameters.items()}
        return inner

    def graph(self, name: str, inputs: Sequence[str], outputs: Sequence[str], typed: bool = True) -> onnx.GraphProto:
        """The nodes so far as a graph. `typed` says whether outputs are declared with their types and ranks."""
        shown = [
            value_info(n, self.tensors[n].value) if typed else helper.make_value_info(n, onnx.TypeProto())
            for n in outputs
        ]
        return helper.make_graph(
            self.nodes, name, [value_info(n, self.tensors[n].value) for n in inputs], shown, self.initializers
        )

    def captured(self) -> list[str]:
        """Names of outer tensors that the nodes read, through nested subgraphs too."""
        return sorted(name for name in names_read(self.nodes) if name in self.outer)


def names_read(nodes: Sequence[onnx.NodeProto]) -> set[str]:
    found: set[str] = set()
    for node in nodes:
        found.update(node.input)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                found |= names_read(attribute.g.node) | {output.name for output in attribute.g.output}
    return found


def acceptable(value: Any, hollow: bool) -> bool:
    """Small, and of numbers that later nodes can calculate with; without elements only where `hollow` says so."""
    if isinstance(value, list):
        return all(acceptable(part, hollow) for part in value)
    if not isinstance(value, np.ndarray) or value.size > LARGEST_TENSOR or (not value.size and not hollow):
        return False
    return (
        value.dtype.kind != "f" or not (np.isnan(value) | (np.isfinite(value) & (np.abs(value) > LARGEST_VALUE))).any()
    )
