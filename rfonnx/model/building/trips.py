"""How often a Loop runs, when that depends on nothing but constants: its condition is computed round by round, alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from onnx import helper

from rfonnx.graph.nodes import Node
from rfonnx.model.building.fold import Constants
from rfonnx.operators.evaluator import run_node

MAX_STEPS = 4096
"""Nodes to be run while one loop is counted, under a second of work; for all loops see `Constants.steps`."""


def trip_count(limit: str, condition: str, initial: Sequence[str], body: Rounds, constants: Constants) -> int | None:
    """Rounds of a Loop.

    Args:
        limit, condition: names of the Loop's first two inputs, "" when left out.
        initial: names of the tensors that it carries, before the first round.
        body: what happens in a round.
        constants: of the model.

    Returns:
        The count, or None when it depends on data or would take too long to find.
    """
    most = _scalar(limit, constants) if limit else None
    if limit and most is None:
        return None
    start = _scalar(condition, constants) if condition else 1
    if start is None:
        return None
    if not start:
        return 0
    if body.asks_always(constants):
        return None if most is None else max(most, 0)
    return body.count(most, initial, constants)


class Rounds:
    """The part of a loop's body that decides whether there is another round.

    Args:
        nodes: of the body, sorted.
        inputs: of the body: round number, condition, carried tensors.
        outputs: of the body: condition, carried tensors, and more.
        opsets: of the body.
    """

    def __init__(
        self, nodes: Sequence[Node], inputs: Sequence[str], outputs: Sequence[str], opsets: Mapping[str, int]
    ) -> None:
        self._inputs, self._outputs, self._opsets = list(inputs), list(outputs), dict(opsets)
        self._maker = {name: index for index, node in enumerate(nodes) for name in node.outputs if name}
        self._nodes = nodes

    def asks_always(self, constants: Constants) -> bool:
        """True when every round asks for another one: the condition is a constant True, or handed through."""
        name = self._outputs[0]
        while name not in constants.names and name in self._maker:
            node = self._nodes[self._maker[name]]
            if node.op_type != "Identity":
                return False
            name = node.inputs[0]
        return name == self._inputs[1] or bool(_scalar(name, constants))

    def count(self, most: int | None, initial: Sequence[str], constants: Constants) -> int | None:
        """Rounds until the condition becomes false, at most `most`."""
        found = self._deciding(constants)
        if found is None:
            return None
        steps, carried = found
        state: dict[str, np.ndarray] = {}
        for index in carried:
            value = constants.value(initial[index])
            if value is None:
                return None
            state[self._inputs[index + 2]] = value
        state[self._inputs[1]] = np.array(True)
        for rounds in range(min(MAX_STEPS, constants.steps) // max(len(steps), 1)):
            if most is not None and rounds >= most:
                return max(most, 0)
            state[self._inputs[0]] = np.array(rounds, np.int64)
            if rounds and not bool(state[self._inputs[1]].any()):
                return rounds
            constants.steps -= len(steps)
            values = self._round(steps, state, constants)
            if values is None:
                return None
            state = {self._inputs[index + 2]: values[self._outputs[index + 1]] for index in carried}
            state[self._inputs[1]] = values[self._outputs[0]]
        return None

    def _deciding(self, constants: Constants) -> tuple[list[Node], list[int]] | None:
        """Nodes that the condition needs, in order, and which carried tensors they go through; None when they need data."""
        steps: set[int] = set()
        carried: set[int] = set()
        pending = [self._outputs[0]]
        seen = set(self._inputs[:2])
        while pending:
            name = pending.pop()
            if not name or name in seen or name in constants.names:
                continue
            seen.add(name)
            if name in self._maker:
                steps.add(self._maker[name])
                pending.extend(self._nodes[self._maker[name]].inputs)
            elif name in self._inputs:
                index = self._inputs.index(name) - 2
                carried.add(index)
                pending.append(self._outputs[index + 1])
            else:
                return None
        return [self._nodes[index] for index in sorted(steps)], sorted(carried)

    def _round(
        self, steps: Sequence[Node], state: Mapping[str, np.ndarray], constants: Constants
    ) -> dict[str, np.ndarray] | None:
        """Values at the end of a round, by name."""
        values = dict(state)
        for name in (*(n for node in steps for n in node.inputs), *self._outputs):
            if name in constants.names and name not in values:
                value = constants.evaluate(name)
                if value is None:
                    return None
                values[name] = value
        for node in steps:
            try:
                proto = helper.make_node(node.op_type, node.inputs, node.outputs, domain=node.domain, **node.attrs)
            except (TypeError, ValueError):  # a subgraph or an empty list: nothing that counts rounds has one
                return None
            results = run_node(proto, self._opsets, [values.get(name) for name in node.inputs])
            for name, result in zip(node.outputs, results, strict=True):
                if name:
                    if result is None or result.size > 64:
                        return None
                    values[name] = result
        return values


def _scalar(name: str, constants: Constants) -> int | None:
    value = constants.value(name)
    return int(value.reshape(-1)[0]) if value is not None and value.size == 1 else None
