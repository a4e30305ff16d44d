"""Sequences and optionals, followed from where tensors are put in to where they are taken out.

Exporters use them for Python lists: what is in them can mostly be told. SequenceAt is then an Identity, ConcatFromSequence a
Concat, and nothing above needs to know. What cannot be told (a position computed from data) stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
from onnx import NodeProto, TensorProto, helper

from rfonnx.graph.file_nodes import plain_domain
from rfonnx.graph.tensors import Tensors
from rfonnx.model.building.fold import Constants
from rfonnx.model.building.functions import Inlined
from rfonnx.model.building.scope import Scope

MAX_ELEMENTS = 4096
"""Longest sequence that is followed."""

_FEWEST_INPUTS = {
    "SequenceEmpty": 0,
    "SequenceConstruct": 0,
    "OptionalHasElement": 0,
    "Optional": 0,
    "SequenceInsert": 2,
}


Rule = Callable[[Any, NodeProto, list[str], str, int], list[NodeProto] | None]
"""Follows a node: given with the names of its inputs, that of its output, and the opset."""


class Sequences:
    """What the sequences and optionals of a model hold, as far as it is known.

    Args:
        tensors, constants: of the model.
        unique: makes a prefix for a label and the names under it.

    Attributes:
        RULES: what is followed, by operator.
        optional: inputs of the model that may be left out. What they hold is known like any tensor, but not whether they do.
    """

    def __init__(self, tensors: Tensors, constants: Constants, unique: Callable[[str, Iterable[str]], str]) -> None:
        self._tensors = tensors
        self._constants = constants
        self._unique = unique
        self._elements: dict[str, list[str]] = {}
        self._held: dict[str, str] = {}
        self.optional: set[str] = set()

    def forget(self, name: str) -> None:
        """Drop what is known, before a loop's body is inferred again."""
        self._elements.pop(name, None)
        self._held.pop(name, None)

    def follow(self, proto: NodeProto, scope: Scope) -> Inlined | None:
        """Nodes to go on with in place of one of `RULES` that takes something out of a sequence; None where it stays as it is."""
        rule = self.RULES[proto.op_type]
        if plain_domain(proto.domain) or not proto.output:
            return None
        fewest = _FEWEST_INPUTS.get(proto.op_type, 1)
        if len(proto.input) < fewest or "" in proto.input[:fewest]:
            return None
        if proto.op_type == "Identity" and not self._elements and not self._held:
            return None
        inputs = [scope.resolve(name) for name in proto.input]
        output = scope.resolve(proto.output[0])
        nodes = rule(self, proto, inputs, output, scope.version(""))
        if nodes is None:
            return None
        declared = scope.declared.get(proto.output[0])
        return Inlined(
            Scope(
                scope.prefix, scope.opsets, declared={} if declared is None else {output: declared}, depth=scope.depth
            ),
            nodes,
        )

    def _construct(self, proto: NodeProto, inputs: list[str], output: str, opset: int) -> None:
        if len(inputs) <= MAX_ELEMENTS:
            self._elements[output] = inputs

    def _insert(self, proto: NodeProto, inputs: list[str], output: str, opset: int) -> None:
        found = self._elements.get(inputs[0])
        position = None if found is None else self._position(inputs, 2, len(found), len(found), inserts=True)
        if found is not None and position is not None and len(found) < MAX_ELEMENTS:
            self._elements[output] = [*found[:position], inputs[1], *found[position:]]

    def _erase(self, proto: NodeProto, inputs: list[str], output: str, opset: int) -> None:
        found = self._elements.get(inputs[0])
        position = None if found is None else self._position(inputs, 1, len(found) - 1, len(found))
        if found is not None and position is not None:
            self._elements[output] = found[:position] + found[position + 1 :]

    def _copy(self, proto: NodeProto, inputs: list[str], output: str, opset: int) -> None:
        if inputs and inputs[0] in self._elements:
            self._elements[output] = self._elements[inputs[0]]
        if inputs and inputs[0] in self._held:
            self._held[output] = self._held[inputs[0]]

    def _hold(self, proto: NodeProto, inputs: list[str], output: str, opset: int) -> None:
        if inputs and inputs[0]:
            self._held[output] = inputs[0]

    def _at(self, proto: NodeProto, inputs: list[str], output: str, opset: int) -> list[NodeProto] | None:
        found = self._elements.get(inputs[0])
        position = None if found is None else self._position(inputs, 1, None, len(found))
        return None if found is None or position is None else [_node(proto, "Identity", [found[position]], output)]

    def _concat(self, proto: NodeProto, inputs: list[str], output: str, opset: int) -> list[NodeProto] | None:
        found = self._elements.get(inputs[0])
        if not found:
            return None
        given = {a.name: a.i for a in proto.attribute}
        if not given.get("new_axis"):
            return [_node(proto, "Concat", found, output, axis=given.get("axis", 0))]
        return self.stack(proto, found, output, given.get("axis", 0), opset)

    def stack(self, proto: NodeProto, names: Sequence[str], output: str, axis: int, opset: int) -> list[NodeProto]:
        """Nodes that put tensors of one shape one after another along a new axis."""
        prefix = self._unique(output, [str(i) for i in range(len(names))])
        single = [f"{prefix}{i}" for i in range(len(names))]
        nodes = [
            self._with_axis(proto, "Unsqueeze", name, one, axis, opset) for name, one in zip(names, single, strict=True)
        ]
        return [*nodes, _node(proto, "Concat", single, output, axis=axis)]

    def _length(self, proto: NodeProto, inputs: list[str], output: str, opset: int) -> list[NodeProto] | None:
        found = self._elements.get(inputs[0])
        if found is None:
            return None
        self.constant(output, np.array(len(found), np.int64))
        return []

    def _split(self, proto: NodeProto, inputs: list[str], output: str, opset: int) -> list[NodeProto] | None:
        given = {a.name: a.i for a in proto.attribute}
        shape, axis = self._tensors.shapes.get(inputs[0]), given.get("axis", 0)
        n = shape[axis] if shape and -len(shape) <= axis < len(shape) else None
        if n is None or not 0 < n <= MAX_ELEMENTS:
            return None
        sized = len(inputs) > 1 and bool(inputs[1])
        told = self._constants.value(inputs[1]) if sized else None
        lengths = [1] * n if not sized else None if told is None else part_lengths(told, n)
        if lengths is None:
            return None
        prefix = self._unique(output, [*map(str, range(len(lengths))), "lengths", "single"])
        parts = [f"{prefix}{i}" for i in range(len(lengths))]
        nodes = [self._cut(proto, inputs[0], parts, prefix, lengths, axis, opset)]
        if not sized and not given.get("keepdims", 1):
            dropped = self._unique(output, [f"{i}/squeezed" for i in range(len(parts))])
            single = [f"{dropped}{i}/squeezed" for i in range(len(parts))]
            nodes += [self._with_axis(proto, "Squeeze", a, b, axis, opset) for a, b in zip(parts, single, strict=True)]
            parts = single
        return [*nodes, _node(proto, "SequenceConstruct", parts, output)]

    def _cut(
        self, proto: NodeProto, name: str, parts: list[str], prefix: str, lengths: list[int], axis: int, opset: int
    ) -> NodeProto:
        if opset < 13:
            return helper.make_node("Split", [name], parts, proto.name, axis=axis, split=lengths)
        self.constant(prefix + "lengths", np.array(lengths, np.int64))
        return helper.make_node("Split", [name, prefix + "lengths"], parts, proto.name, axis=axis)

    def _get(self, proto: NodeProto, inputs: list[str], output: str, opset: int) -> list[NodeProto] | None:
        held = self._held.get(inputs[0], inputs[0])
        if held == inputs[0] and self._tensors.types[held].HasField("optional_type"):
            return None
        return [_node(proto, "Identity", [held], output)]

    def _has(self, proto: NodeProto, inputs: list[str], output: str, opset: int) -> list[NodeProto] | None:
        present = bool(inputs and inputs[0])
        open_type = present and self._tensors.types[inputs[0]].HasField("optional_type")
        if present and (inputs[0] in self.optional or (inputs[0] not in self._held and open_type)):
            return None
        self.constant(output, np.array(present))
        return []

    def _position(
        self, inputs: list[str], index: int, default: int | None, length: int, inserts: bool = False
    ) -> int | None:
        """Value of a constant position, counted from the front; None when it is not known or outside."""
        if len(inputs) <= index or not inputs[index]:
            return default
        value = self._constants.value(inputs[index])
        return None if value is None else place_in(value, length, inserts)

    def _with_axis(self, proto: NodeProto, kind: str, name: str, made: str, axis: int, opset: int) -> NodeProto:
        """Squeeze or Unsqueeze, whose axes became an input with opset 13."""
        if opset < 13:
            return helper.make_node(kind, [name], [made], proto.name, axes=[axis])
        axes = self._unique(made, ["axes"]) + "axes"
        self.constant(axes, np.array([axis], np.int64))
        return helper.make_node(kind, [name, axes], [made], proto.name)

    def constant(self, name: str, value: np.ndarray) -> None:
        """Record a constant under a graph-wide name."""
        self._tensors.set_tensor(name, TensorProto.BOOL if value.dtype == bool else TensorProto.INT64, value.shape)
        self._constants.add_value(name, value)

    RULES: ClassVar[dict[str, Rule]] = {
        "SequenceEmpty": _construct,
        "SequenceConstruct": _construct,
        "SequenceInsert": _insert,
        "SequenceErase": _erase,
        "SplitToSequence": _split,
        "SequenceAt": _at,
        "ConcatFromSequence": _concat,
        "SequenceLength": _length,
        "Identity": _copy,
        "Optional": _hold,
        "OptionalGetElement": _get,
        "OptionalHasElement": _has,
    }


def place_in(value: np.ndarray, length: int, inserts: bool = False) -> int | None:
    """A position in a sequence, counted from the front; None when it is outside.

    Args:
        value: what the file says, negative from the end.
        length: of the sequence.
        inserts: the place behind the last element is one, too; -1 is still that of the last one.

    >>> place_in(np.array(-1), 3), place_in(np.array(3), 3), place_in(np.array(3), 3, inserts=True)
    (2, None, 3)
    """
    if value.size != 1:
        return None
    place = int(value.reshape(-1)[0])
    place += length if place < 0 else 0
    return place if 0 <= place < length + inserts else None


def part_lengths(value: np.ndarray, length: int) -> list[int] | None:
    """Lengths of the parts of a tensor that is split: one number repeated, the last part perhaps shorter, or a list; None when
    they are none.

    >>> part_lengths(np.array(2), 5), part_lengths(np.array([1, 4]), 5), part_lengths(np.array(0), 5)
    ([2, 2, 1], [1, 4], None)
    """
    if not 0 < value.size <= MAX_ELEMENTS or value.ndim > 1 or int(value.min()) < int(value.ndim == 0):
        return None
    if value.ndim:
        return [int(v) for v in value]
    return [min(int(value), length - start) for start in range(0, length, int(value))]


def _node(proto: NodeProto, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> NodeProto:
    """A node that stands for another one."""
    return helper.make_node(kind, list(inputs), [output], proto.name, **attributes)
