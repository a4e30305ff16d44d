"""Sequences and optionals that could not be followed (see `rfonnx.model.building.sequences`).

A sequence or optional counts as one element that holds all that was put into it.
"""

from __future__ import annotations

from rfonnx.operators.access.apply import program_shape
from rfonnx.operators.access.op import Op, declare_everything, rule
from rfonnx.operators.access.primitives import Access, Path, entire
from rfonnx.operators.table import declare, named

declare_everything("its body is not followed", "SequenceMap")


@rule("SequenceConstruct", "SequenceEmpty", "SequenceInsert", "SplitToSequence", "Optional", shapeless=True)
def hold(op: Op) -> Access:
    """Holds all that is put in. Exact."""
    return Access(tuple(_whole(op, i) for i in range(len(op.node.inputs)) if op.reads(i)))


@rule("SequenceErase", shapeless=True)
def erase(op: Op) -> Access:
    """Holds what is left: at most what was there. A superset."""
    return Access(hold(op).paths, False, "the element that is removed is counted")


@rule("SequenceAt", "ConcatFromSequence", "SequenceLength", shapeless=True)
def take(op: Op) -> Access:
    """What is taken out may come from anywhere in the sequence. A superset."""
    return Access(hold(op).paths, False, "what the sequence holds at which position is computed at run time")


@rule("OptionalGetElement", shapeless=True)
def get(op: Op) -> Access:
    """Reads the optional, which is one element. Exact."""
    return hold(op)


@rule("OptionalHasElement", shapeless=True)
def has(op: Op) -> Access:
    """Reads the optional; of an input of the model no value, but whether it is given. Exact."""
    return Access(()) if op.name(0) in op.graph.inputs else hold(op)


def _whole(op: Op, index: int) -> Path:
    """A path from every position of an input, whatever is known of its shape."""
    return entire(op.name(index), len(program_shape(op.graph.shapes.get(op.name(index)))))


declare(
    *named(
        """
        Optional OptionalGetElement SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert
        SequenceLength
        """
    ),
    macs=0,
    manner=(),
)
declare("ConcatFromSequence", "SplitToSequence", macs=0, manner=(), moves=True)
declare("OptionalHasElement", inferred_since=18, macs=0, manner=())
declare("SequenceMap", holds_graphs=True, manner=())
