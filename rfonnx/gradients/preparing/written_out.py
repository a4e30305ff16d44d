"""Control flow written out: Loop and Scan round by round, If as a choice between both results, sequences as what is in them.

What a round computes from constants alone (counters, conditions) is computed here, so that a loop's end is found. A loop whose
end depends on data stays as it is, and the reverse walk refuses it by name.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from rfonnx.gradients.preparing.branches import Branches
from rfonnx.gradients.preparing.known_sequences import Sequences
from rfonnx.gradients.preparing.renaming import rename
from rfonnx.graph.order import captures, needed, subgraphs
from rfonnx.model.reading.convert import plain_domain
from rfonnx.model.reading.external import stored_value
from rfonnx.operators.evaluator import run_node
from rfonnx.operators.traits import RANDOM

MAX_NODES = 100_000
"""Nodes that one loop may become."""
_SMALL = 1024
"""Elements of a constant that is worth computing here."""


def unroll(model: ModelProto, shapes: Mapping[str, tuple[int | None, ...] | None]) -> bool:
    """Write out the control flow and the sequences of the main graph, in place. Nested control flow takes further calls.

    Args:
        model: its initializers are constants.
        shapes: of tensors, as far as they are known (for the length of a Scan).

    Returns:
        Whether anything was written out.
    """
    graph = model.graph
    written = ("If", "Loop", "Scan", "SequenceAt", "SequenceLength", "ConcatFromSequence")
    if not any(node.op_type in written and plain_domain(node.domain) == "" for node in graph.node):
        return False
    writer = _Writer(model, shapes)
    for node in graph.node:
        writer.add(node)
    if not writer.changed:
        return False
    graph.ClearField("node")
    # without nodes that nobody reads any more: sequences cannot be traced
    graph.node.extend(needed(writer.nodes, (o.name for o in graph.output))[0])
    graph.initializer.extend(writer.constants)
    return True


class _Ended(Exception):
    """A loop that cannot be written out."""


class _Writer:
    """The new nodes, and the values of small constants.

    Attributes:
        nodes, constants: what was written.
        changed: whether any control flow was written out.
    """

    def __init__(self, model: ModelProto, shapes: Mapping[str, tuple[int | None, ...] | None]) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.changed = False
        self._shapes = shapes
        self._sequences = Sequences(self, shapes)
        self._branches = Branches(model)
        self._opsets = {plain_domain(e.domain): e.version for e in model.opset_import}
        self._stored = {t.name: t for t in model.graph.initializer}
        self._values: dict[str, np.ndarray] = {}
        self._written: set[str] = set(self._stored)
        self._hoisted: dict[tuple[int, str], str] = {}
        self._count = 0
        # names of earlier calls are still there
        taken = {o.split("/")[0] for o in (*self._stored, *(o for node in model.graph.node for o in node.output))}
        self._label = next(label for n in itertools.count(1) if (label := f"unrolled{n}") not in taken)

    def add(self, node: NodeProto) -> None:
        """One node of the main graph, or what it becomes."""
        write = {"If": self._if, "Loop": self._loop, "Scan": self._scan}.get(node.op_type)
        if write is None or plain_domain(node.domain):
            self.keep(node)
            return
        mark = len(self.nodes), len(self.constants)
        try:
            write(node)
            self.changed = True
        except _Ended:
            del self.nodes[mark[0] :], self.constants[mark[1] :]
            self._written = set(self._stored) | {t.name for t in self.constants}
            self.keep(node)

    def keep(self, node: NodeProto) -> None:
        """Write a node, and the constants that it reads."""
        if self._sequences.replace(node):
            self.changed = True
            return
        for name in (*node.input, *(c for g in subgraphs(node) for c in captures(g))):
            self._write_value(name)
        self.nodes.append(node)

    def _write_value(self, name: str) -> None:
        """Make a value that was computed here a constant of the graph, when a node reads it."""
        if name in self._values and name not in self._written:
            self._written.add(name)
            self.constants.append(numpy_helper.from_array(self._values[name], name))

    def value(self, name: str) -> np.ndarray | None:
        """Value of a small constant, or None."""
        if name not in self._values and name in self._stored:
            tensor = self._stored[name]
            if int(np.prod(tensor.dims)) <= _SMALL and not tensor.external_data:
                self._values[name] = stored_value(tensor)
        return self._values.get(name)

    def _if(self, node: NodeProto) -> None:
        """Both branches, then Where; only the taken one when the condition is a constant."""
        branches = {a.name: a.g for a in node.attribute}
        condition = self.value(node.input[0])
        if condition is not None:
            taken = branches["then_branch" if bool(condition.reshape(-1)[0]) else "else_branch"]
            for output, result in zip(node.output, self._inline(taken, {}), strict=True):
                self._alias(result, output)
            return
        both = branches["then_branch"], branches["else_branch"]
        shapes = [self._branches.shapes(branch) for branch in both]
        if any(a is None or a != b for a, b in zip(*shapes, strict=True)):
            raise _Ended
        made = [self._inline(branch, {}) for branch in both]
        for output, then, other in zip(node.output, *made, strict=True):
            where = helper.make_node("Where", [node.input[0], then, other], [output], name=f"{node.name}/{output}")
            self.keep(where)

    def _loop(self, node: NodeProto) -> None:
        body = next(a.g for a in node.attribute if a.name == "body")
        trips = self._limit(node)
        going = node.input[1] if len(node.input) > 1 else ""
        carried = list(node.input[2:])
        stacks: list[list[str]] = [[] for _ in body.output[1 + len(carried) :]]
        start, index = len(self.nodes), 0
        while index < trips and self._holds(going):
            counter = self._constant(np.array(index, np.int64))
            condition = going or self._constant(np.array(True))
            results = self._inline(
                body, dict(zip((i.name for i in body.input), [counter, condition, *carried], strict=True))
            )
            going, carried = results[0], results[1 : 1 + len(carried)]
            for stack, made in zip(stacks, results[1 + len(carried) :], strict=True):
                stack.append(made)
            index += 1
            if len(self.nodes) - start > MAX_NODES:
                raise _Ended
        for name, made in zip(node.output, carried, strict=False):
            self._alias(made, name)
        for output, stack in zip(node.output[len(carried) :], stacks, strict=True):
            self.stack(stack, output, 0)

    def _limit(self, node: NodeProto) -> int:
        if not node.input[0]:
            return MAX_NODES
        value = self.value(node.input[0])
        if value is None:
            raise _Ended
        return int(value.reshape(-1)[0])

    def _holds(self, condition: str) -> bool:
        if not condition:
            return True
        value = self.value(condition)
        if value is None:
            raise _Ended
        return bool(value.reshape(-1)[0])

    def _scan(self, node: NodeProto) -> None:
        attrs = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        body, count = attrs["body"], attrs["num_scan_inputs"]
        states, scanned = list(node.input[:-count]), list(node.input[-count:])
        in_axes = attrs.get("scan_input_axes", [0] * count)
        in_turned = attrs.get("scan_input_directions", [0] * count)
        outputs = len(body.output) - len(states)
        shape = self._shapes.get(scanned[0])
        length = None if shape is None else shape[in_axes[0]]
        if length is None or length < 1:
            raise _Ended
        parts = [self.parts(name, axis, [1] * length, True) for name, axis in zip(scanned, in_axes, strict=True)]
        stacks: list[list[str]] = [[] for _ in range(outputs)]
        start = len(self.nodes)
        for index in range(length):
            now = [p[length - 1 - index if turned else index] for p, turned in zip(parts, in_turned, strict=True)]
            results = self._inline(body, dict(zip((i.name for i in body.input), [*states, *now], strict=True)))
            states = results[: len(states)]
            for stack, made in zip(stacks, results[len(states) :], strict=True):
                stack.append(made)
            if len(self.nodes) - start > MAX_NODES:
                raise _Ended
        for name, made in zip(node.output, states, strict=False):
            self._alias(made, name)
        out_axes = attrs.get("scan_output_axes", [0] * outputs)
        out_turned = attrs.get("scan_output_directions", [0] * outputs)
        for name, stack, axis, turned in zip(node.output[len(states) :], stacks, out_axes, out_turned, strict=True):
            self.stack(stack[::-1] if turned else stack, name, axis)

    def parts(self, name: str, axis: int, lengths: Sequence[int], single: bool) -> list[str]:
        """A tensor cut along an axis, which is dropped from `single` slices."""
        rank = len(self._shapes.get(name) or ())
        axis = axis % rank if rank else axis
        made = [self._name("part") for _ in lengths]
        split = self._constant(np.array(lengths, np.int64))
        self.keep(helper.make_node("Split", [name, split], made, axis=axis))
        if not single:
            return made
        axes = self._constant(np.array([axis], np.int64))
        squeezed = [self._name("slice") for _ in made]
        for part, out in zip(made, squeezed, strict=True):
            self.keep(helper.make_node("Squeeze", [part, axes], [out]))
        return squeezed

    def stack(self, rounds: Sequence[str], name: str, axis: int) -> None:
        """One more axis, along which the rounds' results lie."""
        if not name:
            return
        if not rounds:
            raise _Ended  # an empty result, whose other axes nobody knows
        axes = self._constant(np.array([axis], np.int64))
        wide = [self._name("round") for _ in rounds]
        for made, out in zip(rounds, wide, strict=True):
            self.keep(helper.make_node("Unsqueeze", [made, axes], [out]))
        self.keep(helper.make_node("Concat", wide, [name], axis=axis))

    def _alias(self, made: str, name: str) -> None:
        if name:
            self.keep(helper.make_node("Identity", [made], [name]))

    def record(self, name: str, value: np.ndarray) -> None:
        """Give a tensor a constant value."""
        self._values[name] = value

    def _constant(self, value: np.ndarray) -> str:
        name = self._name("constant")
        self._values[name] = value
        return name

    def _name(self, label: str) -> str:
        self._count += 1
        return f"{self._label}/{self._count}/{label}"

    def _inline(self, body: GraphProto, given: Mapping[str, str]) -> list[str]:
        """Write a body's nodes once more; gives the names of its outputs."""
        self._count += 1
        prefix = f"{self._label}/{self._count}/"
        names = dict(given)
        for tensor in body.initializer:
            names[tensor.name] = self._hoist(body, tensor)
        for node in body.node:
            names.update((o, prefix + o) for o in node.output if o)
            renamed = rename(node, names)
            renamed.name = prefix + (node.name or next((o for o in node.output if o), ""))  # names must differ
            if not self._computed(renamed):
                self.keep(renamed)
        return [names.get(o.name, o.name) for o in body.output]

    def _hoist(self, body: GraphProto, tensor: TensorProto) -> str:
        """A body's constant becomes one of the main graph, once for all rounds."""
        key = (id(body), tensor.name)
        if key not in self._hoisted:
            self._hoisted[key] = self._constant(stored_value(tensor))
        return self._hoisted[key]

    def _computed(self, node: NodeProto) -> bool:
        """Compute a node's outputs when all it reads is small and constant."""
        if node.op_type in RANDOM or "Sequence" in node.op_type or subgraphs(node) or plain_domain(node.domain):
            return False
        if node.op_type == "Constant":
            operands: list[np.ndarray | None] = []
        else:
            operands = [self.value(n) if n else None for n in node.input]
            if any(n and v is None for n, v in zip(node.input, operands, strict=True)):
                return False
        results = run_node(node, self._opsets, operands)
        if any(o and (r is None or r.size > _SMALL) for o, r in zip(node.output, results, strict=True)):
            return False
        for name, result in zip(node.output, results, strict=True):
            if name and result is not None:
                self._values[name] = result
        return True
