"""Sequences of known content: exporters write Python lists as such, and what is taken out of them is what was put in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from onnx import NodeProto, helper

from rfonnx.graph.tensors import is_static
from rfonnx.model.building.sequences import part_lengths, place_in
from rfonnx.model.reading.convert import plain_domain


class Writer(Protocol):
    """What writes the nodes: see `rfonnx.gradients.preparing.written_out`."""

    def keep(self, node: NodeProto) -> None:
        """Write a node."""

    def value(self, name: str) -> np.ndarray | None:
        """Value of a small constant, or None."""

    def record(self, name: str, value: np.ndarray) -> None:
        """Give a tensor a constant value."""

    def parts(self, name: str, axis: int, lengths: list[int], single: bool) -> list[str]:
        """A tensor cut along an axis, which is dropped from `single` slices."""

    def stack(self, parts: list[str], name: str, axis: int) -> None:
        """Put tensors one after another along a new axis."""


class Sequences:
    """What is in each sequence, in order, as far as that is known.

    Args:
        writer: takes the nodes.
        shapes: of tensors, as far as they are known (for SplitToSequence).
    """

    def __init__(self, writer: Writer, shapes: Mapping[str, tuple[int | None, ...] | None]) -> None:
        self._writer = writer
        self._shapes = shapes
        self._elements: dict[str, list[str]] = {}

    def replace(self, node: NodeProto) -> bool:
        """Take note of a node that makes a sequence, or write what a node takes out of one: then True, and it is not needed."""
        if plain_domain(node.domain):
            return False
        kind, attrs = node.op_type, {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if kind in ("SequenceEmpty", "SequenceConstruct"):
            self._elements[node.output[0]] = list(node.input)
        elif kind == "SplitToSequence":
            self._split(node, attrs.get("axis", 0), bool(attrs.get("keepdims", 1)))
        elif node.input and node.input[0] in self._elements:
            return self._read(node, self._elements[node.input[0]], attrs)
        return False

    def _read(self, node: NodeProto, held: list[str], attrs: Mapping[str, int]) -> bool:
        output = node.output[0]
        if node.op_type == "Identity":
            self._elements[output] = held
        elif node.op_type in ("SequenceInsert", "SequenceErase"):
            inserts = node.op_type == "SequenceInsert"
            place = self._place(node, 1 + inserts, len(held), len(held) if inserts else len(held) - 1, inserts)
            if place is not None:
                self._elements[output] = [
                    *held[:place],
                    *([node.input[1]] if inserts else []),
                    *held[place + (not inserts) :],
                ]
        elif node.op_type == "SequenceAt":
            place = self._place(node, 1, len(held), None)
            if place is not None:
                self._writer.keep(helper.make_node("Identity", [held[place]], [output], name=node.name))
                return True
        elif node.op_type == "SequenceLength":
            self._writer.record(output, np.array(len(held), np.int64))
            return True
        elif node.op_type == "ConcatFromSequence" and held:
            axis = attrs.get("axis", 0)
            if attrs.get("new_axis"):
                self._writer.stack(held, output, axis)
            else:
                self._writer.keep(helper.make_node("Concat", held, [output], name=node.name, axis=axis))
            return True
        return False

    def _place(
        self, node: NodeProto, index: int, length: int, default: int | None, inserts: bool = False
    ) -> int | None:
        """The position that an input tells, counted from the front; None where it is computed, or outside."""
        if len(node.input) <= index or not node.input[index]:
            return default
        value = self._writer.value(node.input[index])
        return None if value is None else place_in(value, length, inserts)

    def _split(self, node: NodeProto, axis: int, kept: bool) -> None:
        shape = self._shapes.get(node.input[0])
        if shape is None or not is_static(shape):
            return
        length = shape[axis] or 0
        lengths: list[int] | None = [1] * length
        if sized := len(node.input) > 1 and bool(node.input[1]):
            value = self._writer.value(node.input[1])
            lengths = None if value is None else part_lengths(value, length)
        if lengths:
            self._elements[node.output[0]] = self._writer.parts(node.input[0], axis, lengths, not kept and not sized)
