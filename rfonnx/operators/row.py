"""A row of the table of operators: its columns, and the words that they hold.

What nobody filled says the least: the default of a column is right whatever the operator does. `Unknown` is filled in where
somebody looked and found no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from rfonnx.results.operations import Family
from rfonnx.system.named import NamedTuple


class Unknown(str):
    """No answer is known; the text says why."""


class Everything(str):
    """Any position of the inputs may be read; the text says why."""


class Sequential(NamedTuple):
    """Where an operator that goes through a sequence has it, and the state that it begins with.

    Attributes:
        operands: inputs that hold a sequence.
        states: inputs that hold what an earlier call left.
        mask: of attention whose operands are queries, keys and values: the input that is added to scores, or hides keys.
        whole: by attribute that hides keys, the value with which it hides none.
    """

    operands: tuple[int, ...]
    states: tuple[int, ...]
    mask: int | None = None
    whole: Mapping[str, int] = MappingProxyType({})


class Norm(NamedTuple):
    """How a norm follows from figures of its first operand, over attribute `axes` or else the axes behind the channels:
    `(x - mean) / sqrt(spread + epsilon) * scale + bias`.

    Attributes:
        centred: the mean is taken away.
        spread: the figure that is a mean of squares: around the mean, or as they are.
        scale, bias: operands; None: it has none.
        by_channel: these have an element for each channel, or group; else they line up with the last axes.
        groups: the attribute that says in how many groups channels are taken together; "": each is alone.
        epsilon: where its attribute does not say it.
    """

    centred: bool = True
    spread: Literal["variance", "mean square"] = "variance"
    scale: int | None = None
    bias: int | None = None
    by_channel: bool = False
    groups: str = ""
    epsilon: float = 1e-5


Manner = Literal[
    "elementwise",  # constant operands line up with the output as numpy broadcasts; features of one position may be mixed
    "norm",  # the first output is the first input, changed by statistics that do not care for order
    "pool",  # windows taken together whatever their order; the first axis is the batch
    "order free",  # positions are taken together whatever their order
    "product",  # a matrix product of two operands that may both move
    "by row",  # a product that does the same for every row when all but the first operand are constants
    "packed",  # ... whose constants may have three axes
    "attention",  # as long as nothing but queries, keys and values is given
    "by channel",  # there is a weight for each position of the channel axis
    "channels last",  # ... which is the last one
    "scaled",  # there is a scale; when there are several, one for each position of `axis`
    "regular",  # the same is done wherever the access is regular
    "joined",  # operands lie beside each other
]
"""In what way an operator does the same at every position."""

NO_RULE = Unknown("nobody wrote a rule")
NO_COUNT = Unknown("nobody wrote down what it costs")

Statistic = Literal[
    "", "mean", "sum", "product", "max", "min", "squares", "l1", "l2", "lp", "log sum", "log sum exp", "moments"
]
Evaluation = Literal["slow", "fast", "never"]
Border = Literal["", "zero", "zero point", "lowest", "uncounted", "value"]
SwitchedOff = Literal["", "pads", "cut", "axes", "scale", "padding"]
Carried = Literal["", "sum", "layer", "rounds"]


class Operator:
    """A row of the table.

    Attributes:
        kind: "Conv", or "com.microsoft.FusedConv" outside ai.onnx.
        filled: columns that somebody filled.
        spelling: gives a node in the one spelling that rules see; None: it was always spelt one way.
        shapes: gives the types of its outputs; None: onnx infers them, or nobody does.
        shapes_when: our `shapes` hold, and onnx's are wrong, where one of these attributes is given (with one of the values);
            empty: our `shapes` hold where onnx has no schema.
        inferred_since: opset from which on onnx's inference is right for the earlier ones too.
        inferred_as: another operator, whose inference is right for this one, where onnx has none.
        as_first: how many inputs it has, where its output differs from the first in values alone if the others broadcast to that;
            0: it may differ in type or shape.
        misfit: says what does not fit together in shapes that are known, where onnx's inference does not look; see `misfits`.
        reads: what each output position reads.
        shapeless: `reads` is asked even when shapes are unknown.
        by_shapes: `reads` looks at attributes and shapes alone; at values of constants where weights are to be read, or where,
            with `may_fix`, the result may be certain.
        macs: multiply-accumulates of a node; 0: it sums no products.
        manner: in what ways it does the same at every position; empty: positions may be treated differently.
        gradient: how it is differentiated (a rule, or that it is zero); see `rfonnx.gradients.rule_table`.
        lane: along which axis seeds lie side by side behind it; see `rfonnx.gradients.lanes`.
        body: writes it with standard operators; what nobody filled of `shapes`, `reads`, `macs` and `gradient` follows from them.
        range: what an operand may hold so that the result stays inside an interval; see `id_rules`.
        partial: its value where some elements of its operands are unknown; see `shape_arithmetic`.
        stands_for: the standard operator that it computes, before or beside what it adds, or "": of a Gemm that is MatMul.
        draws: it draws at random in every run. A `seed` fixes the first run of a session, not the second.
        training: for one that draws in training alone: the inputs that hold the ratio and the mode.
        holds_graphs: it costs, and is as random as, the graphs that it holds.
        recurrent: it goes through a sequence step by step.
        attending: it compares positions of sequences with each other.
        layered: a recurrent layer, whose time comes first unless `layout` says otherwise.
        quantised: it quantises, or computes on quantised numbers.
        affine: it scales and shifts its one operand that is no constant: optimisers fold it into the product before.
        placed: operands after the first say where things go.
        indexed: by operand that holds indices: gives the tensor, its axis and the length there that they index.
        lengths: by operand that counts positions: the operand whose positions these are, and the axis, or its attribute.
        evaluation: how long onnx's reference evaluator takes: "fast" is linear in vectorised code.
        shape_only: it reads the shape of its first input and no value.
        sized_by_values: its output is no larger than its input, by a size that is data.
        shape_floats: inputs of floats whose values decide a shape.
        pointwise: a position is made of the operands' same (numpy-broadcast) position, and of nothing else.
        keeps: "order": its elements are its first operand's, in their order; "elements": each of them once, elsewhere.
        moves_values: it moves values, or keeps 0, 1 and hidden ones what they are.
        takes_along: values that are certain in an operand are certain in what is made of it.
        may_fix: its result can be certain where an operand is not.
        sums_to_zero: it takes values together, and makes 0 of nothing but 0.
        keeps_zero: it makes 0 of 0.
        zero_wins: where one operand is 0 for certain it makes 0, and the others are not seen.
        hides: it makes 0 of what is hidden (-inf and the like).
        packed: by operand whose bytes hold several weights each: the attribute that says how many bits one has, and its default.
        ends: the values that it makes lie between these.
        maps: it works on maps of channels, rows and columns.
        normalises: the sum of what it makes, over channels, is (nearly) constant.
        weighted: an operand holds a filter for each channel that it makes.
        filters: the operand that holds these, where it is shaped (outputs, inputs or the other way round, kernel...).
        hands_on: its output holds the numbers that it reads, in another spelling.
        statistic: what it takes of all positions together follows from such figures of parts ("moments": mean and variance; "lp":
            of the power `p`).
        norm: how its first output follows from figures of its first operand; None: it does not, or nobody wrote it down.
        moves: its output holds numbers of its first operand, wherever they stand.
        border: what it takes for positions outside of its first operand: 0, the number that stands for 0, the lowest number,
            nothing (a mean counts what there is), or a value that it is given; "": it looks at none.
        zero_point: the operand that says which number of the first operand stands for 0; None: there is none.
        space: the first axis of space, where no attribute `channels_last` says that it is 1.
        ranged: it quantises by the range of all that it reads.
        switched_off: how what it does along one axis is switched off, and what it does along others is not: its attribute `pads`
            is 0 there, as padding of its operand ("pads") or a cut of its result ("cut"); it slices by other `axes`; it has a
            `scale` of 1 there; its operand `padding` is 0 there. "": it cannot be, or there is no need.
        weighs: it makes weights of scores along `axes`: what is -inf weighs 0, and changes no other weight.
        carries: what it hands from one position to the next along a sequence: the sum of what came, states of a layer, or those
            of a body that is run for each.
        shaped_by: the operand that says the shape of its output; None: there is none.
        family: what it is to people, where the other columns do not tell; see `families.family`.
    """

    spelling: Callable[..., Any] | None = None
    shapes: Callable[..., Any] | Unknown | None = None
    shapes_when: dict[str, tuple[str | int, ...] | None] | None = None
    inferred_since: int = 0
    inferred_as: str = ""
    as_first: int = 0
    misfit: Callable[..., str] | None = None
    reads: Callable[..., Any] | Everything | Unknown = NO_RULE
    shapeless: bool = False
    by_shapes: bool = False
    macs: Callable[..., int] | Literal[0] | Unknown = NO_COUNT
    manner: tuple[Manner, ...] = ()
    gradient: object = None
    lane: Callable[..., Any] | None = None
    body: Callable[..., Any] | None = None
    range: Callable[..., Any] | None = None
    indexed: Mapping[int, Callable[..., Any]] = MappingProxyType({})
    lengths: Mapping[int, tuple[int, int | str]] = MappingProxyType({})
    partial: Callable[..., Any] | None = None
    stands_for: str = ""
    draws: bool = False
    training: tuple[int, int] | None = None
    holds_graphs: bool = False
    recurrent: Sequential | None = None
    attending: Sequential | None = None
    layered: bool = False
    quantised: bool = False
    affine: bool = False
    placed: bool = False
    evaluation: Evaluation = "slow"
    shape_only: bool = False
    sized_by_values: bool = False
    shape_floats: tuple[int, ...] = ()
    pointwise: bool = False
    keeps: Literal["", "order", "elements"] = ""
    moves_values: bool = False
    takes_along: bool = False
    may_fix: bool = False
    sums_to_zero: bool = False
    keeps_zero: bool = False
    zero_wins: bool = False
    hides: bool = False
    packed: Mapping[int, tuple[str, int]] = MappingProxyType({})
    ends: tuple[float, float] | None = None
    maps: bool = False
    normalises: bool = False
    weighted: bool = False
    filters: int | None = None
    hands_on: bool = False
    statistic: Statistic = ""
    norm: Norm | None = None
    moves: bool = False
    border: Border | Unknown = ""
    zero_point: int | None = None
    space: Literal[1, 2] = 2
    ranged: bool = False
    switched_off: SwitchedOff = ""
    weighs: bool = False
    carries: Carried | Unknown = ""
    shaped_by: int | None = None
    family: Family | None = None

    def __init__(self, kind: str) -> None:
        """No column is filled."""
        self.kind = kind
        self.filled: set[str] = set()

    def left_to_body(self, column: str) -> bool:
        """Whether a column follows from the body: there is one, and nobody filled the column."""
        return self.body is not None and column not in self.filled
