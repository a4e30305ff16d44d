"""The plain data that analyses give and reports read: named tuples without arithmetic.

Intervals are closed, `[lo, hi]`, positions count from 0, sizes are in positions of the input axis.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from rfonnx.system.named import NamedTuple

Shape = tuple[int | None, ...] | None
"""A tensor's shape; a dimension that depends on data is None, and so is the shape of a tensor of unknown rank."""

Kind = Literal["local", "periodic", "block", "global", "none"]

SupportState = Literal["rule", "everything", "constant", "unsupported"]


class ModelInfo(NamedTuple):
    """Facts about the file.

    Attributes:
        name: the file's name, or "model" when it was given as bytes or a ModelProto.
        opsets: version by domain; the domain of ai.onnx is "".
        ir_version, producer: as in the file.
        nodes: count of nodes after functions are inlined.
    """

    name: str
    opsets: Mapping[str, int]
    ir_version: int
    producer: str
    nodes: int


class AxisField(NamedTuple):
    """What one tensor sees along one axis of one input.

    Attributes:
        kind: "local": the interval slides with the position; "periodic": it slides, and repeats its sizes with `period`
            (after upsampling); "block": it depends on the position otherwise (windows, groups, flattened axes);
            "global": every position sees the same; "none": nothing is read.
        size: largest unbounded size `hi - lo + 1` over the tensor's positions; 0 when kind is "none".
        size_min: smallest such size.
        stride: input positions per step of one along `tensor_axis` (the cumulative stride, or jump); 0 when nothing walks.
        period: steps along `tensor_axis` after which the field repeats, moved by `stride * period`; 1 when local.
        start: unbounded `lo` of position 0; the effective padding is `-start`.
        center: middle of the unbounded interval of position 0.
        tensor_axis: the axis of this tensor that walks along the input axis, or None.
        coverage: share of the input axis that the middle position sees, clipped, in 0..1.
        aligned: all paths from the input arrive with one stride and one centre.
        offsets: the distinct centres at position 0, one per misaligned group of paths; empty when aligned.
    """

    kind: Kind
    size: int
    size_min: int
    stride: Fraction
    period: int
    start: int
    center: Fraction
    tensor_axis: int | None
    coverage: float
    aligned: bool
    offsets: tuple[Fraction, ...] = ()


class TensorField(NamedTuple):
    """What one tensor sees of every input.

    Attributes:
        name: the tensor's name in the file, prefixed by `call/` inside an inlined function or a subgraph.
        shape: the tensor's shape.
        dtype: numpy-style element type, such as "float32".
        op_type: operator that makes it ("Conv"); with its domain when that is not ai.onnx ("com.microsoft.Gelu").
        node: that node's name, or "" when the file gives none.
        exact: both ends of every interval are really read for generic weights; otherwise the intervals are "at most".
        notes: why it is not exact, and what was assumed.
        fields: AxisField by (input name, input axis).
    """

    name: str
    shape: Shape
    dtype: str
    op_type: str
    node: str
    exact: bool
    notes: tuple[str, ...]
    fields: Mapping[tuple[str, int], AxisField]


class ExplainStep(NamedTuple):
    """One operator on the chain that made a field as large as it is.

    The chain runs through one position of each tensor: back from the position with the largest field, always to the one with
    the largest field among those that are read. So a step says: the field of `position` is `size` long, and would be `added`
    shorter if the operator read of all that it reads only the chain's previous position.

    Attributes:
        tensor: name of the tensor that the operator makes.
        op_type, node: as in TensorField.
        size: unbounded size of the field of the tensor's `position`.
        added: how much larger that is than the field of the chain's previous position.
        jump: input positions per step along the tensor's walking axis before this operator (the stride so far).
        kernel, dilation, stride: of the operator along the walking axis; 1 where it has none.
        cause: what added most, beside misaligned branches: "kernel", "pooling", "upsampling" (one tap of the window, or one
            position between those that are interpolated, would see that much less), "global" (all that there is along
            the axis is read: a pooling over everything, a dense layer, attention, a recurrence), "block" (part of the axis
            is: attention in windows, taps laid out by a reshape). "join": misaligned branches added everything. "other": a table
            that was widened; and what adds nothing and is none of these.
        misaligned: how much of `added` comes from branches, or groups of channels, that see different places, each further
            than the others on one side: reading one of them only would save that much.
        position: of the tensor, the nearest to the middle of several.
    """

    tensor: str
    op_type: str
    node: str
    size: int
    added: int
    jump: Fraction
    kernel: int
    dilation: int
    stride: Fraction
    cause: str
    misaligned: int = 0
    position: tuple[int, ...] = ()


class BatchFact(NamedTuple):
    """Whether the samples of a batch are computed apart, and each has its answer.

    Attributes:
        state: "independent": no output position sees two samples, and sample i sees no other; "mixed": some does;
            "dropped": no position sees two samples, but nothing of the output depends on some of them (a slice to the first one);
            "unknown": neither is proven.
        batch: size of the batch that it was found with; 0 when unknown.
        reason: why it is mixed, dropped or unknown, or "".
        axis: the output's axis that counts samples; None when it has none, or that is not known.
        inputs: (input, axis that counts samples) of those that have one.
        presumed: nothing tells that these axes count samples: they are the first that may.
    """

    state: Literal["independent", "mixed", "dropped", "unknown"]
    batch: int
    reason: str
    axis: int | None = None
    inputs: tuple[tuple[str, int], ...] = ()
    presumed: bool = False


class TimeFact(NamedTuple):
    """How far an output sees before and after its own position, along the time axis of an input.

    Output position t stands for input sample floor(t * stride), also where it sees the whole axis.

    Attributes:
        input, axis: of the input.
        tensor_axis: axis of the output that t counts along.
        stride: input samples per output position.
        causal: True: no position sees a sample after its own; False: some does; None: not proven either way.
        lookahead: samples between a position's own and the last one it sees, largest over the positions; below 0 when even
            that one lies before.
        context: samples between the first one a position sees and its own, largest over the positions, borders aside.
        length: of the input axis, when lookahead or context grow with it (attention, recurrent layers, a mean over time); 0
            when they are the same at any length.
    """

    input: str
    axis: int
    tensor_axis: int
    stride: Fraction
    causal: bool | None
    lookahead: int
    context: int
    length: int = 0


class ShiftFact(NamedTuple):
    """How an output follows when what an input shows is moved along an axis, away from the borders.

    With o from `positions`, the output after the shift is at o + shift what it was at o. Without `room` that holds whatever the
    input shows; with it, for what is shown before a uniform background and stays inside `room`, before and after the shift.

    Attributes:
        input, axis: of the input.
        tensor_axis: axis of the output that moves; None when the output stays as it is.
        period: smallest shift of the input that the output is proven to follow exactly; None when there is none, or none that
            would hold anywhere at the size that was analysed.
        shift: positions that the output moves when the input moves by `period`; 0 when it stays.
        reason: why there is no period, or "".
        least: the shortest input axis, of those that differ from this one by whole periods, that leaves room for a shift; 0
            where that is not known.
        positions: first and last position along `tensor_axis` that no border reaches; None where it is made of several axes.
        room: first and last position of the input between which what is shown must stay where something is taken together
            over a whole axis (a mean, a norm, attention); None where nothing is.
        halo: positions of the input before and after a part that begins and ends at multiples of the period which it sees beside
            itself, at most; None where nothing moves, or something is taken together.
    """

    input: str
    axis: int
    tensor_axis: int | None
    period: int | None
    shift: int
    reason: str
    least: int = 0
    positions: tuple[int, int] | None = None
    room: tuple[int, int] | None = None
    halo: tuple[int, int] | None = None


class PositionalConstant(NamedTuple):
    """A constant that treats positions differently, as a position embedding does.

    Attributes:
        name: the constant.
        tensor: what is computed with it.
        op_type: the operator that does.
        axes: axes of that tensor along which the constant differs and positions of an input run.
    """

    name: str
    tensor: str
    op_type: str
    axes: tuple[int, ...]


class OutputFacts(NamedTuple):
    """What follows from an output's fields and the operators on the way to it.

    Attributes:
        name: the output.
        batch: whether samples are computed apart.
        time: by input with one time axis that an axis of the output runs along.
        shifts: by input and spatial (or token) axis that the output depends on.
        positional: constants on the way that treat positions differently, in topological order.
    """

    name: str
    batch: BatchFact
    time: tuple[TimeFact, ...]
    shifts: tuple[ShiftFact, ...]
    positional: tuple[PositionalConstant, ...]


class OpSupport(NamedTuple):
    """How one operator is handled.

    Attributes:
        domain: "" for ai.onnx.
        op_type: the operator.
        first, last: opset versions of its domain that have it, as far as the installed onnx knows; None where it has no schema.
        state: "rule": lowered by a rule; "everything": declared to read any position; "constant": it has no inputs;
            "unsupported": nobody wrote a rule, so it is taken to read any position, and flagged.
        reason: why an operator is declared "everything", or "".
    """

    domain: str
    op_type: str
    first: int | None
    last: int | None
    state: SupportState
    reason: str
