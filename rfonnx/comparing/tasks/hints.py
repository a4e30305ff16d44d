"""What a file says of an output beside its numbers: the operator that makes it, and what its maker wrote into the metadata."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from onnx import NodeProto

from rfonnx.model.opened import Source, opened
from rfonnx.model.reading.convert import kind_of
from rfonnx.operators.table import kinds

PASSED = kinds("hands_on") | kinds("moves") - {"Concat", "ConcatFromSequence"}
"""Operators whose output holds numbers of their first operand, wherever those stand."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What is known of an output.

    Attributes:
        operator: that makes its numbers ("Softmax"), behind whatever only moves them; "" where it is not known.
        task: what the metadata call the model's task, as Ultralytics' exports do ("detect"), or "".
    """

    operator: str = ""
    task: str = ""

    def of_part(self) -> Hint:
        """Of a part of the output, of which the metadata say nothing."""
        return Hint(self.operator)


def hints_of(model: Source, outputs: Collection[str]) -> dict[str, Hint]:
    """The hints of outputs.

    Raises:
        ModelError: the file cannot be read.
    """
    proto = opened(model).proto
    makers = {name: node for node in proto.graph.node for name in node.output if name}
    task = next((entry.value for entry in proto.metadata_props if entry.key == "task"), "")
    return {output: Hint(_operator(makers, output), task) for output in outputs}


def _operator(makers: Mapping[str, NodeProto], output: str) -> str:
    node = makers.get(output)
    for _ in range(len(makers)):
        if node is None or kind_of(node) not in PASSED or not node.input:
            break
        node = makers.get(node.input[0])
    return kind_of(node) if node is not None else ""
