"""What could be changed in a model, as far as its fields alone tell: plain data. Nothing here was measured on data.

"From border to border": a position depends on the first and on the last position of an input axis.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from rfonnx.system.named import NamedTuple

State = Literal["nothing", "borders", "unknown"]


class Idle(NamedTuple):
    """A layer that adds no context along an axis of an input, or little: what it reads sees from border to border already.

    Fields are those by windows alone: what a gate or a mean takes over a whole axis is left aside.

    Attributes:
        tensor: that the layer makes.
        op_type, node: of the layer.
        input, axis: of the input.
        reads: the tensor before it.
        whole, positions: how many positions of that tensor see from border to border, of all that may see different things along
            the axis.
        before, size: unbounded sizes of the fields of that tensor and of the layer's own.
        shortest: what that tensor sees by the shortest way to it, past branches of blocks: where it is less than the axis, parts
            of it are of less context than the whole. Of channels that were taken out of others, the way of all these counts.
        state: "nothing": all of them do, so no position of the layer sees more than each that it reads; "borders": some do, the
            middle one among them: no position of the layer sees more than those; "unknown": they are known to see that at most.
    """

    tensor: str
    op_type: str
    node: str
    input: str
    axis: int
    reads: str
    whole: int
    positions: int
    before: int
    size: int
    shortest: int
    state: State


class Gate(NamedTuple):
    """Where something that was taken together over a whole axis comes back into a feature map: squeeze-and-excitation, say.

    Behind it each position depends on the whole axis.

    Attributes:
        tensor: in which both meet.
        op_type: of the operator that makes it.
        input, axis: of the input.
        size: unbounded size of what windows alone see there.
    """

    tensor: str
    op_type: str
    input: str
    axis: int
    size: int


class Beyond(NamedTuple):
    """How much of the fields of a tensor lies beyond the borders of the input, along an axis: padding stands there.

    Attributes:
        tensor: an output, or the tensor with the largest field by windows alone.
        input, axis: of the input.
        size: unbounded size of its field, by windows alone.
        mean: share of a position's field that lies beyond, on the average over positions that see anything.
        least, most: of one position.
        exact: false where fields are known as at most these: what is read may lie elsewhere in them.
    """

    tensor: str
    input: str
    axis: int
    size: int
    mean: float
    least: float
    most: float
    exact: bool


USED_MASS = 0.95
"""Share of an effective field's mass that counts as what is used."""


class Used(NamedTuple):
    """How much of its field a unit uses, as far as its effective field was measured. It is no proof.

    Attributes:
        tensor, position: the unit; null along axes over which units were taken together.
        input, axes: of the input.
        samples: that were measured.
        mass: share of the mass that counts as what is used.
        used: along each axis, the shortest stretch that holds so much.
        field: along each axis, positions of the input that lie in the field.
        share: how much of the field that is: the product of `used` over that of `field`.
        exact: false where the field is known as at most this.
    """

    tensor: str
    position: tuple[int | None, ...]
    input: str
    axes: tuple[int, ...]
    samples: int
    mass: float
    used: tuple[int, ...]
    field: tuple[int, ...]
    share: float
    exact: bool


class Advice(NamedTuple):
    """What fields tell of a design at the analysed size of the input. It is structure alone: no accuracy was measured.

    Attributes:
        idle: layers that add no context, or near borders alone, or of which that is not known; in topological order.
        gates: where what was taken over a whole axis comes back, in topological order.
        beyond: how much of fields is padding.
        deepest: by input, the tensor with the largest field by windows alone that an output depends on.
    """

    idle: tuple[Idle, ...]
    gates: tuple[Gate, ...]
    beyond: tuple[Beyond, ...]
    deepest: Mapping[str, str]


class InputSizes(NamedTuple):
    """Lengths of an input axis for which a model is neither wasteful nor blind, as analyses at several lengths show.

    Attributes:
        input, axis: of the input.
        length: that was asked about.
        tensor: of the layer with the largest field by windows alone; "" where there is none.
        size: of that field, borders not clipped.
        grows_from: the least length from which on every layer adds context at some position; null where that cannot be told.
        idle: a layer that adds none one step below; "": there is no such length.
        sees_to: the largest length at which some position of `tensor` sees from border to border; null where none does, or that
            cannot be told.
        step: lengths that the model takes differ by multiples of it, as far as was tried; 0: it takes no other.
        tried: how many lengths were analysed.
        reason: why it cannot be told, or "".
    """

    input: str
    axis: int
    length: int
    tensor: str = ""
    size: int = 0
    grows_from: int | None = None
    idle: str = ""
    sees_to: int | None = None
    step: int = 0
    tried: int = 0
    reason: str = ""

    @property
    def fits(self) -> bool | None:
        """Whether the length that was asked about lies between; None: not known."""
        if self.grows_from is None or self.sees_to is None:
            return None
        return self.grows_from <= self.length <= self.sees_to
