"""What changes to a model would do: plain data."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rfonnx.results.fields import AxisField, Shape
from rfonnx.system.late import Late
from rfonnx.system.named import NamedTuple

showing = Late("rfonnx.report.showing")
"""Reports stand above results: what shows one is found when it is asked for."""

Attribute = Literal["kernel", "stride", "dilation", "pads"]
"""What can be changed of a node that has windows, by the words that users give."""

Changes = Mapping[str, Mapping[str, int | Sequence[int]] | None]
"""By node, or by a tensor that it makes: what its attributes become (a number holds for all axes); None: it is dropped."""

ChangeKind = Literal["dilation", "kernel", "stride"]
"""What a search for a target changes: a dilation becomes 2, 4 or 8 times as large; a kernel gets 2 positions more; a stride
becomes 1."""


def set_text(values: Mapping[str, int | Sequence[int]]) -> str:
    """Attributes as users give them.

    >>> set_text({"kernel": (5, 3), "dilation": 2, "stride": (1, 1)})
    'kernel=5x3,dilation=2,stride=1'
    """
    return ",".join(f"{key}={along_text(value)}" for key, value in values.items())


def set_option(name: str, values: Mapping[str, int | Sequence[int]]) -> str:
    """The option that makes a change, for a shell.

    >>> set_option("conv 1", {"stride": 1})
    "--set 'conv 1:stride=1'"
    """
    return f"--set {shlex.quote(f'{name}:{set_text(values)}')}"


def along_text(values: int | Sequence[int]) -> str:
    """Values along axes: one number where they are equal, else joined by x."""
    numbers = [values] if isinstance(values, int) else list(values)
    return "x".join(map(str, numbers[:1] if len(set(numbers)) == 1 else numbers))


class Change(NamedTuple):
    """One change to a node.

    Attributes:
        node: its name; where it has none, or shares it, the tensor that it makes.
        op_type: its operator.
        attribute: what is changed; "cut": what a Slice cuts off the end; "lengths": what a Reshape makes, as the file has it;
            "drop": the node passes its input on.
        before, after: along the axes of space; of pads, begins and then ends; of lengths, along all axes. Empty where the node is
            dropped.
        follows: nobody asked for it: padding that keeps the length of what the node makes, and lengths that follow what it reads.
    """

    node: str
    op_type: str
    attribute: Attribute | Literal["cut", "lengths", "drop"]
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    follows: bool = False


class Seen(NamedTuple):
    """What a tensor sees along one axis of an input.

    Attributes:
        tensor, shape: which it is.
        exact: both ends of the field are really read; else it is at most so large.
        input, axis: of the model.
        length: of that axis.
        field: what it sees.
    """

    tensor: str
    shape: Shape
    exact: bool
    input: str
    axis: int
    length: int
    field: AxisField


class Variant(NamedTuple):
    """A model with changes, or as it is.

    Attributes:
        name: as it was given; "as it is" of the model itself.
        changes: those that were asked for, each followed by the padding that goes with it, then lengths that follow; of the model
            as it is, lengths that follow the size that was asked for.
        seen: the fields of the tensors that are looked at, along axes that windows slide along.
        macs: multiply-accumulates of one run.
        uncounted: how many nodes of each kind are not among them, as their cost is not known.
        activation_bytes: of all tensors that one run makes, each counted once, and views in another shape not again; null where a
            size depends on data.
        ahead: tensors that see samples after their own position, and saw the past alone in the model as it is.
        notes: what is to be known of it.
    """

    name: str
    changes: tuple[Change, ...]
    seen: tuple[Seen, ...]
    macs: int
    uncounted: Mapping[str, int]
    activation_bytes: int | None
    ahead: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def coverage(self, tensor: str) -> float:
        """The share of the input that the middle position of a tensor sees, along the axis where that is least."""
        return min(one.field.coverage for one in self.seen if one.tensor == tensor)


class Target(NamedTuple):
    """What was searched for, and what was found.

    Attributes:
        tensor: of those that are looked at the one that sees least.
        coverage: the share of the input that the middle position of each of them shall see, along every axis that is looked at.
        before: the share that this one sees, along the axis where that is least.
        past: the share beyond which nothing can go that sees the past alone, as that tensor does: what would see ahead is not
            proposed; null: it sees ahead as it is.
        kinds: what was changed.
        candidates: single changes of these kinds to the convolutions and pools that these tensors are made by.
        unfit: how many of them do not fit the model, even with a change beside them: shapes contradict each other, or a pool
            would pad by more than it may.
        most: changes of a set, at most.
        analysed: sets of changes that were analysed.
        proven: no set of fewer changes reaches it, and none of as many that adds fewer MACs (or none of at most `most` at all):
            each was analysed, or cannot. Else the search ended before.
        proposals: the sets that reach it with the fewest changes, those that add the fewest MACs first; a change that needs
            another one beside it counts as one.
    """

    tensor: str
    coverage: float
    before: float
    past: float | None
    kinds: tuple[ChangeKind, ...]
    candidates: int
    unfit: int
    most: int
    analysed: int
    proven: bool
    proposals: tuple[Variant, ...]


class WhatIf(NamedTuple):
    """A model, and what changes to it would do.

    Attributes:
        model: the name of its file.
        input_shapes: of its inputs.
        before: the model as it is.
        variants: with the changes that were asked for, in their order.
        target: what was searched for; null: nothing was.
    """

    model: str
    input_shapes: Mapping[str, Shape]
    before: Variant
    variants: tuple[Variant, ...]
    target: Target | None = None

    def _repr_html_(self) -> str:
        """What notebooks show: what `rfonnx whatif` says."""
        return str(showing.whatif_html(self))

    def to_dict(self) -> dict[str, Any]:
        """Plain data: the JSON of `rfonnx whatif`."""
        made: dict[str, Any] = showing.whatif_dict(self)
        return made
